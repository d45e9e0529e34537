"""Fingers by votes: which stored fingers have minutiae whose descriptors are nearest to those of the probe.

Every descriptor of the probe votes for the fingers of its nearest stored descriptors, which FAISS looks for in the few
lists where they would lie. The fingers whose votes agree best in place (agreement.py) make the shortlist for full
comparison; the mate of a probe is in it almost always, but nothing proves so (`python -m benchmarks fingers` measures
it).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from index.arrays import Float32Array, Int64Array, UInt8Array, UInt32Array
from index.checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.errors import CacheFileError, DuplicateReferenceError, VectorError
from index.vector.protocol import Hits, hits_from_rows
from index.vector.votes.agreement import agreeing_votes
from index.vector.votes.chunk import DescriptorChunk, Fingers, arrays_of
from index.vector.votes.chunk_numbers import ChunkNumbers
from index.vector.votes.codebook import DIM, codebook
from index.vector.votes.counting import bits_of, count_votes
from index.vector.votes.files import load_chunks, save_chunks, scrub_chunks
from index.vector.votes.lists import InvertedLists
from index.vector.votes.minutia_places import UNKNOWN_PLACE
from index.vector.votes.packing import drop_rows
from index.vector.votes.places import PlaceTable
from index.vector.votes.turns import Turns

STORED_LIMIT: Final = 64
"""Descriptors kept of one finger, and used of one probe: its best. A large print has more, but needs no more to be
found, and time and memory stay bounded."""
NEAREST_COUNT: Final = 300
"""Stored descriptors that one probe descriptor votes for."""
VISIT_COUNT: Final = 256
"""Lists read for a probe at least, divided among its descriptors: a small piece of a print, which has few, needs each
of them looked for the more thoroughly."""
READ_ROW_COUNT: Final = 500_000
"""Descriptors read for a probe, about, where VISIT_COUNT lists hold fewer: a small gallery is read nearly whole."""
SMALL_PROBE_COUNT: Final = 20
"""A probe of fewer descriptors is looked for as EFFORTS says in galleries of any size; a larger one needs it less."""
LARGE_READ_ROW_COUNT: Final = 20_000_000
"""Descriptors read for a larger probe at most, about, beyond what the second effort reads."""
LEAST_PROBED_COUNT: Final = 4
"""Lists read for each descriptor at least."""
WIDE_FROM: Final = 200
"""From so many references on, `search` looks as far as reach 1."""


@dataclass(frozen=True, slots=True)
class Effort:
    """visit_factor: of the lists that are read at least. vote_count: nearest descriptors that vote in all, divided
    among those of the probe: least_count to most_count for each. is_widest: for a small probe as many as there are
    fingers, if these are more; no more than MOST_VOTES a finger. completed_count: fingers whose votes agree best that
    are scored by all minutiae of the probe. filter_factor: where a filter allows a part of the references, that part
    votes, of up to so many times as many nearest; with 1 the mate gets the votes that it gets without a filter."""

    visit_factor: int
    vote_count: int
    least_count: int
    most_count: int
    completed_count: int
    filter_factor: float
    is_widest: bool = False


EFFORTS: Final = (
    Effort(1, 0, NEAREST_COUNT, NEAREST_COUNT, 200, 1.5),
    Effort(8, 64 * NEAREST_COUNT, NEAREST_COUNT, 3000, 200, 1.5),
    Effort(32, 200_000, 1000, 20_000, 20_000, 1.0, is_widest=True),
)
"""By reach; what each is good for is in docs/search.md, what fewer lists and completions lose in decision 3."""
MOST_VOTES: Final = 8
WIDEST_SHARE: Final = 5
"""A descriptor of a small probe votes for at most as many nearest as there are fingers, divided by this: so a probe of
five minutiae or more gives as many votes as there are fingers."""
COMPLETED_SHARE: Final = 20
LEAST_COMPLETED_COUNT: Final = 1000
"""At most one finger of COMPLETED_SHARE is completed, if that is not less than this."""
KEPT_FILTER_COUNT: Final = 32


class DescriptorIndex:
    """Many unit vectors per reference; references are found by votes of their vectors.

    Thread safe in any mixture of calls: a search sees each reference either whole or not at all; one whose removal
    returned before the search began is in no answer, one whose addition returned is searched. Removed vectors are
    overwritten in memory at once. About 31 bytes a descriptor.
    """

    def __init__(self, dim: int) -> None:
        """dim: at most 64. Raises VectorError."""
        if dim > DIM:
            raise VectorError(f"descriptors of {dim} numbers cannot be indexed, only of {DIM} or fewer")
        self._dim = dim
        self._codebook = codebook()
        self._lists = InvertedLists(self._codebook)
        self._chunks: tuple[DescriptorChunk, ...] = ()
        self._numbers = ChunkNumbers()  # places in _chunks
        self._placed = PlaceTable()
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
        return len(self._numbers)

    @property
    def memory_bytes(self) -> int:
        """Memory of codes and tables."""
        tables = self._placed.memory_bytes + self._numbers.memory_bytes + self._alive.nbytes
        return self._lists.memory_bytes + sum(chunk.memory_bytes for chunk in self._chunks) + tables

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now."""
        with self._turns.shared():
            return self._numbers.reference_ids()

    def add(
        self,
        reference_ids: Int64Array,
        vectors: Sequence[Float32Array],
        places: Sequence[UInt32Array] | None = None,
    ) -> None:
        """reference_ids (n,), unique, >= 1; vectors: n arrays float32 (m, dim), m >= 1, unit rows, best first.
        places: where each of these lies, n arrays uint32 (m,) of minutia_places.py; without them a finger
        is found by the sum of its votes alone.

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
        placed = _placed(places, counts)
        with self._turns.alone():
            if len(self._numbers.known(ids)):
                raise DuplicateReferenceError("a reference id is in the descriptor index already")
            self._lists.append(lists, codes, added.row_ids())
            self._placed.add(ids, counts, placed)
            while len(added):
                chunk, count = self._chunk_for(added)
                chunk.append(added.first(count))
                self._numbers.put(added.reference_ids[:count], len(self._chunks) - 1)
                added = added.from_on(count)
            self._enliven(ids)
            self._filters.clear()

    def remove(self, reference_ids: Int64Array) -> int:
        """Forget these references; ids that are not in the index are passed over. Returns how many were removed."""
        ids = sorted_ids(reference_ids)
        with self._turns.alone():
            known = self._numbers.known(ids)
            for number in self._numbers.take(known):
                gone = self._chunks[number].remove(known)
                self._lists.clear(gone.lists, gone.row_ids())
            self._placed.clear(known)
            np.bitwise_and.at(self._alive, known >> 3, ~(1 << (known & 7)).astype(np.uint8))
            self._filters.clear()
            return len(known)

    def erase(self, reference_ids: Int64Array) -> None:
        """Overwrite what the cache files hold of removed references. Raises CacheFileError, DatabaseFullError."""
        with self._file_lock:
            if self._folder is not None and len(reference_ids):
                scrub_chunks(self._folder, self._chunks, self._lists, self._placed, self._turns.shared)

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """queries float32 (q, dim): descriptors of one finger, best first. One row of at most k references, most votes
        first. For a long list more of the index is read.

        similarities are votes in [0, 1], ties by ascending id. References without a vote are left out, unless k
        covers every reference allowed: then all are named and the row is proved. Raises VectorError.
        """
        rows, k = checked_vectors(queries, self._dim)[:STORED_LIMIT], checked_k(k)

        def votes(usable: UInt8Array, usable_count: int) -> tuple[Int64Array, Float32Array]:
            effort = EFFORTS[1 if k >= WIDE_FROM else 0]
            found: tuple[Int64Array, Float32Array] = count_votes(*self._nearest(rows, effort, usable_count), usable)
            return found

        return self._ranked(k, allowed, votes, is_empty=not len(rows))

    def shortlist(
        self, queries: Float32Array, places: UInt32Array, k: int, *, reach: int, allowed: Int64Array | None = None
    ) -> Hits:
        """Like search, ranked by how far the votes of a reference agree in place (agreement.py), and how many there
        are. places: uint32 (q,), where the descriptors of the probe lie. reach: 0, 1 or 2, how much of the index is
        read (EFFORTS). similarities are scores in [0, 1]. Before the last reach those that the filter leaves out are
        scored, too (Hits.rival): among few that it allows, whoever has any votes leads."""
        rows, k = checked_vectors(queries, self._dim)[:STORED_LIMIT], checked_k(k)
        if len(places) != len(queries):
            raise VectorError("each descriptor of a probe needs its place")

        rival = 0.0

        def agreement(usable: UInt8Array, usable_count: int) -> tuple[Int64Array, Float32Array]:
            nonlocal rival
            # At the last reach nobody asks for a lead.
            scored = usable if allowed is None or reach == len(EFFORTS) - 1 else self._alive
            ids, scores = agreeing_votes(
                *self._nearest(rows, EFFORTS[reach], usable_count),
                scored,
                np.asarray(places[: len(rows)], np.uint32),
                self._placed,
                _completed_count(EFFORTS[reach], len(self)),
            )
            passes = (usable[ids >> 3] >> (ids & 7).astype(np.uint8) & 1).astype(np.bool_)
            rival = float(scores[~passes].max(initial=0.0))
            return ids[passes], scores[passes]

        hits = self._ranked(k, allowed, agreement, is_empty=not len(rows))
        return replace(hits, rival=rival)

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """Write the cache files: chunks that changed, then their list. stamp is given back by load.

        Raises CacheFileError, DatabaseFullError; what was saved before stays whole then.
        """
        with self._file_lock:
            with self._turns.alone():
                self._drop_empty_chunks()
                chunks = self._chunks
            # Also when it fails: what was written by then has to be erased too.
            self._folder = folder
            turns, digest = self._turns.shared, self._codebook.digest
            save_chunks(folder, chunks, self._lists, self._placed, turns, dim=self._dim, codebook=digest, stamp=stamp)
            self.stamp = stamp

    def close(self) -> None:
        """See SearchIndex.close; nothing runs in the background."""

    @classmethod
    def load(cls, folder: Path) -> DescriptorIndex:
        """The index that save wrote. Raises CacheFileError when any byte of it changed or it is not there."""
        lists, placed = InvertedLists(codebook()), PlaceTable()
        dim, stamp, chunks = load_chunks(folder, lists, placed, codebook=codebook().digest)
        loaded = cls(dim)
        loaded._folder, loaded.stamp, loaded._chunks, loaded._lists = folder, stamp, chunks, lists
        loaded._placed = placed
        for number, chunk in enumerate(chunks):
            if loaded._numbers.put(chunk.fingers.reference_ids, number) != len(chunk.fingers):
                raise CacheFileError("the index files name a reference twice; rebuild the index")
            loaded._enliven(chunk.fingers.reference_ids)
        return loaded

    def _usable(self, allowed: Int64Array | None) -> tuple[UInt8Array, int]:
        """A bit for each reference that may be found, and how many these are."""
        if allowed is None:
            return self._alive, len(self)
        kept = self._filters.get(id(allowed))
        if kept is not None and kept[0] is allowed:
            return kept[1], kept[2]
        bits, count = bits_of(self._alive, sorted_ids(allowed))
        if not allowed.flags.writeable and len(self._filters) < KEPT_FILTER_COUNT:
            # As a filter is resolved once for many searches; who may write into an array could make it another.
            self._filters[id(allowed)] = (allowed, bits, count)
        return bits, count

    def _ranked(
        self,
        k: int,
        allowed: Int64Array | None,
        count: Callable[[UInt8Array, int], tuple[Int64Array, Float32Array]],
        *,
        is_empty: bool,
    ) -> Hits:
        """One row of the best k. count: references and their votes, of these bits, which are so many; called unless
        there is nothing to ask or the probe is_empty."""
        with self._turns.shared():
            usable, usable_count = self._usable(allowed)
            ids, votes = _nobody() if is_empty or not usable_count else count(usable, usable_count)
            everybody = np.flatnonzero(np.unpackbits(usable, bitorder="little")) if usable_count <= k else ids
        if usable_count <= k:
            others = np.setdiff1d(everybody, ids)
            ids, votes = np.concatenate([ids, others]), np.concatenate([votes, np.zeros(len(others), np.float32)])
        order = _best_first(ids, votes, k, everybody=usable_count <= k)
        row = (ids[order], votes[order].astype(np.float64))
        return hits_from_rows([row], k, np.array([usable_count <= k]))

    def _nearest(self, rows: Float32Array, effort: Effort, usable_count: int) -> tuple[Float32Array, Int64Array]:
        """Similarities and row ids of the nearest of each descriptor, of whom the filter leaves usable_count."""
        row_count = max(self._lists.row_count, 1)
        visits = max(VISIT_COUNT, READ_ROW_COUNT * self._lists.list_count // row_count)
        factor = effort.visit_factor
        if len(rows) >= SMALL_PROBE_COUNT:
            most = LARGE_READ_ROW_COUNT * self._lists.list_count // (row_count * visits)
            factor = min(factor, max(most, EFFORTS[1].visit_factor))
        probed = -(-visits * factor // len(rows))
        nearest = _nearest_count(effort, len(rows), len(self))
        return self._lists.search(
            rows,
            # The filter is not FAISS's, which would look it up one by one.
            nearest_count=min(nearest * len(self) // usable_count, int(effort.filter_factor * nearest)),
            probed_count=min(max(probed, LEAST_PROBED_COUNT), self._lists.list_count),
        )

    def _chunk_for(self, fingers: Fingers) -> tuple[DescriptorChunk, int]:
        """A chunk that has room for the first finger, and how many fit in it."""
        fitting = self._chunks[-1].fitting(fingers.row_counts) if self._chunks else 0
        if not fitting:
            self._chunks = (*self._chunks, DescriptorChunk(Fingers.none()))
            fitting = self._chunks[-1].fitting(fingers.row_counts)
        return self._chunks[-1], fitting

    def _drop_empty_chunks(self) -> None:
        kept = tuple(chunk for chunk in self._chunks if len(chunk.fingers))
        if len(kept) < len(self._chunks):
            self._chunks = kept
            for number, chunk in enumerate(kept):
                self._numbers.put(chunk.fingers.reference_ids, number)

    def _enliven(self, ids: Int64Array) -> None:
        byte_count = (int(ids.max(initial=0)) >> 3) + 1
        if byte_count > len(self._alive):
            self._alive = np.pad(self._alive, (0, 2 * byte_count - len(self._alive)))
        np.bitwise_or.at(self._alive, ids >> 3, (1 << (ids & 7)).astype(np.uint8))


def _nearest_count(effort: Effort, row_count: int, finger_count: int) -> int:
    """Stored descriptors that each of so many of a probe votes for."""
    wanted, most = effort.vote_count, effort.most_count
    if effort.is_widest:
        wanted = min(wanted, MOST_VOTES * finger_count)
        if row_count < SMALL_PROBE_COUNT:
            wanted, most = max(wanted, finger_count), max(most, finger_count // WIDEST_SHARE)
    return min(max(wanted // row_count, effort.least_count), most)


def _completed_count(effort: Effort, finger_count: int) -> int:
    """Of so many fingers."""
    return min(effort.completed_count, max(finger_count // COMPLETED_SHARE, LEAST_COMPLETED_COUNT))


LAST_COMPILED: Final = drop_rows
"""By warm_up: a process that was stopped on the way has not come to it."""


def warm_up(dim: int) -> None:
    """Compile what a search runs, so that no request waits for it. Takes seconds."""
    index = DescriptorIndex(dim)
    index.add(np.array([1], dtype=np.int64), [np.eye(2, dim, dtype=np.float32)])
    allowed = np.array([1], dtype=np.int64)
    # As the answers of filters are, which is another type to numba.
    allowed.setflags(write=False)
    index.search(np.eye(2, dim, dtype=np.float32), 1, allowed=allowed)
    index.shortlist(np.eye(2, dim, dtype=np.float32), np.ones(2, dtype=np.uint32), 1, reach=0)
    arrays_of(index._chunks[0].fingers, index._lists, index._placed)
    index.remove(np.array([1], dtype=np.int64))


def _placed(places: Sequence[UInt32Array] | None, counts: UInt8Array) -> UInt32Array:
    """uint32 (sum of counts,). Raises VectorError."""
    if places is None:
        return np.full(int(counts.sum(dtype=np.int64)), UNKNOWN_PLACE, dtype=np.uint32)
    kept = [of_one[:count] for of_one, count in zip(places, counts.tolist(), strict=True)]
    if [len(of_one) for of_one in kept] != counts.tolist():
        raise VectorError("each descriptor of a reference needs its place")
    return np.concatenate(kept).astype(np.uint32, copy=False)


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
