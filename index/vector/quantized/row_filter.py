"""Which rows of a segment a search may rank: one bit a row, set before the search begins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from index.arrays import BoolArray, Int64Array
from index.vector.kernels.compiling import compiled
from index.vector.kernels.dots import GROUP_ROW_COUNT
from index.vector.quantized.segments import View

UInt64Array = npt.NDArray[np.uint64]
UInt8Array = npt.NDArray[np.uint8]

NO_FILTER: UInt64Array = np.empty(0, dtype=np.uint64)
# Few allowed ids are looked up in a segment; many are ticked in a table that the segment's ids are looked up in.
LOOKUP_SHARE = 256
TABLE_BYTES_PER_ID = 64
TABLE_BYTES_FREE = 1 << 20


def allowed_words(view: View, allowed: Int64Array | None) -> list[UInt64Array]:
    """The bits of each segment of a view. allowed: ascending and unique; None lets every row through."""
    if allowed is None:
        return [NO_FILTER] * len(view.segments)
    row_filter = RowFilter(allowed)
    return [
        row_filter.words(segment.reference_ids[:row_count], ascending=segment.ascending)
        for segment, row_count in zip(view.segments, view.row_counts, strict=True)
    ]


class RowFilter:
    """The allowed ids of one search, prepared once for all segments. Read-only, so safe to share."""

    def __init__(self, allowed: Int64Array) -> None:
        """allowed: int64 (n,), ascending, unique."""
        self._allowed = allowed
        self._first = int(allowed[0]) if allowed.size else 0
        span = int(allowed[-1]) - self._first + 1 if allowed.size else 0
        self._table: UInt8Array | None = None
        if span <= TABLE_BYTES_FREE + TABLE_BYTES_PER_ID * allowed.size:
            self._table = np.zeros(span, dtype=np.uint8)
            self._table[allowed - self._first] = 1

    def words(self, reference_ids: Int64Array, *, ascending: bool) -> UInt64Array:
        """uint64 (groups of 64 rows,): bit r of a word is set where row r of the group is allowed."""
        words = np.zeros(-(-reference_ids.size // GROUP_ROW_COUNT), dtype=np.uint64)
        if reference_ids.size == 0 or self._allowed.size == 0:
            return words
        first, last = 0, self._allowed.size
        if ascending:
            first, last = np.searchsorted(self._allowed, [reference_ids[0], reference_ids[-1] + 1])
        if ascending and (last - first) * LOOKUP_SHARE < reference_ids.size:
            near = self._allowed[first:last]
            rows = np.searchsorted(reference_ids, near)
            _set_bits(rows[reference_ids[rows] == near], words)
        elif self._table is not None and ascending and reference_ids[-1] - reference_ids[0] == reference_ids.size - 1:
            self._tick_consecutive(int(reference_ids[0]), reference_ids.size, words)
        elif self._table is not None:
            _tick(reference_ids, self._table, self._first, words)
        else:
            places = np.minimum(np.searchsorted(self._allowed, reference_ids), self._allowed.size - 1)
            _set_bits(np.flatnonzero(self._allowed[places] == reference_ids), words)
        return words

    def _tick_consecutive(self, first_id: int, row_count: int, words: UInt64Array) -> None:
        """Consecutive ids need no look-up: a stretch of the table is already in the order of the rows."""
        assert self._table is not None
        stretch = np.zeros(words.size * GROUP_ROW_COUNT, dtype=np.uint8)
        begin, end = max(first_id, self._first), min(first_id + row_count, self._first + self._table.size)
        if begin < end:
            stretch[begin - first_id : end - first_id] = self._table[begin - self._first : end - self._first]
        words[:] = np.packbits(stretch, bitorder="little").view("<u8")


def row_mask(words: UInt64Array, row_count: int) -> BoolArray:
    """The same as bool (row_count,); all True for NO_FILTER."""
    if words is NO_FILTER:
        return np.ones(row_count, dtype=np.bool_)
    bits = np.unpackbits(words.astype("<u8", copy=False).view(np.uint8), bitorder="little")
    return bits[:row_count].astype(np.bool_)


@compiled
def _set_bits(rows: Int64Array, words: UInt64Array) -> None:
    for row in rows:
        words[row // GROUP_ROW_COUNT] |= np.uint64(1) << np.uint64(row % GROUP_ROW_COUNT)


@compiled
def _tick(reference_ids: Int64Array, table: UInt8Array, first: int, words: UInt64Array) -> None:
    for group in range(words.size):
        start = group * GROUP_ROW_COUNT
        word = np.uint64(0)
        for row in range(min(GROUP_ROW_COUNT, reference_ids.size - start)):
            place = reference_ids[start + row] - first
            if 0 <= place < table.size:
                word |= np.uint64(table[place]) << np.uint64(row)
        words[group] = word
