"""Whether a write-ahead log that a killed process left is whole as far as it was acknowledged.

SQLite reads such a log up to the first frame whose checksum does not fit, and takes the rest for what was being written
when the process died. A bit that the disk changed in an older frame has the same look, and would take back every
commit from there on. They differ in what follows: each commit is on the disk before the next one is written, so behind
a torn one there is none. What a disk that refused to sync left of commits that were taken back, and that shorter ones
were written over, ends with one commit each, and none of these goes on with the checksums of the one before. One that
tore, and a bit in the very last one, are told apart by the log outside of the store, which has a record of what was
acknowledged (index/outbox.py).

The format: https://www.sqlite.org/fileformat2.html, section 4.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from index.errors import DatabaseDamagedError

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682
_WORD: Final = 0xFFFFFFFF
_Sums = tuple[int, int]


def check_log(log: Path) -> None:
    """Of a store that nobody has open. Raises DatabaseDamagedError where commits are lost in it."""
    try:
        file = log.open("rb")
    except FileNotFoundError:
        return
    with file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or not file.peek(1):
            return
        magic, _, page_bytes, _, *salts, first, second = _HEADER.unpack(header)
        order = ">" if magic & 1 else "<"
        sums = _summed((0, 0), header[:-8], order)
        is_whole = magic & ~1 == _MAGIC and sums == (first, second)
        if not is_whole or _has_lost_commits(_frames(file, _FRAME.size + page_bytes), salts, sums, order):
            told = "the write-ahead log of the store is damaged; restore a backup, see docs/storage.md"
            raise DatabaseDamagedError(told)


def _has_lost_commits(frames: Iterator[bytes], salts: list[int], sums: _Sums, order: str) -> bool:
    is_torn, commit_count = False, 0
    # What the next frame goes on with: a frame that was changed says it, or its content does.
    before: tuple[_Sums, ...] = (sums,)
    for frame in frames:
        _, size, *salt, first, second = _FRAME.unpack_from(frame)
        found = [_summed(_summed(one, frame[:8], order), frame[_FRAME.size :], order) for one in before]
        goes_on = (first, second) in found
        before = ((first, second),) if goes_on else ((first, second), found[0])
        is_torn = is_torn or salt != salts or not goes_on
        if is_torn:
            commit_count = (commit_count if goes_on else 0) + (bool(size) and salt == salts)
            # One that was being written ends with its commit, if it came that far.
            if commit_count > 1:
                return True
    return False


def _frames(file: BinaryIO, frame_bytes: int) -> Iterator[bytes]:
    while len(frame := file.read(frame_bytes)) == frame_bytes:
        yield frame


def _summed(sums: _Sums, content: bytes, order: str) -> _Sums:
    """SQLite adds word by word: one += word + two; two += next word + one. So each word has come into both sums a
    Fibonacci number of times by the end."""
    one, two = sums
    words = np.frombuffer(content, f"{order}u4").astype(np.uint32)
    times = _fibonacci(len(words) + 2)
    last, this, following = (int(number) for number in times[len(words) - 1 :])
    added = [int((words * times[at : at + len(words)][::-1]).sum(dtype=np.uint32)) for at in (0, 1)]
    return (last * one + this * two + added[0]) & _WORD, (this * one + following * two + added[1]) & _WORD


@functools.cache
def _fibonacci(count: int) -> npt.NDArray[np.uint32]:
    """The first of them from 0 on, modulo 2**32."""
    numbers = [0, 1]
    while len(numbers) < count:
        numbers.append((numbers[-1] + numbers[-2]) & _WORD)
    return np.array(numbers, dtype=np.uint32)
