"""How much of a probe lies on a finger as the votes that agree would have it, with the minutiae that got no votes.

A vote that others agree with says how the probe lies on the finger: all its minutiae can be looked up there by where
they lie, also those whose descriptor is too unlike to get a vote. Of a small piece of a print few minutiae vote, but
most coincide; of a stranger's finger those that voted do, and hardly any other. As full comparison grows a match
(matcher/fingerprint/comparison/alignment.py), without descriptors, which the index holds by list, not by finger.
"""

# ruff: noqa: PLR0917 - numba compiles no keyword-only arguments
from __future__ import annotations

from typing import Final

import numpy as np

from index.vector.kernels.arrays import zeros
from index.vector.kernels.compiling import compiled_part

X, Y, REFERENCE_X, REFERENCE_Y, TURN_COSINE, TURN_SINE, SIMILARITY = range(7)
"""Rows of a pair of minutiae that voted: where the probe's lies, where the finger's, the turn from one to the other."""

_START_COUNT: Final = 2
"""Placements that are tried."""
_SAME_TURN_COSINE: Final = 0.95
"""Votes that turn the probe as one that was tried start no other placement."""

# A place agrees half where it is so far off: a share of the distance from the vote, or from the mean of the votes, that
# the placement was made from, since skin stretches. A direction: see _SQUARED_CHORD in agreement.py.
_APART_PX: Final = 6.0
_APART_SHARE_OF_VOTE: Final = 0.12
_APART_SHARE: Final = 0.05
_SQUARED_CHORD: Final = 0.0875
# What agrees less than about a twentieth in one of them is passed over.
_APART_LIMIT: Final = 4.0
_CHORD_LIMIT: Final = 3.0
_LEVER: Final = 400.0
"""A direction says as much about the turn of the probe as a place so many px² from the mean."""
_MARGIN_PX: Final = 4.0


@compiled_part
def completed(pairs, supports, count, probe_places, places, directions, near):  # type: ignore[no-untyped-def]
    """How well the probe lies on a finger, in [0, 1): the coinciding minutiae, squared, by those of the probe and by
    those of the finger where the probe lies.

    pairs: float32 (count, 7), votes. supports: float32, how far the others agree with each; overwritten. probe_places,
    places: uint32, all minutiae of the probe and of the finger, 0 where unknown. directions: agreement.turns(). near:
    float32 (n, 4), n at least as many as places; overwritten.
    """
    best = np.float32(0.0)
    for _ in range(_START_COUNT):
        start = -1
        for p in range(count):
            # Descriptors that point apart are among the nearest in a small gallery.
            if supports[p] <= np.float32(0.0) or pairs[p, SIMILARITY] <= np.float32(0.0):
                continue
            if start < 0 or supports[p] * pairs[p, SIMILARITY] > supports[start] * pairs[start, SIMILARITY]:
                start = p
        if start < 0:
            break
        placement = _placement(pairs, count, start)
        best = max(best, _coinciding(placement, probe_places, places, directions, near))
        cosine, sine = pairs[start, TURN_COSINE], pairs[start, TURN_SINE]
        supports[start] = np.float32(0.0)
        for p in range(count):
            if pairs[p, TURN_COSINE] * cosine + pairs[p, TURN_SINE] * sine > np.float32(_SAME_TURN_COSINE):
                supports[p] = np.float32(0.0)
    return best


@compiled_part
def _placement(pairs, count, start):  # type: ignore[no-untyped-def]
    """(cosine, sine, x, y, reference x, reference y): turn the probe, and lay its point on the finger's, by least
    squares over the votes that agree with vote start."""
    weights = zeros(count, np.float32)
    cosine, sine = pairs[start, TURN_COSINE], pairs[start, TURN_SINE]
    means, total = zeros(4, np.float32), np.float32(0.0)
    along, across = np.float32(0.0), np.float32(0.0)
    for p in range(count):
        dx, dy = pairs[p, X] - pairs[start, X], pairs[p, Y] - pairs[start, Y]
        ex = pairs[start, REFERENCE_X] + cosine * dx - sine * dy - pairs[p, REFERENCE_X]
        ey = pairs[start, REFERENCE_Y] + sine * dx + cosine * dy - pairs[p, REFERENCE_Y]
        tolerance = np.float32(_APART_PX) + np.float32(_APART_SHARE_OF_VOTE) * np.sqrt(dx * dx + dy * dy)
        apart = (ex * ex + ey * ey) / (tolerance * tolerance)
        turn = _squared_chord(cosine, sine, pairs[p, TURN_COSINE], pairs[p, TURN_SINE])
        if apart < np.float32(_APART_LIMIT) and turn < np.float32(_CHORD_LIMIT):
            weights[p] = max(pairs[p, SIMILARITY], np.float32(0.0)) * _agreement(apart, turn)
            total += weights[p]
            for axis in range(4):
                means[axis] += weights[p] * pairs[p, axis]
            along += weights[p] * pairs[p, TURN_COSINE] * np.float32(_LEVER)
            across += weights[p] * pairs[p, TURN_SINE] * np.float32(_LEVER)
    for axis in range(4):
        means[axis] /= total
    for p in range(count):
        if weights[p] > np.float32(0.0):
            ax, ay = pairs[p, X] - means[X], pairs[p, Y] - means[Y]
            bx, by = pairs[p, REFERENCE_X] - means[REFERENCE_X], pairs[p, REFERENCE_Y] - means[REFERENCE_Y]
            along += weights[p] * (ax * bx + ay * by)
            across += weights[p] * (ax * by - ay * bx)
    length = np.sqrt(along * along + across * across) + np.float32(1e-9)
    return along / length, across / length, means[X], means[Y], means[REFERENCE_X], means[REFERENCE_Y]


