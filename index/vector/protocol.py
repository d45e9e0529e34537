"""What a vector index promises: the protocol and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from index.arrays import BoolArray, Float32Array, Float64Array, Int64Array, UInt32Array

PADDING_ID = -1
PADDING_SIMILARITY = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The best references of each query, best first, ties by ascending reference id. Arrays are read-only.

    reference_ids: int64 (q, k), PADDING_ID where fewer than k references could be searched.
    similarities: float32 (q, k) in [-1, 1], cosine; PADDING_SIMILARITY in padded places. Higher is more similar.
    counts: int64 (q,), how many places of each row are real.
    proved: bool (q,). True: the bounds of the fast scan proved the row equal to an exhaustive float64 search.
        False: they could not, and the row was completed by that exhaustive search. Both are exact.
    rival: of a shortlist of fingers with a filter: the highest score of those that the filter leaves out, where a lead
        counts; else 0.
    """

    reference_ids: Int64Array
    similarities: Float32Array
    counts: Int64Array
    proved: BoolArray
    rival: float = 0.0

    def __post_init__(self) -> None:
        for array in (self.reference_ids, self.similarities, self.counts, self.proved):
            array.setflags(write=False)

    def __len__(self) -> int:
        return int(self.counts.shape[0])


class VectorIndex(Protocol):
    """Exact inner-product search over unit vectors. Higher is more similar.

    Safe for any mixture of calls from any number of threads: a search sees the index as it was at one moment between
    its start and its end, so a reference whose removal returned earlier is in no answer and one whose addition
    returned earlier is in every answer it belongs to.
    """

    @property
    def dim(self) -> int:
        """Length of every vector."""

    def __len__(self) -> int:
        """How many references are searchable now."""

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now, for comparison with the store."""

    def add(self, reference_ids: Int64Array, vectors: Float32Array) -> None:
        """reference_ids (n,), unique, >= 1; vectors float32 (n, dim), finite, unit norm. All or nothing.

        Raises VectorError, DuplicateReferenceError (an id is in the index already).
        """

    def replace(self, reference_ids: Int64Array, vectors: Float32Array) -> int:
        """Like add, but takes the place of references that are in the index; returns how many were.

        Every search sees either the old or the new vector of an id, never both and never neither.
        """

    def remove(self, reference_ids: Int64Array) -> int:
        """Forget these references; ids that are not in the index are passed over. Returns how many were removed."""

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """queries float32 (q, dim), finite, unit norm; k >= 1. Ranks only references in allowed, if given.

        Order is that of cosine_similarities in float64, ties by ascending reference id. Raises VectorError.
        """

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """Write the cache files of this index. stamp is kept and given back by load, e.g. the store's change count.

        Raises CacheFileError, DatabaseFullError; the previous cache stays whole then.
        """


def cosine_similarities(rows: Float32Array, query: Float32Array) -> Float64Array:
    """Float64 (n,) inner products of float32 rows (n, dim) with one float32 query (dim,).

    The one definition of similarity in this package: products of two float32 numbers are exact in float64, and the
    sum over one contiguous row is made in an order that depends on dim alone. So equal rows have equal similarities
    wherever they lie, which a matrix product does not promise (its kernels treat the last rows differently), and
    ties can be broken by id.
    """
    products = np.multiply(rows, query, dtype=np.float64)
    return np.asarray(np.add.reduce(products, axis=1), dtype=np.float64)


def read_only(vectors: Float32Array) -> Float32Array:
    """A view that cannot be written through. To compiled code mapped and other arrays are of one type only so."""
    view = vectors.view()
    view.setflags(write=False)
    return view


def best_first(reference_ids: Int64Array, similarities: Float64Array, k: int) -> Int64Array:
    """Positions (int64, at most k) of the best references: descending similarity, then ascending id."""
    return np.lexsort((reference_ids, -similarities))[:k].astype(np.int64, copy=False)


def hits_from_rows(rows: Sequence[tuple[Int64Array, Float64Array]], k: int, proved: BoolArray) -> Hits:
    """Pad ranked (ids, similarities) of each query, at most k long, to one Hits."""
    reference_ids = np.full((len(rows), k), PADDING_ID, dtype=np.int64)
    similarities = np.full((len(rows), k), PADDING_SIMILARITY, dtype=np.float32)
    counts = np.zeros(len(rows), dtype=np.int64)
    for number, (row_ids, row_similarities) in enumerate(rows):
        counts[number] = row_ids.size
        reference_ids[number, : row_ids.size] = row_ids
        # Rounding carries the similarity of a vector with itself to either side of 1.
        similarities[number, : row_ids.size] = np.clip(row_similarities, -1.0, 1.0)
    return Hits(reference_ids=reference_ids, similarities=similarities, counts=counts, proved=proved)


class SearchIndex(Protocol):
    """What a partition asks of an index, whatever the modality. Thread safe like VectorIndex."""

    def add(self, reference_ids: Int64Array, vectors: Sequence[Float32Array]) -> None:
        """reference_ids (n,); vectors: n arrays float32 (m, dim), one per reference."""

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

    def close(self) -> None:
        """Stop what it does in the background; it can still be searched, changed and saved."""

    @property
    def stamp(self) -> str:
        """The stamp that the loaded files were saved with, "" for an index that was not loaded."""


@runtime_checkable
class FingerIndex(Protocol):
    """What a partition of fingers asks of its index besides. Thread safe like VectorIndex."""

    def add(
        self, reference_ids: Int64Array, vectors: Sequence[Float32Array], places: Sequence[UInt32Array] | None = None
    ) -> None:
        """Like SearchIndex.add. places: n arrays uint32 (m,), where the minutiae of each reference lie."""

    def shortlist(
        self, queries: Float32Array, places: UInt32Array, k: int, *, reach: int, allowed: Int64Array | None
    ) -> Hits:
        """One row of references worth a full comparison with one finger. places: uint32 (q,), of the queries. reach: 0,
        1 or 2, how far the index looks."""


def no_hits(query_count: int, k: int) -> Hits:
    """The answer of a search among nothing."""
    return Hits(
        reference_ids=np.full((query_count, k), PADDING_ID, dtype=np.int64),
        similarities=np.full((query_count, k), PADDING_SIMILARITY, dtype=np.float32),
        counts=np.zeros(query_count, dtype=np.int64),
        proved=np.ones(query_count, dtype=np.bool_),
    )
