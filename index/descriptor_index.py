"""Fingers by votes: which stored fingers have minutiae whose descriptors are nearest to those of the probe.

Every descriptor of the probe votes for the fingers of its nearest stored descriptors. The fingers with the most votes
make the shortlist for full comparison; the mate of a probe is in it almost always, but nothing proves so
(benchmarks/speed/descriptor_search.py measures it).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.cache_file import read_cache, write_cache
from index.descriptor_chunk import ARRAY_NAMES, DescriptorChunk, Snapshot
from index.descriptor_scan import count_votes, empty_nearest, encode_probe, encode_rows, scanner
from index.errors import CacheFileError, DuplicateReferenceError, VectorError
from index.records import Float32Array, Int64Array
from index.vector_checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.vectors import Hits, hits_from_rows

CACHE_NAME = "descriptors.cache"
CACHE_KIND = "descriptors"
STORED_LIMIT = 64
"""Descriptors kept of one finger, its best; more of them vote no better (measured)."""


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
        self._saved_folder: Path | None = None
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
        """Overwrite what is left of removed references in the cache file. Raises CacheFileError, DatabaseFullError."""
        folder = self._saved_folder
        if folder is not None and len(reference_ids):
            self.save(folder, stamp=self.stamp)

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """queries float32 (q, dim): the descriptors of one finger. One row of at most k references, most votes first.

        similarities are votes in [0, 1], ties by ascending id. References without a vote are left out, unless k
        covers every reference allowed: then all are named and the row is proved. Raises VectorError.
        """
        rows, k = checked_vectors(queries, self._dim), checked_k(k)
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
        """Write the cache file. stamp is given back by load. Raises CacheFileError, DatabaseFullError."""
        with self._lock:
            arrays = {
                f"{name}_{number}": array
                for number, chunk in enumerate(self._chunks)
                for name, array in chunk.to_arrays().items()
            }
            meta = {"dim": self._dim, "stamp": stamp, "chunk_count": len(self._chunks)}
            self._saved_folder, self.stamp = folder, stamp
        folder.mkdir(parents=True, exist_ok=True)
        write_cache(folder / CACHE_NAME, kind=CACHE_KIND, meta=meta, arrays=arrays)

    @classmethod
    def load(cls, folder: Path) -> DescriptorIndex:
        """The index that save wrote. Raises CacheFileError when any byte of it changed or it is not there."""
        contents = read_cache(folder / CACHE_NAME, kind=CACHE_KIND)
        loaded = cls(contents.integer("dim"))
        loaded.stamp = contents.text("stamp")
        loaded._saved_folder = folder
        loaded._chunks = tuple(
            DescriptorChunk.from_arrays(loaded._dim, contents, {name: f"{name}_{number}" for name in ARRAY_NAMES})
            for number in range(contents.integer("chunk_count"))
        )
        for chunk in loaded._chunks:
            loaded._places.update(dict.fromkeys(chunk.alive_ids().tolist(), chunk))
        if len(loaded._places) != sum(chunk.alive_count for chunk in loaded._chunks):
            raise CacheFileError("the index file names a reference twice; rebuild the index")
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
        if not chunk.is_mostly_dead:
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
    first = 0
    for snapshot in snapshots:
        scan(snapshot.codes, snapshot.row_fingers, snapshot.usable, first, probe, nearest)
        first += len(snapshot.reference_ids)
    count_votes(nearest.sums, nearest.fingers, nearest.held, probe.scales, votes)
    return votes
