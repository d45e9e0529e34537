"""A plain store becomes an encrypted one, in place, subject by subject; and which slots a store belongs to.

A run that is killed goes on where it was. Until it is through, both kinds of rows are read, and those of new subjects
are encrypted already.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Callable, Iterator

from index.errors import EncryptionKeyError
from index.records import OTHER_NAMES
from index.store.sqlite.connection import seals_of
from index.store.sqlite.look_ups import refill_documents
from index.store.sqlite.name_tokens import put_names
from index.store.sqlite.reassignment_rows import seal_reassignments
from index.store.sqlite.requests import seal_requests
from index.store.sqlite.row_digests import NO_DIGESTS, SELECT_CHECKED, intact, put_digest
from index.store.sqlite.sealed_rows import SealedText, key_of_subject, seal_subject, sealed_template, sealed_text
from index.store.sqlite.subject_records import FIELDS, revision_column
from index.store.sqlite.subjects import find_by_number

SLOTS_SETTING = "key_slots"
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
            raise EncryptionKeyError("the key slots are of another store; put back that one", reason="slots")
        is_empty = connection.execute("SELECT 1 FROM subject LIMIT 1").fetchone() is None
        progress = _WHOLE if is_empty else f"{_PARTLY} {seals.progress_token(_PARTLY)}"
        connection.execute("BEGIN IMMEDIATE")
        for name, value in ((SLOTS_SETTING, seals.slots_id), (PROGRESS_SETTING, progress)):
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
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
    """Of what came last, whose keys are among the newest."""
    for statement in (
        "SELECT key_number FROM subject_seal ORDER BY subject_number DESC LIMIT 1",
        "SELECT coalesce(reference_key, 0) FROM reference_digest ORDER BY reference_id DESC LIMIT 1",
        "SELECT key_number FROM image ORDER BY image_number DESC LIMIT 1",
    ):
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
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (PROGRESS_SETTING, _WHOLE))
    seals = seals_of(connection)
    assert seals is not None
    seals.takes_plain = False


def _seal_one(connection: sqlite3.Connection, number: int) -> int:
    """1 for a subject that was plain; its references too, each of them that is."""
    is_plain = key_of_subject(connection, number) is None
    if is_plain:
        external_id, name = connection.execute(
            "SELECT external_id, display_name FROM subject WHERE subject_number = ?", (number,)
        ).fetchone()
        seal_subject(connection, number, SealedText(external_id, name), None)
        fields = connection.execute("SELECT fields FROM subject_record WHERE subject_number = ?", (number,)).fetchone()
        other_names = json.loads(fields[0]).get(OTHER_NAMES, "") if fields else ""
        put_names(connection, number, name, other_names)
        connection.execute("UPDATE subject SET external_id = '', display_name = '' WHERE subject_number = ?", (number,))
        _seal_record(connection, number)
        seal_requests(connection, number)
        seal_reassignments(connection, number)
        # Of what can be opened again by now.
        refill_documents(connection, find_by_number(connection, number))
    subject_key = key_of_subject(connection, number)
    statement = f"{SELECT_CHECKED} WHERE reference.subject_number = ? AND subject_key IS NULL"
    for row in connection.execute(statement, (number,)).fetchall():
        reference_id = row[0]
        # A damaged one stays so: it is encrypted as it is, and gets no digests that fit.
        fits = any(True for _ in intact((row,), lambda _: None))
        vectors, minutiae, keys = sealed_template(connection, subject_key, reference_id, row[9], row[10])
        connection.execute(
            "UPDATE template SET vectors = ?, minutiae = ? WHERE reference_id = ?", (vectors, minutiae, reference_id)
        )
        put_digest(connection, (*row[:9], vectors, minutiae), keys)
        if not fits:
            connection.execute(
                "UPDATE reference_digest SET row_digest = ?, template_digest = ?, vectors_crc = ?"
                " WHERE reference_id = ?",
                (*NO_DIGESTS, reference_id),
            )
    return int(is_plain)


def _seal_record(connection: sqlite3.Connection, number: int) -> None:
    """What is recorded of a subject besides, and its history."""
    key = key_of_subject(connection, number)
    for (fields,) in connection.execute(
        "SELECT fields FROM subject_record WHERE subject_number = ?", (number,)
    ).fetchall():
        sealed = sealed_text(connection, number, key, fields, FIELDS)
        connection.execute("UPDATE subject_record SET fields = ? WHERE subject_number = ?", (sealed, number))
    statement = "SELECT revision, content FROM subject_revision WHERE subject_number = ?"
    for revision, content in connection.execute(statement, (number,)).fetchall():
        sealed = sealed_text(connection, number, key, content, revision_column(revision))
        connection.execute(
            "UPDATE subject_revision SET content = ? WHERE subject_number = ? AND revision = ?",
            (sealed, number, revision),
        )
