"""The references of one modality and pack: a search index, and the columns that filters read, in step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.checks import checked_vectors
from index.errors import VectorError
from index.partition.columns import ColumnFilter, ReferenceColumns, Resolved
from index.records import Template
from index.store.effects import PackRow, ReferenceAdded
from index.vector.protocol import FingerIndex, Hits, SearchIndex
from index.vector.votes.minutia_places import places_of


class Partition:
    """One writer at a time (the writer lock of the store), any number of searching threads."""

    def __init__(self, pack: PackRow, search_index: SearchIndex, folder: Path) -> None:
        """folder: of the files of search_index."""
        self.pack = pack
        self.search_index = search_index
        self.folder = folder
        # Of the files in folder; "" while there are none.
        self.saved_stamp = search_index.stamp
        self.columns = ReferenceColumns()
        # References of the store whose vectors it could not give when this was loaded: they are not searched.
        self.lost_ids: tuple[int, ...] = ()

    def add(self, added: Sequence[ReferenceAdded]) -> None:
        """Make references searchable. The index learns of them before the filters name them."""
        reference_ids = np.array([reference.reference_id for reference in added], dtype=np.int64)
        self.add_to_index(
            reference_ids, [reference.vectors for reference in added], [reference.minutiae for reference in added]
        )
        self.columns.append(
            reference_ids,
            subject_numbers=np.array([reference.subject_number for reference in added], dtype=np.int64),
            fingers=np.array([reference.finger for reference in added], dtype=np.uint8),
            sexes=np.array([reference.sex for reference in added], dtype=np.uint8),
            birth_years=np.array([reference.birth_year for reference in added], dtype=np.int16),
            memberships=[reference.gallery_numbers for reference in added],
        )

    def add_to_index(
        self, reference_ids: Int64Array, vectors: Sequence[Float32Array], minutiae: Sequence[bytes]
    ) -> None:
        """Without the columns. minutiae: as in Template, of each."""
        if isinstance(self.search_index, FingerIndex):
            places = [places_of(one, len(rows)) for one, rows in zip(minutiae, vectors, strict=True)]
            self.search_index.add(reference_ids, vectors, places)
        else:
            self.search_index.add(reference_ids, vectors)

    def remove(self, reference_ids: Int64Array) -> bool:
        """Forget references; those of other partitions are passed over. Returns whether there was one."""
        gone = self.columns.remove(reference_ids)
        if len(gone):
            self.search_index.remove(gone)
        return bool(len(gone))

    def search(self, queries: Float32Array, k: int, where: ColumnFilter, among: Int64Array | None) -> Hits:
        """Best k of the references that pass. among: only these ids. Raises VectorError on unusable queries."""
        checked_vectors(queries, self.pack.dim)
        if k < 1:
            raise VectorError("k must be at least 1")
        if where.is_open and among is None:
            return self.search_index.search(queries, k, allowed=None)
        allowed = self.resolve(where, among).reference_ids
        return self.search_index.search(queries, k, allowed=allowed)

    def shortlist(self, probe: Template, k: int, where: ColumnFilter, among: Int64Array | None, *, reach: int) -> Hits:
        """At most k of the fingers that pass, worth a full comparison. Raises VectorError on an unusable probe."""
        assert isinstance(self.search_index, FingerIndex)
        checked_vectors(probe.vectors, self.pack.dim)
        allowed = None if where.is_open and among is None else self.resolve(where, among).reference_ids
        places = places_of(probe.minutiae, len(probe.vectors))
        return self.search_index.shortlist(probe.vectors, places, k, reach=reach, allowed=allowed)

    def resolve(self, where: ColumnFilter, among: Int64Array | None) -> Resolved:
        """Which references pass, and of how many subjects."""
        if among is None:
            return self.columns.resolve(where)
        return self.columns.resolve_among(where, among)
