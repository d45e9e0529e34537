"""The thread that maintains an index: it starts when there is work, gives way to everyone else, and can be waited for.

Searches and writers never wait for a merge to end. A writer that is faster than the background is slowed down, by a
wait that is short for each call.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable

from index.errors import DatabaseError

log = logging.getLogger(__name__)

# Added to the niceness of the thread: about a third of the processor time of a thread of the service, when there is
# not enough for both. With much less it might lose the processor for long while it holds the GIL.
NICENESS = 5


class Background:
    """A thread that runs work whenever it is asked to and not running already. Thread-safe."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_running = False
        self._is_wanted = False
        self._is_closed = False

    @property
    def is_running(self) -> bool:
        """Whether work is under way."""
        return self._is_running

    def start(self) -> None:
        """Run work soon; once more where it is running already, which may have looked for work just before. Not after
        close."""
        with self._condition:
            self._is_wanted = self._is_running
            if not self._is_running and not self._is_closed:
                thread = threading.Thread(target=self._run, name="index-maintenance", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # No more threads now. What was written stands all the same; the next write tries again.
                    log.warning("the maintenance of the vector index could not be started", exc_info=True)
                else:
                    self._thread, self._is_running = thread, True

    def progressed(self) -> None:
        """Wake those who wait."""
        with self._condition:
            self._condition.notify_all()

    def wait_while(self, is_behind: Callable[[], bool], timeout_s: float) -> None:
        """Wait until it has caught up, work has ended or so many seconds have passed."""
        with self._condition:
            self._condition.wait_for(lambda: not self._is_running or not is_behind(), timeout_s)

    def close(self) -> None:
        """Never run again; wait for work that is under way."""
        with self._condition:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        _lower_priority()
        try:
            self._work_once()
            while self._is_wanted_again():
                self._work_once()
        except BaseException:
            self._end()
            raise

    def _work_once(self) -> None:
        try:
            self._work()
        except (DatabaseError, OSError, MemoryError):
            # Searches stay exact without it; the next write tries again.
            log.warning("segments of the vector index could not be merged", exc_info=True)

    def _is_wanted_again(self) -> bool:
        """Whether somebody asked since work last began; if not, the thread counts as ended, and who asks starts one."""
        with self._condition:
            is_wanted, self._is_wanted = self._is_wanted and not self._is_closed, False
            if not is_wanted:
                self._end()
            return is_wanted

    def _end(self) -> None:
        with self._condition:
            self._is_running = False
            self._condition.notify_all()


def _lower_priority() -> None:
    """Of the calling thread alone, which Linux can do; elsewhere the scheduler is trusted."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(19, own + NICENESS))
