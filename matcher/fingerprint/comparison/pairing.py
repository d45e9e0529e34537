"""Candidate pairs of minutiae, and which of them agree with each other.

Local similarity sort and relaxation as in R. Cappelli, M. Ferrara, D. Maltoni, IEEE PAMI 32(12), 2010, section 4,
with other compatibility functions: rational instead of logistic, so that they cost no transcendental function.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from index.vector.kernels.arrays import empty, zeros
from matcher.fingerprint.comparison.kernel import kernel_part
from matcher.fingerprint.comparison.local_similarity import LAST_NUMBER, similarity_of
from matcher.fingerprint.comparison.prepared import COSINE, LANE_COUNT, SINE, X, Y

PAIR_LIMIT: Final = 64
"""Candidate pairs that enter relaxation."""

# Two pairs agree half where one of these is reached: the difference of the two distances, against a base and a share
# of their mean (skin stretches); and the squared chord between two rotations (17 degrees).
_STRETCH_PX: Final = 5.0
_STRETCH_SHARE: Final = 0.03
_SQUARED_CHORD: Final = 0.0875
_XA, _YA, _XB, _YB, _TURN_COSINE, _TURN_SINE = range(6)
_PLACE_ROWS: Final = 6
_KEPT_SHARE: Final = 0.5
_ROUND_COUNT: Final = 5


@kernel_part
def best_pairs(keys, count_b, limit):  # type: ignore[no-untyped-def]
    """int32 (k,), int32 (k,), float32 (k,): one-to-one pairs and their similarities, most similar first, k <= limit.

    keys: similarity_keys of n and count_b minutiae.
    """
    n, width = keys.shape
    free = zeros(width, np.int32)
    free[:count_b] = np.int32(-1)
    best = empty(n, np.int32)
    for i in range(n):
        best[i] = _best_free(keys[i], free)
    of_a, of_b, similarity = empty(limit, np.int32), empty(limit, np.int32), empty(limit, np.float32)
    count = 0
    while count < limit:
        top = _largest(best)
        key = best[top]
        if key <= LAST_NUMBER:
            break
        j = LAST_NUMBER - (key & np.int32(LAST_NUMBER))
        if free[j] == 0:
            best[top] = _best_free(keys[top], free)
            continue
        of_a[count], of_b[count], similarity[count] = top, j, similarity_of(key)
        free[j] = 0
        best[top] = 0
        count += 1
    return of_a[:count], of_b[:count], similarity[:count]


@kernel_part
def _best_free(row, free):  # type: ignore[no-untyped-def]
    key = np.int32(0)
    for j in range(len(row)):
        key = max(key, row[j] & free[j])
    return key


@kernel_part
def _largest(best):  # type: ignore[no-untyped-def]
    """The first place of the largest key. Two passes without branches in the first are faster than one with."""
    key = np.int32(0)
    for i in range(len(best)):
        key = max(key, best[i])
    for i in range(len(best)):
        if best[i] == key:
            return i
    return 0


@kernel_part
def agreements(geometry_a, geometry_b, of_a, of_b):  # type: ignore[no-untyped-def]
    """float32 (k, padded k), in [0, 1], symmetric, 0 on the diagonal: could both pairs be of one finger?"""
    k = len(of_a)
    width = (k + LANE_COUNT - 1) // LANE_COUNT * LANE_COUNT
    places = zeros((_PLACE_ROWS, width), np.float32)
    for p in range(k):
        i, j = of_a[p], of_b[p]
        ca, sa, cb, sb = geometry_a[COSINE, i], geometry_a[SINE, i], geometry_b[COSINE, j], geometry_b[SINE, j]
        places[_XA, p], places[_YA, p] = geometry_a[X, i], geometry_a[Y, i]
        places[_XB, p], places[_YB, p] = geometry_b[X, j], geometry_b[Y, j]
        places[_TURN_COSINE, p], places[_TURN_SINE, p] = ca * cb + sa * sb, ca * sb - sa * cb
    table = empty((k, width), np.float32)
    _fill_agreements(table, places)
    for p in range(k):
        table[p, p] = np.float32(0.0)
        table[p, k:] = np.float32(0.0)
    return table


@kernel_part
def _fill_agreements(table, places):  # type: ignore[no-untyped-def]
    """The whole table; a function of its own, and no view of a row in it, or LLVM does not make vectors of it."""
    one, two, half, tiny = np.float32(1.0), np.float32(2.0), np.float32(0.5), np.float32(1e-6)
    base, share = np.float32(_STRETCH_PX), np.float32(0.5 * _STRETCH_SHARE)
    per_chord = np.float32(1.0 / _SQUARED_CHORD)
    for p in range(table.shape[0]):
        xa, ya, xb, yb = places[_XA, p], places[_YA, p], places[_XB, p], places[_YB, p]
        cosine_p, sine_p = places[_TURN_COSINE, p], places[_TURN_SINE, p]
        for q in range(table.shape[1]):
            ax, ay, bx, by = places[_XA, q] - xa, places[_YA, q] - ya, places[_XB, q] - xb, places[_YB, q] - yb
            length_a, length_b = np.sqrt(ax * ax + ay * ay), np.sqrt(bx * bx + by * by)
            stretch = (length_a - length_b) / (base + share * (length_a + length_b))
            per_length = one / (length_a * length_b + tiny)
            # Rotation of the line between the pairs, to be that of either pair and the same for both.
            cosine, sine = (ax * bx + ay * by) * per_length, (ax * by - ay * bx) * per_length
            cosine_q, sine_q = places[_TURN_COSINE, q], places[_TURN_SINE, q]
            turn = (two - two * (cosine_p * cosine_q + sine_p * sine_q)) * per_chord
            line_p = (two - two * (cosine * cosine_p + sine * sine_p)) * per_chord
            line_q = (two - two * (cosine * cosine_q + sine * sine_q)) * per_chord
            squared = stretch * stretch
            lines = one + half * (line_p * line_p + line_q * line_q)
            table[p, q] = one / ((one + squared * squared) * (one + turn * turn) * lines)


@kernel_part
def relaxed(table, similarity):  # type: ignore[no-untyped-def]
    """float32 (k,): support of each pair after relaxation, in [0, 1]."""
    k, width = table.shape
    support = zeros(width, np.float32)
    for p in range(k):
        support[p] = similarity[p]
    gathered = empty(width, np.float32)
    kept, share = np.float32(_KEPT_SHARE), np.float32((1.0 - _KEPT_SHARE) / max(k - 1, 1))
    for _ in range(_ROUND_COUNT):
        gathered[:] = np.float32(0.0)
        for q in range(k):
            row, weight = table[q], support[q]
            for p in range(width):
                gathered[p] += row[p] * weight
        for p in range(width):
            support[p] = kept * support[p] + share * gathered[p]
    return support[:k]


@kernel_part
def mean_confirmed_support(support, similarity, count):  # type: ignore[no-untyped-def]
    """Mean support of the count pairs whose support stayed highest relative to their similarity."""
    left = empty(len(support), np.float32)
    for p in range(len(left)):
        left[p] = support[p] / similarity[p]
    total = np.float32(0.0)
    count = min(count, len(left))
    for _ in range(count):
        best = 0
        for p in range(len(left)):
            if left[p] > left[best]:
                best = p
        total += support[best]
        left[best] = np.float32(-1.0)
    return total / np.float32(count)


@kernel_part
def confirmed_count(n, m):  # type: ignore[no-untyped-def]
    """How many pairs make the mean support: 4 to 12, rising with the smaller number of minutiae (same paper)."""
    return 4 + int(8.0 / (1.0 + math.exp(-0.4 * (min(n, m) - 20))) + 0.5)
