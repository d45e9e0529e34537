"""The stages of one request: their times, the deadline between them, and an optional sink for what they made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class TraceSink(Protocol):
    """Gets each intermediate value of a request, for golden tests and diagnosis. Off unless a caller passes one."""

    def keep(self, name: str, value: object) -> None:
        """name: "stage.value". The value must not be changed."""


def never_ends() -> None:
    """The check of a request without a deadline."""


_CHECK: Final[ContextVar[Callable[[], None]]] = ContextVar("check", default=never_ends)


def check_stage() -> None:
    """The check of the stage that this thread works at, for long work in the middle of one: a search for faces runs a
    network dozens of times. Raises DeadlineError or CanceledError when nobody waits for the answer any more."""
    _CHECK.get()()


class Stages:
    """Clock of one request, used by one thread.

    check: called before each stage, and by check_stage within it; raises DeadlineError or CanceledError when nobody
    waits for the answer any more.
    milliseconds: wall-clock time by stage name; a stage entered several times adds up. decoded_pixel_count: of all
    pictures so far; whoever decodes adds to it.
    """

    def __init__(self, *, check: Callable[[], None] = never_ends, sink: TraceSink | None = None) -> None:
        self.milliseconds: dict[str, float] = {}
        self.decoded_pixel_count = 0
        self._check = check
        self._sink = sink

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._check()
        token = _CHECK.set(self._check)
        start = time.perf_counter()
        try:
            yield
        finally:
            _CHECK.reset(token)
            elapsed_ms = (time.perf_counter() - start) * 1000.0
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + elapsed_ms

    @contextmanager
    def beside(self, count: int) -> Iterator[tuple[Stages, ...]]:
        """So many clocks for threads that work side by side within the block. What they measured is added afterwards,
        reduced to the wall-clock time of the block."""
        own = tuple(Stages(check=self._check) for _ in range(count))
        start = time.perf_counter()
        try:
            yield own
        finally:
            elapsed_ms = (time.perf_counter() - start) * 1000.0
            measured_ms = sum(sum(one.milliseconds.values()) for one in own)
            for one in own:
                for name, milliseconds in one.milliseconds.items():
                    share_ms = elapsed_ms * milliseconds / max(measured_ms, 1e-9)
                    self.milliseconds[name] = self.milliseconds.get(name, 0.0) + share_ms

    def check(self) -> None:
        """Raises DeadlineError or CanceledError when nobody waits for the answer any more."""
        self._check()

    def keep(self, name: str, value: object) -> None:
        """Hands an intermediate value to the sink, if there is one."""
        if self._sink is not None:
            self._sink.keep(name, value)
