"""Merging the segments of one index: what to merge when, what cannot wait for a long merge, what goes afterwards."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from index.vector.quantized.merge_policy import GROWTH, segments_in_memory, segments_to_merge
from index.vector.quantized.merging import MergeAbandonedError, merged
from index.vector.quantized.segments import Segment, View

LIMIT_S = 30.0  # no search takes so long; memory is not held for longer


# Finished segments whose vectors are still in memory: so many interrupt a merge, to be written to a file first.
URGENT_SEGMENT_COUNT = 8
# So often in a row a merge is given up for who interrupts; the next one they wait for, or none would ever end.
ABANDONED_LIMIT = 3
_POLL_S = 0.01

Publish = Callable[[Segment | None, View], None]


class Compactor:
    """Thread-safe. lock: held by whoever merges, writes or changes the files of the index."""

    def __init__(self, folder: Path | None, *, smallest: int, view: Callable[[], View], publish: Publish) -> None:
        """smallest: rows of a segment that is not appended to any more. view: the present one. publish: put a merged
        segment, None if nothing is left, in the place of the segments of a view."""
        self.lock = threading.Lock()
        self.saved_names: tuple[str, ...] = ()
        self._folder = folder
        self._smallest = smallest
        self._view = view
        self._publish = publish
        self._retirement = Retirement()
        self._merging: list[Segment] = []
        self._is_closed = False
        self._count_lock = threading.Lock()
        self._interrupting_count = 0
        self._abandoned_count = 0

    @property
    def has_work(self) -> bool:
        """Whether something is worth a merge."""
        return not self._is_closed and bool(segments_to_merge(self._view(), self._smallest))

    @property
    def is_holding(self) -> bool:
        """Whether the memory of merged segments is held for searches that still read them."""
        return bool(self._retirement)

    def close(self) -> None:
        """Merge no more; one that is under way is given up."""
        self._is_closed = True

    def maintain(self) -> None:
        """Merge until nothing is worth it and the memory of what was merged is given back."""
        self.compact()
        while self.is_holding and not self._is_closed:
            time.sleep(_POLL_S)
            self.compact()

    def compact(self) -> None:
        """Merge until nothing is worth it. Raises what write_cache raises."""
        while not self._compacted():
            time.sleep(_POLL_S)

    @contextlib.contextmanager
    def interrupted(self) -> Iterator[None]:
        """Hold the lock, and have a merge that is under way given up rather than wait seconds for it."""
        with self._count_lock:
            self._interrupting_count += 1
        try:
            with self.lock:
                yield
        finally:
            with self._count_lock:
                self._interrupting_count -= 1

    def merge(self, numbers: tuple[int, ...], between: Callable[[], None] = lambda: None) -> None:
        """Put one segment in the place of these. Only under the lock."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        # Nothing but the sources is held, or all that is replaced meanwhile would stay in memory.
        view = self._view().part(numbers)
        self._merging += view.segments
        try:
            made = merged(view, self._folder, between=between)
        finally:
            self._merging = [segment for segment in self._merging if segment not in view.segments]
        self._publish(made, view)
        self._abandoned_count = 0
        self._retirement.add(view.segments)
        for segment in view.segments:
            # What the last save named stays until the next, so that a crash in between costs no rebuild.
            if segment.file_name and segment.file_name not in self.saved_names:
                assert self._folder is not None
                (self._folder / segment.file_name).unlink(missing_ok=True)

    def _compacted(self) -> bool:
        """Merge; False when it gave up for somebody who waits for the lock."""
        with self.lock:
            try:
                self._retirement.release()
                while not self._is_closed and (numbers := segments_to_merge(self._view(), self._smallest)):
                    self.merge(numbers, self._between_steps)
                    self._retirement.release()
            except MergeAbandonedError:
                return self._is_closed
            return True

    def _between_steps(self) -> None:
        """What cannot wait for a merge of many rows, which takes seconds."""
        if self._is_closed:
            raise MergeAbandonedError
        if self._interrupting_count and self._abandoned_count < ABANDONED_LIMIT:
            self._abandoned_count += 1
            raise MergeAbandonedError
        self._retirement.release()
        if self._folder is not None and len(self._merging) <= GROWTH:
            waiting = segments_in_memory(self._view(), self._merging)
            if len(waiting) >= URGENT_SEGMENT_COUNT:
                self.merge(waiting[:GROWTH], self._between_steps)


class Retirement:
    """Replaced segments. Not for two threads at once.

    Whoever drops the last reference gives back their memory and the pages of their files: for a few hundred megabytes
    200 ms in the kernel. That should be the background, not a search.
    """

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._end_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._segments)

    def add(self, segments: Sequence[Segment]) -> None:
        """Hold these."""
        self._segments += segments
        self._end_s = time.monotonic() + LIMIT_S

    def release(self) -> None:
        """Let go of those that nobody else holds; after a while of all."""
        if self._segments and time.monotonic() > self._end_s:
            self._segments.clear()
        for place in reversed(range(len(self._segments))):
            # One reference is that of the list, one that of the argument.
            if sys.getrefcount(self._segments[place]) <= 2:
                del self._segments[place]
