"""Descriptors: unit vectors that see the neighborhood, not the place, and fit one byte a component."""

from __future__ import annotations

import numba
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.store.template_codec import INT8, decode_vectors, encode_vectors
from matcher.fingerprint.comparison.descriptors import (
    ALWAYS_DESCRIBED,
    DIM,
    MINUTIA_LIMIT,
    describe,
    described_count,
)
from matcher.fingerprint.comparison.local_similarity import (
    LAST_NUMBER,
    NUMBERS,
    TURNED_SHARE,
    similarity_keys,
    similarity_of,
)
from matcher.fingerprint.comparison.outline import is_inside, outline_of
from matcher.fingerprint.comparison.prepared import prepare
from tests.unit.fingerprint.compared_prints import made_up, minutia_set, moved, template_of


@numba.njit  # type: ignore[untyped-decorator]
def keys_of(codes_a, codes_b, geometry_a, geometry_b, numbers):  # type: ignore[no-untyped-def]
    """Only compiled code can call similarity_keys."""
    return similarity_keys(codes_a, codes_b, geometry_a, geometry_b, numbers)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(0, 255))
def test_rows_are_unit_vectors_that_the_store_keeps_exactly(seed: int, count: int) -> None:
    minutiae = made_up(seed, count, width_px=700, height_px=700)
    rows = describe(minutiae)
    assert rows.dtype == np.float32
    assert rows.shape == (min(count, MINUTIA_LIMIT), DIM)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    if count:
        assert np.array_equal(decode_vectors(encode_vectors(rows, INT8), DIM, INT8), rows)


def test_a_turned_print_has_the_same_descriptors() -> None:
    original = made_up(2)
    turned = moved(original, 0.7, (330.0, 20.0))
    similarity = describe(original) @ describe(turned).T
    assert similarity.max(axis=0).min() > 0.98
    assert similarity.max(axis=1).min() > 0.98


def test_other_neighborhoods_have_other_descriptors() -> None:
    across = describe(made_up(2)) @ describe(made_up(3)).T
    assert np.abs(across).mean() < 0.25


def test_weak_minutiae_are_left_out_unless_there_are_few() -> None:
    steps = np.linspace(20.0, 300.0, 30)
    strong = minutia_set(steps, steps[::-1], steps, np.where(np.arange(30) < 20, 0.8, 0.14))
    assert described_count(strong) == 20
    weak = minutia_set(steps, steps[::-1], steps, np.full(30, 0.02))
    assert described_count(weak) == ALWAYS_DESCRIBED
    assert described_count(made_up(1, 5)) == 5


@settings(max_examples=30, deadline=None)
@given(
    seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)), counts=st.tuples(st.integers(1, 90), st.integers(1, 90))
)
def test_keys_hold_the_cosine_similarity_and_the_number(seeds: tuple[int, int], counts: tuple[int, int]) -> None:
    sets = [made_up(seed, count) for seed, count in zip(seeds, counts, strict=True)]
    first, second = (prepare(template_of(one)) for one in sets)
    keys = keys_of(first.codes, second.codes, first.geometry, second.geometry, NUMBERS)[:, : counts[1]]
    cosines = describe(sets[0]).astype(np.float64) @ describe(sets[1]).T.astype(np.float64)
    turned = np.cos(sets[0].direction_rad[:, None] - sets[1].direction_rad[None, :])
    expected = np.where(turned > 0, 1.0, TURNED_SHARE) * np.maximum(cosines, 0.0)
    clear = np.abs(turned) > 1e-6
    found = np.array([[similarity_of(key) for key in row] for row in keys])
    np.testing.assert_allclose(found[clear], expected[clear], atol=1e-5)
    assert np.array_equal(LAST_NUMBER - (keys & LAST_NUMBER), np.broadcast_to(np.arange(counts[1]), keys.shape))


@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=0, max_size=25),
    probe=st.tuples(st.floats(-5, 35), st.floats(-5, 35)),
)
def test_the_outline_holds_its_points_and_what_lies_between_them(
    points: list[tuple[int, int]], probe: tuple[float, float]
) -> None:
    x, y = (np.array([point[axis] for point in points], dtype=np.float32) for axis in (0, 1))
    outline = outline_of(x, y)
    spread = len(points) >= 3 and np.linalg.matrix_rank(np.stack((x - x[0], y - y[0])).astype(np.float64)) == 2
    outline[2] += 1e-3
    for point in points:
        assert is_inside(np.float32(point[0]), np.float32(point[1]), outline) == spread
    beyond = probe[0] > x.max(initial=-9) + 0.1 or probe[1] > y.max(initial=-9) + 0.1
    if beyond:
        assert not is_inside(np.float32(probe[0]), np.float32(probe[1]), outline)
    if spread:
        assert is_inside(np.float32(x.mean()), np.float32(y.mean()), outline)
