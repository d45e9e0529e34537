"""Merging the segments of one index: what to merge when, what cannot wait for a long merge, what goes afterwards."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from index.vector.quantized.leases import Leases
from index.vector.quantized.merge_policy import MaintenancePolicy, segments_in_memory, segments_to_merge
from index.vector.quantized.merging import MergeAbandonedError, merged
from index.vector.quantized.segments import Segment, View

_POLL_S = 0.01

Publish = Callable[[Segment | None, View], None]


class Compactor:
    """Thread-safe. lock: held by whoever merges, writes or changes the files of the index."""

    def __init__(
        self,
        folder: Path | None,
        *,
        policy: MaintenancePolicy,
        leases: Leases,
        view: Callable[[], View],
        publish: Publish,
    ) -> None:
        """view: the present one. publish: put a merged segment, None if nothing is left, in the place of the segments
        of a view."""
        self.lock = threading.Lock()
        self.saved_names: tuple[str, ...] = ()
        self._folder = folder
        self._policy = policy
        self._leases = leases
        self._view = view
        self._publish = publish
        self._merging: list[Segment] = []
        self.is_closed = False
        self._count_lock = threading.Lock()
        # Who waits for the lock now, or holds it, and does not want to wait for a merge.
        self.interrupting_count = 0
        self._abandoned_count = 0

    @property
    def has_work(self) -> bool:
        """Whether something is worth a merge."""
        return not self.is_closed and bool(segments_to_merge(self._view(), self._policy))

    @property
    def is_holding(self) -> bool:
        """Whether the memory of merged segments is held for searches that still read them."""
        return self._leases.is_holding

    def close(self) -> None:
        """Merge no more; one that is under way is given up."""
        self.is_closed = True

    def maintain(self) -> None:
        """Merge until nothing is worth it and the memory of what was merged is given back."""
        self.compact()
        while self.is_holding and not self.is_closed:
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
            self.interrupting_count += 1
        try:
            with self.lock:
                yield
        finally:
            with self._count_lock:
                self.interrupting_count -= 1

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
        self._leases.retire(view.segments)
        for segment in view.segments:
            # What the last save named stays until the next, so that a crash in between costs no rebuild.
            if segment.file_name and segment.file_name not in self.saved_names:
                assert self._folder is not None
                (self._folder / segment.file_name).unlink(missing_ok=True)

    def _compacted(self) -> bool:
        """Merge; False when it gave up for somebody who waits for the lock."""
        with self.lock:
            try:
                self._leases.release()
                while not self.is_closed and (numbers := segments_to_merge(self._view(), self._policy)):
                    self.merge(numbers, self._between_steps)
                    self._leases.release()
            except MergeAbandonedError:
                return self.is_closed
            return True

    def _between_steps(self) -> None:
        """What cannot wait for a merge of many rows, which takes seconds."""
        if self.is_closed:
            raise MergeAbandonedError
        if self.interrupting_count and self._abandoned_count < self._policy.abandoned_count:
            self._abandoned_count += 1
            raise MergeAbandonedError
        self._leases.release()
        if self._folder is not None and len(self._merging) <= self._policy.growth:
            waiting = segments_in_memory(self._view(), self._merging)
            if len(waiting) >= self._policy.urgent_segment_count:
                self.merge(waiting[: self._policy.growth], self._between_steps)
