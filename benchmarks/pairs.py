"""Which samples of a data set are compared."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PairList:
    """mated, non_mated: int64 (n, 2) and (m, 2), rows of samples, first < second.

    non_mated_possible: how many non-mated pairs there are; more than m if they were sampled.
    """

    mated: NDArray[np.int64]
    non_mated: NDArray[np.int64]
    non_mated_possible: int


def all_pairs(identities: NDArray[np.int64], *, non_mated_limit: int, seed: int) -> PairList:
    """Every unordered pair of different samples: of one identity mated, of two non-mated.

    identities: int64 (n,). Ten fingers of eight impressions give 280 and 2,880. If there are more than
    non_mated_limit non-mated pairs, that many different ones are drawn uniformly with the seed.
    """
    count = len(identities)
    order = np.argsort(identities, kind="stable")
    bounds = np.flatnonzero(np.diff(identities[order])) + 1
    mated = [_pairs_within(rows) for rows in np.split(order, bounds)]
    mated_pairs = np.concatenate(mated) if mated else np.zeros((0, 2), np.int64)
    possible = count * (count - 1) // 2 - len(mated_pairs)
    if possible <= non_mated_limit:
        first, second = np.triu_indices(count, 1)
        differ = identities[first] != identities[second]
        non_mated = np.stack([first[differ], second[differ]], axis=1)
    else:
        non_mated = _sampled(identities, non_mated_limit, np.random.default_rng(seed))
    return PairList(_sorted(mated_pairs), _sorted(non_mated), possible)


def _pairs_within(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    first, second = np.triu_indices(len(rows), 1)
    return np.stack([rows[first], rows[second]], axis=1).astype(np.int64)


def _sampled(identities: NDArray[np.int64], limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    count = len(identities)
    keys = np.zeros(0, np.int64)
    while len(keys) < limit:
        first, second = rng.integers(0, count, (2, limit))
        low, high = np.minimum(first, second), np.maximum(first, second)
        wanted = identities[low] != identities[high]
        keys = np.unique(np.concatenate([keys, (low * count + high)[wanted]]))
    keys = np.sort(rng.permutation(keys)[:limit])
    return np.stack([keys // count, keys % count], axis=1)


def _sorted(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    pairs = np.sort(pairs.astype(np.int64), axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
