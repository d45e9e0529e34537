"""Background maintenance: small segments become large ones, dead rows vanish, vectors move from memory to a file."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from index.codes import copy_codes
from index.records import Float32Array, Int64Array
from index.segment_files import map_vectors, write_segment
from index.segments import Segment, View

GROWTH = 4  # segments of one size class that are merged into one of the next
LARGEST_ROW_COUNT = 1 << 18
DEAD_SHARE_LIMIT = 0.2
COPY_ROW_COUNT = 1024  # short steps, so that searches get their turn between them


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
        size_class = max(0, int(np.log(max(1, alive[number]) / smallest) / np.log(GROWTH) + 0.5))
        by_class.setdefault(size_class, []).append(number)
        members = by_class[size_class]
        if len(members) == GROWTH:
            if sum(alive[member] for member in members) <= LARGEST_ROW_COUNT:
                return tuple(members)
            del members[0]
    return ()


def merged(view: View, numbers: Sequence[int], folder: Path | None) -> Segment | None:
    """One segment of the visible rows of several, ids ascending; None if no row is left.

    With a folder its vectors are written there and mapped, else they stay in memory. Raises what write_cache raises.
    """
    sources = [(view.segments[number], np.flatnonzero(view.visible(number))) for number in numbers]
    ids = np.concatenate([segment.reference_ids[rows] for segment, rows in sources])
    if ids.size == 0:
        return None
    order = np.argsort(ids)
    places = np.empty(ids.size, dtype=np.int64)
    places[order] = np.arange(ids.size)
    dim = sources[0][0].vectors.shape[1]
    made = Segment.empty(ids.size, dim)
    made.reference_ids[: ids.size] = ids[order]
    made.row_count, made.ascending = int(ids.size), True
    start = 0
    for segment, rows in sources:
        for step in range(0, rows.size, COPY_ROW_COUNT):
            chosen = rows[step : step + COPY_ROW_COUNT]
            copy_codes(segment.codes, chosen, made.codes, places[start + step : start + step + chosen.size])
        start += rows.size
    blocks = _vector_blocks(sources, order)
    if folder is None:
        for step, block in enumerate(blocks):
            made.vectors[step * COPY_ROW_COUNT : step * COPY_ROW_COUNT + len(block)] = block
    else:
        name = new_file_name()
        write_segment(folder / name, made, made.row_count, blocks)
        made.vectors, made.file_name = map_vectors(folder / name), name
    return made


def view_with(made: Segment | None, *, begun_with: View, numbers: Sequence[int], now: View) -> View:
    """The present view with a merged segment in place of its sources. Call it while nothing else writes.

    Rows that died while the merge was under way are buried in the merged segment too.
    """
    sources = [begun_with.segments[number] for number in numbers]
    if made is not None:
        for number, source in zip(numbers, sources, strict=True):
            died = source.died[: begun_with.row_counts[number]]
            late = np.flatnonzero(died > begun_with.sequence)
            rows = np.searchsorted(made.reference_ids[: made.row_count], source.reference_ids[late])
            made.bury(rows, died[late])
    kept = [
        (segment, count)
        for segment, count in zip(now.segments, now.row_counts, strict=True)
        if not any(segment is source for source in sources)
    ]
    if made is not None:
        kept.insert(0, (made, made.row_count))
    segments, row_counts = zip(*kept, strict=True)
    return View(segments=segments, row_counts=row_counts, sequence=now.sequence, size=now.size)


def new_file_name() -> str:
    """A name that no other segment file has."""
    return f"segment-{secrets.token_hex(8)}.cache"


def _vector_blocks(sources: Sequence[tuple[Segment, Int64Array]], order: Int64Array) -> Iterator[Float32Array]:
    numbers = np.concatenate([np.full(rows.size, number) for number, (_, rows) in enumerate(sources)])[order]
    rows = np.concatenate([rows for _, rows in sources])[order]
    dim = sources[0][0].vectors.shape[1]
    for start in range(0, rows.size, COPY_ROW_COUNT):
        block_numbers, block_rows = numbers[start : start + COPY_ROW_COUNT], rows[start : start + COPY_ROW_COUNT]
        block = np.empty((block_rows.size, dim), dtype=np.float32)
        for number in np.unique(block_numbers):
            chosen = block_numbers == number
            block[chosen] = sources[number][0].vectors[block_rows[chosen]]
        yield block
