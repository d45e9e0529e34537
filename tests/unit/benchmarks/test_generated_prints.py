"""Generated prints: repeatable, of every class, with the ridges that their maps promise."""

import numpy as np
import pytest

from benchmarks.generated_prints import CaptureConditions, PatternClass, impression, master_print
from benchmarks.generated_prints.dislocations import PairStatistics, insert_pairs
from benchmarks.generated_prints.relaxation import LARGEST, relaxed_log_period

STILL = CaptureConditions(
    max_rotation_deg=0, max_shift_px=0, distortion=0, pressure_spread=0, contact=1, contact_spread=0, noise=0,
    scratch_count=0, wear=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def master():
    return master_print(11)


def test_same_seed_same_finger_and_same_capture(master):
    again = master_print(11)
    assert np.array_equal(master.ridges, again.ridges)
    assert np.array_equal(impression(master, 3), impression(again, 3))


def test_other_seeds_give_other_fingers_and_captures(master):
    other = master_print(12)
    assert abs(np.corrcoef(master.ridges.ravel(), other.ridges.ravel())[0, 1]) < 0.2
    assert not np.array_equal(impression(master, 3), impression(master, 4))


def test_arrays_cannot_be_changed(master):
    with pytest.raises(ValueError, match="read-only"):
        master.ridges[0, 0] = 0


@pytest.mark.parametrize("pattern_class", PatternClass)
def test_winding_of_the_orientation_field_is_that_of_the_class(pattern_class):
    print_of_class = master_print(5, pattern_class=pattern_class)
    assert print_of_class.pattern_class is pattern_class
    # Half turns around each loop are +1 and around each delta -1 (the Poincare index).
    for points, turns in (
        (print_of_class.singularities.loops_px, 1),
        (print_of_class.singularities.deltas_px, -1),
    ):
        for x, y in points:
            around = np.linspace(0, 2 * np.pi, 60)
            columns, rows = np.round(x + 6 * np.cos(around)), np.round(y - 6 * np.sin(around))
            height, width = print_of_class.orientation.shape
            if columns.min() >= 0 and columns.max() < width and rows.min() >= 0 and rows.max() < height:
                angles = print_of_class.orientation[rows.astype(int), columns.astype(int)].astype(np.float64)
                steps = (np.diff(angles) + np.pi / 2) % np.pi - np.pi / 2
                assert round(steps.sum() / np.pi) == turns


def test_ridges_follow_orientation_and_period(master):
    """Structure tensor of the pattern against the maps, away from singular points and borders."""
    gradient_y, gradient_x = np.gradient(master.ridges.astype(np.float64))
    errors, periods = [], []
    for top in range(60, 500, 30):
        for left in range(60, 340, 30):
            block = np.s_[top : top + 26, left : left + 26]
            if np.ptp(master.orientation[block]) > 0.25:
                continue
            angle = 0.5 * np.arctan2(
                2 * (gradient_x[block] * gradient_y[block]).sum(),
                (gradient_x[block] ** 2 - gradient_y[block] ** 2).sum(),
            )
            # The gradient crosses the ridge; image rows grow downwards.
            ridge = (-angle + np.pi / 2) % np.pi
            errors.append(abs((ridge - master.orientation[block].mean() + np.pi / 2) % np.pi - np.pi / 2))
            periods.append(master.period_px[block].mean())
    assert len(errors) > 15
    assert np.median(errors) < np.deg2rad(4)
    assert 7 < np.median(periods) < 12


def test_an_impression_is_dark_ridges_on_a_light_ground(master):
    pixels = impression(master, 1, width_px=300, height_px=350)
    assert pixels.shape == (350, 300)
    assert pixels.dtype == np.uint8
    corners = [pixels[:8, :8], pixels[:8, -8:], pixels[-8:, :8], pixels[-8:, -8:]]
    assert max(np.median(corner) for corner in corners) > 200
    assert np.percentile(pixels[100:250, 80:220], 10) < 100


def test_pressure_thickens_ridges(master):
    ink = []
    for pressure in (-0.8, 0.0, 0.8):
        how = CaptureConditions(**{name: getattr(STILL, name) for name in STILL.__slots__} | {"pressure": pressure})
        ink.append(float((impression(master, 1, conditions=how) < 128).mean()))
    assert ink[0] < 0.8 * ink[1] < 0.8 * 0.8 * ink[2] * 1.25


def test_a_still_capture_shows_the_master_itself(master):
    pixels = impression(master, 1, conditions=STILL, width_px=416, height_px=576).astype(np.float64)
    center = np.s_[200:380, 120:300]
    assert np.corrcoef(-pixels[center].ravel(), master.ridges[center].ravel())[0, 1] > 0.9


def test_pairs_wind_both_ways_and_leave_the_rest_as_it_was():
    """Straight ridges get as many turns to the left as to the right, two a pair, far from each other."""
    y, _ = np.mgrid[:240, :200]
    straight = np.exp(0.3j * y).astype(np.complex64)
    level = np.zeros(straight.shape, np.float32)
    statistics = PairStatistics(pairs_per_mm2=0.05, length_px=(30.0, 90.0), spacing_px=15.0)
    wave = insert_pairs(straight, level, np.random.default_rng(3), pixels_per_mm=250 / 25.4, statistics=statistics)
    left, right = (np.argwhere(windings(wave) == turn) for turn in (1, -1))
    assert len(left) == len(right)
    assert len(left) > 8
    points = np.concatenate([left, right])
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 1e3 * np.eye(len(points))
    assert distance.min() > 6
    assert np.allclose(np.abs(wave), 1, atol=1e-4)
    assert np.array_equal(straight, np.exp(0.3j * y).astype(np.complex64))


def windings(wave: np.ndarray) -> np.ndarray:
    """Full turns of the phase around each square of four pixels."""
    around = (wave[:-1, :-1], wave[:-1, 1:], wave[1:, 1:], wave[1:, :-1])
    steps = [np.angle(after * np.conj(before)) for before, after in zip(around, (*around[1:], around[0]), strict=True)]
    return np.round(sum(steps) / (2 * np.pi)).astype(int)


def test_ridges_widen_where_they_fan_out():
    """Rays from the left widen to the right; parallel ridges keep their period."""
    y, x = np.mgrid[:320, :320].astype(np.float32)
    rays = np.mod(np.arctan2(160 - y, x + 120), np.pi).astype(np.float32)
    widened = relaxed_log_period(rays)[160]
    assert widened[250] - widened[70] > 0.15
    assert np.abs(relaxed_log_period(rays)).max() <= LARGEST
    assert np.allclose(relaxed_log_period(np.full(rays.shape, 0.4, np.float32)), 0, atol=1e-6)
