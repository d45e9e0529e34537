"""A piece of the descriptor index: rows of codes that are appended, marked dead and overwritten in place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from index.arrays import BoolArray, Int64Array, UInt8Array
from index.durable.cache_file import AnyArray, CacheContents
from index.errors import CacheFileError
from index.vector.kernels.dots import GROUP_ROW_COUNT
from index.vector.kernels.layout import high_places
from index.vector.votes.scan import UInt16Array, row_bytes, write_rows

CHUNK_ROW_COUNT = 1 << 16
CHUNK_FINGER_COUNT = 1 << 13
_NO_FINGER = CHUNK_FINGER_COUNT - 1  # of rows that are not filled; never usable


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A chunk as one search sees it.

    codes: uint8 flat, whole groups of rows. row_fingers: uint16 (rows,). usable: bool (CHUNK_FINGER_COUNT,), whether
    a finger may be found. reference_ids: int64 (fingers,). usable_count: fingers that may be found.
    """

    codes: UInt8Array
    row_fingers: UInt16Array
    usable: BoolArray
    reference_ids: Int64Array
    usable_count: int


@dataclass(frozen=True, slots=True)
class SavedPart:
    """What of a chunk its cache file holds: the first rows and fingers. holds_removed: some were removed since."""

    file_name: str
    row_count: int
    finger_count: int
    holds_removed: bool = False


