"""The scan over coded rows: every row that could be among the k best, and a floor under the k-th similarity.

Two bounds in a cascade. The high plane gives each row an upper bound, 64 rows at a time; rows below the floor of their
query are done with. The low plane is read for the others only and bounds the full code. A row whose estimate reaches
the floor is compared with the query itself, which raises the floor; a row whose upper bound alone reaches it becomes a
candidate, is compared at the end of the segment if it still does, and goes on to search.py.
"""

# ruff: noqa: PLR0917 - numba compiles no keyword-only arguments
from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Float64Array, Int8Array, Int32Array
from index.vector.kernels.arrays import zeros
from index.vector.kernels.compiling import compiled, compiled_part
from index.vector.kernels.dots import GROUP_ROW_COUNT, make_kernels
from index.vector.kernels.simd import Instruction
from index.vector.quantized.candidates import SUM_MARGIN, Found, compare_rest, keep, raise_floor, similarity
from index.vector.quantized.scan_table import Parts, Rows, rows_of

UInt64Array = npt.NDArray[np.uint64]

# Groups whose high plane is read before the low rows they ask for, which are on their way from memory meanwhile.
TILE_GROUP_COUNT = 8
# Of one query alone, whose codes are all that need stay near meanwhile.
TILE_GROUP_COUNT_OF_ONE = 32


class Queries(NamedTuple):
    """codes: int8 flat, length positions a query, zeros after the last up to a whole number of kernel passes.

    totals: int32 (q,). scales, residual_factors, slacks: float64 (q,): the bound of a row on the estimate is
    residual * residual_factor + slack. vectors: float32 (q, dim).
    """

    codes: Int8Array
    totals: Int32Array
    scales: Float64Array
    residual_factors: Float64Array
    slacks: Float64Array
    vectors: Float32Array


class _Tile(NamedTuple):
    """sums: int32, of each group and query of a pass, 64 rows each; passed: uint64, a bit for each of those rows."""

    sums: Int32Array
    passed: UInt64Array


Scan = Callable[[Parts, Queries, Found], None]


@lru_cache(maxsize=len(Instruction))
def scanner(instruction: Instruction) -> tuple[Scan, int]:
    """scan(parts, queries, found) and the number of queries of one kernel pass.

    parts: a table of parts_table, whose arrays somebody holds meanwhile. The scan releases the GIL once, for all of
    them: every return to Python may have to wait for it, some milliseconds each time while other threads are busy.
    Two threads need two Found. It is compiled at its first call.
    """
    several = make_kernels(instruction).query_count
    look_high, look_low = _look_high(instruction), _look_low(instruction)

    @compiled(variant=instruction.value)
    def scan(parts: Parts, queries: Queries, found: Found) -> None:
        together = TILE_GROUP_COUNT_OF_ONE if queries.totals.size == 1 else TILE_GROUP_COUNT
        tile = _Tile(
            zeros(together * several * GROUP_ROW_COUNT, np.int32),
            zeros(together * several, np.uint64),
        )
        dim = queries.vectors.shape[1]
        for number in range(parts.size):
            part = parts[number]
            rows = rows_of(part, dim)
            for first in range(part.first_group, part.last_group, together):
                last = min(first + together, part.last_group)
                for first_query in range(0, queries.totals.size, several):
                    look_high(rows, queries, found, tile, first, last, first_query)
                    look_low(rows, queries, found, tile, first, last, first_query)
            compare_rest(found, rows.vectors, queries.vectors, rows.first_key)

    return scan, several


