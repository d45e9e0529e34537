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
        if not clean_on():
            self._thread = threading.Thread(target=self._run, name="store-cleaning", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Safe to call twice."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause_s = _PAUSE_S
        while not self._stopped.wait(pause_s):
            try:
                if self._clean_on():
                    return
                pause_s = _PAUSE_S
            except (DatabaseError, OSError) as error:
                log.warning("the store could not be cleaned of what deleted rows left; it is tried again: %s", error)
                pause_s = _RETRY_S
