"""Where the indexed minutiae of each finger lie: one table, a finger after the other."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from index.arrays import Int64Array, UInt8Array, UInt32Array

NOBODY = -1
Number = TypeVar("Number", np.int32, np.int64, np.uint8, np.uint32)


class PlaceTable:
    """Not thread safe: any number may read while nobody changes anything.

    starts: int64 by reference id, where the places of a finger begin in table, NOBODY for who is not here. counts:
    uint8 likewise, how many they are. table: uint32, see minutia_places.py.
    """

    def __init__(self) -> None:
        self.starts: Int64Array = np.full(1024, NOBODY, dtype=np.int64)
        self.table: UInt32Array = np.zeros(1024, dtype=np.uint32)
        self.counts: UInt8Array = np.zeros(1024, dtype=np.uint8)
        self._filled = 0
        self._dead = 0

    @property
    def memory_bytes(self) -> int:
        """Memory of the arrays."""
        return self.starts.nbytes + self.table.nbytes + self.counts.nbytes

    def make_room(self, place_count: int) -> None:
        """For so many more places, which are added before anything else happens."""
        if self._filled + place_count > len(self.table):
            self.table = grown(self.table, self._filled + place_count, 0)

    def add(self, reference_ids: Int64Array, counts: UInt8Array, places: UInt32Array) -> None:
        """reference_ids: int64 (n,), not here yet. counts: uint8 (n,). places: uint32 (sum of counts,)."""
        most = int(reference_ids.max(initial=0)) + 1
        if most > len(self.starts):
            self.starts = grown(self.starts, most, NOBODY)
            self.counts = grown(self.counts, most, 0)
        self.make_room(len(places))
        self.starts[reference_ids] = self._filled + np.cumsum(counts, dtype=np.int64) - counts
        self.counts[reference_ids] = counts
        self.table[self._filled : self._filled + len(places)] = places
        self._filled += len(places)

    def clear(self, reference_ids: Int64Array) -> None:
        """Overwrite and forget fingers that are here."""
        rows = self._rows(reference_ids)
        self.table[rows] = 0
        self._dead += len(rows)
        self.starts[reference_ids], self.counts[reference_ids] = NOBODY, 0
        if 2 * self._dead > self._filled:
            self._close_gaps()

    def gather(self, reference_ids: Int64Array) -> UInt32Array:
        """The places of these fingers, one after the other."""
        return self.table[self._rows(reference_ids)]

    def _rows(self, reference_ids: Int64Array) -> Int64Array:
        counts = self.counts[reference_ids].astype(np.int64)
        before = np.cumsum(counts) - counts
        return np.repeat(self.starts[reference_ids] - before, counts) + np.arange(int(counts.sum()))

    def _close_gaps(self) -> None:
        kept = np.flatnonzero(self.counts)
        kept = kept[np.argsort(self.starts[kept])]
        counts, table = self.counts[kept], self.gather(kept)
        self.table, self._filled, self._dead = np.zeros(max(len(table), 1), dtype=np.uint32), 0, 0
        self.add(kept, counts, table)


def grown(array: npt.NDArray[Number], size: int, filler: int) -> npt.NDArray[Number]:
    """At least so long, filler behind what it held: with a quarter more than is needed, so that a table that grows
    finger by finger seldom moves."""
    size += size // 4
    # Zeros take no memory before they are written to.
    grown = np.full(size, filler, dtype=array.dtype) if filler else np.zeros(size, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
