"""MinutiaSet: what it refuses, and that its bytes lose nothing once it is rounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import TemplateFormatError
from matcher.fingerprint.minutia_set import MAX_MINUTIAE, MinutiaSet


def a_set(count: int = 40, *, seed: int = 0, width_px: int = 388, height_px: int = 374) -> MinutiaSet:
    random = np.random.default_rng(seed)
    return MinutiaSet.best_of(
        x_px=random.uniform(-0.5, width_px - 0.5, count),
        y_px=random.uniform(-0.5, height_px - 0.5, count),
        direction_rad=random.uniform(-10, 10, count),
        kind=random.integers(0, 3, count),
        quality=random.uniform(0, 1, count),
        width_px=width_px,
        height_px=height_px,
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 2**31), st.integers(1, 4095), st.integers(1, 4095))
def test_bytes_round_trip_is_exact(count: int, seed: int, width_px: int, height_px: int) -> None:
    first = a_set(count, seed=seed, width_px=width_px, height_px=height_px)
    packed = first.to_bytes()
    again = MinutiaSet.from_bytes(packed)
    assert again.to_bytes() == packed
    assert len(first) == min(count, MAX_MINUTIAE)
    assert len(packed) <= 6 + 8 * len(first)
    for name in ("x_px", "y_px", "direction_rad", "kind", "quality"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert (again.width_px, again.height_px) == (width_px, height_px)


def test_rounding_is_finer_than_the_extraction() -> None:
    x_px, direction_rad = np.array([100.2, 50.7]), np.array([3.3, -0.1])
    rounded = MinutiaSet.best_of(
        x_px=x_px,
        y_px=x_px,
        direction_rad=direction_rad,
        kind=np.array([1, 2]),
        quality=np.array([0.9, 0.8]),
        width_px=300,
        height_px=300,
    )
    np.testing.assert_allclose(rounded.x_px, x_px, atol=1 / 32 + 1e-6)
    np.testing.assert_allclose(rounded.direction_rad, np.mod(direction_rad, 2 * np.pi), atol=np.radians(0.012))


def test_the_best_are_kept_and_sorted_whatever_the_order() -> None:
    random = np.random.default_rng(1)
    columns = {name: random.uniform(1, 200, 300) for name in ("x_px", "y_px")}
    columns |= {"direction_rad": random.uniform(0, 6, 300), "quality": random.uniform(0, 1, 300)}
    kind = random.integers(0, 3, 300)
    shuffle = random.permutation(300)
    one = MinutiaSet.best_of(**columns, kind=kind, width_px=256, height_px=256)
    other = MinutiaSet.best_of(
        **{name: values[shuffle] for name, values in columns.items()}, kind=kind[shuffle], width_px=256, height_px=256
    )
    assert one.to_bytes() == other.to_bytes()
    assert (np.diff(one.quality) <= 0).all()
    assert one.quality[-1] >= np.sort(columns["quality"])[-MAX_MINUTIAE] - 0.5 / 255 - 1e-6


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        a_set().x_px[0] = 1.0


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("x_px", np.float32(388.0)),
        ("y_px", np.float32(-0.1)),
        ("direction_rad", np.float32(2 * np.pi)),
        ("direction_rad", np.float32("nan")),
        ("quality", np.float32(1.01)),
        ("kind", np.uint8(3)),
    ],
)
def test_values_out_of_range_are_refused(name: str, replacement: np.generic) -> None:
    good = a_set(10)
    fields = {field: np.array(getattr(good, field)) for field in ("x_px", "y_px", "direction_rad", "kind", "quality")}
    fields[name][0] = replacement
    with pytest.raises(ValueError, match=name):
        MinutiaSet(**fields, width_px=388, height_px=374)


def test_unsorted_rows_and_wrong_dtypes_are_refused() -> None:
    good = a_set(10)
    fields = {field: np.array(getattr(good, field)) for field in ("x_px", "y_px", "direction_rad", "kind", "quality")}
    with pytest.raises(ValueError, match="sorted"):
        MinutiaSet(**(fields | {"quality": fields["quality"][::-1].copy()}), width_px=388, height_px=374)
    with pytest.raises(ValueError, match="x_px"):
        MinutiaSet(**(fields | {"x_px": fields["x_px"].astype(np.float64)}), width_px=388, height_px=374)
    with pytest.raises(ValueError, match="finite"):
        MinutiaSet.best_of(**(fields | {"x_px": np.full(10, np.nan)}), width_px=388, height_px=374)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_any_other_bytes_are_a_named_error_or_a_valid_set(packed: bytes) -> None:
    try:
        minutiae = MinutiaSet.from_bytes(packed)
    except TemplateFormatError:
        return
    assert minutiae.to_bytes() == packed


@pytest.mark.parametrize("length", [0, 5, 6, 12])
def test_cut_bytes_are_refused(length: int) -> None:
    with pytest.raises(TemplateFormatError):
        MinutiaSet.from_bytes(a_set(4).to_bytes()[:length])


def test_another_version_is_refused() -> None:
    with pytest.raises(TemplateFormatError, match="version"):
        MinutiaSet.from_bytes(b"\x09" + a_set(4).to_bytes()[1:])
