"""The exhaustive float64 answer, in blocks, for more references than index/vector/exact.py has patience for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from index.vector.protocol import best_first, cosine_similarities

# Two float64 sums of the same products differ by far less; rows within it are compared by the one definition.
MARGIN = 1e-11
BLOCK_ROW_COUNT = 4096


def exhaustive_lists(blocks: Iterable[np.ndarray], probes: np.ndarray, k: int) -> np.ndarray:
    """int64 (p, k): ids of the k best references of each probe, in order; ids count from 1 over the blocks."""
    best: list[tuple[np.ndarray, np.ndarray]] = [(np.empty(0, np.int64), np.empty(0)) for _ in probes]
    probes64 = probes.astype(np.float64)
    first_id = 1
    for large in blocks:
        for start in range(0, len(large), BLOCK_ROW_COUNT):
            block = large[start : start + BLOCK_ROW_COUNT]
            products = probes64 @ block.astype(np.float64).T
            floors = np.array([similarities[-1] if ids.size == k else -np.inf for ids, similarities in best])
            for number in np.flatnonzero((products >= floors[:, None] - MARGIN).any(axis=1)):
                rows = np.flatnonzero(products[number] >= floors[number] - MARGIN)
                if rows.size > k:
                    kth = np.partition(products[number][rows], rows.size - k)[rows.size - k]
                    rows = rows[products[number][rows] >= kth - MARGIN]
                ids = np.concatenate([best[number][0], first_id + rows])
                similarities = np.concatenate([best[number][1], cosine_similarities(block[rows], probes[number])])
                order = best_first(ids, similarities, k)
                best[number] = (ids[order], similarities[order])
            first_id += len(block)
    return np.stack([ids for ids, _ in best])
