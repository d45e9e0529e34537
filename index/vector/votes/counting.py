"""Votes of nearest descriptors, and which references may get them, one bit each."""

from __future__ import annotations

import numpy as np

from index.vector.kernels.arrays import empty, zeros
from index.vector.kernels.compiling import compiled
from index.vector.votes.packing import NUMBER_BITS


@compiled
def count_votes(similarities, ids, usable):  # type: ignore[no-untyped-def]
    """(ids int64 (n,), votes float32 (n,)), in no order, of what FAISS found for the descriptors of a probe.

    similarities: float32 (q, k), best first. ids: int64 (q, k) of rows, negative where there are no more. usable:
    uint8, a bit for each reference id, set where it may get votes.
    Each descriptor votes for its k nearest with their similarity less that of the last of them, or less 0 where there
    are fewer; of several of one reference the first counts. Divided by q, so that votes lie in [0, 1].
    """
    query_count, nearest_count = ids.shape
    slot_count = 1
    while slot_count < 2 * query_count * nearest_count:
        slot_count *= 2
    # A hash table with open addresses: where in found a reference is.
    places = np.full(slot_count, -1, np.int32)
    found = empty(query_count * nearest_count, np.int64)
    votes = zeros(query_count * nearest_count, np.float32)
    latest = np.full(query_count * nearest_count, -1, np.int32)
    count = 0
    for query in range(query_count):
        held = 0
        while held < nearest_count and ids[query, held] >= 0:
            held += 1
        last = similarities[query, held - 1] if held == nearest_count else np.float32(0.0)
        for rank in range(held):
            reference_id = ids[query, rank] >> NUMBER_BITS
            if reference_id >= 8 * len(usable) or not (usable[reference_id >> 3] >> (reference_id & 7)) & 1:
                continue
            slot = (reference_id * 0x9E3779B1) & (slot_count - 1)
            while places[slot] >= 0 and found[places[slot]] != reference_id:
                slot = (slot + 1) & (slot_count - 1)
            if places[slot] < 0:
                places[slot], found[count] = count, reference_id
                count += 1
            place = places[slot]
            if latest[place] != query:
                latest[place] = query
                votes[place] += max(similarities[query, rank] - last, np.float32(0.0)) / np.float32(query_count)
    return found[:count], votes[:count]


@compiled
def bits_of(alive, reference_ids):  # type: ignore[no-untyped-def]
    """(uint8 like alive, count): those bits of alive, a bit a reference id, that reference_ids int64 (n,) name."""
    bits, count = zeros(len(alive), np.uint8), 0
    for reference_id in reference_ids:
        if 0 < reference_id < 8 * len(alive):
            bit = np.uint8(1 << (reference_id & 7))
            if alive[reference_id >> 3] & bit:
                bits[reference_id >> 3] |= bit
                count += 1
    return bits, count
