"""A piece of what the descriptor index has to keep: which fingers it holds and in which lists their descriptors lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from index.arrays import BoolArray, Int64Array, UInt8Array, UInt32Array
from index.durable.cache_file import AnyArray, CacheContents
from index.errors import CacheFileError
from index.vector.votes.lists import CODE_BYTES, InvertedLists, UInt16Array
from index.vector.votes.packing import NUMBER_BITS
from index.vector.votes.places import PlaceTable

CHUNK_ROW_COUNT = 1 << 16
CHUNK_FINGER_COUNT = 1 << 13


@dataclass(frozen=True, slots=True, eq=False)
class Fingers:
    """reference_ids: int64 (n,). row_counts: uint8 (n,), descriptors of each. lists: uint16 (sum of row_counts,), the
    list of each, finger by finger."""

    reference_ids: Int64Array
    row_counts: UInt8Array
    lists: UInt16Array

    def __len__(self) -> int:
        return len(self.reference_ids)

    @classmethod
    def none(cls) -> Fingers:
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.uint16))

    def row_ids(self) -> Int64Array:
        """int64: id of each descriptor, which says whose it is and which of them."""
        ends = np.cumsum(self.row_counts, dtype=np.int64)
        numbers = np.arange(len(self.lists)) - np.repeat(ends - self.row_counts, self.row_counts)
        return np.repeat(self.reference_ids << NUMBER_BITS, self.row_counts) | numbers

    def and_then(self, others: Fingers) -> Fingers:
        return Fingers(
            np.concatenate([self.reference_ids, others.reference_ids]),
            np.concatenate([self.row_counts, others.row_counts]),
            np.concatenate([self.lists, others.lists]),
        )

    def only(self, chosen: BoolArray) -> Fingers:
        """Where chosen, bool (n,), is set."""
        return Fingers(
            self.reference_ids[chosen], self.row_counts[chosen], self.lists[np.repeat(chosen, self.row_counts)]
        )

    def first(self, count: int) -> Fingers:
        return self.only(np.arange(len(self)) < count)

    def from_on(self, first: int) -> Fingers:
        return self.only(np.arange(len(self)) >= first)


@dataclass(frozen=True, slots=True)
class SavedPart:
    """What the cache file of a chunk holds of it: its first fingers. holds_removed: others too, removed since."""

    file_name: str
    finger_count: int
    holds_removed: bool = False


class DescriptorChunk:
    """Changed by one thread while no other looks.

    saved: None without a file; kept up to date by index/vector/votes/files.py.
    """

    def __init__(self, fingers: Fingers, saved: SavedPart | None = None) -> None:
        self.fingers = fingers
        self.saved = saved

    @property
    def is_saved(self) -> bool:
        """Whether the cache file holds the chunk as it is."""
        saved = self.saved
        return saved is not None and saved.finger_count == len(self.fingers) and not saved.holds_removed

    @property
    def memory_bytes(self) -> int:
        """Memory of the arrays."""
        return self.fingers.reference_ids.nbytes + self.fingers.row_counts.nbytes + self.fingers.lists.nbytes

    def fitting(self, row_counts: UInt8Array) -> int:
        """How many of the first fingers with so many descriptors each still fit."""
        free = CHUNK_ROW_COUNT - len(self.fingers.lists)
        fitting = int(np.searchsorted(np.cumsum(row_counts, dtype=np.int64), free, side="right"))
        return min(fitting, CHUNK_FINGER_COUNT - len(self.fingers))

    def append(self, fingers: Fingers) -> None:
        """Add fingers that fit."""
        self.fingers = self.fingers.and_then(fingers)

    def remove(self, reference_ids: Int64Array) -> Fingers:
        """Forget fingers; returns those that were here."""
        gone = np.isin(self.fingers.reference_ids, reference_ids)
        removed = self.fingers.only(gone)
        if self.saved is not None and gone[: self.saved.finger_count].any():
            kept_count = int((~gone[: self.saved.finger_count]).sum())
            self.saved = replace(self.saved, finger_count=kept_count, holds_removed=True)
        self.fingers = self.fingers.only(~gone)
        return removed

    def mark_saved(self, file_name: str, fingers: Fingers) -> None:
        """The file holds these fingers, which were all of the chunk when its writing began."""
        kept_count = int(np.isin(fingers.reference_ids, self.fingers.reference_ids).sum())
        self.saved = SavedPart(file_name, kept_count, holds_removed=kept_count < len(fingers))


def arrays_of(fingers: Fingers, lists: InvertedLists, places: PlaceTable) -> dict[str, AnyArray]:
    """What a cache file of these fingers holds; their codes come from the lists."""
    of_rows, codes = lists.gather(fingers.reference_ids, fingers.row_counts, np.unique(fingers.lists))
    return {
        "reference_ids": fingers.reference_ids,
        "row_counts": fingers.row_counts,
        "lists": of_rows,
        "codes": codes,
        "places": places.gather(fingers.reference_ids),
    }


def fingers_of(contents: CacheContents, list_count: int) -> tuple[Fingers, UInt8Array, UInt32Array]:
    """Fingers, codes, uint8 (rows, CODE_BYTES), and places, uint32 (rows,), that a cache file holds. Raises
    CacheFileError."""
    fingers = Fingers(
        contents.array("reference_ids", np.int64, 1),
        contents.array("row_counts", np.uint8, 1),
        contents.array("lists", np.uint16, 1),
    )
    codes = contents.array("codes", np.uint8, 2)
    is_whole = len(fingers.row_counts) == len(fingers) <= CHUNK_FINGER_COUNT
    row_count = int(fingers.row_counts.sum(dtype=np.int64))
    places = contents.array("places", np.uint32, 1)
    if not is_whole or codes.shape != (row_count, CODE_BYTES) or {len(fingers.lists), len(places)} != {row_count}:
        raise CacheFileError("the index file has codes of the wrong size; rebuild the index")
    if int(fingers.reference_ids.min(initial=1)) < 1 or int(fingers.lists.max(initial=0)) >= list_count:
        raise CacheFileError("the index file names fingers or lists that cannot be; rebuild the index")
    if int(fingers.row_counts.max(initial=0)) > 1 << NUMBER_BITS:
        raise CacheFileError("the index file names fingers or lists that cannot be; rebuild the index")
    return fingers, codes, places