class DescriptorChunk:
    """One writer at a time; any number of searches meanwhile, each on its snapshot.

    A finger becomes searchable by one byte, written after all else of it; it stops being so by the same byte, before
    the rest is overwritten.

    saved: what its cache file holds, None without one; kept up to date by index/vector/votes/files.py.
    """

    def __init__(self, dim: int) -> None:
        self._row_bytes = row_bytes(dim)
        # Pages that are never written cost no memory.
        self._codes: UInt8Array = np.zeros(CHUNK_ROW_COUNT * self._row_bytes, dtype=np.uint8)
        self._row_fingers: UInt16Array = np.full(CHUNK_ROW_COUNT, _NO_FINGER, dtype=np.uint16)
        self._reference_ids: Int64Array = np.zeros(CHUNK_FINGER_COUNT, dtype=np.int64)
        self._alive: BoolArray = np.zeros(CHUNK_FINGER_COUNT, dtype=np.bool_)
        self._row_count = self._finger_count = self._dead_row_count = 0
        self.saved: SavedPart | None = None
        self._has_change = True

    @property
    def alive_count(self) -> int:
        """Fingers that are searchable."""
        return int(self._alive.sum())

    @property
    def is_saved(self) -> bool:
        """Whether the cache file holds the chunk as it is."""
        return self.saved is not None and not self._has_change

    @property
    def is_mostly_dead(self) -> bool:
        """More than half of the rows are dead, and more than a group of them."""
        return self._dead_row_count > max(self._row_count // 2, GROUP_ROW_COUNT)

    @property
    def memory_bytes(self) -> int:
        """Memory of what is filled."""
        return self._row_count * (self._row_bytes + 2) + self._finger_count * 9

    def alive_ids(self) -> Int64Array:
        """int64 (n,): ids of the searchable fingers."""
        return np.asarray(self._reference_ids[self._alive], dtype=np.int64)

    def fitting(self, row_counts: Int64Array) -> int:
        """How many of the first fingers with so many rows each still fit."""
        free_rows, free_fingers = CHUNK_ROW_COUNT - self._row_count, _NO_FINGER - self._finger_count
        return min(int(np.searchsorted(np.cumsum(row_counts), free_rows, side="right")), free_fingers)

    def append(self, reference_ids: Int64Array, row_counts: Int64Array, row_codes: UInt8Array) -> None:
        """Add fingers that fit; row_codes uint8 (sum of row_counts, row_bytes), as encode_rows gives them."""
        first, last = self._finger_count, self._finger_count + len(reference_ids)
        rows = np.arange(self._row_count, self._row_count + len(row_codes))
        write_rows(self._codes, rows, row_codes)
        self._row_fingers[rows] = np.repeat(np.arange(first, last), row_counts)
        self._reference_ids[first:last] = reference_ids
        self._row_count += len(rows)
        self._finger_count = last
        self._has_change = True
        self._alive[first:last] = True

    def remove(self, reference_ids: Int64Array) -> None:
        """Make fingers of this chunk unsearchable and overwrite what it holds of them."""
        fingers = np.flatnonzero(np.isin(self._reference_ids, reference_ids) & self._alive)
        self._alive[fingers] = False
        rows = np.flatnonzero(np.isin(self._row_fingers, fingers))
        self._codes[high_places(rows, self._row_bytes)] = 0
        self._reference_ids[fingers] = 0
        self._dead_row_count += len(rows)
        self._has_change = True
        if self.saved is not None and len(fingers) and int(fingers[0]) < self.saved.finger_count:
            self.saved = replace(self.saved, holds_removed=True)

    def snapshot(self, allowed: Int64Array | None) -> Snapshot:
        """What a search that starts now sees. allowed: ascending ids, None for all."""
        # The mask first: a finger that it shows is complete in all that is read after it.
        usable = self._alive.copy()
        count, row_count = self._finger_count, self._row_count
        reference_ids = self._reference_ids[:count].copy()
        # A removal between the two lines leaves the id 0.
        usable[:count] &= _is_allowed(reference_ids, allowed)
        usable[count:] = False
        rows = -(-row_count // GROUP_ROW_COUNT) * GROUP_ROW_COUNT
        codes = self._codes[: rows * self._row_bytes]
        return Snapshot(codes, self._row_fingers[:rows], usable, reference_ids, int(usable.sum()))

    def without_dead_rows(self, dim: int) -> DescriptorChunk:
        """A copy of what is searchable, in the same order."""
        fresh = DescriptorChunk(dim)
        of_rows, fingers = self._row_fingers[: self._row_count], np.flatnonzero(self._alive)
        rows = np.flatnonzero(self._alive[of_rows])
        row_codes = self._codes[high_places(rows, self._row_bytes)].reshape(-1, self._row_bytes)
        fresh.append(self.alive_ids(), np.bincount(of_rows[rows], minlength=CHUNK_FINGER_COUNT)[fingers], row_codes)
        if self.saved is not None:
            fresh.saved = replace(
                self.saved,
                row_count=int((rows < self.saved.row_count).sum()),
                finger_count=int((fingers < self.saved.finger_count).sum()),
            )
        return fresh

    def to_save(self, file_name: str) -> tuple[SavedPart, dict[str, AnyArray]]:
        """All of the chunk, copied for a new cache file; to be told to mark_saved once it is written."""
        part = SavedPart(file_name, self._row_count, self._finger_count)
        self._has_change = False
        return part, self._arrays(part)

    def mark_saved(self, part: SavedPart) -> None:
        """The file that to_save described is written. Removals since then are known by the rows that died."""
        alive = self._alive[: part.finger_count]
        self.saved = replace(part, holds_removed=self._has_change and not bool(alive.all()))

    def to_scrub(self) -> tuple[SavedPart, dict[str, AnyArray]] | None:
        """What the cache file may go on holding, when it holds removed fingers; nothing that came after it."""
        if self.saved is None or not self.saved.holds_removed:
            return None
        self.saved = replace(self.saved, holds_removed=False)
        return self.saved, self._arrays(self.saved)

    def mark_not_scrubbed(self) -> None:
        """What to_scrub gave could not be written: the file holds what it held."""
        if self.saved is not None:
            self.saved = replace(self.saved, holds_removed=True)

    def _arrays(self, part: SavedPart) -> dict[str, AnyArray]:
        rows = -(-part.row_count // GROUP_ROW_COUNT) * GROUP_ROW_COUNT
        codes = self._codes[: rows * self._row_bytes].copy()
        # The rest of the last group may belong to fingers that came later.
        codes[high_places(np.arange(part.row_count, rows), self._row_bytes)] = 0
        return {
            "codes": codes,
            "row_fingers": self._row_fingers[: part.row_count].copy(),
            "reference_ids": self._reference_ids[: part.finger_count].copy(),
            "alive": self._alive[: part.finger_count].astype(np.uint8),
        }

    @classmethod
    def from_file(cls, dim: int, contents: CacheContents, file_name: str) -> DescriptorChunk:
        """The chunk whose arrays a cache file holds. Raises CacheFileError."""
        loaded = cls(dim)
        codes = contents.array("codes", np.uint8, 1)
        row_fingers = contents.array("row_fingers", np.uint16, 1)
        reference_ids = contents.array("reference_ids", np.int64, 1)
        alive = contents.array("alive", np.uint8, 1)
        group_bytes = GROUP_ROW_COUNT * loaded._row_bytes
        if len(codes) != -(-len(row_fingers) // GROUP_ROW_COUNT) * group_bytes or len(codes) > len(loaded._codes):
            raise CacheFileError("the index file has codes of the wrong size; rebuild the index")
        if len(alive) != len(reference_ids) or not int(row_fingers.max(initial=0)) < max(len(alive), 1) <= _NO_FINGER:
            raise CacheFileError("the index file names fingers that it does not have; rebuild the index")
        loaded._codes[: len(codes)] = codes
        loaded._row_fingers[: len(row_fingers)] = row_fingers
        loaded._reference_ids[: len(reference_ids)] = reference_ids
        loaded._alive[: len(alive)] = alive.astype(np.bool_)
        loaded._row_count, loaded._finger_count = len(row_fingers), len(reference_ids)
        loaded._dead_row_count = int((~loaded._alive[row_fingers]).sum())
        loaded.saved, loaded._has_change = SavedPart(file_name, len(row_fingers), len(reference_ids)), False
        return loaded


def _is_allowed(reference_ids: Int64Array, allowed: Int64Array | None) -> BoolArray:
    if allowed is None or not len(reference_ids):
        return reference_ids > 0
    # Only the stretch of allowed that this chunk could name; chunks hold ids that were given about the same time.
    first = np.searchsorted(allowed, max(int(reference_ids.min()), 1))
    last = np.searchsorted(allowed, int(reference_ids.max()), side="right")
    return np.isin(reference_ids, allowed[first:last])
