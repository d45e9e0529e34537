"""One segment out of several: visible rows in the order of their ids, copied in steps of a few milliseconds.

Compiled loops do the copying, so that the GIL is free meanwhile; no lock is held. Between the steps the caller gets
its turn, to do what is more urgent or to give up.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.vector.kernels.compiling import compiled
from index.vector.protocol import read_only
from index.vector.quantized.codes import copy_codes
from index.vector.quantized.segment_files import map_vectors, write_segment
from index.vector.quantized.segments import Segment, View

COPY_ROW_COUNT = 1024

Sources = Sequence[tuple[Segment, Int64Array]]


class MergeAbandonedError(Exception):
    """Raised between steps by who does not want the merge any more. Never leaves the index package."""


def merged(view: View, folder: Path | None, *, between: Callable[[], None] = lambda: None) -> Segment | None:
    """One segment of the visible rows of all segments of a view, ids ascending; None if no row is left.

    With a folder its vectors are written there and mapped, else they stay in memory. between: called between steps;
    what it raises ends the merge and leaves no file. Raises what write_cache raises.
    """
    sources = [(segment, np.flatnonzero(view.visible(number))) for number, segment in enumerate(view.segments)]
    ids = np.concatenate([segment.reference_ids[rows] for segment, rows in sources])
    if ids.size == 0:
        return None
    order = np.argsort(ids)
    made = Segment.empty(ids.size, sources[0][0].vectors.shape[1])
    made.reference_ids[: ids.size] = ids[order]
    made.row_count, made.ascending = int(ids.size), True
    _copy_codes(sources, order, made, between)
    blocks = _vector_blocks(sources, order, between)
    if folder is None:
        for step, block in enumerate(blocks):
            made.vectors[step * COPY_ROW_COUNT : step * COPY_ROW_COUNT + len(block)] = block
    else:
        name = new_file_name()
        write_segment(folder / name, made, made.row_count, blocks, between)
        try:
            made.vectors, made.file_name = map_vectors(folder / name, between), name
        except BaseException:
            (folder / name).unlink(missing_ok=True)
            raise
    return made


def new_file_name() -> str:
    """A name that no other segment file has."""
    return f"segment-{secrets.token_hex(8)}.cache"


def _copy_codes(sources: Sources, order: Int64Array, made: Segment, between: Callable[[], None]) -> None:
    places = np.empty(order.size, dtype=np.int64)
    places[order] = np.arange(order.size)
    start = 0
    for segment, rows in sources:
        for step in range(0, rows.size, COPY_ROW_COUNT):
            between()
            chosen = rows[step : step + COPY_ROW_COUNT]
            copy_codes(segment.codes, chosen, made.codes, places[start + step : start + step + chosen.size])
        start += rows.size


def _vector_blocks(sources: Sources, order: Int64Array, between: Callable[[], None]) -> Iterator[Float32Array]:
    """The vectors in order; each block is overwritten by the next."""
    numbers = np.concatenate([np.full(rows.size, number) for number, (_, rows) in enumerate(sources)])[order]
    rows = np.concatenate([rows for _, rows in sources])[order]
    # To compiled code mapped vectors and those in memory are of one type only as read-only views.
    vectors = [read_only(segment.vectors) for segment, _ in sources]
    room = np.empty((COPY_ROW_COUNT, vectors[0].shape[1]), dtype=np.float32)
    for start in range(0, rows.size, COPY_ROW_COUNT):
        between()
        block_numbers, block_rows = numbers[start : start + COPY_ROW_COUNT], rows[start : start + COPY_ROW_COUNT]
        for number, source in enumerate(vectors):
            places = np.flatnonzero(block_numbers == number)
            if places.size:
                _gather(source, block_rows[places], room, places)
        yield room[: block_rows.size]


@compiled
def _gather(source: Float32Array, rows: Int64Array, into: Float32Array, places: Int64Array) -> None:
    for number in range(rows.size):
        from_row, to_row = source[rows[number]], into[places[number]]
        for place in range(from_row.size):
            to_row[place] = from_row[place]
