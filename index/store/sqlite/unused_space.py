"""What SQLite leaves in the unused space of pages, overwritten.

`secure_delete` overwrites a row where it lies when it is deleted, and pages that are set free. It does not overwrite
what is left behind when rows move: a page that is split or merged is built anew from its end, and below the rows, in
what is unused now, stand pieces of pages of before, with copies of rows that live on elsewhere. When those are deleted
later, the copies stay. So after each checkpoint the unused space of the pages that it wrote is overwritten in the file.

Unused bytes mean nothing to SQLite, so this is safe beside any reader; it must not run beside a checkpoint or another
writer. The format: https://www.sqlite.org/fileformat2.html, sections 1.6 (pages) and 4.1 (the write-ahead log).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_FILE_HEADER_BYTES: Final = 100
_LOG_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24
_INTERIOR: Final = (2, 5)
_LEAF: Final = (10, 13)
_INDEX_INTERIOR: Final = 2
_TABLE_LEAF: Final = 13
# The first byte of a page that is no tree's is the highest of a page number, 0 in files of up to 128 GiB; in larger
# ones it could be taken for the kind of a tree's page.
_MOST_PAGES: Final = 1 << 24


def pages_in_log(log: Path) -> frozenset[int]:
    """Numbers of the pages that a write-ahead log holds, from 1. Nobody may write to it meanwhile."""
    try:
        with log.open("rb", buffering=0) as file:
            head = file.read(_LOG_HEADER_BYTES)
            if len(head) < _LOG_HEADER_BYTES:
                return frozenset()
            frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(head[8:12], "big")
            salts, size_bytes = head[16:24], os.fstat(file.fileno()).st_size
            frames = (
                os.pread(file.fileno(), _FRAME_HEADER_BYTES, at)
                for at in range(_LOG_HEADER_BYTES, size_bytes - frame_bytes + 1, frame_bytes)
            )
            # Frames of before the log was begun anew have other salts.
            return frozenset(int.from_bytes(frame[:4], "big") for frame in frames if frame[8:16] == salts)
    except FileNotFoundError:
        return frozenset()


class UnusedSpace:
    """Of one store file. Held open as long as the store: whoever closes a file takes from all of its process the locks
    that SQLite holds on it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        head = os.pread(self._handle, _FILE_HEADER_BYTES, 0)
        self._page_bytes = int.from_bytes(head[16:18], "big")
        self._page_bytes = 65536 if self._page_bytes == 1 else self._page_bytes
        # Pages that say whose the others are look like a tree's; ours has none.
        self._is_known = head[:15] == b"SQLite format 3" and head[20] == 0 and head[52:56] == bytes(4)

    @property
    def page_count(self) -> int:
        return os.fstat(self._handle).st_size // self._page_bytes if self._is_known else 0

    def clean(self, pages: Iterable[int]) -> int:
        """Overwrites the unused space of these pages; returns how many had something in it. Raises OSError."""
        if not self._is_known or self.page_count > _MOST_PAGES:
            return 0
        changed_count = 0
        for page in pages:
            start = (page - 1) * self._page_bytes
            content = os.pread(self._handle, self._page_bytes, start)
            begin, end = unused_range(content, first=page == 1)
            if content.count(0, begin, end) != end - begin:
                os.pwrite(self._handle, bytes(end - begin), start + begin)
                changed_count += 1
        return changed_count

    def page(self, number: int) -> bytes:
        """A page of the file, from 1; the write-ahead log must be empty."""
        return os.pread(self._handle, self._page_bytes, (number - 1) * self._page_bytes)

    def blocks(self, block_bytes: int, overlap_bytes: int) -> Iterator[bytes]:
        """The bytes of the file, each block with the end of the one before."""
        at = 0
        while block := os.pread(self._handle, block_bytes + overlap_bytes, max(at - overlap_bytes, 0)):
            yield block
            at += block_bytes
            if at >= os.fstat(self._handle).st_size:
                return

    def close(self) -> None:
        """Safe to call twice. Only when SQLite has closed the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def long_contents(page: bytes, *, is_first: bool) -> Iterator[tuple[int, int]]:
    """(page, length) of the rest of each row of a page that is too long for it: in which page it begins, and its
    bytes. Nothing of what is no page of a tree with rows, or damaged."""
    head = _FILE_HEADER_BYTES if is_first else 0
    if unused_range(page, first=is_first) == (0, 0) or page[head] not in (_INDEX_INTERIOR, *_LEAF):
        return
    at = head + (12 if page[head] in _INTERIOR else 8)
    size = len(page)
    for place in range(at, at + 2 * int.from_bytes(page[head + 3 : head + 5], "big"), 2):
        cell = int.from_bytes(page[place : place + 2], "big") + (4 if page[head] == _INDEX_INTERIOR else 0)
        # Shorter than 128 bytes, as most are.
        if cell + 9 > size or page[cell] < 0x80:
            continue
        length, begin = _number(page, cell)
        is_table = page[head] == _TABLE_LEAF
        most = size - 35 if is_table else (size - 12) * 64 // 255 - 23
        if length <= most:
            continue
        least = (size - 12) * 32 // 255 - 23
        here = least + (length - least) % (size - 4)
        here = here if here <= most else least
        end = (_number(page, begin)[1] if is_table else begin) + here
        if end + 4 <= size:
            yield int.from_bytes(page[end : end + 4], "big"), length - here


def _number(page: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for count, byte in enumerate(page[at : at + 8], start=1):
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count
    return value << 8 | int.from_bytes(page[at + 8 : at + 9], "big"), at + 9


def unused_range(page: bytes, *, first: bool) -> tuple[int, int]:
    """Where the unused space of a page begins and ends; nothing of what is no page of a tree, or damaged."""
    head = _FILE_HEADER_BYTES if first else 0
    if len(page) < head + 12 or page[head] not in (*_INTERIOR, *_LEAF):
        return 0, 0
    cell_count = int.from_bytes(page[head + 3 : head + 5], "big")
    begin = head + (12 if page[head] in _INTERIOR else 8) + 2 * cell_count
    end = int.from_bytes(page[head + 5 : head + 7], "big") or 65536
    if not begin <= end <= len(page):
        return 0, 0
    cells = page[begin - 2 * cell_count : begin]
    lowest = min((int.from_bytes(cells[at : at + 2], "big") for at in range(0, len(cells), 2)), default=end)
    return (begin, end) if lowest >= end else (0, 0)
