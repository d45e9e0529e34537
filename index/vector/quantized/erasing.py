"""Erasing the vectors of removed references: overwritten with zeros where they lie, in memory and in files.

A removed row is only marked dead and vanishes with the next merge of its segment. Deleting a subject must not wait
for that: nothing of its vectors may be left, and a segment of a hundred megabytes is not written anew for one row.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from index.arrays import Int64Array
from index.durable.cache_file import Regions, erase_in_cache
from index.vector.kernels.layout import high_places
from index.vector.quantized.codes import copy_codes, empty_codes, half_length_of
from index.vector.quantized.segment_files import SEGMENT_KIND, SEGMENT_PATTERN
from index.vector.quantized.segments import ALIVE, Segment

# Rows a pass; bounds the memory for the positions of their bytes.
ROWS_A_PASS = 1024


def erase_from_memory(segment: Segment, row_count: int, reference_ids: Int64Array) -> None:
    """Zero what memory holds of the dead rows of these references, so that no file gets it any more: the codes, and
    the vectors where they are not mapped from a file (those of an encrypted file are memory too)."""
    dead = (segment.died[:row_count] != ALIVE) & np.isin(segment.reference_ids[:row_count], reference_ids)
    rows = np.flatnonzero(dead)
    if rows.size:
        if segment.vectors.flags.writeable:
            segment.vectors[rows] = 0.0
        nothing = empty_codes(64, segment.vectors.shape[1])
        copy_codes(nothing, np.zeros(rows.size, dtype=np.int64), segment.codes, rows)


def erase_from_files(folder: Path, reference_ids: Int64Array) -> None:
    """Zero the rows of these references in every segment file of a folder, which are of no index or of one whose
    maintenance waits meanwhile. Raises CacheFileError."""
    for path in sorted(folder.glob(SEGMENT_PATTERN)):
        for start in range(0, len(reference_ids), ROWS_A_PASS):
            part = reference_ids[start : start + ROWS_A_PASS]
            erase_in_cache(path, kind=SEGMENT_KIND, select=functools.partial(_positions, reference_ids=part))


def _positions(regions: Regions, reference_ids: Int64Array) -> dict[str, Int64Array]:
    """Positions of the bytes of vectors, codes and norms of these references. The ids themselves stay."""
    rows = np.flatnonzero(np.isin(regions.array("reference_ids"), reference_ids))
    if not rows.size:
        return {}
    dim = regions.shape("vectors")[1]
    half_length = half_length_of(dim)
    positions = {"vectors": _row_bytes(rows, 4 * dim), "low": _row_bytes(rows, half_length)}
    positions["high"] = high_places(rows, half_length)
    for name in ("scales", "high_residuals", "low_residuals"):
        positions[name] = _row_bytes(rows, 4)
    return positions


def _row_bytes(rows: Int64Array, row_bytes: int) -> Int64Array:
    return (rows[:, None] * row_bytes + np.arange(row_bytes)).reshape(-1)
