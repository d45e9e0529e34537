"""Which index serves which modality: the one place that names the classes.

Faces have one vector a reference and an exact vector index. Fingerprints have many; until their index is here, the
shortlist is every reference allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from index.errors import CacheFileError
from index.quantized import QuantizedIndex
from index.records import Float32Array, Int64Array, Modality
from index.vectors import Hits


class SearchIndex(Protocol):
    """What a partition asks of an index, whatever the modality. Thread safe like VectorIndex."""

    def add(self, reference_ids: Int64Array, vectors: Sequence[Float32Array]) -> None:
        """reference_ids (n,); vectors: n arrays float32 (m, dim), one a reference."""

    def remove(self, reference_ids: Int64Array) -> int:
        """Forget references; returns how many were known."""

    def erase(self, reference_ids: Int64Array) -> None:
        """Overwrite what is left of removed references in memory and files. Raises CacheFileError."""

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending."""

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None) -> Hits:
        """Faces: one row of hits a query. Fingers: queries are the vectors of one finger; one row in all."""

    def save(self, folder: Path, *, stamp: str) -> None:
        """Write cache files into folder."""

    @property
    def stamp(self) -> str:
        """The stamp that the loaded files were saved with, "" for an index that was not loaded."""


class FaceIndex:
    """One vector a reference, searched exactly."""

    def __init__(self, vector_index: QuantizedIndex) -> None:
        self._vector_index = vector_index

    def add(self, reference_ids: Int64Array, vectors: Sequence[Float32Array]) -> None:
        """See SearchIndex.add."""
        self._vector_index.add(reference_ids, np.concatenate(vectors))

    def remove(self, reference_ids: Int64Array) -> int:
        """See SearchIndex.remove."""
        return self._vector_index.remove(reference_ids)

    def erase(self, reference_ids: Int64Array) -> None:
        """See SearchIndex.erase."""
        self._vector_index.erase(reference_ids)

    def reference_ids(self) -> Int64Array:
        """See SearchIndex.reference_ids."""
        return self._vector_index.reference_ids()

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None) -> Hits:
        """See SearchIndex.search."""
        return self._vector_index.search(queries, k, allowed=allowed)

    def save(self, folder: Path, *, stamp: str) -> None:
        """See SearchIndex.save."""
        self._vector_index.save(folder, stamp=stamp)

    @property
    def stamp(self) -> str:
        """See SearchIndex.stamp."""
        return self._vector_index.stamp


class EveryFingerIndex:
    """Ranks nothing: every allowed reference is shortlisted, by ascending id. Right at any size, slow at large ones."""

    stamp = ""

    def __init__(self) -> None:
        self._reference_ids = np.empty(0, dtype=np.int64)

    def add(self, reference_ids: Int64Array, vectors: Sequence[Float32Array]) -> None:
        """See SearchIndex.add."""
        assert len(vectors) == len(reference_ids)
        self._reference_ids = np.union1d(self._reference_ids, reference_ids)

    def remove(self, reference_ids: Int64Array) -> int:
        """See SearchIndex.remove."""
        kept = self._reference_ids[~np.isin(self._reference_ids, reference_ids)]
        removed = len(self._reference_ids) - len(kept)
        self._reference_ids = kept
        return removed

    def erase(self, reference_ids: Int64Array) -> None:
        """Nothing of a removed reference is left."""

    def reference_ids(self) -> Int64Array:
        """See SearchIndex.reference_ids."""
        return self._reference_ids

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None) -> Hits:
        """See SearchIndex.search. k is not applied: leaving one out could lose the mate."""
        found = self._reference_ids
        if allowed is not None:
            found = np.intersect1d(found, allowed)
        return listed(found)

    def save(self, folder: Path, *, stamp: str) -> None:
        """Nothing to keep."""


def listed(reference_ids: Int64Array) -> Hits:
    """Hits of one query that name these references without having compared them: similarities are 0."""
    count = len(reference_ids)
    return Hits(
        reference_ids=reference_ids.reshape(1, count).copy(),
        similarities=np.zeros((1, count), dtype=np.float32),
        counts=np.array([count], dtype=np.int64),
        proved=np.ones(1, dtype=np.bool_),
    )


def make_index(modality: Modality, dim: int, folder: Path) -> SearchIndex:
    """An empty index that keeps its files in folder, which is its own."""
    if modality is Modality.FACE:
        return FaceIndex(QuantizedIndex(dim, folder=folder))
    return EveryFingerIndex()


def warm_up() -> None:
    """Compile the loops of the indexes, which takes seconds in each process, before somebody waits for them."""
    QuantizedIndex(64).warm_up()


def load_index(modality: Modality, folder: Path) -> SearchIndex:
    """The index saved in folder. Raises CacheFileError."""
    if modality is Modality.FACE:
        return FaceIndex(QuantizedIndex.load(folder))
    raise CacheFileError("this index is never kept in files; rebuild it from the store")
