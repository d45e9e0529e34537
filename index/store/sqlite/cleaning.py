"""Unused space of a large store, cleaned after a crash while the store is in use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from index.errors import DatabaseError

log = logging.getLogger(__name__)
_PAUSE_S: Final = 0.2
_RETRY_S: Final = 60.0


class Cleaning:
    """A thread that works until there is nothing left to do."""

    def __init__(self, clean_on: Callable[[], bool]) -> None:
        """clean_on: does a part, and returns whether it was the last."""
        self._clean_on = clean_on
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._pause_s = _PAUSE_S
        if not self._cleaned():
            self._thread = threading.Thread(target=self._run, name="store-cleaning", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Safe to call twice."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._pause_s):
            if self._cleaned():
                return

    def _cleaned(self) -> bool:
        """A part; whether none is left. A disk that refuses keeps nobody from opening the store."""
        try:
            is_done = self._clean_on()
        except (DatabaseError, OSError, MemoryError) as error:
            log.warning("the store could not be cleaned of what deleted rows left; it is tried again: %s", error)
            self._pause_s = _RETRY_S
            return False
        self._pause_s = _PAUSE_S
        return is_done
