"""Which segments to merge, and the view that follows: small ones become large ones, dead rows vanish."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from index.vector.quantized.segments import Segment, View

GROWTH = 4  # segments of one size class that are merged into one of the next
LARGEST_ROW_COUNT = 1 << 18
DEAD_SHARE_LIMIT = 0.2


def segments_to_merge(view: View, smallest: int) -> tuple[int, ...]:
    """Numbers of the segments to write anew as one; () when nothing is worth it. The last one, still growing, stays.

    smallest: rows of a segment that is no longer appended to, the first size class.
    """
    finished = range(len(view.segments) - 1)
    alive = {number: view.segments[number].row_count - view.segments[number].dead_count for number in finished}
    for number in finished:
        if alive[number] < (1.0 - DEAD_SHARE_LIMIT) * view.row_counts[number]:
            return (number,)
    by_class: dict[int, list[int]] = {}
    for number in finished:
        size_class = max(0, int(math.log(max(1, alive[number]) / smallest, GROWTH) + 0.5))
        by_class.setdefault(size_class, []).append(number)
        members = by_class[size_class]
        if len(members) == GROWTH:
            if sum(alive[member] for member in members) <= LARGEST_ROW_COUNT:
                return tuple(members)
            del members[0]
    return ()


def segments_in_memory(view: View, taken: Collection[Segment]) -> tuple[int, ...]:
    """Numbers of the finished segments whose vectors are in no file yet, the oldest first, without those taken."""
    finished = enumerate(view.segments[:-1])
    return tuple(number for number, segment in finished if not segment.file_name and segment not in taken)


def view_with(made: Segment | None, *, instead_of: View, now: View) -> View:
    """The present view with a merged segment in place of its sources, the segments of an earlier view as they were
    when the merge began. Call it while nothing else writes.

    Rows that died while the merge was under way are buried in the merged segment too.
    """
    if made is not None:
        for source, row_count in zip(instead_of.segments, instead_of.row_counts, strict=True):
            died = source.died[:row_count]
            late = np.flatnonzero(died > instead_of.sequence)
            rows = np.searchsorted(made.reference_ids[: made.row_count], source.reference_ids[late])
            made.bury(rows, died[late])
    kept = [
        (segment, count)
        for segment, count in zip(now.segments, now.row_counts, strict=True)
        if segment not in instead_of.segments
    ]
    if made is not None:
        kept.insert(0, (made, made.row_count))
    segments, row_counts = zip(*kept, strict=True)
    return View(segments=segments, row_counts=row_counts, sequence=now.sequence, size=now.size)
