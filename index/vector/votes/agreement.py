"""Votes that agree: of what FAISS found for the descriptors of a probe, what could be of one finger by where it lies.

Two votes for a finger agree where the probe's two minutiae lie from each other as the finger's two do, and are turned
as they are: the compatibility of pairs in R. Cappelli, M. Ferrara, D. Maltoni, IEEE PAMI 32(12), 2010, section 4, here
of the few pairs that voted. A small piece of a print has few votes, and by their sum any of thousands of strangers
has more; few of these agree. Of those that agree best, completion.py looks for the minutiae that got no vote.
"""

# ruff: noqa: PLR0917 - numba compiles no keyword-only arguments
from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from index.arrays import Float32Array, Int64Array, UInt8Array, UInt32Array
from index.vector.kernels.arrays import empty, zeros
from index.vector.kernels.compiling import compiled, compiled_part
from index.vector.votes.completion import (
    REFERENCE_X,
    REFERENCE_Y,
    SIMILARITY,
    TURN_COSINE,
    TURN_SINE,
    X,
    Y,
    completed,
)
from index.vector.votes.packing import NUMBER_BITS
from index.vector.votes.places import PlaceTable

PAIR_LIMIT: Final = 64
RANK_BITS: Final = 24
"""A vote is a number of 32 bits: which descriptor of the probe gave it, of at most 64, and in so many bits below it,
which of its nearest got it."""
VOTES_SHARE: Final = 0.1
"""Of the sum of votes in a score, so that it decides where nothing agrees."""
ENOUGH_FACTOR: Final = 4
"""Where so many times as many fingers as are completed have three votes, those with two are not asked whether they
agree: each is two misses of the cache, and their score would not be among the best."""

# Two pairs agree half where one of these is reached: see matcher/fingerprint/comparison/pairing.py.
_STRETCH_PX: Final = 5.0
_STRETCH_SHARE: Final = 0.015
_SQUARED_CHORD: Final = 0.0875
# What agrees less than about a tenth in one of them is passed over.
_STRETCH_LIMIT: Final = 1.8
_CHORD_LIMIT: Final = 3.0


@lru_cache(maxsize=1)
def turns() -> Float32Array:
    """float32 (2, 256): cosine and sine of each direction that a place may have."""
    angles = np.arange(256) * (2.0 * math.pi / 256)
    return np.stack((np.cos(angles), np.sin(angles))).astype(np.float32)


def agreeing_votes(
    similarities: Float32Array,
    ids: Int64Array,
    usable: UInt8Array,
    probe_places: UInt32Array,
    placed: PlaceTable,
    completed_count: int,
) -> tuple[Int64Array, Float32Array]:
    """(ids int64 (n,), scores float32 (n,)), in no order.

    similarities: float32 (q, k), best first. ids: int64 (q, k), rows, negative where there are no more. usable: uint8,
    a bit for each reference id. probe_places: uint32 (q,). completed_count: how many of the best are completed.
    A score is half the sum of three: the root of the products of similarities, twice, of all pairs of votes, each as
    far as they agree, divided by q; VOTES_SHARE of the votes as count_votes sums them; and of the best, how well the
    probe lies on the finger (completion.py).
    """
    # What NumPy can do stands here: it would take numba seconds to compile it.
    found, ends, votes = _by_finger(ids, usable, len(placed.starts))
    counts = np.diff(ends)
    least = 3 if np.count_nonzero(counts >= 3) > ENOUGH_FACTOR * completed_count else 2
    probe = similarities, ids, probe_places
    scores = _scores(found, ends, votes, least, *probe, placed.starts, placed.table, turns())
    chosen = np.flatnonzero(counts >= least)
    if len(chosen) > completed_count:
        best = np.argpartition(scores[chosen], len(chosen) - completed_count)
        chosen = chosen[best[len(chosen) - completed_count :]]
    _complete(chosen, found, ends, votes, *probe, placed.starts, placed.counts, placed.table, turns(), scores)
    return found, np.float32(0.5) * scores


