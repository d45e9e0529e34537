"""The arithmetic of one comparison: local similarities, candidate pairs, and which of them agree with each other.

Local similarity sort and relaxation as in R. Cappelli, M. Ferrara, D. Maltoni, IEEE PAMI 32(12), 2010, section 4,
with other compatibility functions (rational instead of logistic, so that they cost no transcendental function).
Everything is float32 on a fixed order of operations; descriptors are small integers, whose inner products are exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from matcher.fingerprint.kernel import kernel

DESCRIPTOR_SCALE: Final = 300.0
"""Descriptors are unit vectors times this, rounded to int8."""
PAIR_LIMIT: Final = 64
"""Candidate pairs that enter relaxation."""

X, Y, COSINE, SINE, QUALITY = range(5)
"""Rows of the geometry array; y upwards, cosine and sine of the direction."""

# Compatibility of two pairs falls to one half at these differences.
_DISTANCE_PX: Final = 7.0
_DISTANCE_SHARE: Final = 0.03
_CHORD: Final = 0.0875  # squared chord of 17 degrees
_KEPT_SHARE: Final = 0.5
_ROUND_COUNT: Final = 5


@kernel
def similarity_matrix(a, b, geometry_a, geometry_b):  # type: ignore[no-untyped-def]
    """float32 (n, m): inner products of descriptors, 0 where directions differ by more than 90 degrees.

    a int8 (dim, n), b int8 (dim, m).
    """
    dim, n = a.shape
    m = b.shape[1]
    other = b.astype(np.float32)
    out = np.zeros((n, m), np.float32)
    scale = np.float32(1.0 / (DESCRIPTOR_SCALE * DESCRIPTOR_SCALE))
    for i in range(n):
        row = out[i]
        for k in range(0, dim, 4):
            a0, a1 = np.float32(a[k, i]), np.float32(a[k + 1, i])
            a2, a3 = np.float32(a[k + 2, i]), np.float32(a[k + 3, i])
            for j in range(m):
                row[j] += a0 * other[k, j] + a1 * other[k + 1, j] + a2 * other[k + 2, j] + a3 * other[k + 3, j]
        cosine, sine = geometry_a[COSINE, i], geometry_a[SINE, i]
        for j in range(m):
            facing = cosine * geometry_b[COSINE, j] + sine * geometry_b[SINE, j]
            row[j] = max(row[j] * scale, np.float32(0.0)) if facing > np.float32(0.0) else np.float32(0.0)
    return out


@kernel
def best_pairs(similarity, limit):  # type: ignore[no-untyped-def]
    """int32 (k, 2) and float32 (k,): one-to-one pairs, most similar first, at most limit, all above 0."""
    n, m = similarity.shape
    best = np.empty(n, np.float32)
    where = np.empty(n, np.int32)
    taken = np.zeros(m, np.bool_)
    for i in range(n):
        best[i], where[i] = _row_best(similarity[i], taken)
    pairs = np.empty((limit, 2), np.int32)
    found = np.empty(limit, np.float32)
    count = 0
    while count < limit:
        top = 0
        for i in range(1, n):
            if best[i] > best[top]:
                top = i
        if not best[top] > np.float32(0.0):
            break
        if taken[where[top]]:
            best[top], where[top] = _row_best(similarity[top], taken)
            continue
        pairs[count, 0], pairs[count, 1] = top, where[top]
        found[count] = best[top]
        taken[where[top]] = True
        best[top] = np.float32(0.0)
        count += 1
    return pairs[:count], found[:count]


@kernel
def _row_best(row, taken):  # type: ignore[no-untyped-def]
    value, place = np.float32(0.0), 0
    for j in range(len(row)):
        if row[j] > value and not taken[j]:
            value, place = row[j], j
    return value, place


@kernel
def relaxed(geometry_a, geometry_b, pairs, similarity):  # type: ignore[no-untyped-def]
    """float32 (k,): support of each pair after relaxation, in [0, 1]."""
    k = len(pairs)
    xa, ya, xb, yb = np.empty(k, np.float32), np.empty(k, np.float32), np.empty(k, np.float32), np.empty(k, np.float32)
    turn_cosine, turn_sine = np.empty(k, np.float32), np.empty(k, np.float32)
    for p in range(k):
        i, j = pairs[p, 0], pairs[p, 1]
        xa[p], ya[p], xb[p], yb[p] = geometry_a[X, i], geometry_a[Y, i], geometry_b[X, j], geometry_b[Y, j]
        ca, sa, cb, sb = geometry_a[COSINE, i], geometry_a[SINE, i], geometry_b[COSINE, j], geometry_b[SINE, j]
        turn_cosine[p], turn_sine[p] = ca * cb + sa * sb, ca * sb - sa * cb
    agreement = np.empty((k, k), np.float32)
    for p in range(k):
        _agreement_row(agreement[p], p, xa, ya, xb, yb, turn_cosine, turn_sine)
    support = similarity.copy()
    share = np.float32((1.0 - _KEPT_SHARE) / max(k - 1, 1))
    for _ in range(_ROUND_COUNT):
        gathered = np.zeros(k, np.float32)
        for q in range(k):
            for p in range(k):
                gathered[p] += agreement[q, p] * support[q]
        for p in range(k):
            support[p] = np.float32(_KEPT_SHARE) * support[p] + share * gathered[p]
    return support


@kernel
def _agreement_row(row, p, xa, ya, xb, yb, turn_cosine, turn_sine):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    one, two = np.float32(1.0), np.float32(2.0)
    per_chord = np.float32(1.0 / _CHORD)
    for q in range(len(row)):
        ax, ay, bx, by = xa[q] - xa[p], ya[q] - ya[p], xb[q] - xb[p], yb[q] - yb[p]
        long_a, long_b = np.sqrt(ax * ax + ay * ay), np.sqrt(bx * bx + by * by)
        stretch = (long_a - long_b) / (np.float32(_DISTANCE_PX) + np.float32(0.5 * _DISTANCE_SHARE) * (long_a + long_b))
        length = max(long_a * long_b, np.float32(1e-6))
        cosine, sine = (ax * bx + ay * by) / length, (ax * by - ay * bx) / length
        turn = two - two * (turn_cosine[p] * turn_cosine[q] + turn_sine[p] * turn_sine[q])
        radial_p = two - two * (cosine * turn_cosine[p] + sine * turn_sine[p])
        radial_q = two - two * (cosine * turn_cosine[q] + sine * turn_sine[q])
        e1, e2 = stretch * stretch, turn * per_chord
        e3, e4 = radial_p * per_chord, radial_q * per_chord
        row[q] = one / ((one + e1 * e1) * (one + e2 * e2) * np.sqrt((one + e3 * e3) * (one + e4 * e4)))
    row[p] = np.float32(0.0)
