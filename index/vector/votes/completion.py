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
def completed(pairs, supports, count, probe_places, places, directions):  # type: ignore[no-untyped-def]
    """How well the probe lies on a finger, in [0, 1): the coinciding minutiae, squared, by those of the probe and by
    those of the finger where the probe lies.

    pairs: float32 (count, 7), votes. supports: float32, how far the others agree with each; overwritten. probe_places,
    places: uint32, all minutiae of the probe and of the finger, 0 where unknown. directions: agreement.turns().
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
        best = max(best, _coinciding(placement, probe_places, places, directions))
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
    weights = np.zeros(count, np.float32)
    cosine, sine = pairs[start, TURN_COSINE], pairs[start, TURN_SINE]
    means, total = np.zeros(4, np.float32), np.float32(0.0)
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
    means /= total
    for p in range(count):
        if weights[p] > np.float32(0.0):
            ax, ay = pairs[p, X] - means[X], pairs[p, Y] - means[Y]
            bx, by = pairs[p, REFERENCE_X] - means[REFERENCE_X], pairs[p, REFERENCE_Y] - means[REFERENCE_Y]
            along += weights[p] * (ax * bx + ay * by)
            across += weights[p] * (ax * by - ay * bx)
    length = np.sqrt(along * along + across * across) + np.float32(1e-9)
    return along / length, across / length, means[X], means[Y], means[REFERENCE_X], means[REFERENCE_Y]


@compiled_part
def _coinciding(placement, probe_places, places, directions):  # type: ignore[no-untyped-def]
    """See completed: of one placement."""
    cosine, sine, x, y, reference_x, reference_y = placement
    total, known = np.float32(0.0), 0
    low_x, low_y = np.float32(np.inf), np.float32(np.inf)
    high_x, high_y = np.float32(-np.inf), np.float32(-np.inf)
    for mine in probe_places:
        if not mine:
            continue
        known += 1
        mine_x, mine_y = np.float32(mine >> 20), np.float32((mine >> 8) & 4095)
        low_x, high_x, low_y, high_y = min(low_x, mine_x), max(high_x, mine_x), min(low_y, mine_y), max(high_y, mine_y)
        dx, dy = mine_x - x, mine_y - y
        laid_x, laid_y = reference_x + cosine * dx - sine * dy, reference_y + sine * dx + cosine * dy
        tolerance = np.float32(_APART_PX) + np.float32(_APART_SHARE) * np.sqrt(dx * dx + dy * dy)
        per_square = np.float32(1.0) / (tolerance * tolerance)
        # Directions are counter-clockwise with y upwards, and y here points down.
        own_cosine, own_sine = directions[0, mine & 255], -directions[1, mine & 255]
        turned_cosine, turned_sine = own_cosine * cosine - own_sine * sine, own_sine * cosine + own_cosine * sine
        nearest = np.float32(0.0)
        for other in places:
            ex, ey = np.float32(other >> 20) - laid_x, np.float32((other >> 8) & 4095) - laid_y
            apart = (ex * ex + ey * ey) * per_square
            if other and apart < np.float32(_APART_LIMIT):
                turn = _squared_chord(
                    turned_cosine, turned_sine, directions[0, other & 255], -directions[1, other & 255]
                )
                nearest = max(nearest, _agreement(apart, turn))
        total += nearest
    margin, inside = np.float32(_MARGIN_PX), 0
    for other in places:
        ex, ey = np.float32(other >> 20) - reference_x, np.float32((other >> 8) & 4095) - reference_y
        back_x, back_y = x + cosine * ex + sine * ey, y - sine * ex + cosine * ey
        if other and low_x - margin < back_x < high_x + margin and low_y - margin < back_y < high_y + margin:
            inside += 1
    # Several of the probe may coincide with one of the finger.
    share = total / np.float32(known + 1)
    return share * total / (max(np.float32(inside), total) + np.float32(1.0))


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
