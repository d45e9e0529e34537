"""One unit vector a minutia: its cylinder, projected onto the directions that tell fingers apart.

The projection is a linear discriminant: of all directions in cylinder space it keeps those in which different
minutiae differ most relative to how much the same minutia differs between two prints. `descriptor_basis.npz` holds
it; training/descriptor_basis.py makes it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from index.records import Float32Array
from matcher.fingerprint.cylinders import cylinder_length, cylinders
from matcher.fingerprint.minutia_set import MinutiaSet

DIM: Final = 64
MINUTIA_LIMIT: Final = 160
"""Best minutiae that are described; a full print holds about 150."""
_BASIS_PATH: Final = Path(__file__).with_name("descriptor_basis.npz")


def describe(minutiae: MinutiaSet) -> Float32Array:
    """float32 (n, DIM) rows of unit norm, one for each of the n best minutiae, in their order; n <= MINUTIA_LIMIT.

    A minutia without neighbors still has a vector: that of an empty neighborhood. Thread safe.
    """
    if len(minutiae) == 0:
        return np.zeros((0, DIM), dtype=np.float32)
    mean, projection = _basis()
    projected = (cylinders(minutiae)[:MINUTIA_LIMIT] - mean) @ projection
    norms = np.sqrt(np.sum(projected.astype(np.float64) ** 2, axis=1, keepdims=True))
    return np.asarray(projected / np.maximum(norms, 1e-12), dtype=np.float32)


@lru_cache(maxsize=1)
def _basis() -> tuple[Float32Array, Float32Array]:
    """mean float32 (cylinder_length,), projection float32 (cylinder_length, DIM)."""
    with np.load(_BASIS_PATH) as arrays:
        mean, projection = arrays["mean"].astype(np.float32), arrays["projection"].astype(np.float32)
    assert projection.shape == (cylinder_length(), DIM)
    assert mean.shape == (cylinder_length(),)
    return mean, projection
