"""What speaks for two prints being of one finger, as a few numbers and the pairs behind them."""

from __future__ import annotations

from typing import Final

import numpy as np

from index.vector.kernels.arrays import empty, zeros
from matcher.fingerprint.comparison.alignment import LEAST_PAIR_COUNT, grown_pairs
from matcher.fingerprint.comparison.kernel import kernel, kernel_part
from matcher.fingerprint.comparison.local_similarity import similarity_keys, similarity_of
from matcher.fingerprint.comparison.outline import is_inside
from matcher.fingerprint.comparison.pairing import (
    PAIR_LIMIT,
    agreements,
    best_pairs,
    confirmed_count,
    mean_confirmed_support,
    relaxed,
)
from matcher.fingerprint.comparison.prepared import QUALITY, X, Y

SUPPORT, COVERAGE, LIKENESS, TOTAL, APART, APART_STIFF = range(6)
EVIDENCE_COUNT: Final = 6
_START_COUNT: Final = 2
"""Groups of agreeing pairs that an alignment is started from."""
_GROUP_AGREEMENT: Final = 0.25


@kernel
def evidence(codes_a, codes_b, geometry_a, geometry_b, outline_a, outline_b, numbers, found):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Write the evidence to found, float32 (EVIDENCE_COUNT,); answer the coinciding pairs, int32 (k, 2).

    SUPPORT: mean support of the confirmed pairs, [0, 1]. COVERAGE: coinciding minutiae against all that lie where
    both prints show skin, each weighted by quality, [0, 1). LIKENESS: descriptor similarity of the coinciding pairs,
    with one that is 0 added so that few pairs count less, [0, 1). TOTAL: the sum of these similarities, so that many
    pairs count. APART: mean squared distance of the coinciding pairs with the skin's distortion undone, px²;
    APART_STIFF: with one turn and shift for all. Where nothing coincides all but SUPPORT are 0. numbers:
    local_similarity.NUMBERS.
    """
    found[:] = np.float32(0.0)
    n, m = codes_a.shape[1], codes_b.shape[1]
    shorter = min(n, m)
    pairs = empty((shorter, 2), np.int32)
    if shorter < LEAST_PAIR_COUNT:
        return pairs[:0]
    keys = similarity_keys(codes_a, codes_b, geometry_a, geometry_b, numbers)
    of_a, of_b, similarity = best_pairs(keys, m, min(shorter, PAIR_LIMIT))
    if len(of_a) < LEAST_PAIR_COUNT:
        return pairs[:0]
    table = agreements(geometry_a, geometry_b, of_a, of_b)
    support = relaxed(table, similarity)
    found[SUPPORT] = mean_confirmed_support(support, similarity, confirmed_count(n, m))
    used = zeros(len(of_a), np.bool_)
    group_a, group_b, weight = empty(shorter, np.int32), empty(shorter, np.int32), empty(shorter, np.float32)
    best, pair_count = np.float32(0.0), 0
    for _ in range(_START_COUNT):
        count = _next_group(table, support, of_a, of_b, used, group_a, group_b, weight)
        if count < 2:
            continue
        count, fit, places = grown_pairs(geometry_a, geometry_b, n, group_a, group_b, weight, count, numbers)
        likeness = np.float32(0.0)
        for t in range(count):
            likeness += similarity_of(keys[group_a[t], group_b[t]])
        if likeness > best:
            best, pair_count = likeness, count
            for t in range(count):
                pairs[t, 0], pairs[t, 1] = group_a[t], group_b[t]
            found[LIKENESS] = likeness / np.float32(count + 1)
            found[TOTAL] = likeness
            found[COVERAGE] = _coverage(
                geometry_a, geometry_b, outline_a, outline_b, n, m, group_a[:count], group_b[:count], fit, places
            )
            found[APART], found[APART_STIFF] = _distances(
                geometry_a, geometry_b, group_a[:count], group_b[:count], fit, places
            )
    return pairs[:pair_count]


@kernel_part
def _next_group(table, support, of_a, of_b, used, group_a, group_b, weight):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Write the best pair not used so far and all pairs that agree with it; answer how many."""
    first = -1
    for p in range(len(support)):
        if not used[p] and (first < 0 or support[p] > support[first]):
            first = p
    if first < 0:
        return 0
    count = 0
    for p in range(len(support)):
        if p == first or table[first, p] > np.float32(_GROUP_AGREEMENT):
            group_a[count], group_b[count] = of_a[p], of_b[p]
            weight[count] = support[p] * (np.float32(1.0) if p == first else table[first, p])
            used[p] = True
            count += 1
    return count


@kernel_part
def _distances(geometry_a, geometry_b, of_a, of_b, fit, places):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Mean squared distance of the pairs, px², with and without distortion undone."""
    cosine, sine, ax, ay, bx, by = fit
    apart, stiff = np.float32(0.0), np.float32(0.0)
    for t in range(len(of_a)):
        i, j = of_a[t], of_b[t]
        dx, dy = geometry_b[X, j] - places[X, i], geometry_b[Y, j] - places[Y, i]
        apart += dx * dx + dy * dy
        ux, uy = geometry_a[X, i] - ax, geometry_a[Y, i] - ay
        dx, dy = geometry_b[X, j] - (bx + cosine * ux - sine * uy), geometry_b[Y, j] - (by + sine * ux + cosine * uy)
        stiff += dx * dx + dy * dy
    share = np.float32(1.0) / np.float32(len(of_a))
    return apart * share, stiff * share


@kernel_part
def _coverage(geometry_a, geometry_b, outline_a, outline_b, n, m, of_a, of_b, fit, places):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Weight of the coinciding minutiae against the weight of all in the overlap, with 1 added against chance."""
    cosine, sine, ax, ay, bx, by = fit
    paired_a, paired_b = zeros(n, np.bool_), zeros(m, np.bool_)
    coinciding, missing = np.float32(0.0), np.float32(0.0)
    for t in range(len(of_a)):
        i, j = of_a[t], of_b[t]
        paired_a[i], paired_b[j] = True, True
        coinciding += np.sqrt(geometry_a[QUALITY, i] * geometry_b[QUALITY, j])
    for i in range(n):
        if not paired_a[i] and is_inside(places[X, i], places[Y, i], outline_b):
            missing += geometry_a[QUALITY, i]
    for j in range(m):
        if not paired_b[j]:
            ux, uy = geometry_b[X, j] - bx, geometry_b[Y, j] - by
            if is_inside(ax + cosine * ux + sine * uy, ay - sine * ux + cosine * uy, outline_a):
                missing += geometry_b[QUALITY, j]
    return coinciding / (coinciding + np.float32(0.5) * missing + np.float32(1.0))
