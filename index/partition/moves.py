"""Whether references went from one subject to another while something was read in several steps."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Moves:
    """Counts them, without anybody waiting for anybody. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun_count = 0
        self._ended_count = 0

    @contextlib.contextmanager
    def moving(self) -> Iterator[None]:
        """A block in which subjects of references change."""
        with self._lock:
            self._begun_count += 1
        try:
            yield
        finally:
            with self._lock:
                self._ended_count += 1

    def mark(self) -> int:
        """To be held against `is_same_since` after reading."""
        with self._lock:
            return self._ended_count

    def is_same_since(self, mark: int) -> bool:
        """Whether none was under way at any time since."""
        with self._lock:
            return self._begun_count == mark
