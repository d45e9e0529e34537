"""How long searches, additions and removals take while the index lives: writers, a reader and merges at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from index.quantized import QuantizedIndex

K = 20
ADDED_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class LifeResult:
    """Milliseconds by the wall clock. quiet: nothing else going on; busy: while references come and go.

    pause: longest call beyond the longest of the same kind when quiet.
    """

    search_quiet_ms: dict[str, float]
    search_busy_ms: dict[str, float]
    add_ms: dict[str, float]
    remove_ms: dict[str, float]
    longest_search_pause_ms: float
    merges: int


def measured_life(
    built: QuantizedIndex, probes: np.ndarray, new_vectors: Iterator[np.ndarray], *, seconds: float
) -> LifeResult:
    """Search built while one thread adds references in groups and removes others, one by one."""
    quiet = _timed(lambda number: built.search(probes[number % len(probes)][None, :], K), seconds / 2)
    names = _segment_names(built)
    stop = threading.Event()
    added, removed = [], []
    errors: list[BaseException] = []
    old_ids = built.reference_ids()
    rng = np.random.default_rng(0)

    def write() -> None:
        next_id = int(old_ids[-1]) + 1
        try:
            for block in new_vectors:
                for start in range(0, len(block), ADDED_TOGETHER):
                    if stop.is_set():
                        return
                    rows = block[start : start + ADDED_TOGETHER]
                    added.append(
                        _once(lambda rows=rows, first=next_id: built.add(np.arange(first, first + len(rows)), rows))
                    )
                    next_id += len(rows)
                    gone = rng.choice(old_ids, 1)
                    removed.append(_once(lambda gone=gone: built.remove(gone)))
        except BaseException as error:
            errors.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        busy = _timed(lambda number: built.search(probes[number % len(probes)][None, :], K), seconds)
    finally:
        stop.set()
        writer.join()
    if errors:
        raise errors[0]
    return LifeResult(
        search_quiet_ms=_percentiles(quiet),
        search_busy_ms=_percentiles(busy),
        add_ms=_percentiles(np.array(added)),
        remove_ms=_percentiles(np.array(removed)),
        longest_search_pause_ms=float(max(0.0, busy.max() - quiet.max())),
        merges=len(_segment_names(built) - names),
    )


def _segment_names(built: QuantizedIndex) -> set[str]:
    return {path.name for path in built.folder.glob("segment-*")} if built.folder else set()


def _timed(call: Callable[[int], object], seconds: float) -> np.ndarray:
    times, end, number = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        times.append(_once(lambda number=number: call(number)))
        number += 1
    return np.array(times)


def _once(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def _percentiles(times_ms: np.ndarray) -> dict[str, float]:
    named = {f"p{percent}": float(np.percentile(times_ms, percent)) for percent in (50, 95, 99)}
    return {**named, "longest": float(times_ms.max()), "calls": float(len(times_ms))}
