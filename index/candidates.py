"""What a scan has found so far: the candidates of each query and the floor a row must reach to become one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from index.records import Int64Array
from index.vectors import BoolArray, Float64Array

# numba compiles functions over named tuples of arrays; it has no dataclasses.


class Found(NamedTuple):
    """One scan's state, changed in place. Not for two threads at once.

    best: float64 (q, k), the largest similarities as a heap, smallest first; best_counts: int64 (q,).
    floors: float64 (q,), a row whose upper bound is below its query's floor is not among the k best.
    keys: int64 (q, capacity), uppers: float64 (q, capacity), counts: int64 (q,): candidates and their upper bounds.
    overflowed: bool (q,): more candidates than capacity; the query must be answered exhaustively.
    """

    best: Float64Array
    best_counts: Int64Array
    floors: Float64Array
    keys: Int64Array
    uppers: Float64Array
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
        counts=np.zeros(query_count, dtype=np.int64),
        overflowed=np.zeros(query_count, dtype=np.bool_),
    )


@njit(nogil=True)  # type: ignore[untyped-decorator]
def keep(found: Found, query: int, key: int, upper: float) -> None:
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
    found.counts[query] = count + 1


@njit(nogil=True)  # type: ignore[untyped-decorator]
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


@njit(nogil=True)  # type: ignore[untyped-decorator]
def _pruned(found: Found, query: int) -> int:
    """Drop the candidates that fell below the floor; returns how many stay."""
    floor, kept = found.floors[query], 0
    for place in range(found.counts[query]):
        if found.uppers[query, place] >= floor:
            found.keys[query, kept] = found.keys[query, place]
            found.uppers[query, kept] = found.uppers[query, place]
            kept += 1
    found.counts[query] = kept
    return kept


@njit(nogil=True)  # type: ignore[untyped-decorator]
def _sift_up(heap: Float64Array, place: int) -> None:
    while place > 0:
        parent = (place - 1) // 2
        if heap[parent] <= heap[place]:
            return
        heap[parent], heap[place] = heap[place], heap[parent]
        place = parent


@njit(nogil=True)  # type: ignore[untyped-decorator]
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
