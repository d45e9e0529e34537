"""How long searches and changes take while the index lives: a writer, a reader and merges at once.

As many references go as come, so that the index keeps its size and dead rows are a part of it.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.speed.call_times import CallTime, summarized, timed_call
from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine
from index.vector.quantized.index import QuantizedIndex

K = 20
CHANGED_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class LifeResult:
    """Milliseconds by the wall clock. quiet: nothing else going on; busy: while references come and go.

    longest_search_pause_ms: longest search beyond the longest when quiet; the longest changes are pauses as they are.
    Two threads are busy beside the background: with fewer than three processors, or with other programs running, calls
    also wait for a processor, and longest_queued says how much of the longest that was.
    """

    search_quiet_ms: dict[str, float]
    search_busy_ms: dict[str, float]
    add_ms: dict[str, float]
    replace_ms: dict[str, float]
    remove_ms: dict[str, float]
    longest_search_pause_ms: float
    added_per_s: float
    merges: int


def measured_life(
    built: QuantizedIndex, probes: np.ndarray, new_vectors: Iterator[np.ndarray], *, seconds: float
) -> LifeResult:
    """Search built while one thread adds and removes references in groups and replaces single ones."""
    # As the service does, before anybody waits.
    SearchEngines(FaceEngine.QUANTIZED).warm_up([(0, 1)])

    def search(number: int) -> object:
        return built.search(probes[number % len(probes)][None, :], K)

    quiet = _repeated(search, seconds / 2)
    names = _segment_names(built)
    writer = _Writer(built, new_vectors)
    writer.start()
    try:
        busy = _repeated(search, seconds)
    finally:
        writer.stop()
    search_quiet_ms, search_busy_ms = summarized(quiet), summarized(busy)
    return LifeResult(
        search_quiet_ms=search_quiet_ms,
        search_busy_ms=search_busy_ms,
        add_ms=summarized(writer.additions),
        replace_ms=summarized(writer.replacements),
        remove_ms=summarized(writer.removals),
        longest_search_pause_ms=max(0.0, search_busy_ms["longest"] - search_quiet_ms["longest"]),
        added_per_s=CHANGED_TOGETHER * len(writer.additions) / seconds,
        merges=len(_segment_names(built) - names),
    )


class _Writer:
    """A thread that changes the index as fast as it can until it is stopped."""

    def __init__(self, built: QuantizedIndex, new_vectors: Iterator[np.ndarray]) -> None:
        self.additions: list[CallTime] = []
        self.replacements: list[CallTime] = []
        self.removals: list[CallTime] = []
        self._built = built
        self._new_vectors = new_vectors
        self._is_stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Raises what the thread has raised."""
        self._is_stopping.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._write()
        except BaseException as error:
            self._error = error

    def _write(self) -> None:
        built, old_ids = self._built, self._built.reference_ids()
        next_id = int(old_ids[-1]) + 1
        leaving = deque(
            np.array_split(np.random.default_rng(0).permutation(old_ids), -(-old_ids.size // CHANGED_TOGETHER))
        )
        for block in self._new_vectors:
            for start in range(0, len(block), CHANGED_TOGETHER):
                if self._is_stopping.is_set():
                    return
                rows = block[start : start + CHANGED_TOGETHER]
                ids, gone = np.arange(next_id, next_id + len(rows)), leaving.popleft()
                next_id += len(rows)
                leaving.append(ids)
                self.additions.append(timed_call(functools.partial(built.add, ids, rows)))
                self.replacements.append(timed_call(functools.partial(built.replace, ids[:1], rows[-1:])))
                self.removals.append(timed_call(functools.partial(built.remove, gone)))


def _segment_names(built: QuantizedIndex) -> set[str]:
    return {path.name for path in built.folder.glob("segment-*")} if built.folder else set()


def _repeated(call: Callable[[int], object], seconds: float) -> list[CallTime]:
    times: list[CallTime] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        times.append(timed_call(lambda: call(len(times))))
    return times
