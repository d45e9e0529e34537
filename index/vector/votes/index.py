"""Fingers by votes: which stored fingers have minutiae whose descriptors are nearest to those of the probe.

Every descriptor of the probe votes for the fingers of its nearest stored descriptors. The fingers with the most votes
make the shortlist for full comparison; the mate of a probe is in it almost always, but nothing proves so
(benchmarks/speed/descriptor_search.py measures it).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.errors import CacheFileError, DuplicateReferenceError, VectorError
from index.vector.protocol import Hits, hits_from_rows
from index.vector.votes.chunk import DescriptorChunk, Snapshot
from index.vector.votes.files import load_chunks, save_chunks, scrub_chunks
from index.vector.votes.scan import (
    chunks_table,
    count_votes,
    empty_nearest,
    encode_probe,
    encode_rows,
    scanner,
)

STORED_LIMIT = 64
"""Descriptors kept of one finger, and used of one probe: its best. A large print has more, but needs no more to be
found, and time and memory stay bounded."""


class DescriptorIndex:
    """Many unit vectors a reference; references are found by votes of their vectors.

    Thread safe in any mixture of calls: a search sees each reference either whole or not at all; one whose removal
    returned before the search began is in no answer, one whose addition returned is searched. Removed vectors are
    overwritten in memory at once. About 36 bytes a descriptor.
    """

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._lock = threading.Lock()
        self._chunks: tuple[DescriptorChunk, ...] = ()
        self._places: dict[int, DescriptorChunk] = {}
        # Held while files are written; always taken before the other lock.
        self._file_lock = threading.Lock()
        self._folder: Path | None = None
        self._is_writing = False
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
        return sum(chunk.memory_bytes for chunk in self._chunks)

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now."""
        with self._lock:
            return np.sort(np.fromiter(self._places, dtype=np.int64, count=len(self._places)))

    def add(self, reference_ids: Int64Array, vectors: Sequence[Float32Array]) -> None:
        """reference_ids (n,), unique, >= 1; vectors: n arrays float32 (m, dim), m >= 1, unit rows, best first.

        All or nothing. Raises VectorError, DuplicateReferenceError.
        """
        ids = checked_ids(reference_ids, count=len(vectors))
        kept = [checked_vectors(rows, self._dim)[:STORED_LIMIT] for rows in vectors]
        if not kept:
            return
        counts = np.array([len(rows) for rows in kept], dtype=np.int64)
        if not counts.all():
            raise VectorError("a reference needs at least one vector, or it would never be found")
        codes = encode_rows(np.concatenate(kept))
        starts = np.concatenate(([0], np.cumsum(counts)))
        with self._lock:
            if any(reference_id in self._places for reference_id in ids.tolist()):
                raise DuplicateReferenceError("a reference id is in the descriptor index already")
            first = 0
            while first < len(ids):
                chunk, last = self._chunk_for(counts, first)
                chunk.append(ids[first:last], counts[first:last], codes[starts[first] : starts[last]])
                self._places.update(dict.fromkeys(ids[first:last].tolist(), chunk))
                first = last

    def remove(self, reference_ids: Int64Array) -> int:
        """Forget these references; ids that are not in the index are passed over. Returns how many were removed."""
        ids = sorted_ids(reference_ids)
        with self._lock:
            touched = {id(chunk): chunk for chunk in map(self._places.get, ids.tolist()) if chunk is not None}
            known_count = len(self._places)
            for reference_id in ids.tolist():
                self._places.pop(reference_id, None)
            for chunk in touched.values():
                chunk.remove(ids)
            fresh = {number: self._compacted(chunk) for number, chunk in touched.items()}
            self._chunks = tuple(fresh.get(id(chunk), chunk) for chunk in self._chunks)
            return known_count - len(self._places)

    def erase(self, reference_ids: Int64Array) -> None:
        """Overwrite what the cache files hold of removed references. Raises CacheFileError, DatabaseFullError."""
        with self._file_lock:
            if self._folder is not None and len(reference_ids):
                with self._lock:
                    self._is_writing, chunks = True, self._chunks
                try:
                    scrub_chunks(self._folder, chunks, self._lock)
                finally:
                    self._is_writing = False

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """queries float32 (q, dim): descriptors of one finger, best first. One row of at most k references, most votes
        first.

        similarities are votes in [0, 1], ties by ascending id. References without a vote are left out, unless k
        covers every reference allowed: then all are named and the row is proved. Raises VectorError.
        """
        rows, k = checked_vectors(queries, self._dim)[:STORED_LIMIT], checked_k(k)
        snapshots = [chunk.snapshot(None if allowed is None else sorted_ids(allowed)) for chunk in self._chunks]
        usable_count = sum(snapshot.usable_count for snapshot in snapshots)
        votes = _votes(rows, snapshots)
        ids = np.concatenate([snapshot.reference_ids for snapshot in snapshots] or [np.empty(0, dtype=np.int64)])
        usable = np.concatenate(
            [snapshot.usable[: len(snapshot.reference_ids)] for snapshot in snapshots] or [np.empty(0, dtype=np.bool_)]
        )
        places = np.flatnonzero(usable if usable_count <= k else usable & (votes > 0))
        order = places[np.lexsort((ids[places], -votes[places]))][:k]
        row = (ids[order], votes[order].astype(np.float64))
        return hits_from_rows([row], k, np.array([usable_count <= k]))

    # The name in the notes between the rooms.
    vote = search

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """Write the cache files: chunks that changed, then their list. stamp is given back by load.

        Raises CacheFileError, DatabaseFullError; what was saved before stays whole then.
        """
        with self._file_lock:
            with self._lock:
                self._is_writing, chunks = True, self._chunks
            # Also when it fails: what was written by then has to be erased too.
            self._folder = folder
            try:
                save_chunks(folder, chunks, self._lock, dim=self._dim, stamp=stamp)
                self.stamp = stamp
            finally:
                self._is_writing = False

    def close(self) -> None:
        """See SearchIndex.close; nothing runs in the background."""

    @classmethod
    def load(cls, folder: Path) -> DescriptorIndex:
        """The index that save wrote. Raises CacheFileError when any byte of it changed or it is not there."""
        dim, stamp, chunks = load_chunks(folder)
        loaded = cls(dim)
        loaded._folder, loaded.stamp, loaded._chunks = folder, stamp, chunks
        for chunk in chunks:
            loaded._places.update(dict.fromkeys(chunk.alive_ids().tolist(), chunk))
        if len(loaded._places) != sum(chunk.alive_count for chunk in chunks):
            raise CacheFileError("the index files name a reference twice; rebuild the index")
        return loaded

    def _chunk_for(self, counts: Int64Array, first: int) -> tuple[DescriptorChunk, int]:
        """A chunk that has room for finger number first, and one past the last that fits with it."""
        fitting = self._chunks[-1].fitting(counts[first:]) if self._chunks else 0
        if not fitting:
            self._chunks = (*self._chunks, DescriptorChunk(self._dim))
            fitting = self._chunks[-1].fitting(counts[first:])
        return self._chunks[-1], first + fitting

    def _compacted(self, chunk: DescriptorChunk) -> DescriptorChunk:
        """The chunk, or a copy without its dead rows where they are the larger part. Searches keep what they have."""
        # Saving and erasing walk over these very chunks; what that leaves uncompacted is compacted by a later removal.
        if self._is_writing or not chunk.is_mostly_dead:
            return chunk
        fresh = chunk.without_dead_rows(self._dim)
        self._places.update(dict.fromkeys(fresh.alive_ids().tolist(), fresh))
        return fresh


def warm_up(dim: int) -> None:
    """Compile what a search runs, so that no request waits for it. Takes seconds."""
    index = DescriptorIndex(dim)
    index.add(np.array([1], dtype=np.int64), [np.eye(2, dim, dtype=np.float32)])
    index.search(np.eye(2, dim, dtype=np.float32), 1)


def _votes(rows: Float32Array, snapshots: Sequence[Snapshot]) -> Float32Array:
    """float32 (fingers,): votes of every finger of the snapshots, in their order."""
    votes = np.zeros(sum(len(snapshot.reference_ids) for snapshot in snapshots), dtype=np.float32)
    if not len(rows) or not len(votes):
        return votes
    probe, nearest = encode_probe(rows), empty_nearest(len(rows))
    scan, _ = scanner()
    starts = accumulate((len(snapshot.reference_ids) for snapshot in snapshots), initial=0)
    chunks = [(one.codes, one.row_fingers, one.usable, first) for one, first in zip(snapshots, starts, strict=False)]
    scan(chunks_table(chunks), probe, nearest)
    count_votes(nearest.sums, nearest.fingers, nearest.held, probe.scales, votes)
    return votes
