"""Generated strangers as the store keeps them, made by several processes."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_templates import minutia_sets
from index.arrays import Int8Array
from index.records import StoredPrint
from matcher.fingerprint.comparison.descriptors import codes_of, describe
from matcher.fingerprint.minutia_set import MinutiaSet

BATCH = 2048
_AHEAD = 2  # batches that a process may be ahead of whoever takes them


def strangers(count: int, *, pack_id: str, seed: int, job_count: int) -> Iterator[StoredPrint]:
    """The same ones, in the same order, for every job_count; the first n of a seed are the same for every count."""
    starts = range(0, count, BATCH)
    if job_count <= 1:
        for start in starts:
            yield from _made(start, min(BATCH, count - start), pack_id, seed)
        return
    # Spawned, not forked: threads of libraries do not survive a fork.
    with ProcessPoolExecutor(job_count, multiprocessing.get_context("spawn")) as pool:
        waiting: deque[Future[list[StoredPrint]]] = deque()
        for start in starts:
            waiting.append(pool.submit(_made, start, min(BATCH, count - start), pack_id, seed))
            if len(waiting) > _AHEAD * job_count:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def stored(minutiae: MinutiaSet, pack_id: str) -> StoredPrint:
    """What the store keeps of a finger."""
    return StoredPrint(pack_id, codes_of(describe(minutiae)), minutiae.to_bytes())


def float_vectors(codes: Int8Array) -> NDArray[np.float32]:
    """float32 (n, dim), read-only: the unit rows that describe gave."""
    rows = codes.astype(np.float32)
    vectors = np.asarray(rows / np.sqrt(np.sum(rows * rows, axis=1, keepdims=True)), dtype=np.float32)
    vectors.flags.writeable = False
    return vectors


def _made(start: int, count: int, pack_id: str, seed: int) -> list[StoredPrint]:
    return [stored(one, pack_id) for one in minutia_sets(start + count, seed=seed, first=start)]
