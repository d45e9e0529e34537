"""What was deleted since a backup was made, deleted from the restored store before it becomes a database."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from index.store.sqlite.references import delete_reference_rows, subject_ids_of
from index.store.sqlite.subjects import delete_subject_rows, subject_numbers_of


@dataclass(frozen=True, slots=True)
class Deletions:
    """references: (reference id, subject id) of references that were deleted alone."""

    subject_ids: frozenset[str] = frozenset()
    references: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class DeletionCounts:
    """What was there and is gone. reference_count: of references that were deleted alone."""

    subject_count: int
    reference_count: int


def delete_again(connection: sqlite3.Connection, deletions: Deletions) -> DeletionCounts:
    """Inside a transaction. A reference goes only if it belongs to the subject it was deleted of."""
    numbers = subject_numbers_of(connection, deletions.subject_ids)
    for number in numbers.values():
        delete_subject_rows(connection, number)
    owners = subject_ids_of(connection, sorted({reference_id for reference_id, _ in deletions.references}))
    gone = [reference_id for reference_id, owner in owners.items() if (reference_id, owner) in deletions.references]
    for reference_id in gone:
        delete_reference_rows(connection, reference_id)
    return DeletionCounts(len(numbers), len(gone))
