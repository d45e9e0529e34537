"""VectorIndex in FAISS: a flat float32 scan whose shortlist is ordered in float64. The only importer of faiss."""

from __future__ import annotations

import threading
from pathlib import Path

import faiss
import numpy as np

from index.arrays import Float32Array, Float64Array, Int64Array
from index.checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.durable.cache_file import read_cache, write_cache
from index.errors import DuplicateReferenceError
from index.vector.protocol import Hits, best_first, cosine_similarities, hits_from_rows

CACHE_KIND = "faiss-flat"
CACHE_NAME = "flat.cache"
# Room for references that tie with the k-th; more are fetched when it does not reach.
EXTRA_COUNT = 16


class FaissFlatIndex:
    """IndexFlatIP plus ids, removal, filters and a float64 order. Searches and writes take turns on one lock."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._lock = threading.Lock()
        self._flat = faiss.IndexFlatIP(dim)
        self._ids = np.empty(0, dtype=np.int64)
        self.stamp = ""
        # Two float32 sums of products of unit vectors differ from the float64 one by at most dim roundings
        # (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1).
        self._rounding = 1.01 * dim * 2.0**-24

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self._dim

    def __len__(self) -> int:
        return int(self._ids.size)

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now."""
        return np.sort(self._ids)

    def add(self, reference_ids: Int64Array, vectors: Float32Array) -> None:
        """See VectorIndex.add."""
        rows = checked_vectors(vectors, self._dim)
        ids = checked_ids(reference_ids, count=len(rows))
        with self._lock:
            if np.isin(ids, self._ids).any():
                raise DuplicateReferenceError("a reference id is in the index already; replace it or use a new id")
            self._append(ids, rows)

    def replace(self, reference_ids: Int64Array, vectors: Float32Array) -> int:
        """See VectorIndex.replace."""
        rows = checked_vectors(vectors, self._dim)
        ids = checked_ids(reference_ids, count=len(rows))
        with self._lock:
            removed = self._remove(ids)
            self._append(ids, rows)
            return removed

    def remove(self, reference_ids: Int64Array) -> int:
        """See VectorIndex.remove."""
        ids = sorted_ids(reference_ids)
        with self._lock:
            return self._remove(ids)

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """See VectorIndex.search. proved: the float32 shortlist reached below the k-th place by more than rounding."""
        checked = checked_vectors(queries, self._dim)
        k = checked_k(k)
        with self._lock:
            if allowed is None:
                parameters, searched = None, int(self._ids.size)
            else:
                positions = np.flatnonzero(np.isin(self._ids, sorted_ids(allowed)))
                selector = faiss.IDSelectorBatch(positions)
                # The shipped stubs do not know that the Python wrapper takes fields as keywords and keeps them alive.
                parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
                searched = int(positions.size)
            answers = [self._ranked(query, min(k, searched), searched, parameters) for query in checked]
        return hits_from_rows(answers, k, np.ones(len(answers), dtype=np.bool_))

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """See VectorIndex.save."""
        with self._lock:
            ids, rows = self._ids, self._flat.reconstruct_n(0, self._ids.size) if self._ids.size else None
        if rows is None:
            rows = np.empty((0, self._dim), dtype=np.float32)
        folder.mkdir(parents=True, exist_ok=True)
        meta = {"dim": self._dim, "stamp": stamp}
        write_cache(folder / CACHE_NAME, kind=CACHE_KIND, meta=meta, arrays={"reference_ids": ids, "vectors": rows})

    @classmethod
    def load(cls, folder: Path) -> FaissFlatIndex:
        """The index that save wrote. Raises CacheFileError when any byte of it changed or it is not there."""
        contents = read_cache(folder / CACHE_NAME, kind=CACHE_KIND, mapped=frozenset({"vectors"}))
        loaded = cls(contents.integer("dim"))
        loaded.stamp = contents.text("stamp")
        loaded._append(contents.array("reference_ids", np.int64, 1), contents.array("vectors", np.float32, 2))
        return loaded

    def _append(self, ids: Int64Array, rows: Float32Array) -> None:
        self._flat.add(rows)
        self._ids = np.concatenate([self._ids, ids])

    def _remove(self, ids: Int64Array) -> int:
        gone = np.isin(self._ids, ids)
        positions = np.flatnonzero(gone)
        if positions.size:
            # FAISS closes the gaps in order, so the ids that stay keep matching their rows.
            self._flat.remove_ids(faiss.IDSelectorBatch(positions))
            self._ids = self._ids[~gone]
        return int(positions.size)

    def _ranked(
        self, query: Float32Array, k: int, searched: int, parameters: faiss.SearchParameters | None
    ) -> tuple[Int64Array, Float64Array]:
        """The k best ids with float64 similarities; the shortlist doubles until it must contain them all."""
        shortlist_count = min(k + EXTRA_COUNT, searched)
        while True:
            if shortlist_count == 0:
                return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
            estimates, positions = self._flat.search(query[None, :], shortlist_count, params=parameters)
            similarities = cosine_similarities(self._flat.reconstruct_batch(positions[0]), query)
            order = best_first(self._ids[positions[0]], similarities, k)
            last = float(estimates[0, -1]) + self._rounding
            if shortlist_count == searched or last < similarities[order[-1]]:
                return self._ids[positions[0][order]], similarities[order]
            shortlist_count = min(2 * shortlist_count, searched)


class FlatYardstick:
    """IndexFlatIP alone, which the search benchmark holds the other indexes against. Positions count from 0."""

    def __init__(self, dim: int, *, thread_count: int) -> None:
        """thread_count: of FAISS in the whole process."""
        faiss.omp_set_num_threads(thread_count)
        self._flat = faiss.IndexFlatIP(dim)

    def add(self, vectors: Float32Array) -> None:
        """Append float32 (n, dim)."""
        self._flat.add(vectors)

    def search(self, queries: Float32Array, k: int) -> tuple[Float32Array, Int64Array]:
        """Similarities float32 (q, k) and positions int64 (q, k), in float32 order, ties as they fall."""
        similarities, positions = self._flat.search(queries, k)
        return similarities, positions

    def vectors(self, first: int, last: int) -> Float32Array:
        """float32 (last - first, dim): rows first to last of what was added."""
        rows: Float32Array = self._flat.reconstruct_n(first, last - first)
        return rows
