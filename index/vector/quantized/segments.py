"""Segments: append-only stores of coded rows, and the unchanging view of them that one search works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.arrays import BoolArray, Float32Array, Int64Array
from index.vector.kernels.dots import GROUP_ROW_COUNT
from index.vector.quantized.codes import RowCodes, empty_codes, encode_rows

ALIVE = 0


@dataclass(slots=True, eq=False)
class Segment:
    """Rows are appended and marked dead, never moved or changed. One writer at a time; any number of readers.

    codes: room for capacity rows. reference_ids, died: int64 (capacity,); died is ALIVE or the number of the change
    that removed the row. vectors: float32 (capacity, dim), in memory or mapped from the file named file_name.
    ascending: ids ascend and none occurs twice, which merged segments promise. dead_count: dead rows among all.
    """

    codes: RowCodes
    reference_ids: Int64Array
    died: Int64Array
    vectors: Float32Array
    row_count: int = 0
    ascending: bool = False
    file_name: str = ""
    dead_count: int = 0

    @classmethod
    def empty(cls, capacity: int, dim: int) -> Segment:
        """A segment to append to; capacity is rounded up to whole groups."""
        capacity = -(-capacity // GROUP_ROW_COUNT) * GROUP_ROW_COUNT
        return cls(
            codes=empty_codes(capacity, dim),
            reference_ids=np.zeros(capacity, dtype=np.int64),
            died=np.zeros(capacity, dtype=np.int64),
            # Rows beyond row_count are never read; to zero 8 MB takes 40 ms, with the GIL held.
            vectors=np.empty((capacity, dim), dtype=np.float32),
        )

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return int(self.reference_ids.size)

    @property
    def hot_bytes(self) -> int:
        """Memory that searches read: everything but a mapped file."""
        in_memory = self.vectors.nbytes if self.vectors.flags.writeable else 0
        return self.codes.nbytes + self.reference_ids.nbytes + self.died.nbytes + in_memory

    def append(self, reference_ids: Int64Array, vectors: Float32Array) -> None:
        """Add rows, which fit. A reader sees them when a view that counts them is published."""
        rows = slice(self.row_count, self.row_count + reference_ids.size)
        encode_rows(vectors, self.codes, self.row_count)
        self.vectors[rows] = vectors
        self.reference_ids[rows] = reference_ids
        self.died[rows] = ALIVE
        self.row_count += int(reference_ids.size)

    def bury(self, rows: Int64Array, sequence: int | Int64Array) -> None:
        """Mark rows dead from this change on, one for all or one per row."""
        self.died[rows] = sequence
        self.dead_count += int(rows.size)

    def alive_rows_of(self, reference_ids: Int64Array) -> Int64Array:
        """int64 (n,): the row that holds each of these ascending ids and is not dead; -1 where there is none."""
        found = np.full(reference_ids.size, -1, dtype=np.int64)
        ids, rows = self.reference_ids[: self.row_count], None
        if not self.ascending:
            rows = np.flatnonzero(self.died[: self.row_count] == ALIVE)
            rows = rows[np.argsort(ids[rows])]
            ids = ids[rows]
        if ids.size == 0 or reference_ids.size == 0:
            return found
        places = np.minimum(np.searchsorted(ids, reference_ids), ids.size - 1)
        matched = ids[places] == reference_ids
        found[matched] = places[matched] if rows is None else rows[places[matched]]
        found[matched] = np.where(self.died[found[matched]] == ALIVE, found[matched], -1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One state of the index: what a search sees however long it runs.

    segments with row_counts: rows beyond the count came later. sequence: rows whose died lies in 1..sequence are
    gone, rows that died later are still there. size: how many references are searchable.
    """

    segments: tuple[Segment, ...]
    row_counts: tuple[int, ...]
    sequence: int
    size: int

    @property
    def total_row_count(self) -> int:
        """Rows of all segments, dead ones included."""
        return sum(self.row_counts)

    def part(self, numbers: Sequence[int]) -> View:
        """These segments alone, at the same moment."""
        size = sum(int(np.count_nonzero(self.visible(number))) for number in numbers)
        segments = tuple(self.segments[number] for number in numbers)
        row_counts = tuple(self.row_counts[number] for number in numbers)
        return View(segments=segments, row_counts=row_counts, sequence=self.sequence, size=size)

    def visible(self, number: int) -> BoolArray:
        """bool (row_counts[number],): which rows of that segment are searchable."""
        died = self.segments[number].died[: self.row_counts[number]]
        return np.asarray((died == ALIVE) | (died > self.sequence), dtype=np.bool_)

    def reference_ids(self) -> Int64Array:
        """int64 (size,), ascending."""
        parts = [
            segment.reference_ids[:count][self.visible(number)]
            for number, (segment, count) in enumerate(zip(self.segments, self.row_counts, strict=True))
        ]
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *parts]))
