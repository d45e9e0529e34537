"""What the store knows of index files: which are its own, and what has to leave them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from index.store.effects import PackRow
from index.store.protocol import IndexMark
from index.store.sqlite.row_checks import fits
from index.store.sqlite.write_queue import WriteOutcome


def index_mark(connection: sqlite3.Connection, pack: PackRow) -> IndexMark | None:
    """The index files of a pack that the store knows. None where what it knows is damaged, or what has to leave them:
    then they are made anew, and hold nothing that was deleted."""
    if connection.execute(f"SELECT 1 FROM erasure WHERE NOT {fits(connection, 'erasure')}").fetchone():  # noqa: S608
        return None
    row = connection.execute(
        "SELECT pack_number, folder_name, stamp, next_stamp FROM cache_mark"  # noqa: S608
        f" WHERE pack_number = ? AND {fits(connection, 'cache_mark')}",
        (pack.pack_number,),
    ).fetchone()
    return None if row is None else IndexMark(*row)


def put_index_mark(connection: sqlite3.Connection, mark: IndexMark) -> WriteOutcome[None]:
    """Know these index files of a pack, and no others."""
    connection.execute(
        "INSERT OR REPLACE INTO cache_mark (pack_number, folder_name, stamp, next_stamp) VALUES (?, ?, ?, ?)",
        (mark.pack_number, mark.folder_name, mark.stamp, mark.next_stamp),
    )
    return WriteOutcome(None)


def note_erasures(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> None:
    """In the transaction that deletes the references."""
    connection.executemany(
        "INSERT OR IGNORE INTO erasure (reference_id) VALUES (?)", [(reference_id,) for reference_id in reference_ids]
    )


def pending_erasures(connection: sqlite3.Connection) -> tuple[int, ...]:
    """What was noted and not forgotten, ascending; without what is damaged, which could be somebody who is there."""
    statement = f"SELECT reference_id FROM erasure WHERE {fits(connection, 'erasure')} ORDER BY reference_id"  # noqa: S608
    return tuple(row[0] for row in connection.execute(statement))


def forget_erasures(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> WriteOutcome[None]:
    """Nothing of these references stands in a file any more."""
    connection.executemany(
        "DELETE FROM erasure WHERE reference_id = ?", [(reference_id,) for reference_id in reference_ids]
    )
    return WriteOutcome(None)
