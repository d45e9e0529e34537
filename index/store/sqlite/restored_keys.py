"""What of a restored store its keys still open: a backup holds what was erased since as well, and the key is gone."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from index.errors import BackupError, EncryptionKeyError
from index.keys.slots import erased_slots, read_identity
from index.receipts import DeletionCounts
from index.store.sqlite.connection import named_errors
from index.store.sqlite.references import delete_reference_rows
from index.store.sqlite.row_checks import keep_checks
from index.store.sqlite.sealed_rows import SLOTS_SETTING, forget_erased_keys, noted_keys
from index.store.sqlite.subjects import delete_subject_rows


def leave_out_what_no_key_opens(made: Path, slots: Path, *, may_lose: bool) -> tuple[DeletionCounts, int] | None:
    """See index.store.opening."""
    with named_errors(), contextlib.closing(sqlite3.connect(made, isolation_level=None)) as connection:
        known = connection.execute("SELECT value FROM setting WHERE name = ?", (SLOTS_SETTING,)).fetchone()
        if known is None:
            return None
        _check_slots(slots, str(known[0]))
        keep_checks(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA journal_mode=MEMORY")
        subjects = dict(connection.execute("SELECT key_number, subject_number FROM subject_seal"))
        statement = "SELECT reference_key, reference_id FROM reference_digest WHERE reference_key IS NOT NULL"
        references = dict(connection.execute(statement))
        images = [row[0] for row in connection.execute("SELECT key_number FROM image")]
        merged = dict(connection.execute("SELECT source_key, reassignment_id FROM reassignment WHERE source_key > 0"))
        slot_count = 1 + max((0, *subjects, *references, *images, *merged))
        gone, unknown = erased_slots(slots, (*subjects, *references, *merged))
        if unknown and not may_lose:
            raise BackupError("the copy of the keys is older than the backup; use a newer one", reason="keys_older")
        connection.execute("BEGIN")
        counts = _delete(connection, subjects, references, gone | unknown)
        # What nobody can take back any more.
        connection.executemany(
            "DELETE FROM reassignment WHERE reassignment_id = ?",
            [(one,) for key, one in merged.items() if key in gone | unknown],
        )
        # A number that these slots do not have will be somebody else's. The others stay noted: what was deleted again
        # is closed at the first start, where the copy of the keys is older than the deletion.
        noted = noted_keys(connection)
        forget_erased_keys(connection, tuple(frozenset().union(*erased_slots(slots, noted))))
        connection.execute("COMMIT")
    with made.open("rb") as file:
        os.fsync(file.fileno())
    return counts, slot_count


def _check_slots(slots: Path, known: str) -> None:
    try:
        slots_id, _ = read_identity(slots)
    except EncryptionKeyError as error:
        raise BackupError("the backup is of an encrypted database; name the copy of its keys", reason="keys") from error
    if slots_id.hex() != known:
        raise BackupError("the copy of the keys is of another database", reason="keys_other")


def _delete(
    connection: sqlite3.Connection, subjects: dict[int, int], references: dict[int, int], gone: frozenset[int]
) -> DeletionCounts:
    subject_count = reference_count = 0
    for key, number in subjects.items():
        if key in gone:
            delete_subject_rows(connection, number)
            subject_count += 1
    left = {row[0] for row in connection.execute("SELECT reference_id FROM reference")}
    for key, reference_id in references.items():
        if key in gone and reference_id in left:
            delete_reference_rows(connection, reference_id)
            reference_count += 1
    return DeletionCounts(subject_count, reference_count)
