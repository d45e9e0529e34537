"""Vectors as 8-bit codes in two 4-bit planes, with what is lost kept as a norm, so that every estimate has a bound.

A row x is turned by a fixed rotation and written as x' = scale * (16 * high + low - 127.5), high and low in 0-15, plus
a residual. Leaving low out gives scale * 16 * (high - 7.5), a 4-bit code with a larger residual. For a query q with
codes q' and error e = |q - q'|, by Cauchy and Schwarz

    |q.x - q'.x'| <= |q| * |x - x'| + e * |x'| <= |x - x'| * (|q| + e) + e * |x|

and both residual norms |x - x'| are stored with the row. The rotation spreads every vector over all positions, so
that one scale a row fits also embeddings whose dimensions differ much.
"""

from __future__ import annotations

import contextlib
import mmap
from dataclasses import dataclass

import numpy as np

from index.arrays import Float32Array, Float64Array, Int8Array, Int32Array, Int64Array, UInt8Array
from index.vector.kernels.arrays import zeros
from index.vector.kernels.compiling import compiled, compiled_part
from index.vector.kernels.dots import BLOCK_ROW_COUNT
from index.vector.kernels.rotation import padded_length, rotated

_CodeArrays = tuple[UInt8Array, UInt8Array, Float32Array, Float32Array, Float32Array]

# Widest code in units of the row's root mean square. Wider loses in the 4-bit residual, narrower clips more.
CODE_RANGE = 3.2
ENCODE_ROW_COUNT = 1024  # bounds the float64 scratch memory
CACHE_LINE_BYTES = 64
LARGE_BYTES = 1 << 20
QUERY_CODE_LIMIT = 127
# Norms of vectors are within 1e-3 of one (index/checks.py); float32 arithmetic of the scan errs below 1e-6.
NORM_LIMIT = 1.001
ROUNDING_MARGIN = 4e-6
_RESIDUAL_GROWTH = 1.0 + 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class RowCodes:
    """Room for the codes of n rows, n a multiple of 64; the arrays are filled in place.

    high, low: uint8 (n * half_length,), laid out as index/vector/kernels/dots.py wants them.
    scales, high_residuals, low_residuals: float32 (n,). high_residuals: norm of what the high plane alone leaves out;
    low_residuals: of what both planes together leave out. Both rounded up.
    """

    high: UInt8Array
    low: UInt8Array
    scales: Float32Array
    high_residuals: Float32Array
    low_residuals: Float32Array

    @property
    def nbytes(self) -> int:
        """Memory of all arrays."""
        norms = self.scales.nbytes + self.high_residuals.nbytes + self.low_residuals.nbytes
        return self.high.nbytes + self.low.nbytes + norms


@dataclass(frozen=True, slots=True, eq=False)
class QueryCodes:
    """codes: int8 (q, 2 * half_length); totals: int32 (q,), their sums; scales, norms, errors: float64 (q,)."""

    codes: Int8Array
    totals: Int32Array
    scales: Float64Array
    norms: Float64Array
    errors: Float64Array


def half_length_of(dim: int) -> int:
    """Bytes of one plane of a row: half the positions."""
    return padded_length(dim) // 2


def empty_codes(row_count: int, dim: int) -> RowCodes:
    """Room for row_count rows, which is a multiple of 64. Pages that are never written cost no memory."""
    half_length = half_length_of(dim)
    return RowCodes(
        high=_aligned_zeros(row_count * half_length),
        low=_aligned_zeros(row_count * half_length),
        scales=np.zeros(row_count, dtype=np.float32),
        high_residuals=np.zeros(row_count, dtype=np.float32),
        low_residuals=np.zeros(row_count, dtype=np.float32),
    )


def encode_rows(vectors: Float32Array, into: RowCodes, first_row: int) -> None:
    """Write the codes of float32 (n, dim) to rows first_row and on. Releases the GIL.

    In float64, so that the residuals are bounds and not estimates of bounds.
    """
    for start in range(0, len(vectors), ENCODE_ROW_COUNT):
        turned = rotated(vectors[start : start + ENCODE_ROW_COUNT])
        _encode(turned, into.high, into.low, into.scales, into.high_residuals, into.low_residuals, first_row + start)


def copy_codes(source: RowCodes, source_rows: Int64Array, into: RowCodes, rows: Int64Array) -> None:
    """Copy codes from source_rows of one store to rows of another. Releases the GIL, once for all of them."""
    half_length = into.high.size // into.scales.size
    _copy(_arrays(source), _arrays(into), source_rows, rows, half_length)


