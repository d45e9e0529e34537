"""Who may work: a bounded number of calls in all, fewer at the engines at a time, none while the server drains."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from matcher.errors import BusyError

# How long a waiting call goes without looking whether its caller is still there.
_LOOK_UP_S: Final = 0.25
# Sixteen of the largest messages, and hundreds of ordinary ones.
HELD_BYTES: Final = 512 * 1024 * 1024


class Admission:
    """Thread safe. worker_count: calls at the engines at a time. queue_count: calls that may wait beside them.
    stream_count: batch streams at a time; they wait for the engines item by item. held_bytes: of the messages of all
    calls that are worked on or wait. First come, first served."""

    def __init__(self, *, worker_count: int, queue_count: int, stream_count: int, held_bytes: int = HELD_BYTES) -> None:
        self._free_worker_count = worker_count
        # One event for each that waits, in the order in which they came; set when the place is theirs. A semaphore
        # would let a newcomer, or one that looked up, go before those that have waited longer.
        self._waiting: deque[threading.Event] = deque()
        self._free_count = {"call": worker_count + queue_count, "stream": stream_count}
        self._free_bytes, self._most_bytes = held_bytes, held_bytes
        self._lock = threading.Lock()
        self._is_draining = False

    @property
    def is_draining(self) -> bool:
        return self._is_draining

    @property
    def waiting_count(self) -> int:
        """Calls that wait for a place at the engines."""
        return len(self._waiting)

    def drain(self) -> None:
        """From now on nothing new is taken in; what is in goes on."""
        self._is_draining = True

    @contextmanager
    def admitted(self, kind: str) -> Iterator[None]:
        """kind: "call" or "stream". Raises BusyError."""
        with self._lock:
            if self._is_draining:
                raise BusyError("the server is stopping; try again")
            if self._free_count[kind] == 0:
                raise BusyError("the server is at its limit; try again in a few seconds")
            self._free_count[kind] -= 1
        try:
            yield
        finally:
            with self._lock:
                self._free_count[kind] += 1

    @contextmanager
    def holding(self, byte_count: int) -> Iterator[None]:
        """A message of so many bytes, kept until its call ends. One alone is always taken. Raises BusyError."""
        with self._lock:
            if byte_count > self._free_bytes and self._free_bytes < self._most_bytes:
                raise BusyError("the calls that wait hold as much as the server may keep; try again in a few seconds")
            self._free_bytes -= byte_count
        try:
            yield
        finally:
            with self._lock:
                self._free_bytes += byte_count

    @contextmanager
    def working(self, check: Callable[[], None]) -> Iterator[None]:
        """Waits for a place at the engines. check: raises when nobody waits for the answer any more."""
        check()
        turn = self._ask()
        try:
            while not turn.wait(_LOOK_UP_S):
                check()
            yield
        finally:
            self._leave(turn)

    def _ask(self) -> threading.Event:
        turn = threading.Event()
        with self._lock:
            if self._free_worker_count:
                self._free_worker_count -= 1
                turn.set()
            else:
                self._waiting.append(turn)
        return turn

    def _leave(self, turn: threading.Event) -> None:
        """Hands the place to whoever has waited longest, or gives up waiting."""
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
            elif self._waiting:
                self._waiting.popleft().set()
            else:
                self._free_worker_count += 1
