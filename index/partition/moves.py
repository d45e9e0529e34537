"""Whether references went from one subject to another while something was read in several steps."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Moves:
    """Counts them. Nobody who reads waits for them, unless it asks for quiet. Thread safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._begun_count = 0
        self._ended_count = 0
        self._quiet_count = 0

    @contextlib.contextmanager
    def moving(self) -> Iterator[None]:
        """A block in which subjects of references change."""
        with self._changed:
            self._changed.wait_for(lambda: not self._quiet_count)
            self._begun_count += 1
        try:
            yield
        finally:
            with self._changed:
                self._ended_count += 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """A block in which none do: it begins when those under way have ended, and others wait until it ends."""
        with self._changed:
            self._quiet_count += 1
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._begun_count == self._ended_count)
            yield
        finally:
            with self._changed:
                self._quiet_count -= 1
                self._changed.notify_all()

    def mark(self) -> int:
        """To be held against `is_same_since` after reading."""
        with self._changed:
            return self._ended_count

    def is_same_since(self, mark: int) -> bool:
        """Whether none was under way at any time since."""
        with self._changed:
            return self._begun_count == mark
