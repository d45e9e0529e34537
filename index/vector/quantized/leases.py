"""Who still reads what was merged: searches are counted, and replaced segments are held until those that may read them
have ended.

Whoever drops the last reference gives back the memory of a segment and the pages of its file: for a few hundred
megabytes 200 ms in the kernel. That should be the background, not a search.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from index.vector.quantized.segments import Segment


class Leases:
    """Thread-safe; its lock is held for the time of a few additions.

    Time is cut into ages: each retirement begins a new one. A search counts in the age in which it began, and may read
    whatever was retired later than that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._age = 0
        self._reading_counts: Counter[int] = Counter()
        self._retired: deque[tuple[int, tuple[Segment, ...]]] = deque()

    @property
    def is_holding(self) -> bool:
        """Whether replaced segments are held."""
        return bool(self._retired)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the block reads a view that it takes inside, and lets go of before it ends."""
        with self._lock:
            age = self._age
            self._reading_counts[age] += 1
        try:
            yield
        finally:
            with self._lock:
                self._reading_counts[age] -= 1
                if not self._reading_counts[age]:
                    del self._reading_counts[age]

    def retire(self, segments: Sequence[Segment]) -> None:
        """Hold these, which no view has any more that is taken from now on."""
        with self._lock:
            self._age += 1
            self._retired.append((self._age, tuple(segments)))

    def release(self) -> None:
        """Let go of what no search can read any more."""
        released: list[tuple[Segment, ...]] = []
        with self._lock:
            oldest = min(self._reading_counts, default=self._age)
            while self._retired and self._retired[0][0] <= oldest:
                released.append(self._retired.popleft()[1])
        # Freeing takes long; here it happens without the lock.
        del released
