"""Fingers by votes: which stored fingers have minutiae whose descriptors are nearest to those of the probe.

Every descriptor of the probe votes for the fingers of its nearest stored descriptors, which FAISS looks for in the few
lists where they would lie. The fingers with the most votes make the shortlist for full comparison; the mate of a probe
is in it almost always, but nothing proves so (`python -m benchmarks fingers` measures it).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from index.arrays import Float32Array, Int64Array, UInt8Array
from index.checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.errors import CacheFileError, DuplicateReferenceError, VectorError
from index.vector.protocol import Hits, hits_from_rows
from index.vector.votes.chunk import DescriptorChunk, Fingers, arrays_of
from index.vector.votes.codebook import DIM, codebook
from index.vector.votes.counting import bits_of, count_votes
from index.vector.votes.files import load_chunks, save_chunks, scrub_chunks
from index.vector.votes.lists import InvertedLists
from index.vector.votes.turns import Turns

STORED_LIMIT: Final = 64
"""Descriptors kept of one finger, and used of one probe: its best. A large print has more, but needs no more to be
found, and time and memory stay bounded."""
NEAREST_COUNT: Final = 300
"""Stored descriptors that one probe descriptor votes for."""
FILTERED_NEAREST_COUNT: Final = 50
"""At least, where a filter allows a part of the references: of what lies as near, their part votes."""
VISIT_COUNT: Final = 256
"""Lists read for a probe at least, divided among its descriptors: a small piece of a print, which has few, needs each
of them looked for the more thoroughly."""
READ_ROW_COUNT: Final = 500_000
"""Descriptors read for a probe, about, where VISIT_COUNT lists hold fewer: a small gallery is read nearly whole."""
LEAST_PROBED_COUNT: Final = 4
"""Lists read for each descriptor at least."""
WIDE_FROM: Final = 200
WIDE_FACTOR: Final = 8
"""For a shortlist of WIDE_FROM or more, so many times as much is read."""
WIDE_VOTE_COUNT: Final = STORED_LIMIT * NEAREST_COUNT
"""And so many nearest descriptors vote in all, which is more for each of a few, at most WIDE_NEAREST_COUNT. Of 105
mates that exhaustive comparison found at 100,000 fingers and votes did not put among the first 20, the harder ones of
probes of 5 to 17 descriptors, 22 were beyond place 500 with 300 and 18 with 3,000; 11 and 8 were beyond 2,000."""
WIDE_NEAREST_COUNT: Final = 3000
KEPT_FILTER_COUNT: Final = 32


class DescriptorIndex:
    """Many unit vectors per reference; references are found by votes of their vectors.

    Thread safe in any mixture of calls: a search sees each reference either whole or not at all; one whose removal
    returned before the search began is in no answer, one whose addition returned is searched. Removed vectors are
    overwritten in memory at once. About 26 bytes a descriptor.
    """

    def __init__(self, dim: int) -> None:
        """dim: at most 64. Raises VectorError."""
        if dim > DIM:
            raise VectorError(f"descriptors of {dim} numbers cannot be indexed, only of {DIM} or fewer")
        self._dim = dim
        self._codebook = codebook()
        self._lists = InvertedLists(self._codebook)
        self._chunks: tuple[DescriptorChunk, ...] = ()
        self._places: dict[int, DescriptorChunk] = {}
        self._alive: UInt8Array = np.zeros(128, dtype=np.uint8)  # a bit a reference id
        # Filters of late, by the identity of their array: (allowed, its bits, how many). Emptied by every change.
        self._filters: dict[int, tuple[Int64Array, UInt8Array, int]] = {}
        self._turns = Turns()
        # Held while files are written; always taken before a turn.
        self._file_lock = threading.Lock()
        self._folder: Path | None = None
        self.stamp = ""

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self._dim

    def __len__(self) -> int:
        return len(self._places)

    @property
    def memory_bytes(self) -> int:
        """Memory of codes and tables, without that of the id map."""
        return self._lists.memory_bytes + sum(chunk.memory_bytes for chunk in self._chunks) + self._alive.nbytes

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now."""
        with self._turns.shared():
            return np.sort(np.fromiter(self._places, dtype=np.int64, count=len(self._places)))

    def add(self, reference_ids: Int64Array, vectors: Sequence[Float32Array]) -> None:
        """reference_ids (n,), unique, >= 1; vectors: n arrays float32 (m, dim), m >= 1, unit rows, best first.

        All or nothing. Raises VectorError, DuplicateReferenceError.
        """
        ids = checked_ids(reference_ids, count=len(vectors))
        kept = [checked_vectors(rows, self._dim)[:STORED_LIMIT] for rows in vectors]
        if not kept:
            return
        counts = np.array([len(rows) for rows in kept], dtype=np.uint8)
        if not counts.all():
            raise VectorError("a reference needs at least one vector, or it would never be found")
        lists, codes = self._lists.encode(np.concatenate(kept))
        added = Fingers(ids, counts, lists)
        with self._turns.alone():
            if any(reference_id in self._places for reference_id in ids.tolist()):
                raise DuplicateReferenceError("a reference id is in the descriptor index already")
            self._lists.append(lists, codes, added.row_ids())
            while len(added):
                chunk, count = self._chunk_for(added)
                chunk.append(added.first(count))
                self._places.update(dict.fromkeys(added.reference_ids[:count].tolist(), chunk))
                added = added.from_on(count)
            self._enliven(ids)
            self._filters.clear()

    def remove(self, reference_ids: Int64Array) -> int:
        """Forget these references; ids that are not in the index are passed over. Returns how many were removed."""
        ids = sorted_ids(reference_ids)
        with self._turns.alone():
            known = np.array([one for one in ids.tolist() if one in self._places], dtype=np.int64)
            touched = {id(chunk): chunk for chunk in (self._places.pop(one) for one in known.tolist())}
            for chunk in touched.values():
                gone = chunk.remove(known)
                self._lists.clear(gone.lists, gone.row_ids())
            np.bitwise_and.at(self._alive, known >> 3, ~(1 << (known & 7)).astype(np.uint8))
            self._filters.clear()
            return len(known)

    def erase(self, reference_ids: Int64Array) -> None:
        """Overwrite what the cache files hold of removed references. Raises CacheFileError, DatabaseFullError."""
        with self._file_lock:
            if self._folder is not None and len(reference_ids):
                scrub_chunks(self._folder, self._chunks, self._lists, self._turns.shared)

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """queries float32 (q, dim): descriptors of one finger, best first. One row of at most k references, most votes
        first. For a long list more of the index is read.

        similarities are votes in [0, 1], ties by ascending id. References without a vote are left out, unless k
        covers every reference allowed: then all are named and the row is proved. Raises VectorError.
        """
        rows, k = checked_vectors(queries, self._dim)[:STORED_LIMIT], checked_k(k)
        with self._turns.shared():
            usable, usable_count = self._usable(allowed)
            ids, votes = self._votes(rows, k, usable, usable_count) if usable_count and len(rows) else _nobody()
            everybody = np.flatnonzero(np.unpackbits(usable, bitorder="little")) if usable_count <= k else ids
        if usable_count <= k:
            others = np.setdiff1d(everybody, ids)
            ids, votes = np.concatenate([ids, others]), np.concatenate([votes, np.zeros(len(others), np.float32)])
        order = _best_first(ids, votes, k, everybody=usable_count <= k)
        row = (ids[order], votes[order].astype(np.float64))
        return hits_from_rows([row], k, np.array([usable_count <= k]))

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """Write the cache files: chunks that changed, then their list. stamp is given back by load.

        Raises CacheFileError, DatabaseFullError; what was saved before stays whole then.
        """
        with self._file_lock:
            with self._turns.alone():
                self._chunks = tuple(chunk for chunk in self._chunks if len(chunk.fingers))
                chunks = self._chunks
            # Also when it fails: what was written by then has to be erased too.
            self._folder = folder
            turns, digest = self._turns.shared, self._codebook.digest
            save_chunks(folder, chunks, self._lists, turns, dim=self._dim, codebook=digest, stamp=stamp)
            self.stamp = stamp

    def close(self) -> None:
        """See SearchIndex.close; nothing runs in the background."""

    @classmethod
    def load(cls, folder: Path) -> DescriptorIndex:
        """The index that save wrote. Raises CacheFileError when any byte of it changed or it is not there."""
        lists = InvertedLists(codebook())
        dim, stamp, chunks = load_chunks(folder, lists, codebook=codebook().digest)
        loaded = cls(dim)
        loaded._folder, loaded.stamp, loaded._chunks, loaded._lists = folder, stamp, chunks, lists
        for chunk in chunks:
            loaded._places.update(dict.fromkeys(chunk.fingers.reference_ids.tolist(), chunk))
            loaded._enliven(chunk.fingers.reference_ids)
        if len(loaded._places) != sum(len(chunk.fingers) for chunk in chunks):
            raise CacheFileError("the index files name a reference twice; rebuild the index")
        return loaded

    def _usable(self, allowed: Int64Array | None) -> tuple[UInt8Array, int]:
        """A bit for each reference that may be found, and how many these are."""
        if allowed is None:
            return self._alive, len(self._places)
        kept = self._filters.get(id(allowed))
        if kept is not None and kept[0] is allowed:
            return kept[1], kept[2]
        bits, count = bits_of(self._alive, sorted_ids(allowed))
        if not allowed.flags.writeable and len(self._filters) < KEPT_FILTER_COUNT:
            # As a filter is resolved once for many searches; who may write into an array could make it another.
            self._filters[id(allowed)] = (allowed, bits, count)
        return bits, count

    def _votes(
        self, rows: Float32Array, k: int, usable: UInt8Array, usable_count: int
    ) -> tuple[Int64Array, Float32Array]:
        nearest, probed = self._effort(len(rows), is_wide=k >= WIDE_FROM)
        nearest = max(nearest * usable_count // len(self._places), FILTERED_NEAREST_COUNT)
        similarities, ids = self._lists.search(rows, usable, nearest_count=nearest, probed_count=probed)
        found: tuple[Int64Array, Float32Array] = count_votes(similarities, ids)
        return found

    def _effort(self, count: int, *, is_wide: bool) -> tuple[int, int]:
        """How many nearest are looked for, in how many lists, for each of count descriptors."""
        visits = max(VISIT_COUNT, READ_ROW_COUNT * self._lists.list_count // max(self._lists.row_count, 1))
        nearest = NEAREST_COUNT
        if is_wide:
            visits *= WIDE_FACTOR
            nearest = min(max(WIDE_VOTE_COUNT // count, NEAREST_COUNT), WIDE_NEAREST_COUNT)
        return nearest, min(max(-(-visits // count), LEAST_PROBED_COUNT), self._lists.list_count)

    def _chunk_for(self, fingers: Fingers) -> tuple[DescriptorChunk, int]:
        """A chunk that has room for the first finger, and how many fit in it."""
        fitting = self._chunks[-1].fitting(fingers.row_counts) if self._chunks else 0
        if not fitting:
            self._chunks = (*self._chunks, DescriptorChunk(Fingers.none()))
            fitting = self._chunks[-1].fitting(fingers.row_counts)
        return self._chunks[-1], fitting

    def _enliven(self, ids: Int64Array) -> None:
        byte_count = (int(ids.max(initial=0)) >> 3) + 1
        if byte_count > len(self._alive):
            self._alive = np.pad(self._alive, (0, 2 * byte_count - len(self._alive)))
        np.bitwise_or.at(self._alive, ids >> 3, (1 << (ids & 7)).astype(np.uint8))


def warm_up(dim: int) -> None:
    """Compile what a search runs, so that no request waits for it. Takes seconds."""
    index = DescriptorIndex(dim)
    index.add(np.array([1], dtype=np.int64), [np.eye(2, dim, dtype=np.float32)])
    index.search(np.eye(2, dim, dtype=np.float32), 1, allowed=np.array([1], dtype=np.int64))
    arrays_of(index._chunks[0].fingers, index._lists)
    index.remove(np.array([1], dtype=np.int64))


def _nobody() -> tuple[Int64Array, Float32Array]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)


def _best_first(ids: Int64Array, votes: Float32Array, k: int, *, everybody: bool) -> Int64Array:
    """Positions of the first k, most votes first, then by ascending id; without votes only where everybody is named."""
    places = np.arange(len(ids)) if everybody else np.flatnonzero(votes > 0)
    if len(places) > k:
        # Only what may be among the first is sorted; equal votes at the end stay in for their ids to decide.
        last = np.partition(votes[places], len(places) - k)[len(places) - k]
        places = places[votes[places] >= last]
    return np.asarray(places[np.lexsort((ids[places], -votes[places]))][:k], dtype=np.int64)
