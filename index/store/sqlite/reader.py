"""SqliteReader: what one connection sees."""

from __future__ import annotations

import sqlite3

from index.arrays import Float32Array, Int64Array
from index.store.effects import PackKey, PackRow
from index.store.protocol import IndexMark, StoreCounts, SubjectValues
from index.store.sqlite import counterparts, galleries, index_marks, references, searchable
from index.store.sqlite.row_digests import ReportDamage


class SqliteReader:
    """A StoreReader on a connection in a read transaction, or on the writing one while nobody writes."""

    def __init__(self, connection: sqlite3.Connection, report_damage: ReportDamage) -> None:
        self._connection = connection
        self._report_damage = report_damage

    def packs(self) -> dict[PackKey, PackRow]:
        """See StoreReader."""
        return references.all_packs(self._connection)

    def gallery_numbers(self) -> dict[str, int]:
        """See StoreReader."""
        return galleries.gallery_numbers(self._connection)

    def searchable_rows(self, pack: PackRow) -> Int64Array:
        """See StoreReader."""
        return searchable.searchable_rows(self._connection, pack)

    def subject_values(self, last_number: int) -> SubjectValues:
        """See StoreReader."""
        return searchable.subject_values(self._connection, last_number)

    def members(self, gallery_number: int) -> Int64Array:
        """See StoreReader."""
        return searchable.members(self._connection, gallery_number)

    def vectors(self, pack: PackRow, reference_ids: Int64Array) -> dict[int, Float32Array]:
        """See StoreReader."""
        return searchable.vectors(self._connection, pack, reference_ids, self._report_damage)

    def minutiae(self, pack: PackRow, reference_ids: Int64Array) -> dict[int, bytes]:
        """See StoreReader."""
        return searchable.minutiae(self._connection, pack, reference_ids)

    def index_mark(self, pack: PackRow) -> IndexMark | None:
        """See StoreReader."""
        return index_marks.index_mark(self._connection, pack)

    def pending_erasures(self) -> tuple[int, ...]:
        """See StoreReader."""
        return index_marks.pending_erasures(self._connection)

    def counts(self) -> StoreCounts:
        """See StoreReader."""
        return searchable.counts(self._connection)

    def schema(self) -> str:
        """See StoreReader."""
        return str(self._connection.execute("SELECT name FROM migration ORDER BY number DESC LIMIT 1").fetchone()[0])

    def counterparts(self) -> dict[int, int]:
        """See StoreReader."""
        return counterparts.counterparts(self._connection)
