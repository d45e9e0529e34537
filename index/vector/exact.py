"""VectorIndex in NumPy: every reference compared in float64. Slow, short, and the oracle of all tests."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Float64Array, Int64Array
from index.checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.durable.cache_file import read_cache, write_cache
from index.errors import DuplicateReferenceError
from index.vector.protocol import Hits, best_first, cosine_similarities, hits_from_rows

CACHE_KIND = "exact"
CACHE_NAME = "exact.cache"
BLOCK_ROW_COUNT = 4096  # bounds the float64 scratch memory of one search


class ExactIndex:
    """Exhaustive search. Writers copy the arrays and swap them in, so a search reads one unchanging state."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._write_lock = threading.Lock()
        self._state = (np.empty(0, dtype=np.int64), np.empty((0, dim), dtype=np.float32))
        self.stamp = ""

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self._dim

    def __len__(self) -> int:
        return int(self._state[0].size)

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now."""
        return np.sort(self._state[0])

    def add(self, reference_ids: Int64Array, vectors: Float32Array) -> None:
        """See VectorIndex.add."""
        rows = checked_vectors(vectors, self._dim)
        ids = checked_ids(reference_ids, count=len(rows))
        with self._write_lock:
            if np.isin(ids, self._state[0]).any():
                raise DuplicateReferenceError("a reference id is in the index already; replace it or use a new id")
            self._append(ids, rows)

    def replace(self, reference_ids: Int64Array, vectors: Float32Array) -> int:
        """See VectorIndex.replace."""
        rows = checked_vectors(vectors, self._dim)
        ids = checked_ids(reference_ids, count=len(rows))
        with self._write_lock:
            old_ids, old_rows = self._state
            kept = ~np.isin(old_ids, ids)
            self._state = (
                np.concatenate([old_ids[kept], ids]),
                np.concatenate([old_rows[kept], rows]),
            )
            return int(old_ids.size - kept.sum())

    def remove(self, reference_ids: Int64Array) -> int:
        """See VectorIndex.remove."""
        ids = sorted_ids(reference_ids)
        with self._write_lock:
            old_ids, old_rows = self._state
            kept = ~np.isin(old_ids, ids)
            self._state = (old_ids[kept], old_rows[kept])
            return int(old_ids.size - kept.sum())

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """See VectorIndex.search. Nothing is proved by bounds: every row is the exhaustive search itself."""
        checked = checked_vectors(queries, self._dim)
        k = checked_k(k)
        ids, rows = self._state
        if allowed is not None:
            searched = np.isin(ids, sorted_ids(allowed))
            ids, rows = ids[searched], rows[searched]
        answers = [_exhaustive(ids, rows, query, k) for query in checked]
        return hits_from_rows(answers, k, np.zeros(len(answers), dtype=np.bool_))

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """See VectorIndex.save."""
        ids, rows = self._state
        folder.mkdir(parents=True, exist_ok=True)
        meta = {"dim": self._dim, "stamp": stamp}
        write_cache(folder / CACHE_NAME, kind=CACHE_KIND, meta=meta, arrays={"reference_ids": ids, "vectors": rows})

    @classmethod
    def load(cls, folder: Path) -> ExactIndex:
        """The index that save wrote. Raises CacheFileError when any byte of it changed or it is not there."""
        contents = read_cache(folder / CACHE_NAME, kind=CACHE_KIND)
        loaded = cls(contents.integer("dim"))
        loaded.stamp = contents.text("stamp")
        loaded._state = (contents.arrays["reference_ids"], contents.arrays["vectors"])
        return loaded

    def _append(self, ids: Int64Array, rows: Float32Array) -> None:
        old_ids, old_rows = self._state
        self._state = (np.concatenate([old_ids, ids]), np.concatenate([old_rows, rows]))


def _exhaustive(ids: Int64Array, rows: Float32Array, query: Float32Array, k: int) -> tuple[Int64Array, Float64Array]:
    similarities = np.empty(ids.size, dtype=np.float64)
    for start in range(0, ids.size, BLOCK_ROW_COUNT):
        block = slice(start, start + BLOCK_ROW_COUNT)
        similarities[block] = cosine_similarities(rows[block], query)
    order = best_first(ids, similarities, k)
    return ids[order], similarities[order]
