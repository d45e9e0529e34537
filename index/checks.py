"""What enters a vector index is checked here, so that every implementation refuses the same things by name."""

from __future__ import annotations

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.errors import VectorError

# Embedders normalize in float32; anything farther from 1 than this was not normalized at all.
UNIT_NORM_TOLERANCE = 1e-3


def checked_vectors(vectors: Float32Array, dim: int) -> Float32Array:
    """The same vectors as a C-contiguous float32 (n, dim) array. Raises VectorError on any other content."""
    if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
        raise VectorError("vectors must be a float32 array; convert them before the call")
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise VectorError(f"vectors must have shape (n, {dim}), not {vectors.shape}; was another pack used?")
    contiguous = np.ascontiguousarray(vectors)
    norms = np.sqrt(np.einsum("ij,ij->i", contiguous, contiguous, dtype=np.float64))
    if not np.isfinite(norms).all():
        raise VectorError("vectors must be finite; a NaN or an infinity means that the embedder failed")
    if norms.size and np.abs(norms - 1.0).max() > UNIT_NORM_TOLERANCE:
        raise VectorError("vectors must have unit norm; normalize each row before the call")
    return contiguous


def checked_ids(reference_ids: Int64Array, *, count: int | None = None) -> Int64Array:
    """Unique int64 ids >= 1 of shape (n,), n equal to count if given. Raises VectorError."""
    ids = _int64_ids(reference_ids)
    if count is not None and ids.size != count:
        raise VectorError(f"{ids.size} reference ids came with {count} vectors")
    if ids.size and int(ids.min()) < 1:
        raise VectorError("reference ids start at 1")
    if np.unique(ids).size != ids.size:
        raise VectorError("a reference id occurs twice in one call")
    return ids


def sorted_ids(reference_ids: Int64Array) -> Int64Array:
    """Ascending ids without repetition, for removal and filters, where repeated or unknown ids do no harm."""
    ids = _int64_ids(reference_ids)
    if ids.size < 2 or bool((ids[1:] > ids[:-1]).all()):
        return ids
    return np.unique(ids)


def checked_k(k: int) -> int:
    """k >= 1 or VectorError."""
    if k < 1:
        raise VectorError("k must be at least 1")
    return int(k)


def _int64_ids(reference_ids: Int64Array) -> Int64Array:
    ids = np.asarray(reference_ids)
    if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
        raise VectorError("reference ids must be a one-dimensional integer array")
    return np.ascontiguousarray(ids, dtype=np.int64)
