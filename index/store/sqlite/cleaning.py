"""What could not be cleaned at once, in the background while the store is in use: unused space of a large store after a
crash, and a write-ahead log that a long read held."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Final

from index.errors import DatabaseError

log = logging.getLogger(__name__)
_RETRY_S: Final = 60.0


class Cleaning:
    """A thread that works whenever there is something left to do. It begins when there first is."""

    def __init__(self, clean_on: Callable[[], float | None]) -> None:
        """clean_on: does a part, and returns in how many seconds it wants to go on, None after the last."""
        self._clean_on = clean_on
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._pause_s = 0.0
        if not self._cleaned():
            self.go_on()

    def go_on(self) -> None:
        """There is something left. One caller at a time; where no thread can be started, the next call tries again."""
        self._wanted.set()
        if self._thread is None and not self._stopped.is_set():
            thread = threading.Thread(target=self._run, name="store-cleaning", daemon=True)
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._thread = thread

    def stop(self) -> None:
        """Safe to call twice."""
        self._stopped.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopped.wait(self._pause_s):
            # What is left from here on is said again.
            self._wanted.clear()
            if not self._cleaned():
                self._wanted.set()

    def _cleaned(self) -> bool:
        """A part; whether none is left. A disk that refuses keeps nobody from opening the store."""
        try:
            pause_s = self._clean_on()
        except (DatabaseError, OSError, MemoryError) as error:
            log.warning("the store could not be cleaned of what deleted rows left; it is tried again: %s", error)
            pause_s = _RETRY_S
        self._pause_s = pause_s or 0.0
        return pause_s is None
