"""Whether a write-ahead log that a killed process left is whole as far as it was acknowledged.

SQLite reads such a log up to the first frame whose checksum does not fit, and takes the rest for what was being written
when the process died. A bit that the disk changed in an older frame has the same look, and would take back every
commit from there on. They differ in what follows: each commit is on the disk before the next one is written, so behind
a torn one there is none. One that tore, and a bit in the very last one, are told apart by the log outside of the
store, which has a record of what was acknowledged (index/outbox.py).

The format: https://www.sqlite.org/fileformat2.html, section 4.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from index.errors import DatabaseDamagedError

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682
_WORD: Final = 0xFFFFFFFF


def check_log(log: Path) -> None:
    """Of a store that nobody has open. Raises DatabaseDamagedError where commits are lost in it."""
    try:
        content = memoryview(log.read_bytes())
    except FileNotFoundError:
        return
    if len(content) <= _HEADER.size:
        return
    magic, _, page_bytes, _, *salts, first, second = _HEADER.unpack_from(content)
    order = ">" if magic & 1 else "<"
    sums = _summed((0, 0), content[: _HEADER.size - 8], order)
    if magic & ~1 != _MAGIC or sums != (first, second):
        raise DatabaseDamagedError("the write-ahead log of the store is damaged; restore a backup, see docs/storage.md")
    commits = []
    torn_at = None
    frame_bytes = _FRAME.size + page_bytes
    for place, at in enumerate(range(_HEADER.size, len(content) - frame_bytes + 1, frame_bytes)):
        _, size, *salt, first, second = _FRAME.unpack_from(content, at)
        if torn_at is None:
            sums = _summed(sums, content[at : at + 8], order)
            sums = _summed(sums, content[at + _FRAME.size : at + frame_bytes], order)
            if salt != salts or sums != (first, second):
                torn_at = place
        if torn_at is not None and salt == salts:
            commits.append(bool(size))
    # One that was being written ends with its commit, if it came that far.
    if any(commits[:-1]):
        raise DatabaseDamagedError("the write-ahead log of the store is damaged; restore a backup, see docs/storage.md")


def _summed(sums: tuple[int, int], content: memoryview, order: str) -> tuple[int, int]:
    words: Sequence[int] = struct.unpack(f"{order}{len(content) // 4}I", content)
    one, two = sums
    for place in range(0, len(words), 2):
        one = (one + words[place] + two) & _WORD
        two = (two + words[place + 1] + one) & _WORD
    return one, two
