"""Ends calls whose sender began a message and never finished it, so that idle connections hold no thread."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import grpc

from matcher.server.peers import share_of

_ROUND_S: Final = 1.0


class ReadWatch:
    """One thread that cancels calls that wait too long for bytes. Thread safe.

    most: how many calls may wait for their message at a time. One more takes the place of the call that has waited
    longest of the peer that has most of them waiting, so that half-open calls of one peer keep no other out.
    """

    def __init__(self, most: int = 128) -> None:
        self._most = most
        self._lock = threading.Lock()
        # When the wait began, when it is over, whether nothing is owed, and the call; in the order in which they came.
        self._waiting: dict[int, tuple[float, float, bool, grpc.ServicerContext]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="read-watch", daemon=True)

    def start(self) -> None:
        """Watch from now on, until stop."""
        self._thread.start()

    @contextmanager
    def reading(self, context: grpc.ServicerContext, limit_s: float, *, is_idle: bool = False) -> Iterator[None]:
        """While the block waits for the sender; after limit_s the call is canceled and the block's read raises.

        is_idle: nothing of the message is owed yet, so the call may be ended when the server drains."""
        key = id(context)
        with self._lock:
            crowded_out = None if is_idle else self._crowded_out()
            now = time.monotonic()
            self._waiting[key] = (now, now + limit_s, is_idle, context)
        if crowded_out is not None:
            crowded_out.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(key, None)

    def _crowded_out(self) -> grpc.ServicerContext | None:
        """The call that has to make room."""
        waiting = [context for _, _, is_idle, context in self._waiting.values() if not is_idle]
        return _oldest_of_the_crowd(waiting) if len(waiting) >= self._most else None

    def end_longest_idle(self, *, after_s: float) -> bool:
        """Ends the stream that has waited longest for an item, of the peer that has most of those that have waited for
        after_s. Returns whether there was one."""
        began_before = time.monotonic() - after_s
        with self._lock:
            idle = [
                context for since, _, is_idle, context in self._waiting.values() if is_idle and since < began_before
            ]
        if idle:
            _oldest_of_the_crowd(idle).cancel()
        return bool(idle)

    def end_idle(self) -> None:
        """Ends the streams that wait for another item."""
        with self._lock:
            idle = [context for _, _, is_idle, context in self._waiting.values() if is_idle]
        for context in idle:
            context.cancel()

    def stop(self) -> None:
        """Safe to call twice, or unstarted."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(_ROUND_S):
            now = time.monotonic()
            with self._lock:
                late = [context for _, expiry, _, context in self._waiting.values() if expiry < now]
            for context in late:
                context.cancel()


def _oldest_of_the_crowd(waiting: Sequence[grpc.ServicerContext]) -> grpc.ServicerContext:
    """waiting: at least one, in the order in which they came."""
    shares = [share_of(context) for context in waiting]
    return waiting[shares.index(Counter(shares).most_common(1)[0][0])]
