"""Who may work: a bounded number of calls in all, fewer at the engines at a time, none while the server drains.

Of everything that is bounded one peer has a share, so that a station that asks too much keeps no other out. A peer is
the name in a client certificate, and without one the host: stations behind one address share its share, which
`server.peer_share` can widen.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from matcher.errors import BusyError
from matcher.formats.turns import Turns

_ROUND_S: Final = 0.05
# Sixteen of the largest messages, and hundreds of ordinary ones.
HELD_BYTES: Final = 512 * 1024 * 1024


class _Share:
    """So many of something, and how many of them one peer may have. Not thread safe."""

    def __init__(self, count: int, share: float) -> None:
        self.count = count
        self._most = max(math.ceil(count * share), 1)
        self._held: Counter[str] = Counter()
        self.held_count = 0

    def has(self, count: int, peer: str) -> bool:
        """One alone is always taken, however much it is."""
        if not self._held[peer]:
            return self.held_count + count <= self.count or not self.held_count
        return self.held_count + count <= self.count and self._held[peer] + count <= self._most

    def take(self, count: int, peer: str) -> None:
        self._held[peer] += count
        self.held_count += count
        if not self._held[peer]:
            del self._held[peer]


class Admission:
    """Thread safe. worker_count: calls at the engines at a time. queue_count: calls that may wait beside them.
    stream_count: batch streams at a time; they wait for the engines item by item. held_bytes: of the messages of all
    calls that are worked on or wait. peer_share: of each of these that one peer may have, above 0, at most 1."""

    def __init__(
        self,
        *,
        worker_count: int,
        queue_count: int,
        stream_count: int,
        held_bytes: int = HELD_BYTES,
        peer_share: float = 1.0,
    ) -> None:
        self._turns = Turns(worker_count)
        self._places = {
            "call": _Share(worker_count + queue_count, peer_share),
            "stream": _Share(stream_count, peer_share),
        }
        self._bytes = _Share(held_bytes, peer_share)
        self._lock = threading.Lock()
        self._is_draining = False

    @property
    def is_draining(self) -> bool:
        return self._is_draining

    @property
    def waiting_count(self) -> int:
        """Calls that wait for a place at the engines."""
        return self._turns.waiting_count

    def drain(self) -> None:
        """From now on nothing new is taken in; what is in goes on."""
        self._is_draining = True

    def full(self, peer: str) -> str:
        """ "taken/places" where a call of the peer would be refused now, else ""."""
        places = self._places["call"]
        with self._lock:
            return "" if places.has(1, peer) else f"{places.held_count}/{places.count}"

    def held_count(self, kind: str) -> int:
        """Places that are taken, of "call" or "stream"."""
        return self._places[kind].held_count

    @contextmanager
    def admitted(self, kind: str, peer: str) -> Iterator[None]:
        """kind: "call" or "stream". Raises BusyError."""
        if self._is_draining:
            raise BusyError("the server is stopping; try again")
        message = "the server is at its limit; try again in a few seconds"
        with self._kept(self._places[kind], 1, peer, message):
            yield

    def holding(
        self, byte_count: int, peer: str, *, check: Callable[[], None] | None = None
    ) -> AbstractContextManager[None]:
        """A message of so many bytes, kept until its call ends. One alone is always taken. Raises BusyError; with a
        check, which raises when nobody waits for the answer any more, it waits for room: the sender of a stream sends
        nothing else meanwhile."""
        message = "the calls that wait hold as much as the server may keep; try again in a few seconds"
        return self._kept(self._bytes, byte_count, peer, message, check)

    def working(self, peer: str, check: Callable[[], None]) -> AbstractContextManager[None]:
        """Waits for a place at the engines. check: raises when nobody waits for the answer any more."""
        return self._turns.taken(peer, check)

    @contextmanager
    def _kept(
        self, share: _Share, count: int, peer: str, message: str, check: Callable[[], None] | None = None
    ) -> Iterator[None]:
        while not self._took(share, count, peer):
            if check is None:
                raise BusyError(message)
            time.sleep(_ROUND_S)
            check()
        try:
            yield
        finally:
            with self._lock:
                share.take(-count, peer)

    def _took(self, share: _Share, count: int, peer: str) -> bool:
        with self._lock:
            has_room = share.has(count, peer)
            if has_room:
                share.take(count, peer)
            return has_room
