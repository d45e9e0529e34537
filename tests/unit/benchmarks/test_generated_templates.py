"""Generated minutia sets: repeatable, different from each other, within the ranges of real ones."""

import numpy as np

from benchmarks.generated_templates import minutia_sets
from benchmarks.generated_templates.measures import STATISTICS, describe_set
from benchmarks.generated_templates.orientation import draw_fields, orientations
from matcher.fingerprint.minutia_set import MinutiaSet


def described(count: int) -> dict[str, np.ndarray]:
    rows = np.array([describe_set(one) for one in minutia_sets(count, seed=4)])
    return dict(zip(STATISTICS, rows.T, strict=True))


def test_same_seed_same_sets_however_many_are_asked_for():
    first = [one.to_bytes() for one in minutia_sets(300, seed=9)]
    assert first[:10] == [one.to_bytes() for one in minutia_sets(10, seed=9)]
    assert len(first) == len(set(first)) == 300
    assert first[0] not in {one.to_bytes() for one in minutia_sets(300, seed=10)}


def test_sets_survive_their_bytes():
    for minutiae in minutia_sets(200, seed=2):
        read = MinutiaSet.from_bytes(minutiae.to_bytes())
        for name in ("x_px", "y_px", "direction_rad", "kind", "quality", "width_px", "height_px"):
            assert np.array_equal(getattr(read, name), getattr(minutiae, name)), name


def test_counts_and_spacing_are_those_of_prints():
    found = described(400)
    assert 25 < np.median(found["minutiae"]) < 130
    assert np.std(found["minutiae"]) > 8
    assert np.median(found["nearest_px"]) > 7
    # Half of all neighbors within a few degrees of one ridge axis: a field, not noise.
    assert np.median(found["axis_agreement"]) > 0.5


def test_directions_wind_around_a_loop_by_half_a_turn():
    rng = np.random.default_rng(6)
    fields = draw_fields(rng, 60)
    fields.correction[:] = 0
    around = np.linspace(0, 2 * np.pi, 200)
    for row in np.flatnonzero(fields.weights[:, 0] == 1)[:10]:
        x, y = (fields.points[row, 0, axis] + 3 * wave(around) for axis, wave in ((0, np.cos), (1, np.sin)))
        grid_x, grid_y = np.zeros((60, 200), np.float32), np.zeros((60, 200), np.float32)
        grid_x[row], grid_y[row] = x, y
        angles = orientations(fields, grid_x, grid_y)[row].astype(np.float64)
        steps = (np.diff(angles) + np.pi / 2) % np.pi - np.pi / 2
        assert round(steps.sum() / np.pi) == 1
