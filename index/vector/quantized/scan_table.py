"""What a scan reads, as a table of addresses, so that one compiled call walks over all segments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import carray

from index.arrays import Float32Array, Int64Array, UInt8Array
from index.durable.cache_file import AnyArray
from index.vector.kernels.addresses import address_of, pointer
from index.vector.kernels.compiling import compiled_part
from index.vector.quantized.codes import RowCodes

UInt64Array = npt.NDArray[np.uint64]

# A record each part: rows of one segment, from first_group up to last_group. The first fields are addresses.
_ADDRESSES = ("high", "low", "scales", "high_residuals", "low_residuals", "vectors", "died", "allowed")
_NUMBERS = (
    "capacity",
    "half_length",
    "vector_count",
    "allowed_count",
    "row_count",
    "sequence",
    "first_key",
    "first_group",
    "last_group",
)
_PART = np.dtype([(name, np.int64) for name in (*_ADDRESSES, *_NUMBERS)])
Parts = npt.NDArray[np.void]


class Rows(NamedTuple):
    """Coded rows of one segment. Rows beyond row_count, and those that died by sequence, are not looked at.

    high: uint8 flat, groups of 64 rows; low: uint8 flat, row after row (index/vector/kernels/dots.py).
    scales, high_residuals, low_residuals: float32 (n,). vectors: float32 (n or more, dim), mapped or in memory.
    died: int64 (n,), 0 or the change that removed the row.
    allowed: uint64 (groups,), bit r for row r of the group; empty: every row is allowed.
    first_key: added to the row number to make the key of a candidate.
    """

    high: UInt8Array
    low: UInt8Array
    scales: Float32Array
    high_residuals: Float32Array
    low_residuals: Float32Array
    vectors: Float32Array
    died: Int64Array
    row_count: int
    sequence: int
    allowed: UInt64Array
    first_key: int


class Part(NamedTuple):
    """Groups of one segment for one thread; the fields are those of Rows."""

    codes: RowCodes
    vectors: Float32Array
    died: Int64Array
    row_count: int
    sequence: int
    allowed: UInt64Array
    first_key: int
    first_group: int
    last_group: int


def parts_table(parts: list[Part]) -> Parts:
    """The table of these parts. Whoever uses it holds their arrays: addresses keep nothing alive."""
    table = np.zeros(len(parts), dtype=_PART)
    for number, part in enumerate(parts):
        codes = part.codes
        arrays: tuple[AnyArray, ...] = (
            codes.high,
            codes.low,
            codes.scales,
            codes.high_residuals,
            codes.low_residuals,
            part.vectors,
            part.died,
            part.allowed,
        )
        capacity = codes.scales.size
        table[number] = (
            *map(address_of, arrays),
            capacity,
            codes.low.size // capacity,
            len(part.vectors),
            part.allowed.size,
            part.row_count,
            part.sequence,
            part.first_key,
            part.first_group,
            part.last_group,
        )
    return table


@compiled_part
def rows_of(part: Any, dim: int) -> Rows:
    """Compiled: the arrays of one record of a table."""
    code_bytes = part.capacity * part.half_length
    return Rows(
        carray(pointer(part.high), code_bytes, np.uint8),
        carray(pointer(part.low), code_bytes, np.uint8),
        carray(pointer(part.scales), part.capacity, np.float32),
        carray(pointer(part.high_residuals), part.capacity, np.float32),
        carray(pointer(part.low_residuals), part.capacity, np.float32),
        carray(pointer(part.vectors), (part.vector_count, dim), np.float32),
        carray(pointer(part.died), part.capacity, np.int64),
        part.row_count,
        part.sequence,
        carray(pointer(part.allowed), part.allowed_count, np.uint64),
        part.first_key,
    )
