"""Calls that take turns, so that a slow or busy machine slows both, and what is made of their times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from index.vector.faiss_flat import FlatYardstick
from index.vector.quantized.index import QuantizedIndex

K = 20
BATCH_COUNT = 64
FILTER_SHARES = (0.01, 0.1, 0.5)
WARM_UP = 3
PRODUCT_ROW_COUNT = 16384

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class SearchTimes:
    """Milliseconds, and medians over calls of ratios within each turn.

    ratio_to_product_batch64: to the float32 matrix product of the batch alone, in NumPy, without choosing the best:
    what any exhaustive search pays at least, and a stricter yardstick than an IndexFlatIP whose own BLAS is slow.
    ratio_filtered: by share of references allowed, to the same search without a filter.
    """

    ratio_to_flat: float
    ratio_to_flat_batch64: float
    ratio_to_product_batch64: float
    ratio_filtered: dict[str, float]
    flat_ms: dict[str, float]
    search_ms: dict[str, float]
    batch_ms: dict[str, float]


def search_times(
    built: QuantizedIndex, flat: FlatYardstick, probes: np.ndarray, *, thread_count: int, timed: int, batches: int
) -> SearchTimes:
    """built and flat hold the same references. With one thread, processor time: another process on the same core
    costs the wall clock, not this one. Else the wall clock."""
    clock = time.process_time if thread_count == 1 else time.perf_counter
    singles = [probes[number % len(probes)][None, :] for number in range(timed + WARM_UP)]

    def each(search: Callable[[np.ndarray], object]) -> list[Work]:
        return [lambda one=one: search(one) for one in singles]  # type: ignore[misc]

    def searched(one: np.ndarray) -> object:
        return built.search(one, K)

    flat_ms, search_ms = alternated(clock, each(lambda one: flat.search(one, K)), each(searched))
    batch = probes[:BATCH_COUNT]
    block = flat.vectors(0, min(len(built), PRODUCT_ROW_COUNT))
    batch_works: list[Work] = [
        lambda: flat.search(batch, K),
        lambda: built.search(batch, K),
        lambda: [batch @ block.T for _ in range(0, len(built), len(block))],
    ]
    flat_batch_ms, batch_ms, product_ms = alternated(
        clock, *([work] * (batches + 1) for work in batch_works), warm_up=1
    )
    ratio_filtered = {}
    for share in FILTER_SHARES:
        ids = built.reference_ids()
        chosen = np.random.default_rng(0).choice(ids, max(1, int(share * ids.size)), replace=False)
        allowed = np.sort(chosen)
        plain_ms, filtered_ms = alternated(
            clock,
            each(searched),
            each(lambda one, allowed=allowed: built.search(one, K, allowed=allowed)),  # type: ignore[misc]
        )
        ratio_filtered[str(share)] = float(np.median(filtered_ms / plain_ms))
    return SearchTimes(
        ratio_to_flat=float(np.median(search_ms / flat_ms)),
        ratio_to_flat_batch64=float(np.median(batch_ms / flat_batch_ms)),
        ratio_to_product_batch64=float(np.median(batch_ms / product_ms)),
        ratio_filtered=ratio_filtered,
        flat_ms=percentiles(flat_ms),
        search_ms=percentiles(search_ms),
        batch_ms={
            "flat": float(np.median(flat_batch_ms)),
            "search": float(np.median(batch_ms)),
            "product": float(np.median(product_ms)),
        },
    )


def alternated(clock: Callable[[], float], *works: Sequence[Work], warm_up: int = WARM_UP) -> list[np.ndarray]:
    """Milliseconds of each call, the works taking turns call by call; the first calls are not counted."""
    times = np.empty((len(works), len(works[0])))
    for number in range(len(works[0])):
        for which, work in enumerate(works):
            begin = clock()
            work[number]()
            times[which, number] = 1000 * (clock() - begin)
    return list(times[:, warm_up:])


def percentiles(times_ms: np.ndarray) -> dict[str, float]:
    """p50, p95, p99."""
    return {f"p{percent}": float(np.percentile(times_ms, percent)) for percent in (50, 95, 99)}
