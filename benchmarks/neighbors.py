"""Busy processes beside a measurement, to learn how much they disturb it."""

import multiprocessing
import multiprocessing.synchronize
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def busy_neighbors(count: int) -> Iterator[None]:
    """count processes that compute and move memory until the block ends."""
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    neighbors = [context.Process(target=_keep_busy, args=(ended,), daemon=True) for _ in range(count)]
    for neighbor in neighbors:
        neighbor.start()
    try:
        yield
    finally:
        ended.set()
        for neighbor in neighbors:
            neighbor.join()


def _keep_busy(ended: multiprocessing.synchronize.Event) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((256, 256), dtype=np.float32)
    memory = rng.standard_normal(8_000_000, dtype=np.float32)  # larger than caches
    while not ended.is_set():
        for _ in range(20):
            matrix = matrix @ matrix
            matrix /= np.abs(matrix).max()
        memory += 1