@compiled_part
def _coinciding(placement, probe_places, places, directions, near):  # type: ignore[no-untyped-def]
    """See completed: of one placement."""
    x, y = placement[2], placement[3]
    count, inside = _lying_near(placement, probe_places, places, directions, near)
    total, known = np.float32(0.0), 0
    for mine in probe_places:
        if not mine:
            continue
        known += 1
        mine_x, mine_y = np.float32(mine >> 20), np.float32((mine >> 8) & 4095)
        mine_cosine, mine_sine = directions[0, mine & 255], -directions[1, mine & 255]
        per_square = np.float32(1.0) / _squared_tolerance(mine_x - x, mine_y - y)
        nearest = np.float32(0.0)
        for number in range(count):
            ex, ey = near[number, 0] - mine_x, near[number, 1] - mine_y
            apart = (ex * ex + ey * ey) * per_square
            if apart < np.float32(_APART_LIMIT):
                turn = _squared_chord(near[number, 2], near[number, 3], mine_cosine, mine_sine)
                nearest = max(nearest, _agreement(apart, turn))
        total += nearest
    # Several of the probe may coincide with one of the finger.
    share = total / np.float32(known + 1)
    return share * total / (max(np.float32(inside), total) + np.float32(1.0))


@compiled_part
def _lying_near(placement, probe_places, places, directions, near):  # type: ignore[no-untyped-def]
    """How many minutiae of the finger lie where any of the probe's could coincide with them, and how many where the
    probe lies. Writes to near of the former where they lie on the probe and how they are turned there."""
    cosine, sine, x, y, reference_x, reference_y = placement
    low_x, low_y = np.float32(np.inf), np.float32(np.inf)
    high_x, high_y = np.float32(-np.inf), np.float32(-np.inf)
    farthest = np.float32(0.0)
    for mine in probe_places:
        if mine:
            mine_x, mine_y = np.float32(mine >> 20), np.float32((mine >> 8) & 4095)
            low_x, high_x = min(low_x, mine_x), max(high_x, mine_x)
            low_y, high_y = min(low_y, mine_y), max(high_y, mine_y)
            farthest = max(farthest, _squared_tolerance(mine_x - x, mine_y - y))
    reach = np.sqrt(np.float32(_APART_LIMIT) * farthest)
    count, inside = 0, 0
    for other in places:
        ex, ey = np.float32(other >> 20) - reference_x, np.float32((other >> 8) & 4095) - reference_y
        back_x, back_y = x + cosine * ex + sine * ey, y - sine * ex + cosine * ey
        off = max(low_x - back_x, back_x - high_x, low_y - back_y, back_y - high_y)
        if other and off <= reach:
            inside += off < np.float32(_MARGIN_PX)
            # Directions are counter-clockwise with y upwards, and y here points down.
            own_cosine, own_sine = directions[0, other & 255], -directions[1, other & 255]
            near[count, 0], near[count, 1] = back_x, back_y
            near[count, 2] = own_cosine * cosine + own_sine * sine
            near[count, 3] = own_sine * cosine - own_cosine * sine
            count += 1
    return count, inside


@compiled_part
def _squared_tolerance(dx, dy):  # type: ignore[no-untyped-def]
    """px²: of a place so far from the mean of the votes."""
    tolerance = np.float32(_APART_PX) + np.float32(_APART_SHARE) * np.sqrt(dx * dx + dy * dy)
    return tolerance * tolerance


@compiled_part
def _squared_chord(cosine, sine, other_cosine, other_sine):  # type: ignore[no-untyped-def]
    """Of the difference of two directions, 1 where they agree half."""
    two = np.float32(2.0)
    return (two - two * (cosine * other_cosine + sine * other_sine)) * np.float32(1.0 / _SQUARED_CHORD)


@compiled_part
def _agreement(apart, turn):  # type: ignore[no-untyped-def]
    """In [0, 1], of a squared distance and a squared chord, each 1 where it alone would leave a half."""
    one = np.float32(1.0)
    return one / ((one + apart * apart) * (one + turn * turn))
