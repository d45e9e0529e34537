"""The compiled loops against NumPy, for every instruction that this processor has; all must give the same integers."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from index.vector.kernels.dots import GROUP_ROW_COUNT, make_kernels
from index.vector.kernels.rotation import padded_length, rotated
from index.vector.kernels.simd import Instruction, supported_instructions
from index.vector.quantized.codes import empty_codes, encode_queries, encode_rows

DIM = 200


@pytest.fixture(params=list(Instruction), ids=lambda instruction: instruction.value)
def kernels(request: pytest.FixtureRequest):
    if request.param not in supported_instructions():
        pytest.skip(f"this processor has no {request.param.value}")
    return make_kernels(request.param)


def unpacked(plane: np.ndarray) -> np.ndarray:
    """uint8 (n, half_length) to the 4-bit numbers (n, length) in the order of positions."""
    return np.concatenate([plane & 15, plane >> 4], axis=1).astype(np.int64)


def high_rows(high: np.ndarray, half_length: int) -> np.ndarray:
    """The interleaved plane as uint8 (n, half_length)."""
    return high.reshape(-1, half_length // 4, 16, 4).transpose(0, 2, 1, 3).reshape(-1, half_length)


def extreme_codes(row_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Planes and queries with the largest numbers there are among random ones, where 16-bit sums would overflow."""
    rng = np.random.default_rng(7)
    half_length = padded_length(DIM) // 2
    high = rng.integers(0, 256, row_count * half_length, dtype=np.uint8)
    low = rng.integers(0, 256, row_count * half_length, dtype=np.uint8)
    high[: 16 * half_length] = 255
    low[: 16 * half_length] = 255
    queries = rng.integers(-127, 128, (8, 2 * half_length), dtype=np.int8)
    queries[0], queries[1] = 127, -127
    return high, low, queries


def test_products_of_both_planes_are_those_of_numpy(kernels) -> None:
    several, one_dot, many_dots, low_dot = (
        kernels.query_count,
        kernels.dots_of_one,
        kernels.dots_of_several,
        kernels.low_dot,
    )

    @njit
    def all_products(high, low, queries, length, sums_of_one, sums_of_several, low_sums):
        one_dot(high, 0, length // 8, queries, 0, length, sums_of_one)
        many_dots(high, 0, length // 8, queries, 0, length, sums_of_several)
        for row in range(GROUP_ROW_COUNT):
            for query in range(several):
                low_sums[query, row] = low_dot(low, row * length // 2, queries, query * length, length // 2)

    high, low, queries = extreme_codes(GROUP_ROW_COUNT)
    queries, length = queries[:several], queries.shape[1]
    sums_of_one = np.zeros(GROUP_ROW_COUNT, dtype=np.int32)
    sums_of_several = np.zeros(several * GROUP_ROW_COUNT, dtype=np.int32)
    low_sums = np.zeros((several, GROUP_ROW_COUNT), dtype=np.int32)
    all_products(high, low, queries.reshape(-1), length, sums_of_one, sums_of_several, low_sums)
    expected = queries.astype(np.int64) @ unpacked(high_rows(high, length // 2)).T
    np.testing.assert_array_equal(sums_of_several.reshape(several, -1), expected)
    np.testing.assert_array_equal(sums_of_one, expected[0])
    np.testing.assert_array_equal(low_sums, queries.astype(np.int64) @ unpacked(low.reshape(-1, length // 2)).T)


def test_bits_are_set_where_the_upper_bound_reaches_the_floor() -> None:
    kernels = make_kernels(Instruction.PLAIN)
    reaching, lowest_bit = kernels.reaching, kernels.lowest_bit

    @njit
    def rows_reaching(sums, total, factor, scales, residuals, residual_factor, floor, rows):
        bits = reaching(sums, 0, total, factor, scales, residuals, 0, residual_factor, floor)
        count = 0
        while bits != 0:
            rows[count] = lowest_bit(bits)
            bits &= bits - np.uint64(1)
            count += 1
        return count

    rng = np.random.default_rng(3)
    sums = rng.integers(0, 100_000, GROUP_ROW_COUNT).astype(np.int32)
    scales, residuals = rng.random((2, GROUP_ROW_COUNT)).astype(np.float32)
    upper = scales * np.float32(1e-5) * (2 * sums - 15 * 5000) + residuals * np.float32(0.9)
    rows = np.zeros(GROUP_ROW_COUNT, dtype=np.int64)
    for floor in (-np.inf, np.median(upper), np.inf):
        count = rows_reaching(
            sums, np.int32(5000), np.float32(1e-5), scales, residuals, np.float32(0.9), np.float32(floor), rows
        )
        np.testing.assert_array_equal(rows[:count], np.flatnonzero(upper >= np.float32(floor)))


@pytest.mark.parametrize("dim", [1, 5, 64, 200, 384])
def test_stored_residuals_bound_every_estimate(dim: int) -> None:
    """The two bounds of quantized/codes.py, in float64, for vectors of every shape: even, spiked, one-hot."""
    rng = np.random.default_rng(dim)
    rows = rng.standard_normal((192, dim)) ** rng.choice([1, 3, 9], (192, 1))
    rows[:20] = np.eye(dim)[rng.integers(0, dim, 20)]
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    codes = empty_codes(192, dim)
    encode_rows(rows, codes, 0)
    half_length = padded_length(dim) // 2
    high, low = unpacked(high_rows(codes.high, half_length)), unpacked(codes.low.reshape(192, half_length))
    queries = encode_queries(rows)
    turned = queries.codes * queries.scales[:, None]
    exact = rows.astype(np.float64) @ rows.astype(np.float64).T
    np.testing.assert_allclose(rotated(rows) @ rotated(rows).T, exact, atol=1e-12)
    for decoded, residuals in (
        (16.0 * high - 120.0, codes.high_residuals),
        (16.0 * high + low - 127.5, codes.low_residuals),
    ):
        estimates = turned @ (codes.scales.astype(np.float64)[:, None] * decoded).T
        bounds = residuals[None, :] * (queries.norms + queries.errors)[:, None] + 1.001 * queries.errors[:, None]
        assert (np.abs(estimates - exact) <= bounds + 1e-9).all()
