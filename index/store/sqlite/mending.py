"""Rows that are damaged, taken again from a store that was restored beside this one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from index.errors import BackupError, DatabaseDamagedError
from index.keys.seals import Seals
from index.receipts import MendedStore
from index.store.sqlite.connection import named_errors, open_reader, open_writer
from index.store.sqlite.look_ups import mend_look_ups
from index.store.sqlite.migrations import apply_migrations
from index.store.sqlite.owed_records import setting
from index.store.sqlite.reassignment_rows import moves_of_reference, reassigned_since
from index.store.sqlite.row_checks import columns_checked, damaged_rows, fits, key_sql, named
from index.store.sqlite.row_digests import SELECT_CHECKED, intact, put_digest
from index.store.sqlite.sealed_rows import (
    REFERENCES,
    Keys,
    damaged_digests,
    is_bound,
    key_of_subject,
    opened,
    sealed_template,
)
from index.store.sqlite.set_aside import references_set_aside

# Notes of what is to be done with files: what they were about is done anew, or found anew.
_NOTES: Final = frozenset({"cache_mark", "erasure", "erased_key", "erased_file", "set_aside"})
# Settings that a backup brings, by key; the others the next start finds.
_SETTINGS: Final = frozenset({b"'database_id'", b"'key_slots'", b"'sealing'"})
# What an older backup may hold in the clear.
_PERSONAL: Final = frozenset(
    {"subject_record", "subject_revision", "request", "subject_seal", "owed_record", "reassignment", REFERENCES}
)
_SUBJECT = "SELECT subject_id FROM subject WHERE subject_number = ?"


def mend_store(store: Path, restored: Path, seals: Seals | None = None) -> MendedStore:
    """Puts back what restored has whole of what is damaged in store.

    Both belong to one database, and a reference goes back to the subject it was of. Other rows become what they were
    when the backup was made. Raises BackupError, DatabaseError.
    """
    with (
        named_errors(),
        contextlib.closing(open_writer(store, create=False, seals=seals)) as connection,
        contextlib.closing(open_reader(restored)) as source,
    ):
        apply_migrations(connection)
        if _database_id(connection) not in (_database_id(source), None):
            raise BackupError("the backup is of another database; use one of this database", reason="other_database")
        connection.execute("BEGIN IMMEDIATE")
        # The rows first: subjects and packs that references belong to.
        found = list(damaged_rows(connection))
        others = [one for one in found if one[0] != REFERENCES]
        left = tuple(named(*one) for one in others if not _mend_row(connection, source, *one))
        mend_look_ups(connection)
        wanted = tuple(sorted({*references_set_aside(connection), *damaged_digests(connection)}))
        mended = tuple(one for one in wanted if _mend_one(connection, source, one))
        connection.execute("COMMIT")
    return MendedStore(mended, tuple(one for one in wanted if one not in mended), len(others) - len(left), left)


def _mend_row(connection: sqlite3.Connection, source: sqlite3.Connection, table: str, key: bytes) -> bool:
    here = f"{key_sql(connection, table)} = ?"
    if table in _NOTES or (table == "setting" and key not in _SETTINGS):
        connection.execute(f"DELETE FROM {table} WHERE {here}", (key,))  # noqa: S608
        return True
    names = [name for name, _ in columns_checked(connection)[table]]
    statement = f"SELECT {', '.join(names)} FROM {table} WHERE {key_sql(source, table)} = ? AND {fits(source, table)}"  # noqa: S608
    row = source.execute(statement, (key,)).fetchone()
    was_plain = is_bound(connection) and not is_bound(source)
    if row is None or (was_plain and table in _PERSONAL):
        return False
    values = dict(zip(names, row, strict=True))
    if values.get("subject_number") in reassigned_since(connection, source):
        # What is the subject's was another's then, or the other way round.
        return False
    if was_plain and table == "subject":
        # Of before the store was encrypted: what is sealed by now stands in no row again.
        values |= {"external_id": "", "display_name": ""}
    put = ", ".join(f"{name} = ?" for name in names)
    try:
        connection.execute(f"UPDATE {table} SET {put} WHERE {here}", (*values.values(), key))  # noqa: S608
    except sqlite3.IntegrityError:
        # It would be equal to a row that came since.
        return False
    return True


def _mend_one(connection: sqlite3.Connection, source: sqlite3.Connection, reference_id: int) -> bool:
    whole = _whole(connection, reference_id)
    if whole is not None:
        # Its subject was not, or what is kept beside its digests.
        *row, subject_key, reference_key = whole
        put_digest(connection, row, (subject_key, reference_key))
        connection.execute("DELETE FROM set_aside WHERE reference_id = ?", (reference_id,))
        return True
    # Since then it may have become another subject's.
    if moves_of_reference(connection, reference_id) != moves_of_reference(source, reference_id):
        return False
    rows = source.execute(f"{SELECT_CHECKED} WHERE reference.reference_id = ?", (reference_id,))
    whole = next(intact(rows, lambda _: None), None)
    if whole is None or not _is_same_subject(connection, source, whole):
        return False
    *row, subject_key, reference_key = whole
    values = [value.decode() if number in (5, 6) else value for number, value in enumerate(row)]
    keys: Keys = (subject_key, reference_key)
    if subject_key is None:
        # Of a backup of before the store was encrypted.
        try:
            subject_key = key_of_subject(connection, row[1])
        except DatabaseDamagedError:
            return False
        values[9], values[10], keys = sealed_template(connection, subject_key, reference_id, *values[9:])
    connection.execute(
        "UPDATE reference SET subject_number = ?, pack_number = ?, finger = ?, quality = ?, sample_sha256 = ?,"
        " station_id = ?, capture_time = ?, create_time = ? WHERE reference_id = ?",
        (*values[1:9], reference_id),
    )
    connection.execute("INSERT OR REPLACE INTO template VALUES (?, ?, ?)", (reference_id, *values[9:]))
    put_digest(connection, values, keys)
    connection.execute("DELETE FROM set_aside WHERE reference_id = ?", (reference_id,))
    return True


def _whole(connection: sqlite3.Connection, reference_id: int) -> Sequence[Any] | None:
    """The row of a reference that is set aside, where it opens and is as it was written, and so is its subject."""
    rows = connection.execute(
        f"{SELECT_CHECKED} JOIN subject USING (subject_number)"
        f" WHERE reference.reference_id = ? AND {fits(connection, 'subject', 'subject')}",
        (reference_id,),
    ).fetchall()
    found = list(intact(rows, lambda _: None))
    return found[0] if list(opened(connection, found, lambda _: None)) else None


def _is_same_subject(connection: sqlite3.Connection, source: sqlite3.Connection, row: Sequence[Any]) -> bool:
    there = source.execute(_SUBJECT, (row[1],)).fetchone()
    return there is not None and connection.execute(_SUBJECT, (row[1],)).fetchone() == there


def _database_id(connection: sqlite3.Connection) -> str | None:
    """None where that is what is damaged."""
    try:
        return setting(connection, "database_id")
    except DatabaseDamagedError:
        return None