@compiled
def _scores(found, ends, votes, least, similarities, ids, probe_places, starts, table, directions):  # type: ignore[no-untyped-def]
    """float32 (n,): see agreeing_votes, without what is completed. least: votes of those that are asked for
    agreement. starts, table: of PlaceTable. directions: turns()."""
    query_count, nearest_count = ids.shape
    last = zeros(query_count, np.float32)
    for query in range(query_count):
        if ids[query, nearest_count - 1] >= 0:
            last[query] = similarities[query, nearest_count - 1]
    scores, pairs = empty(len(found), np.float32), empty((PAIR_LIMIT, 7), np.float32)
    owners, supports = empty((PAIR_LIMIT, 2), np.int64), empty(PAIR_LIMIT, np.float32)
    for number in range(len(found)):
        own = votes[ends[number] : ends[number + 1]]
        agreeing = np.float32(0.0)
        if len(own) >= least:
            places = table[starts[found[number]] :]
            count = _pairs_of(own, similarities, ids, probe_places, places, directions, pairs, owners)
            # Less than 0 where descriptors that point apart are among the nearest, as all of a small gallery are.
            agreeing = max(_agreement(pairs, owners, count, supports), np.float32(0.0))
        total = _sum_of(own, similarities, last)
        scores[number] = (np.sqrt(np.float32(2.0) * agreeing) + np.float32(VOTES_SHARE) * total) / query_count
    return scores


@compiled
def _complete(chosen, found, ends, votes, similarities, ids, probe_places, starts, counts, table, directions, scores):  # type: ignore[no-untyped-def]
    """Add to the scores of those chosen how well the probe lies on them."""
    pairs = empty((PAIR_LIMIT, 7), np.float32)
    owners, supports = empty((PAIR_LIMIT, 2), np.int64), empty(PAIR_LIMIT, np.float32)
    near = empty((1 << NUMBER_BITS, 4), np.float32)
    for number in chosen:
        own, start = votes[ends[number] : ends[number + 1]], starts[found[number]]
        places = table[start : start + counts[found[number]]]
        count = _pairs_of(own, similarities, ids, probe_places, places, directions, pairs, owners)
        _agreement(pairs, owners, count, supports)
        scores[number] += completed(pairs, supports, count, probe_places, places, directions, near)


@compiled
def _by_finger(ids, usable, id_count):  # type: ignore[no-untyped-def]
    """(found int64 (n,), ends int64 (n + 1,), votes int32 (ends[n],)): reference ids, ascending, so that what is looked
    up of them lies in order; the votes for found[n], see RANK_BITS, go from ends[n] to ends[n + 1], in their order."""
    query_count, nearest_count = ids.shape
    # By reference id: how many votes; then, from 1 on, which of found it is.
    numbers = zeros(min(id_count, 8 * len(usable)), np.int32)
    for query in range(query_count):
        for rank in range(nearest_count):
            reference_id = ids[query, rank] >> NUMBER_BITS
            if 0 <= reference_id < len(numbers) and (usable[reference_id >> 3] >> (reference_id & 7)) & 1:
                numbers[reference_id] += 1
    count = 0
    for reference_id in range(len(numbers)):
        count += numbers[reference_id] > 0
    found, ends, filled = empty(count, np.int64), empty(count + 1, np.int64), empty(count, np.int64)
    number = 0
    ends[0] = 0
    for reference_id in range(len(numbers)):
        if numbers[reference_id]:
            found[number], filled[number] = reference_id, ends[number]
            ends[number + 1] = ends[number] + numbers[reference_id]
            number += 1
            numbers[reference_id] = number
    votes = empty(ends[count], np.int32)
    for query in range(query_count):
        for rank in range(nearest_count):
            reference_id = ids[query, rank] >> NUMBER_BITS
            if 0 <= reference_id < len(numbers) and numbers[reference_id]:
                place = numbers[reference_id] - 1
                votes[filled[place]] = query << RANK_BITS | rank
                filled[place] += 1
    return found, ends, votes


