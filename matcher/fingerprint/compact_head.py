"""The position head with fewer hidden units: the one approximation of the fast LEADER graph.

More than half of its 208 hidden units are, on prints, nearly linear functions of others, so that 96 of them with newly
fitted output weights give the same four values a pixel to 0.1 % of their spread. training/position_head.py chooses and
fits them on generated prints; position_head.npz beside this file is its result, and fits the published weights only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.records import Float32Array, Int64Array

ARRAYS_FILE = Path(__file__).with_name("position_head.npz")


@dataclass(frozen=True, slots=True, eq=False)
class CompactHead:
    """units: int64 (k,), numbers of the kept hidden units. reduce: float32 (k, 4), from them to the values before the
    head's normalization. bias: float32 (4,), to be added there."""

    units: Int64Array
    reduce: Float32Array
    bias: Float32Array


def read_compact_head(path: Path = ARRAYS_FILE) -> CompactHead:
    """The fitted head that is shipped."""
    with np.load(path) as arrays:
        return CompactHead(
            arrays["units"].astype(np.int64), arrays["reduce"].astype(np.float32), arrays["bias"].astype(np.float32)
        )
