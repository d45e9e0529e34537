"""A probe laid on a finger: its minutiae that coincide, of those of the finger where it lies and of no others."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from index.arrays import Float32Array, UInt32Array
from index.vector.votes import completion
from index.vector.votes.agreement import turns

Place = tuple[int, int, int]
# Compiled here as a part of nothing else.
completed = njit(completion.completed)
PROBE: list[Place] = [(100, 100, 10), (150, 110, 80), (130, 170, 200), (190, 150, 140), (105, 190, 30), (180, 195, 250)]
VOTING = 3


def packed(places: list[Place]) -> UInt32Array:
    return np.array([(x << 12 | y) << 8 | direction for x, y, direction in places], dtype=np.uint32)


def laid(places: list[Place], quarters: int) -> list[Place]:
    """Turned by so many quarters, counter-clockwise, and moved."""
    for _ in range(quarters):
        places = [(y, 400 - x, (direction + 64) % 256) for x, y, direction in places]
    return [(x + 300, y + 500, direction) for x, y, direction in places]


def share(probe: list[Place], finger: list[Place], quarters: int) -> float:
    """The first VOTING of each vote for each other."""
    mine, others, directions = packed(probe), packed(finger), turns()
    pairs = np.array(
        [
            (*probe[n][:2], *finger[n][:2], directions[0, 64 * quarters], -directions[1, 64 * quarters], 0.8)
            for n in range(VOTING)
        ],
        dtype=np.float32,
    )
    supports: Float32Array = np.ones(VOTING, dtype=np.float32)
    near: Float32Array = np.empty((64, 4), dtype=np.float32)
    return float(completed(pairs, supports, VOTING, mine, others, directions, near))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_coinciding_minutiae_count_against_those_of_the_finger_where_the_probe_lies(quarters: int) -> None:
    count = len(PROBE)
    alone = share(PROBE, laid(PROBE, quarters), quarters)
    assert alone == pytest.approx((count / (count + 1)) ** 2, rel=1e-3)
    far = [(20, 60, 5), (350, 300, 70), (100, 390, 190)]
    assert share(PROBE, laid([*PROBE, *far], quarters), quarters) == pytest.approx(alone, rel=1e-3)
    among = [(140, 140, 20), (160, 165, 120), (120, 150, 40)]
    expected = count / (count + 1) * count / (count + len(among) + 1)
    assert share(PROBE, laid([*PROBE, *among], quarters), quarters) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("quarters", [0, 1])
def test_what_lies_a_little_off_or_is_turned_coincides_less(quarters: int) -> None:
    alone = share(PROBE, laid(PROBE, quarters), quarters)
    for off in ((6, 0, 0), (0, 6, 0), (0, 0, 12)):
        moved = [*PROBE[:-1], (PROBE[-1][0] + off[0], PROBE[-1][1] + off[1], (PROBE[-1][2] + off[2]) % 256)]
        less = share(PROBE, laid(moved, quarters), quarters)
        assert share(PROBE, laid(PROBE[:-1], quarters), quarters) < less < alone


def test_without_votes_that_agree_nothing_coincides() -> None:
    near: Float32Array = np.empty((64, 4), dtype=np.float32)
    nothing: Float32Array = np.zeros((VOTING, 7), dtype=np.float32)
    probe = packed(PROBE)
    assert completed(nothing, np.zeros(VOTING, np.float32), VOTING, probe, probe, turns(), near) == 0.0
