"""Which segments to merge when, and the view that follows: small ones become large ones, dead rows vanish."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from index.vector.quantized.segments import Segment, View


@dataclass(frozen=True, slots=True)
class MaintenancePolicy:
    """When segments are merged, what a merge waits for, and how long writers wait for it.

    growing_row_count: rows of the segment that is appended to, the first size class; its vectors are in memory.
    growth: segments of one size class that are merged into one of the next.
    largest_row_count: no merge makes a larger segment.
    dead_share: with more dead rows than this a segment is written anew.
    urgent_segment_count: so many finished segments in memory interrupt a merge, to be written to a file first.
    abandoned_count: so often in a row a merge is given up for those who wait for the lock; the next one they wait
        for, or none would ever end.
    waiting_segment_count, small_segment_count: finished segments in memory, and segments of fewer than
        small_row_count rows, before writers are slowed down.
    wait_s, wait_row_count: the longest wait of a writer, for so many rows: no call pauses for longer, yet the
        background always catches up.
    """

    growing_row_count: int = 4096
    growth: int = 4
    largest_row_count: int = 1 << 18
    dead_share: float = 0.2
    urgent_segment_count: int = 8
    abandoned_count: int = 3
    waiting_segment_count: int = 16
    small_segment_count: int = 64
    small_row_count: int = 1 << 16
    wait_s: float = 0.04
    wait_row_count: int = 64


DEFAULT_POLICY = MaintenancePolicy()


def segments_to_merge(view: View, policy: MaintenancePolicy = DEFAULT_POLICY) -> tuple[int, ...]:
    """Numbers of the segments to write anew as one; () when nothing is worth it. The last one, still growing, stays."""
    finished = range(len(view.segments) - 1)
    alive = {number: view.segments[number].row_count - view.segments[number].dead_count for number in finished}
    for number in finished:
        if alive[number] < (1.0 - policy.dead_share) * view.row_counts[number]:
            return (number,)
    by_class: dict[int, list[int]] = {}
    for number in finished:
        size_class = max(0, int(math.log(max(1, alive[number]) / policy.growing_row_count, policy.growth) + 0.5))
        by_class.setdefault(size_class, []).append(number)
        members = by_class[size_class]
        if len(members) == policy.growth:
            if sum(alive[member] for member in members) <= policy.largest_row_count:
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
