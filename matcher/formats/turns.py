"""Places that callers wait for in turn, so that one of them, however much it asks, keeps no other out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

# How long a waiting call goes without looking whether its caller is still there.
_LOOK_UP_S: Final = 0.25


@dataclass(eq=False, slots=True)
class _Turn:
    owner: str
    is_theirs: threading.Event = field(default_factory=threading.Event)


class Turns:
    """place_count places. Thread safe.

    A free place goes to the owner that holds the fewest, and among those to whoever came first. Where one owner holds
    every place, the others do not wait for it: they share as many places again, so that work that takes one owner's
    machine a minute delays the others by no more than the processors that it takes. At most 2 * place_count - 1 work
    at a time.
    """

    def __init__(self, place_count: int) -> None:
        self._place_count = place_count
        # One event for each that waits, in the order in which they came; set when the place is theirs. A semaphore
        # would let a newcomer, or one that looked up, go before those that have waited longer.
        self._waiting: list[_Turn] = []
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def waiting_count(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    @contextmanager
    def taken(self, owner: str, check: Callable[[], None]) -> Iterator[None]:
        """Waits for a place. check: raises when nobody waits for the answer any more."""
        check()
        turn = _Turn(owner)
        with self._lock:
            self._waiting.append(turn)
            self._hand_out()
        try:
            while not turn.is_theirs.wait(_LOOK_UP_S):
                check()
            yield
        finally:
            self._leave(turn)

    def _leave(self, turn: _Turn) -> None:
        with self._lock:
            if not turn.is_theirs.is_set():
                self._waiting.remove(turn)
                return
            self._held[turn.owner] -= 1
            if not self._held[turn.owner]:
                del self._held[turn.owner]
            self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting:
            turn = min(self._waiting, key=lambda waiting: self._held[waiting.owner])  # of equals the first
            if not self._may_begin(turn.owner):
                return
            self._waiting.remove(turn)
            self._held[turn.owner] += 1
            turn.is_theirs.set()

    def _may_begin(self, owner: str) -> bool:
        held_count = self._held.total()
        if held_count < self._place_count:
            return True
        most = max(self._held.values())
        return not self._held[owner] and most >= self._place_count and held_count - most < self._place_count
