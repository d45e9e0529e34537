"""One call by the wall clock, and how much of that it was computing, or waiting for a processor.

What is left of the wall clock is waiting for something else: a lock, the GIL, the disk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PAUSE_MS = 100.0


@dataclass(frozen=True, slots=True)
class CallTime:
    """Milliseconds. queued_ms: ready to run, but every processor was taken; 0 where the system does not say."""

    wall_ms: float
    processor_ms: float
    queued_ms: float


def timed_call(call: Callable[[], object]) -> CallTime:
    """Of the calling thread; what other threads do for it counts as waiting."""
    queued, processor, wall = _queued_ms(), time.thread_time(), time.perf_counter()
    call()
    wall_ms = 1000 * (time.perf_counter() - wall)
    return CallTime(wall_ms, 1000 * (time.thread_time() - processor), _queued_ms() - queued)


def summarized(times: Sequence[CallTime]) -> dict[str, float]:
    """Wall clock: p50, p95, p99 and longest, with what the longest was made of; above_100: calls beyond 100 ms."""
    walls = np.array([one.wall_ms for one in times])
    longest = max(times, key=lambda one: one.wall_ms)
    return {
        **{f"p{percent}": float(np.percentile(walls, percent)) for percent in (50, 95, 99)},
        "longest": longest.wall_ms,
        "longest_processor": longest.processor_ms,
        "longest_queued": longest.queued_ms,
        "above_100": float((walls > PAUSE_MS).sum()),
        "calls": float(len(times)),
    }


def _queued_ms() -> float:
    """Time that this thread has spent in the run queue so far, which Linux keeps."""
    try:
        return int(Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_bytes().split()[1]) / 1e6
    except (OSError, IndexError):
        return 0.0
