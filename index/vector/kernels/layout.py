"""How the bytes of codes lie in memory for the compiled loops."""

from __future__ import annotations

import numpy as np

from index.arrays import Int64Array
from index.vector.kernels.dots import BLOCK_ROW_COUNT


def high_places(rows: Int64Array, half_length: int) -> Int64Array:
    """int64 (n * half_length,): where the high plane keeps the bytes of these rows."""
    block, lane = np.divmod(rows[:, None], BLOCK_ROW_COUNT)
    place = np.arange(half_length)
    starts = (block * half_length + place // 4 * 4) * BLOCK_ROW_COUNT
    return np.asarray(starts + lane * 4 + place % 4, dtype=np.int64).reshape(-1)
