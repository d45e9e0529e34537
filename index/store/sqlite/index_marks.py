"""What the store knows of index files: which are its own, and what has to leave them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from index.store.effects import PackRow
from index.store.protocol import IndexMark
from index.store.sqlite.write_queue import WriteOutcome


def index_mark(connection: sqlite3.Connection, pack: PackRow) -> IndexMark | None:
    """The index files of a pack that the store knows."""
    row = connection.execute(
        "SELECT pack_number, folder_name, stamp, next_stamp FROM cache_mark WHERE pack_number = ?",
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
    """What was noted and not forgotten, ascending."""
    return tuple(row[0] for row in connection.execute("SELECT reference_id FROM erasure ORDER BY reference_id"))


def forget_erasures(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> WriteOutcome[None]:
    """Nothing of these references stands in a file any more."""
    connection.executemany(
        "DELETE FROM erasure WHERE reference_id = ?", [(reference_id,) for reference_id in reference_ids]
    )
    return WriteOutcome(None)
