"""A plain store becomes an encrypted one, in place, subject by subject; and which slots a store belongs to.

A run that is killed goes on where it was. Until it is through, both kinds of rows are read, and those of new subjects
are encrypted already.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Iterator

from index.errors import DatabaseDamagedError, EncryptionKeyError
from index.records import OTHER_NAMES
from index.store.sqlite.connection import seals_of
from index.store.sqlite.look_ups import refill_documents
from index.store.sqlite.name_tokens import put_names
from index.store.sqlite.reassignment_rows import seal_reassignments
from index.store.sqlite.requests import seal_requests
from index.store.sqlite.row_checks import COLUMN, NO_CHECK, fits, keep_checks, key_sql
from index.store.sqlite.row_digests import SELECT_CHECKED, intact, put_digest, put_no_digest
from index.store.sqlite.sealed_rows import (
    SLOTS_SETTING,
    SealedText,
    key_of_subject,
    seal_subject,
    sealed_template,
    sealed_text,
)
from index.store.sqlite.subject_records import FIELDS, revision_column
from index.store.sqlite.subjects import find_by_number

PROGRESS_SETTING = "sealing"
_WHOLE, _PARTLY = "whole", "partly"
# A commit writes about so many; one is short, and what a kill takes back is little.
_SUBJECTS_A_COMMIT = 200

Report = Callable[[int, int], None]


def bind_keys(connection: sqlite3.Connection) -> None:
    """Keep, at the first time, which slots the store has its keys in, and hold it against these. connection: in
    autocommit mode. Raises EncryptionKeyError."""
    seals = seals_of(connection)
    known = key_slots_of(connection)
    if seals is None:
        if known:
            raise EncryptionKeyError("the key slots of the database are gone; put back their copy", reason="slots")
        return
    if not known:
        if seals.are_used:
            # Believing it would answer with whatever somebody put in the place of the encrypted store.
            raise EncryptionKeyError("the key slots are of another store; put back that one", reason="store")
        is_empty = connection.execute("SELECT 1 FROM subject LIMIT 1").fetchone() is None
        progress = _WHOLE if is_empty else f"{_PARTLY} {seals.progress_token(_PARTLY)}"
        connection.execute("BEGIN IMMEDIATE")
        for name, value in ((SLOTS_SETTING, seals.slots_id), (PROGRESS_SETTING, progress)):
            connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))
        connection.execute("COMMIT")
    elif known != seals.slots_id:
        raise EncryptionKeyError("the key slots are of another database; put back those of this one", reason="slots")
    elif not all(seals.has_given(number) for number in _newest_keys(connection)):
        # Going on would give numbers again that somebody has: deleting one of two would close the other.
        raise EncryptionKeyError("the key slots are older than the store; put back the newest copy", reason="unknown")
    seals.takes_plain = not is_sealed(connection)


def key_slots_of(connection: sqlite3.Connection) -> str:
    """Which slots the store has its keys in; "" where it is plain."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (SLOTS_SETTING,)).fetchone()
    return "" if row is None else str(row[0])


def _newest_keys(connection: sqlite3.Connection) -> Iterator[int]:
    """Of what came last and is not damaged, whose keys are among the newest."""
    for table, key, number in (
        ("subject_seal", "key_number", "subject_number"),
        ("reference_digest", "coalesce(reference_key, 0)", "reference_id"),
        ("image", "key_number", "image_number"),
    ):
        statement = f"SELECT {key} FROM {table} WHERE {fits(connection, table)} ORDER BY {number} DESC LIMIT 1"  # noqa: S608
        yield from (row[0] for row in connection.execute(statement))


def is_sealed(connection: sqlite3.Connection) -> bool:
    """Whether no row is plain any more, and no page that was set free. That one may be is believed only with a token,
    which nobody can make without the keys. connection: with keys."""
    seals = seals_of(connection)
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (PROGRESS_SETTING,)).fetchone()
    if seals is None or row is None:
        return seals is not None
    progress, _, token = str(row[0]).partition(" ")
    return progress != _PARTLY or not hmac.compare_digest(token, seals.progress_token(_PARTLY))


def seal_rows(connection: sqlite3.Connection, report: Report) -> None:
    """Encrypt every row that is plain, in commits of its own; then write the file anew, so that what pages hold besides
    rows is gone. connection: in autocommit mode, with keys, and nobody else writes."""
    (total,) = connection.execute("SELECT count(*) FROM subject").fetchone()
    (done,) = connection.execute("SELECT count(*) FROM subject_seal").fetchone()
    last = -1
    while True:
        report(done, total)
        numbers = connection.execute(
            "SELECT subject_number FROM subject WHERE subject_number > ? ORDER BY 1 LIMIT ?", (last, _SUBJECTS_A_COMMIT)
        ).fetchall()
        if not numbers:
            break
        connection.execute("BEGIN IMMEDIATE")
        try:
            for (number,) in numbers:
                done += _seal_one(connection, number)
            connection.execute("UPDATE change_count SET value = value + 1")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        last = numbers[-1][0]
    # Every page of the new file is written from rows, which are encrypted by now; so is what SQLite puts aside for it.
    connection.execute("PRAGMA temp_store=FILE")
    connection.execute("VACUUM")
    connection.execute("PRAGMA temp_store=MEMORY")
    # They went with what was temporary.
    keep_checks(connection)
    connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (PROGRESS_SETTING, _WHOLE))
    seals = seals_of(connection)
    assert seals is not None
    seals.takes_plain = False


