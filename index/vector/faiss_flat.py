"""Searching views with FAISS: a flat float32 scan whose shortlist is ordered in float64.

The rows stay where the segments keep them, in memory or mapped from a file: each IndexFlatIP is made over them without
a copy and for one search, so that it sees exactly one view, however writers go on meanwhile, and what is erased there
is erased for FAISS too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from index.arrays import Float32Array, Float64Array, Int64Array
from index.vector.protocol import Hits, best_first, cosine_similarities, hits_from_rows
from index.vector.quantized.row_filter import NO_FILTER, UInt64Array, allowed_words, row_mask
from index.vector.quantized.segments import Segment, View

# Room for references that tie with the k-th; more are fetched when it does not reach.
EXTRA_COUNT = 16

Nearest = tuple[Float32Array, Int64Array]  # estimates and rows, both (n,), the best first


class FlatSearch:
    """Every row compared in float32 by IndexFlatIP, the best in float64. Always proved. Thread-safe."""

    def close(self) -> None:
        """See ViewSearch: there is no background."""

    def search(self, view: View, queries: Float32Array, k: int, allowed: Int64Array | None) -> Hits:
        """See ViewSearch. proved: the float32 shortlist reached below the k-th place by more than rounding."""
        # Of this thread alone: requests run side by side, and threads inside one would take the others' processors.
        faiss.omp_set_num_threads(1)
        words = allowed_words(view, allowed)
        parts = [part for number in range(len(words)) if (part := _part_of(view, number, words[number])) is not None]
        found = [part.nearest(queries, k + EXTRA_COUNT) for part in parts]
        answers = []
        for number, query in enumerate(queries):
            nearest = [(estimates[number], rows[number]) for estimates, rows in found]
            answers.append(_ranked(parts, nearest, query, k))
        return hits_from_rows(answers, k, np.ones(len(answers), dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The rows of one segment that a search may rank; at least one. parameters: what leaves the others out."""

    segment: Segment
    flat: faiss.IndexFlatIP
    parameters: faiss.SearchParameters | None
    row_count: int

    def nearest(self, queries: Float32Array, count: int) -> tuple[Float32Array, Int64Array]:
        """(q, n) estimates and rows, the best first; n is count, or all rows where there are fewer."""
        estimates, rows = self.flat.search(queries, min(count, self.row_count), params=self.parameters)
        return estimates, rows


def _part_of(view: View, number: int, words: UInt64Array) -> _Part | None:
    """None where no row of the segment may be ranked. words: see row_filter.py."""
    segment, row_count = view.segments[number], view.row_counts[number]
    searched_count, parameters = row_count, None
    if words is not NO_FILTER or segment.dead_count:
        mask = row_mask(words, row_count)
        if segment.dead_count:
            mask &= view.visible(number)
        searched_count = int(np.count_nonzero(mask))
        if searched_count < row_count:
            # The shipped stubs do not know the Python wrappers: these take arrays and keywords and keep both alive.
            selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
    if searched_count == 0:
        return None
    return _Part(segment, _flat_over(segment.vectors, row_count), parameters, searched_count)


def _flat_over(vectors: Float32Array, row_count: int) -> faiss.IndexFlatIP:
    """An index of the first rows where they lie. Whoever uses it holds vectors: it keeps nothing alive."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    content = vectors[:row_count].view(np.uint8).reshape(-1)
    place: Any = faiss.MaybeOwnedVectorUInt8()
    # The stubs do not know it either. An empty vector has no owner, and so has this view.
    flat.codes = place.create_view(faiss.swig_ptr(content), content.size, place.owner)
    flat.ntotal = row_count
    return flat


def _ranked(
    parts: Sequence[_Part], nearest: list[Nearest], query: Float32Array, k: int
) -> tuple[Int64Array, Float64Array]:
    """The k best ids with float64 similarities. nearest: of each part; lists that may have missed one are fetched
    anew, twice as long.

    A float32 sum of products of unit vectors differs from the float64 one by at most dim roundings (Higham, Accuracy
    and Stability of Numerical Algorithms, 2nd ed., section 3.1). k rows have estimates of at least the k-th, so the k
    best have estimates above it less two roundings.
    """
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    rounding = 1.01 * query.size * 2.0**-24
    while True:
        estimates = np.concatenate([part_estimates for part_estimates, _ in nearest]).astype(np.float64)
        floor = -np.inf if estimates.size <= k else float(np.partition(estimates, -k)[-k]) - 2.0 * rounding
        short = [
            number
            for number, (part_estimates, rows) in enumerate(nearest)
            if rows.size < parts[number].row_count and part_estimates[-1] >= floor
        ]
        if not short:
            break
        for number in short:
            more_estimates, more_rows = parts[number].nearest(query[None, :], 2 * nearest[number][1].size)
            nearest[number] = (more_estimates[0], more_rows[0])
    ids, similarities = [], []
    for part, (part_estimates, rows) in zip(parts, nearest, strict=True):
        reaching = rows[part_estimates >= floor]
        ids.append(part.segment.reference_ids[reaching])
        similarities.append(cosine_similarities(part.segment.vectors[reaching], query))
    all_ids, all_similarities = np.concatenate(ids), np.concatenate(similarities)
    order = best_first(all_ids, all_similarities, k)
    return all_ids[order], all_similarities[order]


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
