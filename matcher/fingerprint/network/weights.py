"""The weights of LEADER, as arrays by layer name.

LEADER: Cappelli and Ferrara, arXiv 2602.15493. The pyfing package (MIT) ships them as a Keras weights file; only the
file is read, pyfing itself is never imported because it wants Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import h5py
import numpy as np

from index.arrays import Float32Array
from matcher.errors import PackDamagedError
from matcher.texts.catalog import told

Weights = Mapping[str, tuple[Float32Array, ...]]
"""Layer name to its arrays in Keras order: kernels (height, width, in, out), then biases; gain, then offset."""

# The shape of the network (Cappelli and Ferrara, figure of the architecture), outermost level first.
CONTEXT_CHANNELS: Final = (16, 32, 64, 128)
REFINE_CHANNELS: Final = (32, 64, 128, 32)
REFINE_OUT_CHANNELS: Final = (20, 42, 91, 27)
GATE_DILATIONS: Final = (1, 3, 6)
NORM_EPSILON: Final = 1e-3
"""Keras's default, which LEADER uses."""


def read_leader_weights(path: Path) -> Weights:
    """Read every layer that has weights. Raises PackDamagedError where the file is not such a file."""
    try:
        with h5py.File(path, "r") as opened:
            layers = (group["vars"] for group in opened["layers"].values() if "vars" in group)
            weights = {
                str(arrays.attrs["name"]): tuple(
                    np.asarray(arrays[str(number)], dtype=np.float32) for number in range(len(arrays))
                )
                for arrays in layers
                if len(arrays)
            }
    except (OSError, KeyError, RuntimeError) as error:
        raise PackDamagedError(told("pack.leader_unreadable")) from error
    if not all(bool(np.isfinite(array).all()) for arrays in weights.values() for array in arrays):
        raise PackDamagedError(told("pack.leader_numbers"))
    return weights