def _seal_one(connection: sqlite3.Connection, number: int) -> int:
    """1 for a subject that was plain; its references too, each of them that is. Damaged ones stay so: they are
    encrypted as they are, and get no check that fits."""
    is_plain = not _has_seal(connection, number)
    if is_plain:
        damaged = _damaged_of_subject(connection, number)
        external_id, name = (
            text.decode(errors="replace")
            for text in connection.execute(
                "SELECT CAST(external_id AS BLOB), CAST(display_name AS BLOB) FROM subject WHERE subject_number = ?",
                (number,),
            ).fetchone()
        )
        key = seal_subject(connection, number, SealedText(external_id, name), None)
        put_names(connection, number, name, _other_names(connection, number))
        connection.execute("UPDATE subject SET external_id = '', display_name = '' WHERE subject_number = ?", (number,))
        _seal_record(connection, number, key)
        seal_requests(connection, number)
        seal_reassignments(connection, number)
        # Of what can be opened again by now, and is no damaged text.
        with contextlib.suppress(DatabaseDamagedError, ValueError):
            refill_documents(connection, find_by_number(connection, number))
        for table, row_key in damaged:
            where = f"{key_sql(connection, table)} = ?"
            connection.execute(f"UPDATE {table} SET {COLUMN} = {NO_CHECK} WHERE {where}", (row_key,))  # noqa: S608
    try:
        subject_key = key_of_subject(connection, number)
    except DatabaseDamagedError:
        # One that was sealed before, and what the disk made of its key opens nothing.
        return 0
    statement = f"{SELECT_CHECKED} WHERE reference.subject_number = ? AND subject_key IS NULL"
    for row in connection.execute(statement, (number,)).fetchall():
        reference_id = row[0]
        fits_digests = any(True for _ in intact((row,), lambda _: None))
        vectors, minutiae, keys = sealed_template(
            connection, subject_key, reference_id, _as_bytes(row[9]), _as_bytes(row[10])
        )
        connection.execute(
            "UPDATE template SET vectors = ?, minutiae = ? WHERE reference_id = ?", (vectors, minutiae, reference_id)
        )
        if fits_digests:
            put_digest(connection, (*row[:9], vectors, minutiae), keys)
        else:
            put_no_digest(connection, reference_id, keys)
    return int(is_plain)


def _other_names(connection: sqlite3.Connection, number: int) -> str:
    """ "" where there are none, or what is recorded is damaged."""
    fields = connection.execute(
        f"SELECT fields FROM subject_record WHERE subject_number = ? AND {fits(connection, 'subject_record')}",  # noqa: S608
        (number,),
    ).fetchone()
    return str(json.loads(fields[0]).get(OTHER_NAMES, "")) if fields else ""


def _has_seal(connection: sqlite3.Connection, number: int) -> bool:
    found = connection.execute("SELECT 1 FROM subject_seal WHERE subject_number = ?", (number,)).fetchone()
    return found is not None


def _damaged_of_subject(connection: sqlite3.Connection, number: int) -> list[tuple[str, bytes]]:
    """(table, key) of the rows of a subject that do not fit, of those that sealing changes."""
    found = []
    for table in ("subject", "subject_record", "subject_revision", "request"):
        statement = f"SELECT {key_sql(connection, table)} FROM {table} WHERE subject_number = ?"  # noqa: S608
        rows = connection.execute(f"{statement} AND NOT {fits(connection, table)}", (number,))
        found += [(table, row[0]) for row in rows]
    return found


def _as_bytes(value: object) -> bytes:
    """A flipped bit may have made something else of bytes."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def _seal_record(connection: sqlite3.Connection, number: int, key: int) -> None:
    """What is recorded of a subject besides, and its history."""
    for (fields,) in connection.execute(
        "SELECT CAST(fields AS BLOB) FROM subject_record WHERE subject_number = ?", (number,)
    ).fetchall():
        sealed = sealed_text(connection, number, key, fields.decode(errors="replace"), FIELDS)
        connection.execute("UPDATE subject_record SET fields = ? WHERE subject_number = ?", (sealed, number))
    statement = "SELECT revision, CAST(content AS BLOB) FROM subject_revision WHERE subject_number = ?"
    for revision, content in connection.execute(statement, (number,)).fetchall():
        sealed = sealed_text(connection, number, key, content.decode(errors="replace"), revision_column(revision))
        connection.execute(
            "UPDATE subject_revision SET content = ? WHERE subject_number = ? AND revision = ?",
            (sealed, number, revision),
        )
