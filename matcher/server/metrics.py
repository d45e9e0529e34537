"""What the server counts of itself: calls by method and code, their time, and how many are running."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Upper bounds of the latency classes, milliseconds.
LATENCY_BOUNDS_MS: Final = (5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0)


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """call_counts: by (action, gRPC code). latency_counts: by (action, upper bound in ms), inf for the rest."""

    call_counts: Mapping[tuple[str, str], int]
    latency_counts: Mapping[tuple[str, float], int]
    running_count: int


class Metrics:
    """Thread safe. Holds numbers only: no ids, no names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._latencies: Counter[tuple[str, float]] = Counter()
        self._running_count = 0

    def began(self) -> None:
        with self._lock:
            self._running_count += 1

    def ended(self, action: str, code: str, elapsed_ms: float) -> None:
        bound = next((bound for bound in LATENCY_BOUNDS_MS if elapsed_ms <= bound), float("inf"))
        with self._lock:
            self._running_count -= 1
            self._calls[action, code] += 1
            self._latencies[action, bound] += 1

    def snapshot(self) -> MetricsSnapshot:
        with self._lock:
            return MetricsSnapshot(dict(self._calls), dict(self._latencies), self._running_count)
