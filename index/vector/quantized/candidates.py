"""What a scan has found so far: the candidates of each query and the floor a row must reach to become one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from index.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from index.vector.kernels.compiling import compiled, compiled_part

# Two float64 sums of 4096 products of unit vectors in different orders differ by less.
SUM_MARGIN = 1e-12

# numba compiles functions over named tuples of arrays; it has no dataclasses.


class Found(NamedTuple):
    """One scan's state, changed in place. Not for two threads at once.

    best: float64 (q, k), the largest similarities as a heap, smallest first; best_counts: int64 (q,).
    floors: float64 (q,), a row whose upper bound is below its query's floor is not among the k best.
    keys: int64 (q, capacity), uppers: float64 (q, capacity), counts: int64 (q,): candidates and their upper bounds.
    compared: bool (q, capacity): the upper bound is the similarity itself, to within SUM_MARGIN, and is in the heap.
    overflowed: bool (q,): more candidates than capacity; the query must be answered exhaustively.
    """

    best: Float64Array
    best_counts: Int64Array
    floors: Float64Array
    keys: Int64Array
    uppers: Float64Array
    compared: BoolArray
    counts: Int64Array
    overflowed: BoolArray


def new_found(query_count: int, k: int, capacity: int) -> Found:
    """Nothing found yet."""
    return Found(
        best=np.empty((query_count, k), dtype=np.float64),
        best_counts=np.zeros(query_count, dtype=np.int64),
        floors=np.full(query_count, -np.inf),
        keys=np.empty((query_count, capacity), dtype=np.int64),
        uppers=np.empty((query_count, capacity), dtype=np.float64),
        compared=np.empty((query_count, capacity), dtype=np.bool_),
        counts=np.zeros(query_count, dtype=np.int64),
        overflowed=np.zeros(query_count, dtype=np.bool_),
    )


@compiled_part
def keep(found: Found, query: int, key: int, upper: float, compared: bool) -> None:
    """Compiled: make a row with this upper bound a candidate."""
    count = found.counts[query]
    if count == found.keys.shape[1]:
        count = _pruned(found, query)
        if count > found.keys.shape[1] * 3 // 4:
            found.overflowed[query] = True
            found.floors[query] = np.inf  # no row of this query need be looked at again
            return
    found.keys[query, count] = key
    found.uppers[query, count] = upper
    found.compared[query, count] = compared
    found.counts[query] = count + 1


@compiled_part
def raise_floor(found: Found, query: int, lower: float) -> None:
    """Compiled: a row of at least this similarity exists; the k-th largest of these is the floor."""
    best, best_count = found.best[query], found.best_counts[query]
    if best_count < best.size:
        best[best_count] = lower
        found.best_counts[query] = best_count + 1
        _sift_up(best, best_count)
    elif lower > best[0]:
        best[0] = lower
        _sift_down(best)
    if found.best_counts[query] == best.size:
        found.floors[query] = max(found.floors[query], best[0])


@compiled_part
def compare_rest(found: Found, vectors: Float32Array, queries: Float32Array, first_key: int) -> None:
    """Compiled: compare the candidates with keys from first_key on, one for each of these vectors, that are not yet."""
    for query in range(found.counts.size):
        for place in range(found.counts[query]):
            row = found.keys[query, place] - first_key
            if found.compared[query, place] or not 0 <= row < len(vectors):
                continue
            if found.uppers[query, place] >= found.floors[query]:
                value = similarity(vectors[row], queries[query])
                found.uppers[query, place] = value + SUM_MARGIN
                found.compared[query, place] = True
                raise_floor(found, query, value - SUM_MARGIN)


@compiled
def absorb(found: Found, other: Found) -> None:
    """Compiled: take over what another scan found over other rows. found has room for its candidates."""
    for query in range(found.counts.size):
        found.overflowed[query] |= other.overflowed[query]
        found.floors[query] = max(found.floors[query], other.floors[query])
        for place in range(other.best_counts[query]):
            raise_floor(found, query, other.best[query, place])
        for place in range(other.counts[query]):
            keep(found, query, other.keys[query, place], other.uppers[query, place], other.compared[query, place])


@compiled_part(fastmath={"reassoc", "contract"})
def similarity(vector: Float32Array, query: Float32Array) -> float:
    """Compiled: the inner product in float64, summed in any order."""
    total = 0.0
    for place in range(vector.size):
        total += np.float64(vector[place]) * np.float64(query[place])
    return total


@compiled_part
def _pruned(found: Found, query: int) -> int:
    """Drop the candidates that fell below the floor; returns how many stay."""
    floor, kept = found.floors[query], 0
    for place in range(found.counts[query]):
        if found.uppers[query, place] >= floor:
            found.keys[query, kept] = found.keys[query, place]
            found.uppers[query, kept] = found.uppers[query, place]
            found.compared[query, kept] = found.compared[query, place]
            kept += 1
    found.counts[query] = kept
    return kept


@compiled_part
def _sift_up(heap: Float64Array, place: int) -> None:
    while place > 0:
        parent = (place - 1) // 2
        if heap[parent] <= heap[place]:
            return
        heap[parent], heap[place] = heap[place], heap[parent]
        place = parent


@compiled_part
def _sift_down(heap: Float64Array) -> None:
    place, size = 0, heap.size
    while True:
        child = 2 * place + 1
        if child >= size:
            return
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[place] <= heap[child]:
            return
        heap[place], heap[child] = heap[child], heap[place]
        place = child
