"""Rows of erasures: deleted references whose vectors may still stand in index files."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from index.store.sqlite.write_queue import Outcome


def note_erasures(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> None:
    """In the transaction that deletes the references."""
    connection.executemany(
        "INSERT OR IGNORE INTO erasure (reference_id) VALUES (?)", [(reference_id,) for reference_id in reference_ids]
    )


def pending_erasures(connection: sqlite3.Connection) -> tuple[int, ...]:
    """What was noted and not forgotten, ascending."""
    return tuple(row[0] for row in connection.execute("SELECT reference_id FROM erasure ORDER BY reference_id"))


def forget_erasures(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> Outcome[None]:
    """Nothing of these references stands in a file any more."""
    connection.executemany(
        "DELETE FROM erasure WHERE reference_id = ?", [(reference_id,) for reference_id in reference_ids]
    )
    return Outcome(None)
