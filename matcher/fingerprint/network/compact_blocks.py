"""Bottlenecks with fewer hidden units: the one approximation of the fast LEADER graph.

Most of what the hidden units of LEADER's widest bottlenecks say about a print can be said by a quarter of them: so many
units, taught to answer what the whole block answers, give its results to one to three percent of their spread.
training/compact_blocks.py chooses and teaches them on generated prints; compact_blocks.npz beside this file is its
result, and fits the published weights only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from matcher.fingerprint.network.weights import Weights

CHANGES = ("expand_change", "bias_change", "reduce", "out_bias")
ARRAYS_FILE = Path(__file__).with_name("compact_blocks.npz")


@dataclass(frozen=True, slots=True, eq=False)
class CompactBlock:
    """The hidden part of a bottleneck, from its normalized values (without gain and offset) to what is added to the
    linear image of its input.

    units: int64 (k,), the original's hidden units from which learning began. expand_change: float32 (in, k), in the
    order of the weights, and bias_change: float32 (k,): how far it led from them; the originals stay in their pack.
    reduce: float32 (k, out); out_bias: float32 (out,), all biases of the block.
    """

    units: Int64Array
    expand_change: Float32Array
    bias_change: Float32Array
    reduce: Float32Array
    out_bias: Float32Array

    def expansion(self, weights: Weights, name: str) -> tuple[Float32Array, Float32Array]:
        """Matrix (in, k) and bias (k,) before the GELU, of the bottleneck of that name."""
        gain, offset = weights[f"{name}_ln"]
        expand, bias = weights[f"{name}_conv_exp"]
        matrix = expand[0, 0]
        return (
            (matrix * gain[:, None])[:, self.units] + self.expand_change,
            (bias + offset @ matrix)[self.units] + self.bias_change,
        )


CompactBlocks = Mapping[str, CompactBlock]
"""By the bottleneck's name in the weights; others are left as they are."""


def read_compact_blocks(path: Path = ARRAYS_FILE) -> CompactBlocks:
    """The blocks that are shipped."""
    with np.load(path) as arrays:
        names = sorted({key.partition("/")[0] for key in arrays.files})
        return {
            name: CompactBlock(
                arrays[f"{name}/units"].astype(np.int64),
                *(arrays[f"{name}/{part}"].astype(np.float32) for part in CHANGES),
            )
            for name in names
        }