@compiled_part
def _sum_of(votes, similarities, last):  # type: ignore[no-untyped-def]
    """As count_votes sums the votes for one finger."""
    total, latest = np.float32(0.0), -1
    for vote in votes:
        query, rank = vote >> RANK_BITS, vote & ((1 << RANK_BITS) - 1)
        if query != latest:
            latest = query
            total += max(similarities[query, rank] - last[query], np.float32(0.0))
    return total


@compiled_part
def _pairs_of(votes, similarities, ids, probe_places, places, directions, pairs, owners):  # type: ignore[no-untyped-def]
    """Write the votes for one finger of which both places are known, at most PAIR_LIMIT; how many. places: uint32, of
    the finger from its first descriptor on."""
    count = 0
    for vote in votes[:PAIR_LIMIT]:
        query, rank = vote >> RANK_BITS, vote & ((1 << RANK_BITS) - 1)
        mine, other = probe_places[query], places[ids[query, rank] & ((1 << NUMBER_BITS) - 1)]
        if mine and other:
            owners[count, 0], owners[count, 1] = query, ids[query, rank]
            _put_pair(pairs[count], mine, other, directions)
            pairs[count, SIMILARITY] = similarities[query, rank]
            count += 1
    return count


@compiled_part
def _put_pair(pair, mine, other, directions):  # type: ignore[no-untyped-def]
    pair[X], pair[Y] = mine >> 20, (mine >> 8) & 4095
    pair[REFERENCE_X], pair[REFERENCE_Y] = other >> 20, (other >> 8) & 4095
    turn = (other - mine) & 255
    # Directions are counter-clockwise with y upwards, and y here points down.
    pair[TURN_COSINE], pair[TURN_SINE] = directions[0, turn], -directions[1, turn]


@compiled_part
def _agreement(pairs, owners, count, supports):  # type: ignore[no-untyped-def]
    """Sum over all two votes: how far they agree, times both similarities. Those that share a minutia do not. Writes
    to supports for each vote the same sum over the others, times their similarities."""
    one, two, half = np.float32(1.0), np.float32(2.0), np.float32(0.5)
    per_chord = np.float32(1.0 / _SQUARED_CHORD)
    total = np.float32(0.0)
    supports[:count] = np.float32(0.0)
    for p in range(1, count):
        cosine_p, sine_p = pairs[p, TURN_COSINE], pairs[p, TURN_SINE]
        for q in range(p):
            turn = (two - two * (cosine_p * pairs[q, TURN_COSINE] + sine_p * pairs[q, TURN_SINE])) * per_chord
            if turn > np.float32(_CHORD_LIMIT) or owners[p, 0] == owners[q, 0] or owners[p, 1] == owners[q, 1]:
                continue
            ax, ay = pairs[q, X] - pairs[p, X], pairs[q, Y] - pairs[p, Y]
            bx, by = pairs[q, REFERENCE_X] - pairs[p, REFERENCE_X], pairs[q, REFERENCE_Y] - pairs[p, REFERENCE_Y]
            length_a, length_b = np.sqrt(ax * ax + ay * ay), np.sqrt(bx * bx + by * by)
            base = np.float32(_STRETCH_PX) + np.float32(_STRETCH_SHARE) * (length_a + length_b)
            stretch = (length_a - length_b) / base
            if abs(stretch) > np.float32(_STRETCH_LIMIT):
                continue
            per_length = one / (length_a * length_b + np.float32(1e-6))
            cosine, sine = (ax * bx + ay * by) * per_length, (ax * by - ay * bx) * per_length
            line_p = (two - two * (cosine * cosine_p + sine * sine_p)) * per_chord
            line_q = (two - two * (cosine * pairs[q, TURN_COSINE] + sine * pairs[q, TURN_SINE])) * per_chord
            squared = stretch * stretch
            lines = one + half * (line_p * line_p + line_q * line_q)
            agreement = one / ((one + squared * squared) * (one + turn * turn) * lines)
            total += agreement * pairs[p, SIMILARITY] * pairs[q, SIMILARITY]
            supports[p] += agreement * pairs[q, SIMILARITY]
            supports[q] += agreement * pairs[p, SIMILARITY]
    return total
