"""What the server counts of itself, for Prometheus: calls, their time, and whether it answers.

Numbers only. No id, name, address or case is a label, and a method that does not exist counts as "other": whoever calls
could put anything into its name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server
from prometheus_client.process_collector import ProcessCollector

from matcher.errors import ConfigError
from matcher.texts.catalog import system_reason, told

# Upper bounds of the latency classes, seconds.
LATENCY_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER_ACTION: Final = "other"
# Numbers of the moment, each with its help; their sources are set by the server.
_MOMENTS: Final[Mapping[str, str]] = {
    "station_matcher_serving": "1 while the server answers, 0 while it starts, drains or cannot write audit records",
    "station_matcher_audit_writable": "1 while audit records can be written",
    "station_matcher_calls_running": "Calls that are read, wait or are worked on",
    "station_matcher_calls_waiting": "Calls that wait for a place at the engines",
    "station_matcher_references_set_aside": "References that are damaged and not searched",
    "station_matcher_references_not_searched": "References of packs that are not loaded",
}


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Since the start: calls that were answered, and those that were refused or failed; and those that run now."""

    ok_count: int
    other_count: int
    running_count: int


class Metrics:
    """Thread safe."""

    def __init__(self, actions: frozenset[str]) -> None:
        """actions: methods in snake case; others count as OTHER_ACTION."""
        self._actions = actions
        self._totals_lock = threading.Lock()
        self._ok_count = self._other_count = self._running_count = 0
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "station_matcher_calls", "Calls by method and gRPC code", ("action", "code"), registry=self._registry
        )
        self._durations = Histogram(
            "station_matcher_call_duration_seconds",
            "From the start of a call to its answer",
            ("action",),
            buckets=LATENCY_BOUNDS_S,
            registry=self._registry,
        )
        self._moments = {name: Gauge(name, told, registry=self._registry) for name, told in _MOMENTS.items()}
        self.ask("calls_running", lambda: self.counts().running_count)
        Info("station_matcher_build", "Version of the software", registry=self._registry).info(
            {"version": version("station-matcher")}
        )
        # Processor time, memory and open files of the process, as every Prometheus client names them.
        ProcessCollector(registry=self._registry)
        self._server: tuple[WSGIServer, threading.Thread] | None = None

    def began(self) -> None:
        """A call, which `ended` follows."""
        with self._totals_lock:
            self._running_count += 1

    def ended(self, action: str, code: str, elapsed_ms: float) -> None:
        """code: the name of a gRPC status code."""
        label = action if action in self._actions else OTHER_ACTION
        self._calls.labels(label, code).inc()
        self._durations.labels(label).observe(elapsed_ms / 1000.0)
        with self._totals_lock:
            self._ok_count += code == "OK"
            self._other_count += code != "OK"
            self._running_count -= 1

    def ask(self, name: str, source: Callable[[], float]) -> None:
        """Where a number of the moment comes from, asked at each scrape. name: without "station_matcher_"."""
        self._moments[f"station_matcher_{name}"].set_function(source)

    def counts(self) -> CallCounts:
        """All calls so far."""
        with self._totals_lock:
            return CallCounts(self._ok_count, self._other_count, self._running_count)

    def export(self, address: str) -> str:
        """Answer GET /metrics over plain HTTP, until `stop`. address: see metrics_place. Returns host:port. Raises
        ConfigError."""
        host, port = metrics_place(address)
        try:
            self._server = start_http_server(port, addr=host, registry=self._registry)
        except OSError as error:
            raise ConfigError(told("listen.metrics", reason=system_reason(error))) from error
        return f"{f'[{host}]' if ':' in host else host}:{self._server[0].server_port}"

    def stop(self) -> None:
        """Export no more. Safe to call twice, or when nothing was exported."""
        if self._server is not None:
            server, thread = self._server
            self._server = None
            server.shutdown()
            server.server_close()
            thread.join()


def metrics_place(address: str) -> tuple[str, int]:
    """Host and port of PORT, :PORT or HOST:PORT; 127.0.0.1 where no host is named. Raises ConfigError."""
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(told("listen.metrics_form"))
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
