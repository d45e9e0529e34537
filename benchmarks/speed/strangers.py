"""Generated strangers with their descriptors, made by several processes."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_templates import minutia_sets
from matcher.fingerprint.comparison.descriptors import DIM, codes_of, describe

BATCH = 2048
_AHEAD = 2  # batches that a process may be ahead of whoever takes them


@dataclass(frozen=True, slots=True)
class Stranger:
    """codes: the descriptors, DIM bytes each, of which float_vectors makes unit rows. minutiae: serialized."""

    codes: bytes
    minutiae: bytes


def strangers(count: int, *, seed: int, job_count: int) -> Iterator[Stranger]:
    """The same ones, in the same order, for every job_count; the first n of a seed are the same for every count."""
    starts = range(0, count, BATCH)
    if job_count <= 1:
        for start in starts:
            yield from _made(start, min(BATCH, count - start), seed)
        return
    # Spawned, not forked: threads of libraries do not survive a fork.
    with ProcessPoolExecutor(job_count, multiprocessing.get_context("spawn")) as pool:
        waiting: deque[Future[list[Stranger]]] = deque()
        for start in starts:
            waiting.append(pool.submit(_made, start, min(BATCH, count - start), seed))
            if len(waiting) > _AHEAD * job_count:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def float_vectors(codes: bytes) -> NDArray[np.float32]:
    """float32 (n, DIM), what describe gave."""
    rows = np.frombuffer(codes, dtype=np.int8).reshape(-1, DIM).astype(np.float32)
    vectors = np.asarray(rows / np.sqrt(np.sum(rows * rows, axis=1, keepdims=True)), dtype=np.float32)
    vectors.flags.writeable = False
    return vectors


def _made(start: int, count: int, seed: int) -> list[Stranger]:
    sets = islice(minutia_sets(start + count, seed=seed, first=start), count)
    return [Stranger(codes_of(describe(one)).tobytes(), one.to_bytes()) for one in sets]
