"""References that are kept and not searched, because their rows do not fit their digests."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from index.store.effects import ReferencesRemoved
from index.store.sqlite.row_checks import fits
from index.store.sqlite.write_queue import WriteOutcome


def set_aside(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> WriteOutcome[None]:
    """Search these references no more; those that are gone by now are passed over."""
    connection.executemany(
        "INSERT OR IGNORE INTO set_aside (reference_id) SELECT reference_id FROM reference WHERE reference_id = ?",
        [(reference_id,) for reference_id in reference_ids],
    )
    return WriteOutcome(None, (ReferencesRemoved(tuple(reference_ids)),))


def references_set_aside(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Their ids, ascending."""
    return tuple(row[0] for row in connection.execute(f"{ids_set_aside(connection)} ORDER BY 1"))


def ids_set_aside(connection: sqlite3.Connection) -> str:
    """SQL of their ids, for a condition."""
    return f"SELECT reference_id FROM set_aside WHERE {fits(connection, 'set_aside', 'set_aside')}"  # noqa: S608