def encode_queries(vectors: Float32Array) -> QueryCodes:
    """Codes of float32 (q, dim), symmetric around zero."""
    turned = rotated(vectors)
    scales = np.abs(turned).max(axis=1, initial=0.0) / QUERY_CODE_LIMIT
    codes = np.rint(turned / scales[:, None]).astype(np.int8)
    return QueryCodes(
        codes=codes,
        totals=codes.sum(axis=1, dtype=np.int32),
        scales=scales,
        norms=np.linalg.norm(turned, axis=1),
        errors=np.linalg.norm(turned - codes * scales[:, None], axis=1),
    )


def _aligned_zeros(count: int) -> UInt8Array:
    """uint8 (count,) that starts at a cache line, or every vector load of the scan would touch two."""
    if count >= LARGE_BYTES:
        # Straight from the system. What malloc hands out again would be zeroed here and now, 50 ms for 32 MB, with the
        # GIL held; these pages come when compiled code first touches them, and go without the GIL as well.
        room = mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):
                room.madvise(mmap.MADV_HUGEPAGE)
        return np.frombuffer(room, dtype=np.uint8)
    raw = np.zeros(count + CACHE_LINE_BYTES, dtype=np.uint8)
    start = -raw.ctypes.data % CACHE_LINE_BYTES
    return raw[start : start + count]


# Sums of squares may be added in any order: the rounding is far below _RESIDUAL_GROWTH.
@compiled(fastmath={"reassoc", "contract", "nsz"})
def _encode(  # noqa: PLR0917 - compiled functions take their arguments by position
    turned: Float64Array,
    high: UInt8Array,
    low: UInt8Array,
    scales: Float32Array,
    high_residuals: Float32Array,
    low_residuals: Float32Array,
    first_row: int,
) -> None:
    count, length = turned.shape
    half_length = length // 2
    codes = zeros(length, np.int32)
    for number in range(count):
        values, row = turned[number], first_row + number
        largest, energy = 0.0, 0.0
        for place in range(length):
            largest = max(largest, abs(values[place]))
            energy += values[place] * values[place]
        scale = np.float32(min(largest, CODE_RANGE * np.sqrt(energy / length)) / 127.5)
        step, inverse = np.float64(scale), 1.0 / np.float64(scale)
        high_energy, low_energy = 0.0, 0.0
        for place in range(length):
            value = values[place]
            code = np.int32(min(255.0, max(0.0, value * inverse + 128.0)))
            codes[place] = code
            high_left, low_left = value - step * (16.0 * (code >> 4) - 120.0), value - step * (code - 127.5)
            high_energy += high_left * high_left
            low_energy += low_left * low_left
        for place in range(half_length):
            first, second = codes[place], codes[place + half_length]
            high[_high_place(row, place, half_length)] = (first >> 4) | (second & 0xF0)
            low[row * half_length + place] = (first & 15) | ((second & 15) << 4)
        scales[row] = scale
        high_residuals[row] = np.float32(np.sqrt(high_energy) * _RESIDUAL_GROWTH)
        low_residuals[row] = np.float32(np.sqrt(low_energy) * _RESIDUAL_GROWTH)


def _arrays(codes: RowCodes) -> _CodeArrays:
    """numba compiles functions over tuples of arrays; it has no dataclasses."""
    return codes.high, codes.low, codes.scales, codes.high_residuals, codes.low_residuals


@compiled
def _copy(source: _CodeArrays, into: _CodeArrays, source_rows: Int64Array, rows: Int64Array, half_length: int) -> None:
    source_high, source_low, source_scales, source_high_residuals, source_low_residuals = source
    high, low, scales, high_residuals, low_residuals = into
    for number in range(rows.size):
        source_row, row = source_rows[number], rows[number]
        for place in range(half_length):
            high[_high_place(row, place, half_length)] = source_high[_high_place(source_row, place, half_length)]
            low[row * half_length + place] = source_low[source_row * half_length + place]
        scales[row] = source_scales[source_row]
        high_residuals[row] = source_high_residuals[source_row]
        low_residuals[row] = source_low_residuals[source_row]


@compiled_part
def _high_place(row: int, place: int, half_length: int) -> int:
    """Where the high plane keeps this byte of this row: blocks of 16 rows, four bytes of each in turn."""
    block, lane = row // BLOCK_ROW_COUNT, row % BLOCK_ROW_COUNT
    return (block * half_length + (place // 4) * 4) * BLOCK_ROW_COUNT + lane * 4 + place % 4
