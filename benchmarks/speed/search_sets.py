"""Seeded unit vectors with the structures that search meets: none, few real dimensions, several samples an identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

BLOCK_ROW_COUNT = 20_000
RANK = 48  # real dimensions of the low-rank set
LOW_RANK_NOISE = 0.1  # norm of what does not lie in them
SAMPLES_PER_IDENTITY = 8
# Norm of what tells samples of one identity apart, beside a center of norm 1: their cosine is about 0.6.
SAMPLE_NOISE = 0.8
PROBE_NOISE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class SearchSet:
    """blocks(): float32 (n, dim) unit rows, the same on every call. probes: float32 (p, dim) unit rows, half of them
    noisy copies of references, half new draws."""

    name: str
    blocks: Callable[[], Iterator[np.ndarray]]
    probes: np.ndarray


def make_set(name: str, *, size: int, dim: int, probe_count: int, seed: int) -> SearchSet:
    """One of SETS."""
    draw = SETS[name](dim, seed)

    def blocks() -> Iterator[np.ndarray]:
        for number, start in enumerate(range(0, size, BLOCK_ROW_COUNT)):
            yield unit(draw(np.random.default_rng((seed, 1, number)), min(BLOCK_ROW_COUNT, size - start)))

    rng = np.random.default_rng((seed, 2))
    first = next(blocks())
    mates = first[rng.integers(0, len(first), probe_count // 2)]
    noisy = mates + PROBE_NOISE * unit(draw(rng, len(mates)))
    probes = np.concatenate([unit(noisy), unit(draw(rng, probe_count - len(mates)))])
    return SearchSet(name, blocks, np.ascontiguousarray(probes[rng.permutation(probe_count)]))


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of norm 1, float32."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


Draw = Callable[[np.random.Generator, int], np.ndarray]


def _isotropic(dim: int, seed: int) -> Draw:
    return lambda rng, count: rng.standard_normal((count, dim), dtype=np.float32)


def _low_rank(dim: int, seed: int) -> Draw:
    rank = min(RANK, dim)
    basis = unit(np.random.default_rng((seed, 3)).standard_normal((rank, dim)))

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        inside = unit(rng.standard_normal((count, rank), dtype=np.float32) @ basis)
        return inside + LOW_RANK_NOISE * unit(rng.standard_normal((count, dim), dtype=np.float32))

    return draw


def _identities(dim: int, seed: int) -> Draw:
    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        centers = unit(rng.standard_normal((-(-count // SAMPLES_PER_IDENTITY), dim), dtype=np.float32))
        noise = unit(rng.standard_normal((count, dim), dtype=np.float32))
        return np.repeat(centers, SAMPLES_PER_IDENTITY, axis=0)[:count] + SAMPLE_NOISE * noise

    return draw


SETS = {"isotropic": _isotropic, "low-rank": _low_rank, "identities": _identities}
