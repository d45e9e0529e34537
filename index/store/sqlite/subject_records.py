"""What is recorded of a subject beside its templates, every change of it, and who made it.

The fields that filters and look-ups read stand in the table subject; the others in one JSON text a subject. A revision
keeps the values before and after, so that none is ever lost by a change; deleting the subject takes all of them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from index.errors import AlreadyExistsError, DatabaseDamagedError, RevisionConflictError
from index.outbox import Owe
from index.receipts import RecordReceipt
from index.records import (
    OTHER_NAMES,
    SUBJECT_FIELDS,
    FieldChange,
    RecordAuthor,
    RecordEvent,
    RecordEventKind,
    RecordRevision,
    Sex,
    Subject,
    SubjectRecord,
)
from index.store.effects import SEX_CODES, Effect, SubjectChanged
from index.store.sqlite.document_tokens import add_documents
from index.store.sqlite.name_tokens import put_names
from index.store.sqlite.owed_records import owe
from index.store.sqlite.reassignment_rows import content_of, find_merge, find_reassignment
from index.store.sqlite.requests import earlier_receipt, remember_request
from index.store.sqlite.row_checks import fits
from index.store.sqlite.rows import from_microseconds, to_microseconds
from index.store.sqlite.sealed_rows import opened_text, sealed_text
from index.store.sqlite.subjects import SubjectRow, find_by_external_id, find_subject, set_subject_fields
from index.store.sqlite.write_queue import WriteOutcome

_OPERATION = "update_record"
# Where the fields of a record stand, for their seal.
FIELDS = "subject_record fields"


def read_record(connection: sqlite3.Connection, subject_id: str) -> SubjectRecord:
    """Raises SubjectNotFoundError."""
    return record_of(connection, find_subject(connection, subject_id))


def record_of(connection: sqlite3.Connection, row: SubjectRow) -> SubjectRecord:
    """Every field that is recorded."""
    revision, fields = stored_fields(connection, row)
    return SubjectRecord(row.subject.subject_id, revision, {**fields_of(row.subject), **fields})


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
    revision, fields = stored_fields(connection, row)
    if expected_revision is not None and expected_revision != revision:
        raise RevisionConflictError("the record was changed since it was read; read it again, then decide")
    before = {**fields_of(row.subject), **fields}
    changed = [FieldChange(name, before.get(name, ""), after) for name, after in sorted(changes.items())]
    changed = [one for one in changed if one.before != one.after]
    effects: tuple[Effect, ...] = ()
    if changed:
        revision += 1
        effects = put_fields(connection, row, fields, changed, revision)
        put_revision(connection, row, RecordRevision(revision, now, author, tuple(changed)))
    receipt = RecordReceipt(subject_id, revision, tuple(one.field for one in changed))
    kept = {"revision": revision, "changed_fields": receipt.changed_fields}
    remember_request(connection, request_id, _OPERATION, digest, kept, subject_number=row.subject_number)
    owe(connection, owed, receipt)
    # What a field was stays in the history alone; the bytes of the row that was replaced leave the files.
    return WriteOutcome(receipt, effects, frees_rows=bool(changed))


def revisions_after(
    connection: sqlite3.Connection, subject_id: str, last_revision: int, limit: int
) -> tuple[list[RecordRevision], int]:
    """Up to limit revisions with higher numbers, oldest first, and how many there are in all; also of a subject that
    was merged. Damaged ones are left out. Raises SubjectNotFoundError, DatabaseDamagedError where their key is."""
    merge = find_merge(connection, subject_id)
    if merge is not None:
        kept = [tuple(one) for one in content_of(connection, merge)["source"]["revisions"]]
        chosen = [one for one in kept if one[0] > last_revision][:limit]
        return [_revision(connection, subject_id, *one) for one in chosen], len(kept)
    row = find_subject(connection, subject_id)
    counted = connection.execute(
        "SELECT count(*) FROM subject_revision WHERE subject_number = ?", (row.subject_number,)
    )
    total_count = int(counted.fetchone()[0])
    texts = revision_texts(connection, row, last_revision=last_revision, limit=limit)
    return [_revision(connection, subject_id, *one) for one in texts], total_count


def revision_texts(
    connection: sqlite3.Connection, row: SubjectRow, *, last_revision: int = 0, limit: int = -1
) -> list[tuple[int, int, str]]:
    """(revision, time, content) of revisions with higher numbers, oldest first. limit: -1 for all of them. Damaged ones
    are left out."""
    rows = connection.execute(
        "SELECT revision, change_time, content FROM subject_revision WHERE subject_number = ? AND revision > ?"  # noqa: S608
        f" AND {fits(connection, 'subject_revision')} ORDER BY revision LIMIT ?",
        (row.subject_number, last_revision, limit),
    )
    number, key = row.subject_number, row.key_number
    return [
        (revision, time, opened_text(connection, number, key, content, revision_column(revision)))
        for revision, time, content in rows.fetchall()
    ]


def put_fields(
    connection: sqlite3.Connection,
    row: SubjectRow,
    fields: Mapping[str, str],
    changed: list[FieldChange],
    revision: int,
) -> tuple[Effect, ...]:
    """Record the values after these changes. Raises AlreadyExistsError for another subject's external id."""
    stored = row.subject
    after = {one.field: one.after for one in changed}
    own = {name: after.pop(name) for name in SUBJECT_FIELDS if name in after}
    kept = {name: value for name, value in {**fields, **after}.items() if value}
    content = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    connection.execute(
        "INSERT OR REPLACE INTO subject_record (subject_number, revision, fields) VALUES (?, ?, ?)",
        (row.subject_number, revision, sealed_text(connection, row.subject_number, row.key_number, content, FIELDS)),
    )
    add_documents(connection, row.subject_number, after)
    if OTHER_NAMES in after and "display_name" not in own:
        put_names(connection, row.subject_number, stored.display_name, kept.get(OTHER_NAMES, ""))
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
    if "display_name" in own:
        put_names(connection, row.subject_number, own["display_name"], kept.get(OTHER_NAMES, ""))
    if (sex, birth_year) == (stored.sex, stored.birth_year):
        return ()
    return (SubjectChanged(row.subject_number, SEX_CODES[sex], birth_year or 0),)


