"""One unit vector per minutia: its cylinder, projected onto the directions that tell fingers apart.

The projection is a linear discriminant (R. A. Fisher, Annals of Eugenics 7, 1936; here for many classes): of all
directions in cylinder space it keeps those in which different minutiae differ most relative to how much the same
minutia differs between two prints. `descriptor_basis.npz` holds it; training/fingerprints makes it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.fingerprint.comparison.cylinders import cylinder_length, cylinders
from matcher.fingerprint.minutia_set import MinutiaSet

Int8Array = npt.NDArray[np.int8]

DIM: Final = 64
MINUTIA_LIMIT: Final = 160
"""Best minutiae that are described; a full print holds about 150."""
QUALITY_FLOOR: Final = 0.15
"""Weaker minutiae are noise more often than not: with them FNMR at FMR 1e-3 rose from 0.1 to 0.4 %."""
ALWAYS_DESCRIBED: Final = 12
"""So many of the best are described whatever their quality: an imported template may state low ones throughout."""
CODE_LIMIT: Final = 127
_BASIS_PATH: Final = Path(__file__).with_name("descriptor_basis.npz")


def describe(minutiae: MinutiaSet) -> Float32Array:
    """float32 (n, DIM) rows of unit norm, one for each of the n = described_count(minutiae) best, in their order.

    A row is a vector of whole numbers within +-127, the largest of them +-127, scaled to unit norm, so that one byte
    a component keeps it without loss (codes_of). A minutia without neighbors still has a vector: that of an empty
    neighborhood. Thread safe.
    """
    count = described_count(minutiae)
    if count == 0:
        return np.zeros((0, DIM), dtype=np.float32)
    mean, projection = _basis()
    projected = np.asarray((cylinders(minutiae, count) - mean) @ projection, dtype=np.float32)
    codes = codes_of(projected).astype(np.float32)
    return np.asarray(codes / np.sqrt(np.sum(codes * codes, axis=1, keepdims=True)), dtype=np.float32)


def described_count(minutiae: MinutiaSet) -> int:
    """How many of the best minutiae are described and compared, at most MINUTIA_LIMIT."""
    good = int((minutiae.quality >= QUALITY_FLOOR).sum())
    return min(max(good, ALWAYS_DESCRIBED), len(minutiae), MINUTIA_LIMIT)


def codes_of(vectors: Float32Array) -> Int8Array:
    """int8 (n, DIM): each row scaled so that its largest component is +-127, rounded. Rows must not be 0."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.asarray(np.rint(vectors * (CODE_LIMIT / largest)), dtype=np.int8)


@lru_cache(maxsize=1)
def _basis() -> tuple[Float32Array, Float32Array]:
    """mean float32 (cylinder_length,), projection float32 (cylinder_length, DIM)."""
    with np.load(_BASIS_PATH) as arrays:
        mean, projection = arrays["mean"].astype(np.float32), arrays["projection"].astype(np.float32)
    assert projection.shape == (cylinder_length(), DIM)
    assert mean.shape == (cylinder_length(),)
    return mean, projection
