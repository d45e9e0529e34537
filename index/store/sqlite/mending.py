"""Rows that were set aside, taken again from a store that was restored beside this one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.errors import BackupError
from index.keys.seals import Seals
from index.store.sqlite.connection import named_errors, open_reader, open_writer
from index.store.sqlite.migrations import apply_migrations
from index.store.sqlite.reassignment_rows import moves_of_reference
from index.store.sqlite.row_digests import SELECT_CHECKED, intact, put_digest
from index.store.sqlite.sealed_rows import Keys, key_of_subject, sealed_template
from index.store.sqlite.set_aside import references_set_aside

_SUBJECT = "SELECT subject_id FROM subject WHERE subject_number = ?"


def mend_references(store: Path, restored: Path, seals: Seals | None = None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Puts back what restored has whole of the references set aside in store: their ids, and those it has not.

    Both belong to one database, and a reference goes back to the subject it was of. Raises BackupError, DatabaseError.
    """
    with (
        named_errors(),
        contextlib.closing(open_writer(store, create=False, seals=seals)) as connection,
        contextlib.closing(open_reader(restored)) as source,
    ):
        apply_migrations(connection)
        if _database_id(connection) != _database_id(source):
            raise BackupError("the backup is of another database; use one of this database", reason="other_database")
        wanted = references_set_aside(connection)
        connection.execute("BEGIN IMMEDIATE")
        mended = tuple(one for one in wanted if _mend_one(connection, source, one))
        connection.execute("COMMIT")
    return mended, tuple(one for one in wanted if one not in mended)


def _mend_one(connection: sqlite3.Connection, source: sqlite3.Connection, reference_id: int) -> bool:
    # Since then it may have become another subject's.
    if moves_of_reference(connection, reference_id) != moves_of_reference(source, reference_id):
        return False
    rows = source.execute(f"{SELECT_CHECKED} WHERE reference.reference_id = ?", (reference_id,))
    row = next(intact(rows, lambda _: None), None)
    if row is None or not _is_same_subject(connection, source, row):
        return False
    *row, subject_key, reference_key = row
    named = [value.decode() if number in (5, 6) else value for number, value in enumerate(row)]
    keys: Keys = (subject_key, reference_key)
    if subject_key is None:
        # Of a backup of before the store was encrypted.
        subject_key = key_of_subject(connection, row[1])
        named[9], named[10], keys = sealed_template(connection, subject_key, reference_id, *named[9:])
    connection.execute(
        "UPDATE reference SET subject_number = ?, pack_number = ?, finger = ?, quality = ?, sample_sha256 = ?,"
        " station_id = ?, capture_time = ?, create_time = ? WHERE reference_id = ?",
        (*named[1:9], reference_id),
    )
    connection.execute("INSERT OR REPLACE INTO template VALUES (?, ?, ?)", (reference_id, *named[9:]))
    put_digest(connection, named, keys)
    connection.execute("DELETE FROM set_aside WHERE reference_id = ?", (reference_id,))
    return True


def _is_same_subject(connection: sqlite3.Connection, source: sqlite3.Connection, row: Sequence[Any]) -> bool:
    there = source.execute(_SUBJECT, (row[1],)).fetchone()
    return there is not None and connection.execute(_SUBJECT, (row[1],)).fetchone() == there


def _database_id(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT value FROM setting WHERE name = 'database_id'").fetchone()[0])