def revision_column(revision: int) -> str:
    """Where the content of a revision stands, for its seal."""
    return f"subject_revision content {revision}"


def put_revision(connection: sqlite3.Connection, row: SubjectRow, made: RecordRevision) -> None:
    """Of an event no more is kept than its kind, the reassignment and its references: what tells of the other subject
    stands with the reassignment, and goes with that subject."""
    put_revision_text(connection, row, made.revision, to_microseconds(made.change_time), revision_text(made))


def put_event(
    connection: sqlite3.Connection,
    row: SubjectRow,
    event: RecordEvent,
    author: RecordAuthor,
    now: datetime,
    *,
    changes: Sequence[FieldChange] = (),
) -> tuple[Effect, ...]:
    """A revision of the record that tells of an event. changes: of fields, made with it; what they were is kept with
    the reassignment."""
    revision, fields = stored_fields(connection, row)
    effects = put_fields(connection, row, fields, list(changes), revision + 1)
    put_revision(connection, row, RecordRevision(revision + 1, now, author, (), event))
    return effects


def put_revision_text(
    connection: sqlite3.Connection, row: SubjectRow, revision: int, change_time: int, content: str
) -> None:
    """As revision_texts gives them."""
    sealed = sealed_text(connection, row.subject_number, row.key_number, content, revision_column(revision))
    connection.execute(
        "INSERT INTO subject_revision (subject_number, revision, change_time, content) VALUES (?, ?, ?, ?)",
        (row.subject_number, revision, change_time, sealed),
    )


def revision_text(made: RecordRevision) -> str:
    """The content of a revision."""
    said: dict[str, Any] = {"author": asdict(made.author), "changes": [asdict(one) for one in made.changes]}
    if made.event is not None:
        kind, number, references = made.event.kind.value, made.event.reassignment_id, made.event.reference_ids
        said["event"] = {"kind": kind, "reassignment_id": number, "reference_ids": references}
    return json.dumps(said, ensure_ascii=False)


def _revision(
    connection: sqlite3.Connection, subject_id: str, revision: int, change_time: int, content: str
) -> RecordRevision:
    said: dict[str, Any] = json.loads(content)
    changes = tuple(FieldChange(**one) for one in said["changes"])
    event = None
    if "event" in said:
        event, changes = _event(connection, subject_id, **said["event"])
    author = RecordAuthor(**said["author"])
    return RecordRevision(revision, from_microseconds(change_time), author, changes, event)


def _event(
    connection: sqlite3.Connection, subject_id: str, kind: str, reassignment_id: int, reference_ids: list[int]
) -> tuple[RecordEvent, tuple[FieldChange, ...]]:
    """What is known of it as long as the other subject is not deleted, and which fields it changed."""
    event = RecordEvent(RecordEventKind(kind), reassignment_id, reference_ids=tuple(reference_ids))
    row = find_reassignment(connection, reassignment_id)
    if row is None:
        return event, ()
    is_source = row.source_id == subject_id
    event = replace(event, other_subject_id=row.target_id if is_source else row.source_id, is_undone=row.is_undone)
    if is_source or event.kind not in (RecordEventKind.MERGED_FROM, RecordEventKind.UNDONE):
        return event, ()
    content = content_of(connection, row)
    said = content.get("changes" if event.kind is RecordEventKind.MERGED_FROM else "undone", ())
    if event.kind is RecordEventKind.MERGED_FROM:
        event = replace(event, fields=content.get("source", {}).get("record", {}))
    return event, tuple(FieldChange(*one) for one in said)


def stored_fields(connection: sqlite3.Connection, row: SubjectRow) -> tuple[int, dict[str, str]]:
    """The revision of a record, and its fields beside SUBJECT_FIELDS."""
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


def fields_of(subject: Subject) -> dict[str, str]:
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
