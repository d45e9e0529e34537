"""What stands in the pages of a store beside rows: the header of the file, free pages, unused space.

SQLite's own check reads every page that holds rows and counts the others; it does not look into what it does not use.
The format: https://www.sqlite.org/fileformat2.html, sections 1.3 (header), 1.5 (free pages), 1.6 (pages), 1.7 (pages
for what is longer than its page has room for).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from index.store.sqlite.unused_space import long_contents, unused_range

Report = Callable[[int, int], None]
# Bytes of the header by place that a store of this software always has. The others are counters, which SQLite compares
# or counts itself: changes (24), size (28), free pages (32, 36), schema (40), and who wrote last (92, 96).
_HEADER: Final = {
    0: b"SQLite format 3\0",
    18: b"\2\2\0\x40\x20\x20",
    44: (4).to_bytes(4, "big") + bytes(4) + bytes(4) + (1).to_bytes(4, "big") + bytes(12) + bytes(20),
}
_FREE_PAGES_AT: Final = 32
_REPORTED_PAGES: Final = 4096


@dataclass(frozen=True, slots=True)
class PageFindings:
    """header_fits: that it says what a store of ours says. free: numbers of free pages that hold something; unused: of
    pages of rows that hold something beside them. tails: numbers of pages that hold the end of a long row and something
    behind it; they are left as they are, for where a row ends is what a damaged row says wrongly."""

    header_fits: bool
    free: tuple[int, ...]
    unused: tuple[int, ...]
    tails: tuple[int, ...] = ()


def inspect_pages(read: Callable[[int], bytes], page_count: int, report: Report) -> PageFindings:
    """read: a page by its number from 1. Nobody writes meanwhile."""
    first = read(1)
    header_fits = all(first[at : at + len(said)] == said for at, said in _HEADER.items())
    free, filled = set[int](), list[int]()
    for number, is_filled in _free_pages(read, page_count):
        free.add(number)
        if is_filled:
            filled.append(number)
    unused, tails = list[int](), list[int]()
    for number in range(1, page_count + 1):
        if number % _REPORTED_PAGES == 1:
            report(number - 1, page_count)
        if number in free:
            continue
        page, is_first = read(number), number == 1
        if _holds_beside_rows(page, is_first=is_first):
            unused.append(number)
        for start, length in long_contents(page, is_first=is_first):
            last, end = _end_of_chain(read, page_count, start, length)
            if last and any(read(last)[end:]):
                tails.append(last)
    report(page_count, page_count)
    return PageFindings(header_fits, tuple(sorted(filled)), tuple(unused), tuple(tails))


def _end_of_chain(read: Callable[[int], bytes], page_count: int, start: int, length: int) -> tuple[int, int]:
    """(number, byte) where the rest of a row ends that begins in page start; (0, 0) where the pages are no such chain,
    which SQLite's own check tells. Each holds the number of the next one, and content up to its end."""
    number = start
    while 1 < number <= page_count:
        page = read(number)
        if length <= len(page) - 4:
            return number, 4 + length
        length -= len(page) - 4
        number = int.from_bytes(page[:4], "big")
    return 0, 0


def _free_pages(read: Callable[[int], bytes], page_count: int) -> Iterator[tuple[int, bool]]:
    """(number, whether something stands in it). A page of the list holds the next one, a count and so many numbers."""
    seen = set[int]()
    trunk = int.from_bytes(read(1)[_FREE_PAGES_AT : _FREE_PAGES_AT + 4], "big")
    while 1 < trunk <= page_count and trunk not in seen:
        seen.add(trunk)
        page = read(trunk)
        count = min(int.from_bytes(page[4:8], "big"), (len(page) - 8) // 4)
        end = 8 + 4 * count
        # Behind the numbers may be those of pages that were free before.
        rest = (int.from_bytes(page[at : at + 4], "big") for at in range(end, len(page) - 3, 4))
        yield trunk, any(number > page_count for number in rest)
        for at in range(8, end, 4):
            leaf = int.from_bytes(page[at : at + 4], "big")
            if 1 < leaf <= page_count and leaf not in seen:
                seen.add(leaf)
                yield leaf, any(read(leaf))
        trunk = int.from_bytes(page[:4], "big")


def _holds_beside_rows(page: bytes, *, is_first: bool) -> bool:
    begin, end = unused_range(page, first=is_first)
    if begin == end == 0:
        return False
    if page.count(0, begin, end) != end - begin:
        return True
    # Blocks set free within what is used: the next one, the size, zeros.
    head = 100 if is_first else 0
    block = int.from_bytes(page[head + 1 : head + 3], "big")
    seen = 0
    while end <= block < len(page) - 4 and block > seen:
        size = int.from_bytes(page[block + 2 : block + 4], "big")
        if page.count(0, block + 4, block + size) != max(size - 4, 0):
            return True
        seen, block = block, int.from_bytes(page[block : block + 2], "big")
    return False