def _look_high(instruction: Instruction) -> Callable[..., Any]:
    """The first bound: which rows of a tile reach the floor of which query of a pass."""
    kernels = make_kernels(instruction)
    several, dots_of_one, dots_of_several = kernels.query_count, kernels.dots_of_one, kernels.dots_of_several
    reaching, fetch, lowest_bit = kernels.reaching, kernels.fetch, kernels.lowest_bit

    @compiled_part
    def look_high(
        rows: Rows, queries: Queries, found: Found, tile: _Tile, first: int, last: int, first_query: int
    ) -> None:
        # Plain locals: numba counts references of every array of a tuple wherever the tuple itself is handed on.
        codes, low, floors, allowed = queries.codes, rows.low, found.floors, rows.allowed
        half_length = low.size // rows.scales.size
        length, query_count = 2 * half_length, queries.totals.size
        for group in range(first, last):
            slot, first_row = (group - first) * several, group * GROUP_ROW_COUNT
            open_rows = _counted_rows(rows.row_count - first_row)
            if allowed.size > 0:
                open_rows &= allowed[group]
            if open_rows == 0:
                tile.passed[slot : slot + several] = 0
                continue
            sums, start = tile.sums[slot * GROUP_ROW_COUNT :], first_row * half_length
            if query_count == 1:
                dots_of_one(rows.high, start, half_length // 4, codes, 0, length, sums)
            else:
                dots_of_several(rows.high, start, half_length // 4, codes, first_query * length, length, sums)
            for query in range(first_query, min(first_query + several, query_count)):
                bits = open_rows & reaching(
                    sums,
                    (query - first_query) * GROUP_ROW_COUNT,
                    queries.totals[query],
                    np.float32(8.0 * queries.scales[query]),
                    rows.scales,
                    rows.high_residuals,
                    first_row,
                    np.float32(queries.residual_factors[query]),
                    np.float32(floors[query] - queries.slacks[query]),
                )
                tile.passed[slot + query - first_query] = bits
                if bits != 0:
                    # look_low reads one for each of these rows; scales and high residuals were just read.
                    fetch(rows.low_residuals, first_row, 4 * GROUP_ROW_COUNT)
                while bits != 0:
                    fetch(low, (first_row + lowest_bit(bits)) * half_length, half_length)
                    bits &= bits - np.uint64(1)

    return look_high


def _look_low(instruction: Instruction) -> Callable[..., Any]:
    """The second bound, and the comparison itself, for the rows that passed the first."""
    kernels = make_kernels(instruction)
    several, low_dot, lowest_bit = kernels.query_count, kernels.low_dot, kernels.lowest_bit

    @compiled_part
    def look_low(
        rows: Rows, queries: Queries, found: Found, tile: _Tile, first: int, last: int, first_query: int
    ) -> None:
        codes, low, floors, died = queries.codes, rows.low, found.floors, rows.died
        half_length = low.size // rows.scales.size
        for query in range(first_query, min(first_query + several, queries.totals.size)):
            floor, slack, total = floors[query], queries.slacks[query], queries.totals[query]
            query_scale, residual_factor = queries.scales[query], queries.residual_factors[query]
            for group in range(first, last):
                slot = (group - first) * several + query - first_query
                bits = tile.passed[slot]
                while bits != 0:
                    place = lowest_bit(bits)
                    bits &= bits - np.uint64(1)
                    row = group * GROUP_ROW_COUNT + place
                    low_sum = low_dot(low, row * half_length, codes, query * 2 * half_length, half_length)
                    dot = 16 * np.int64(tile.sums[slot * GROUP_ROW_COUNT + place]) + low_sum
                    estimate = np.float64(rows.scales[row]) * query_scale * (dot - 127.5 * total)
                    upper = estimate + rows.low_residuals[row] * residual_factor + slack
                    if upper < floor or 0 < died[row] <= rows.sequence:
                        continue
                    comparing = estimate >= floor
                    if comparing:
                        value = similarity(rows.vectors[row], queries.vectors[query])
                        upper = value + SUM_MARGIN
                        if upper < floor:
                            continue
                        raise_floor(found, query, value - SUM_MARGIN)
                    keep(found, query, rows.first_key + row, upper, comparing)
                    floor = floors[query]

    return look_low


@compiled_part
def _counted_rows(row_count: int) -> Any:
    """Bits of the rows of a group that are there, of row_count from its first row on."""
    if row_count >= GROUP_ROW_COUNT:
        return np.uint64(0xFFFFFFFFFFFFFFFF)
    return (np.uint64(1) << np.uint64(row_count)) - np.uint64(1)
