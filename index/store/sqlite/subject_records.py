"""What is recorded of a subject beside its templates, every change of it, and who made it.

The fields that filters and look-ups read stand in the table subject; the others in one JSON text a subject. A revision
keeps the values before and after, so that none is ever lost by a change; deleting the subject takes all of them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from index.errors import AlreadyExistsError, DatabaseDamagedError, RevisionConflictError
from index.outbox import Owe
from index.receipts import RecordReceipt
from index.records import SUBJECT_FIELDS, FieldChange, RecordAuthor, RecordRevision, Sex, Subject, SubjectRecord
from index.store.effects import SEX_CODES, Effect, SubjectChanged
from index.store.sqlite.owed_records import owe
from index.store.sqlite.requests import earlier_receipt, remember_request
from index.store.sqlite.row_checks import fits
from index.store.sqlite.rows import from_microseconds, to_microseconds
from index.store.sqlite.sealed_rows import key_of_subject, opened_text, sealed_text
from index.store.sqlite.subjects import SubjectRow, find_by_external_id, find_subject, set_subject_fields
from index.store.sqlite.write_queue import WriteOutcome

_OPERATION = "update_record"
# Where the fields of a record stand, for their seal.
FIELDS = "subject_record fields"


def read_record(connection: sqlite3.Connection, subject_id: str) -> SubjectRecord:
    """Raises SubjectNotFoundError."""
    row = find_subject(connection, subject_id)
    revision, fields = _stored(connection, row)
    return SubjectRecord(subject_id, revision, {**_fields_of(row.subject), **fields})


def update_record(
    connection: sqlite3.Connection,
    subject_id: str,
    changes: Mapping[str, str],
    author: RecordAuthor,
    *,
    expected_revision: int | None,
    request_id: str,
    now: datetime,
    owed: Owe[RecordReceipt] | None,
) -> WriteOutcome[RecordReceipt]:
    """Change fields of a record and keep what they were; see Store.update_record."""
    digest = _digest_of(subject_id, changes)
    earlier = earlier_receipt(connection, request_id, _OPERATION, digest)
    if earlier is not None:
        names = tuple(earlier["changed_fields"])
        return WriteOutcome(RecordReceipt(subject_id, earlier["revision"], names, replayed=True))
    row = find_subject(connection, subject_id)
    revision, fields = _stored(connection, row)
    if expected_revision is not None and expected_revision != revision:
        raise RevisionConflictError("the record was changed since it was read; read it again, then decide")
    before = {**_fields_of(row.subject), **fields}
    changed = [FieldChange(name, before.get(name, ""), after) for name, after in sorted(changes.items())]
    changed = [one for one in changed if one.before != one.after]
    effects: tuple[Effect, ...] = ()
    if changed:
        revision += 1
        effects = _put(connection, row, fields, changed, revision)
        _put_revision(connection, row, RecordRevision(revision, now, author, tuple(changed)))
    receipt = RecordReceipt(subject_id, revision, tuple(one.field for one in changed))
    kept = {"revision": revision, "changed_fields": receipt.changed_fields}
    remember_request(connection, request_id, _OPERATION, digest, kept, subject_number=row.subject_number)
    owe(connection, owed, receipt)
    # What a field was stays in the history alone; the bytes of the row that was replaced leave the files.
    return WriteOutcome(receipt, effects, frees_rows=bool(changed))


def revision_count(connection: sqlite3.Connection, subject_number: int) -> int:
    """How often the record of a subject was changed."""
    counted = connection.execute("SELECT count(*) FROM subject_revision WHERE subject_number = ?", (subject_number,))
    return int(counted.fetchone()[0])


def revisions_after(
    connection: sqlite3.Connection, subject_number: int, last_revision: int, limit: int
) -> list[RecordRevision]:
    """Up to limit revisions with higher numbers, oldest first; damaged ones are left out. Raises
    DatabaseDamagedError where their key is."""
    rows = connection.execute(
        "SELECT revision, change_time, content FROM subject_revision WHERE subject_number = ? AND revision > ?"  # noqa: S608
        f" AND {fits(connection, 'subject_revision')} ORDER BY revision LIMIT ?",
        (subject_number, last_revision, limit),
    )
    key = key_of_subject(connection, subject_number)
    return [
        _revision(revision, time, opened_text(connection, subject_number, key, content, revision_column(revision)))
        for revision, time, content in rows.fetchall()
    ]


def _put(
    connection: sqlite3.Connection,
    row: SubjectRow,
    fields: Mapping[str, str],
    changed: list[FieldChange],
    revision: int,
) -> tuple[Effect, ...]:
    stored = row.subject
    after = {one.field: one.after for one in changed}
    own = {name: after.pop(name) for name in SUBJECT_FIELDS if name in after}
    kept = {name: value for name, value in {**fields, **after}.items() if value}
    content = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    connection.execute(
        "INSERT OR REPLACE INTO subject_record (subject_number, revision, fields) VALUES (?, ?, ?)",
        (row.subject_number, revision, sealed_text(connection, row.subject_number, row.key_number, content, FIELDS)),
    )
    if not own:
        return ()
    if own.get("external_id"):
        holder = find_by_external_id(connection, own["external_id"])
        if holder is not None and holder.subject_number != row.subject_number:
            raise AlreadyExistsError("the external id belongs to another subject; correct one of the two")
    sex = Sex(own["sex"] or Sex.UNKNOWN.value) if "sex" in own else stored.sex
    birth_year = _year(own["birth_year"]) if "birth_year" in own else stored.birth_year
    set_subject_fields(
        connection,
        row.subject_number,
        external_id=own.get("external_id", stored.external_id),
        display_name=own.get("display_name", stored.display_name),
        sex=sex,
        birth_year=birth_year,
    )
    if (sex, birth_year) == (stored.sex, stored.birth_year):
        return ()
    return (SubjectChanged(row.subject_number, SEX_CODES[sex], birth_year or 0),)


def revision_column(revision: int) -> str:
    """Where the content of a revision stands, for its seal."""
    return f"subject_revision content {revision}"


def _put_revision(connection: sqlite3.Connection, row: SubjectRow, made: RecordRevision) -> None:
    said = {"author": asdict(made.author), "changes": [asdict(one) for one in made.changes]}
    content = json.dumps(said, ensure_ascii=False)
    sealed = sealed_text(connection, row.subject_number, row.key_number, content, revision_column(made.revision))
    connection.execute(
        "INSERT INTO subject_revision (subject_number, revision, change_time, content) VALUES (?, ?, ?, ?)",
        (row.subject_number, made.revision, to_microseconds(made.change_time), sealed),
    )


def _revision(revision: int, change_time: int, content: str) -> RecordRevision:
    said: dict[str, Any] = json.loads(content)
    changes = tuple(FieldChange(**one) for one in said["changes"])
    return RecordRevision(revision, from_microseconds(change_time), RecordAuthor(**said["author"]), changes)


def _stored(connection: sqlite3.Connection, row: SubjectRow) -> tuple[int, dict[str, str]]:
    found = connection.execute(
        "SELECT revision, CAST(fields AS BLOB), "  # noqa: S608
        f"{fits(connection, 'subject_record')} FROM subject_record WHERE subject_number = ?",
        (row.subject_number,),
    ).fetchone()
    if found is None:
        return 0, {}
    if not found[2]:
        raise DatabaseDamagedError("what is recorded of a subject is damaged; restore a backup")
    found = found[0], found[1].decode()
    return found[0], json.loads(opened_text(connection, row.subject_number, row.key_number, found[1], FIELDS))


def _fields_of(subject: Subject) -> dict[str, str]:
    """SUBJECT_FIELDS as texts; what is not recorded is left out."""
    sex = "" if subject.sex is Sex.UNKNOWN else subject.sex.value
    said = {
        "external_id": subject.external_id,
        "display_name": subject.display_name,
        "sex": sex,
        "birth_year": "" if subject.birth_year is None else str(subject.birth_year),
    }
    return {name: value for name, value in said.items() if value}


def _year(value: str) -> int | None:
    return int(value) if value else None


def _digest_of(subject_id: str, changes: Mapping[str, str]) -> bytes:
    said = json.dumps([_OPERATION, subject_id, dict(changes)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(said.encode()).digest()
