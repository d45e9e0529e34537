"""Saving index files while the database serves, so that a killed process finds nearly all of them at its next start."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from index.errors import DatabaseError

log = logging.getLogger(__name__)
# Saving writes what is new only; after a kill about this much of enrollment is read from the store again.
SAVE_INTERVAL_S = 60.0


class Saver:
    """A thread that saves now and then. A save that fails costs time at the next start and is tried again."""

    def __init__(self, save: Callable[[], None], *, interval_s: float = SAVE_INTERVAL_S) -> None:
        self._save = save
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="index-saver", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for a save under way, save once more, end. Safe to call twice."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._save_once()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._save_once()

    def _save_once(self) -> None:
        try:
            self._save()
        except (DatabaseError, OSError, MemoryError) as error:
            log.warning("index files could not be saved; the next start will take longer: %s", error)
