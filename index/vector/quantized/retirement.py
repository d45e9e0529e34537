"""What is left of merged segments: held until the last search that reads them has ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from index.vector.quantized.segments import Segment

LIMIT_S = 30.0  # no search takes so long; memory is not held for longer


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
