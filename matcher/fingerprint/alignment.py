"""From a few agreeing pairs to all minutiae that coincide once the skin's distortion is undone."""

from __future__ import annotations

from typing import Final

import numpy as np

from matcher.fingerprint.kernel import kernel
from matcher.fingerprint.local_similarity import LAST_NUMBER, NUMBER_BITS, similarity_of
from matcher.fingerprint.prepared import COSINE, SINE, X, Y

# Radius within which minutiae may coincide, round by round.
_RADII_PX: Final = (20.0, 12.0)
_SQUARED_CHORD_LIMIT: Final = 0.25  # 29 degrees
# A direction counts in the rigid fit like a second point at this distance.
_LEVER_PX: Final = 10.0
# How far the displacement of one pair carries, and how strongly places far from all pairs stay with the rigid fit.
_CARRY_PX: Final = 60.0
_RIGID_WEIGHT: Final = 0.3
_LEAST_WEIGHT: Final = 0.1
_KEY_ONE: Final = float(1 << 22)
LEAST_PAIR_COUNT: Final = 3


@kernel
def grown_pairs(geometry_a, geometry_b, count_a, count_b, of_a, of_b, weight, count):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Replace the first count pairs of of_a, of_b (int32) and weight (float32) by all that coincide.

    Answers their new number, 0 where fewer than LEAST_PAIR_COUNT do; the rigid fit; and where each minutia of a comes
    to lie in b, float32 (padded count_a,) twice. Weights lie in [0.1, 1] and fall with distance and turn.
    """
    fit = rigid_fit(geometry_a, geometry_b, of_a, of_b, weight, count)
    x, y = _carried(geometry_a, geometry_b, of_a, of_b, weight, count, fit)
    for radius in _RADII_PX:
        count = _coinciding(geometry_a, geometry_b, count_a, count_b, x, y, fit, radius, of_a, of_b, weight)
        if count < LEAST_PAIR_COUNT:
            return 0, fit, x, y
        fit = rigid_fit(geometry_a, geometry_b, of_a, of_b, weight, count)
        x, y = _carried(geometry_a, geometry_b, of_a, of_b, weight, count, fit)
    return count, fit, x, y


@kernel
def rigid_fit(geometry_a, geometry_b, of_a, of_b, weight, count):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Weighted least squares: cosine and sine of the rotation, center in a, center in b."""
    total = np.float32(0.0)
    ax, ay, bx, by = total, total, total, total
    for t in range(count):
        i, j, w = of_a[t], of_b[t], weight[t]
        total += w
        ax += w * geometry_a[X, i]
        ay += w * geometry_a[Y, i]
        bx += w * geometry_b[X, j]
        by += w * geometry_b[Y, j]
    ax, ay, bx, by = ax / total, ay / total, bx / total, by / total
    lever = np.float32(_LEVER_PX * _LEVER_PX)
    cosine, sine = np.float32(1e-6), np.float32(0.0)
    for t in range(count):
        i, j, w = of_a[t], of_b[t], weight[t]
        ux, uy, vx, vy = geometry_a[X, i] - ax, geometry_a[Y, i] - ay, geometry_b[X, j] - bx, geometry_b[Y, j] - by
        ca, sa, cb, sb = geometry_a[COSINE, i], geometry_a[SINE, i], geometry_b[COSINE, j], geometry_b[SINE, j]
        cosine += w * (ux * vx + uy * vy + lever * (ca * cb + sa * sb))
        sine += w * (ux * vy - uy * vx + lever * (ca * sb - sa * cb))
    length = np.sqrt(cosine * cosine + sine * sine)
    return cosine / length, sine / length, ax, ay, bx, by


@kernel
def _carried(geometry_a, geometry_b, of_a, of_b, weight, count, fit):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Places of a's minutiae in b: the rigid fit, moved by what the pairs nearby are off it."""
    cosine, sine, ax, ay, bx, by = fit
    width = geometry_a.shape[1]
    total = np.full(width, np.float32(_RIGID_WEIGHT))
    x, y = np.zeros(width, np.float32), np.zeros(width, np.float32)
    one, per_carry = np.float32(1.0), np.float32(1.0 / (_CARRY_PX * _CARRY_PX))
    for t in range(count):
        i, j, w = of_a[t], of_b[t], weight[t]
        xa, ya = geometry_a[X, i], geometry_a[Y, i]
        off_x = geometry_b[X, j] - (bx + cosine * (xa - ax) - sine * (ya - ay))
        off_y = geometry_b[Y, j] - (by + sine * (xa - ax) + cosine * (ya - ay))
        for p in range(width):
            dx, dy = geometry_a[X, p] - xa, geometry_a[Y, p] - ya
            far = one + (dx * dx + dy * dy) * per_carry
            share = w / (far * far)
            total[p] += share
            x[p] += share * off_x
            y[p] += share * off_y
    for p in range(width):
        ux, uy = geometry_a[X, p] - ax, geometry_a[Y, p] - ay
        x[p] = bx + cosine * ux - sine * uy + x[p] / total[p]
        y[p] = by + sine * ux + cosine * uy + y[p] / total[p]
    return x, y


@kernel
def _coinciding(geometry_a, geometry_b, count_a, count_b, x, y, fit, radius, of_a, of_b, weight):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Write the pairs that are each other's nearest within radius, and their weights; answer how many."""
    cosine, sine = fit[0], fit[1]
    width = geometry_b.shape[1]
    best_a, best_b = np.empty(count_a, np.int32), np.zeros(width, np.int32)
    one, two, nothing, scale = np.float32(1.0), np.float32(2.0), np.float32(0.0), np.float32(_KEY_ONE)
    per_radius, per_chord = np.float32(1.0 / (radius * radius)), np.float32(1.0 / _SQUARED_CHORD_LIMIT)
    shift = np.int32(NUMBER_BITS)
    for i in range(count_a):
        place_x, place_y = x[i], y[i]
        turned_cosine = cosine * geometry_a[COSINE, i] - sine * geometry_a[SINE, i]
        turned_sine = sine * geometry_a[COSINE, i] + cosine * geometry_a[SINE, i]
        key, own = np.int32(0), np.int32(LAST_NUMBER - i)
        for j in range(width):
            dx, dy = geometry_b[X, j] - place_x, geometry_b[Y, j] - place_y
            apart = (dx * dx + dy * dy) * per_radius
            turn = (two - two * (turned_cosine * geometry_b[COSINE, j] + turned_sine * geometry_b[SINE, j])) * per_chord
            near = one - np.float32(0.5) * (apart + turn) if (apart < one and turn < one) else nothing
            near_key = np.int32(near * scale) << shift
            key = max(key, near_key | np.int32(LAST_NUMBER - j))
            best_b[j] = max(best_b[j], near_key | own)
        best_a[i] = key
    count = 0
    for i in range(count_a):
        j = LAST_NUMBER - (best_a[i] & np.int32(LAST_NUMBER))
        # A key without nearness may name padding, which lies beyond count_b.
        if best_a[i] > LAST_NUMBER and LAST_NUMBER - (best_b[j] & np.int32(LAST_NUMBER)) == i and count < len(of_a):
            of_a[count], of_b[count] = i, j
            weight[count] = np.float32(_LEAST_WEIGHT) + np.float32(1.0 - _LEAST_WEIGHT) * similarity_of(best_a[i])
            count += 1
    return count
