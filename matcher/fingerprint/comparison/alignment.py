"""From a few agreeing pairs to all minutiae that coincide once the skin's distortion is undone."""

from __future__ import annotations

from typing import Final

import numpy as np

from index.vector.kernels.arrays import empty, zeros
from matcher.fingerprint.comparison.kernel import kernel_part
from matcher.fingerprint.comparison.local_similarity import KEY_ONE, LAST_NUMBER, NUMBER_BITS, similarity_of
from matcher.fingerprint.comparison.prepared import COSINE, SINE, X, Y

# Radius within which minutiae may coincide, round by round.
_RADII_PX: Final = (20.0, 12.0)
_SQUARED_CHORD_LIMIT: Final = 0.25  # 29 degrees
# A direction counts in the rigid fit like a second point at this distance.
_LEVER_PX: Final = 10.0
# How far the displacement of one pair carries, and how strongly places far from all pairs stay with the rigid fit.
_CARRY_PX: Final = 60.0
_RIGID_WEIGHT: Final = 0.3
_LEAST_WEIGHT: Final = 0.1
LEAST_PAIR_COUNT: Final = 3


@kernel_part
def grown_pairs(geometry_a, geometry_b, count_a, of_a, of_b, weight, count, numbers):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Replace the first count pairs of of_a, of_b (int32) and weight (float32) by all that coincide.

    Answers their new number, 0 where fewer than LEAST_PAIR_COUNT do; the rigid fit; and where the minutiae of a come
    to lie in b, float32 (2, padded count_a). Weights lie in [0.1, 1] and fall with distance and turn.
    """
    fit = rigid_fit(geometry_a, geometry_b, of_a, of_b, weight, count)
    places = _carried(geometry_a, geometry_b, of_a, of_b, weight, count, fit)
    for radius in _RADII_PX:
        count = _coinciding(geometry_a, geometry_b, count_a, places, fit, radius, numbers, of_a, of_b, weight)
        if count < LEAST_PAIR_COUNT:
            return 0, fit, places
        fit = rigid_fit(geometry_a, geometry_b, of_a, of_b, weight, count)
        places = _carried(geometry_a, geometry_b, of_a, of_b, weight, count, fit)
    return count, fit, places


@kernel_part
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


@kernel_part
def _carried(geometry_a, geometry_b, of_a, of_b, weight, count, fit):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """float32 (2, padded n): a's minutiae in b, by the rigid fit moved by what the pairs nearby are off it."""
    cosine, sine, ax, ay, bx, by = fit
    sums = zeros((3, geometry_a.shape[1]), np.float32)
    for t in range(count):
        xa, ya = geometry_a[X, of_a[t]], geometry_a[Y, of_a[t]]
        off_x = geometry_b[X, of_b[t]] - (bx + cosine * (xa - ax) - sine * (ya - ay))
        off_y = geometry_b[Y, of_b[t]] - (by + sine * (xa - ax) + cosine * (ya - ay))
        _add_displacement(sums, geometry_a, xa, ya, off_x, off_y, weight[t])
    places = empty((2, geometry_a.shape[1]), np.float32)
    for p in range(geometry_a.shape[1]):
        ux, uy = geometry_a[X, p] - ax, geometry_a[Y, p] - ay
        total = np.float32(_RIGID_WEIGHT) + sums[2, p]
        places[X, p] = bx + cosine * ux - sine * uy + sums[X, p] / total
        places[Y, p] = by + sine * ux + cosine * uy + sums[Y, p] / total
    return places


@kernel_part
def _add_displacement(sums, geometry, x, y, off_x, off_y, weight):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    one, per_carry = np.float32(1.0), np.float32(1.0 / (_CARRY_PX * _CARRY_PX))
    for p in range(sums.shape[1]):
        dx, dy = geometry[X, p] - x, geometry[Y, p] - y
        far = one + (dx * dx + dy * dy) * per_carry
        share = weight / (far * far)
        sums[X, p] += share * off_x
        sums[Y, p] += share * off_y
        sums[2, p] += share


@kernel_part
def _coinciding(geometry_a, geometry_b, count_a, places, fit, radius, numbers, of_a, of_b, weight):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Write the pairs that are each other's nearest within radius, and their weights; answer how many."""
    best_a, best_b = empty(count_a, np.int32), zeros(geometry_b.shape[1], np.int32)
    _find_nearest(geometry_a, geometry_b, places, fit[0], fit[1], radius, numbers, best_a, best_b)
    count = 0
    for i in range(count_a):
        j = LAST_NUMBER - (best_a[i] & np.int32(LAST_NUMBER))
        if best_a[i] > LAST_NUMBER and LAST_NUMBER - (best_b[j] & np.int32(LAST_NUMBER)) == i and count < len(of_a):
            of_a[count], of_b[count] = i, j
            weight[count] = np.float32(_LEAST_WEIGHT) + np.float32(1.0 - _LEAST_WEIGHT) * similarity_of(best_a[i])
            count += 1
    return count


@kernel_part
def _find_nearest(geometry_a, geometry_b, places, cosine, sine, radius, numbers, best_a, best_b):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Keys of nearness, 1 to 0, with the number of the nearest minutia: best_a of each of a, best_b of each of b."""
    one, two, half, nothing = np.float32(1.0), np.float32(2.0), np.float32(0.5), np.float32(0.0)
    per_radius, per_chord = np.float32(1.0 / (radius * radius)), np.float32(1.0 / _SQUARED_CHORD_LIMIT)
    scale, shift = np.float32(KEY_ONE), np.int32(NUMBER_BITS)
    for i in range(len(best_a)):
        x, y = places[X, i], places[Y, i]
        turned_cosine = cosine * geometry_a[COSINE, i] - sine * geometry_a[SINE, i]
        turned_sine = sine * geometry_a[COSINE, i] + cosine * geometry_a[SINE, i]
        key, own = np.int32(0), numbers[i]
        for j in range(len(best_b)):
            dx, dy = geometry_b[X, j] - x, geometry_b[Y, j] - y
            apart = (dx * dx + dy * dy) * per_radius
            turn = (two - two * (turned_cosine * geometry_b[COSINE, j] + turned_sine * geometry_b[SINE, j])) * per_chord
            near = one - half * (apart + turn)
            near = near if apart < one else nothing
            near = near if turn < one else nothing
            near_key = np.int32(near * scale) << shift
            key = max(key, np.int32(near_key | numbers[j]))
            best_b[j] = max(best_b[j], np.int32(near_key | own))
        best_a[i] = key
