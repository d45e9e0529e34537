"""Rows of subjects. Every function takes the connection of its transaction; texts are kept verbatim.

Nothing is normalized: "Nguyễn" composed (NFC) and decomposed (NFD) are two different texts here, a number keeps its
leading zeros, and a lookup by external_id compares code point by code point. Whoever wants one form makes it before.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from index.errors import AlreadyExistsError, DatabaseDamagedError, DatabaseError
from index.records import Sex, Subject, SubjectState
from index.store.sqlite.connection import seals_of
from index.store.sqlite.images import delete_images_of_subject
from index.store.sqlite.name_tokens import add_names
from index.store.sqlite.reassignment_rows import forget_reassignments, holder_by_external_id, raise_missing
from index.store.sqlite.row_checks import fits
from index.store.sqlite.rows import from_microseconds, marks, parts_of, to_microseconds
from index.store.sqlite.sealed_rows import (
    SealedText,
    key_of_subject,
    keys_of_references,
    note_erased_keys,
    number_by_external_id,
    seal_subject,
    texts_of_subjects,
)

LAST_YEAR = 9999
# Texts as bytes: those of a damaged row may be none.
_COLUMNS = "subject_number, birth_year, create_time, " + ", ".join(
    f"CAST({name} AS BLOB)" for name in ("subject_id", "external_id", "display_name", "state", "sex")
)


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A stored subject and its number inside the store. key_number: of its slot, None where it is plain."""

    subject_number: int
    subject: Subject
    key_number: int | None = None


def number_of(connection: sqlite3.Connection, subject_id: str) -> int:
    """Number of the subject of this id, damaged or not. Raises SubjectNotFoundError, SubjectMergedError."""
    row = connection.execute("SELECT subject_number FROM subject WHERE subject_id = ?", (subject_id,)).fetchone()
    if row is None:
        raise_missing(connection, subject_id)
    return int(row[0])


def find_subject(connection: sqlite3.Connection, subject_id: str) -> SubjectRow:
    """The subject of this id. Raises SubjectNotFoundError, SubjectMergedError, DatabaseDamagedError."""
    rows = _select(connection, "WHERE subject_id = ?", (subject_id,))
    if not rows:
        raise_missing(connection, subject_id)
    return rows[0]


def find_by_number(connection: sqlite3.Connection, subject_number: int) -> SubjectRow:
    """The subject of a reference, which is there as long as the reference is. Raises DatabaseDamagedError."""
    return _select(connection, "WHERE subject_number = ?", (subject_number,))[0]


def find_by_external_id(connection: sqlite3.Connection, external_id: str) -> SubjectRow | None:
    """The subject with exactly this external id, or into which the one with it was merged, if there is one. Raises
    DatabaseDamagedError."""
    number = number_by_external_id(connection, external_id)
    if number is not None:
        return find_by_number(connection, number)
    seals = seals_of(connection)
    if seals is None or seals.takes_plain:
        rows = _select(connection, "WHERE external_id = ? AND external_id <> ''", (external_id,))
        if rows:
            return rows[0]
    number = holder_by_external_id(connection, external_id)
    return None if number is None else find_by_number(connection, number)


def find_by_numbers(connection: sqlite3.Connection, subject_numbers: Sequence[int]) -> list[SubjectRow]:
    """The subjects of these numbers, ascending; unknown and damaged ones are left out."""
    found: list[SubjectRow] = []
    for part in parts_of(sorted(subject_numbers)):
        where = f"WHERE subject_number IN ({marks(part)}) ORDER BY subject_number"
        found += _select(connection, where, tuple(part), may_be_damaged=True)
    return found


def find_or_create(connection: sqlite3.Connection, subject: Subject, *, now: datetime) -> tuple[SubjectRow, bool]:
    """The stored subject that is meant, and whether something that filters ask for changed.

    An existing subject keeps what is recorded; what was not recorded so far is filled in. Raises
    SubjectNotFoundError for an unknown id, AlreadyExistsError where the external id is another subject's.
    """
    if subject.birth_year is not None and not 1 <= subject.birth_year <= LAST_YEAR:
        raise DatabaseError(f"birth_year must be 1 to {LAST_YEAR}, or left out")
    by_number = find_by_external_id(connection, subject.external_id)
    if subject.subject_id:
        row = find_subject(connection, subject.subject_id)
        if by_number is not None and by_number.subject_number != row.subject_number:
            raise AlreadyExistsError("the external id belongs to another subject; correct one of the two")
        stored_number = row.subject.external_id
        # That of one merged into it is its own as well.
        if subject.external_id and stored_number and by_number is None and stored_number != subject.external_id:
            raise AlreadyExistsError("the subject has another external id; correct one of the two")
        return _filled_in(connection, row, subject)
    if by_number is not None:
        return _filled_in(connection, by_number, subject)
    return _created(connection, subject, now), False


def set_state(connection: sqlite3.Connection, subject_number: int, state: SubjectState) -> None:
    """Seal or unseal."""
    connection.execute("UPDATE subject SET state = ? WHERE subject_number = ?", (state.value, subject_number))


def set_subject_fields(
    connection: sqlite3.Connection,
    subject_number: int,
    *,
    external_id: str,
    display_name: str,
    sex: Sex,
    birth_year: int | None,
) -> None:
    """Record these instead of what is recorded. Whoever changes a name puts its words, with those of other names."""
    key = key_of_subject(connection, subject_number)
    if key is not None:
        seal_subject(connection, subject_number, SealedText(external_id, display_name), key)
        external_id = display_name = ""
    connection.execute(
        "UPDATE subject SET external_id = ?, display_name = ?, sex = ?, birth_year = ? WHERE subject_number = ?",
        (external_id, display_name, sex.value, birth_year, subject_number),
    )


def delete_subject_rows(connection: sqlite3.Connection, subject_number: int) -> int:
    """Delete the subject, and what is kept of those merged into it, with all that refers to it; returns the number of
    rows. Requests keep only their ids."""
    try:
        key = key_of_subject(connection, subject_number)
    except DatabaseDamagedError:
        # It may name the key of somebody else. What was this one's opens nothing any more that is here.
        key = None
    references = connection.execute("SELECT reference_id FROM reference WHERE subject_number = ?", (subject_number,))
    keys = keys_of_references(connection, [row[0] for row in references.fetchall()])
    note_erased_keys(connection, keys if key is None else (key, *keys))
    delete_images_of_subject(connection, subject_number)
    removed = forget_reassignments(connection, subject_number)
    for statement in (
        "DELETE FROM template WHERE reference_id IN (SELECT reference_id FROM reference WHERE subject_number = ?)",
        "DELETE FROM reference WHERE subject_number = ?",
        "DELETE FROM membership WHERE subject_number = ?",
        "DELETE FROM subject_seal WHERE subject_number = ?",
        "DELETE FROM subject_name_token WHERE subject_number = ?",
        "DELETE FROM document_token WHERE subject_number = ?",
        "DELETE FROM subject_record WHERE subject_number = ?",
        "DELETE FROM subject_revision WHERE subject_number = ?",
        "DELETE FROM subject WHERE subject_number = ?",
    ):
        removed += connection.execute(statement, (subject_number,)).rowcount
    connection.execute(
        "UPDATE request SET receipt = '', digest = x'', subject_number = NULL WHERE subject_number = ?",
        (subject_number,),
    )
    return removed


def insert_subject(
    connection: sqlite3.Connection, subject: Subject, *, with_texts: bool, subject_number: int | None = None
) -> int:
    """The number of the new row. with_texts: False where they are encrypted. subject_number: one that it had before."""
    assert subject.create_time is not None
    cursor = connection.execute(
        "INSERT INTO subject (subject_number, subject_id, external_id, display_name, state, sex, birth_year,"
        " create_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            subject_number,
            subject.subject_id,
            subject.external_id if with_texts else "",
            subject.display_name if with_texts else "",
            subject.state.value,
            subject.sex.value,
            subject.birth_year,
            to_microseconds(subject.create_time),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def subject_numbers_of(connection: sqlite3.Connection, subject_ids: Iterable[str]) -> dict[str, int]:
    """Numbers by subject id; unknown ids are left out."""
    found: dict[str, int] = {}
    for part in parts_of(sorted(subject_ids)):
        statement = f"SELECT subject_id, subject_number FROM subject WHERE subject_id IN ({marks(part)})"  # noqa: S608
        found.update(connection.execute(statement, part).fetchall())
    return found


def _filled_in(connection: sqlite3.Connection, row: SubjectRow, given: Subject) -> tuple[SubjectRow, bool]:
    stored = row.subject
    external_id = stored.external_id or given.external_id
    display_name = stored.display_name or given.display_name
    sex = given.sex if stored.sex is Sex.UNKNOWN else stored.sex
    birth_year = given.birth_year if stored.birth_year is None else stored.birth_year
    if (external_id, display_name) == (stored.external_id, stored.display_name) and (sex, birth_year) == (
        stored.sex,
        stored.birth_year,
    ):
        return row, False
    set_subject_fields(
        connection,
        row.subject_number,
        external_id=external_id,
        display_name=display_name,
        sex=sex,
        birth_year=birth_year,
    )
    # There was no name before, or this one.
    add_names(connection, row.subject_number, display_name)
    filled = find_subject(connection, stored.subject_id)
    return filled, (sex, birth_year) != (stored.sex, stored.birth_year)


def _created(connection: sqlite3.Connection, subject: Subject, now: datetime) -> SubjectRow:
    # Ids begin with the time so that new rows of the unique index lie together; 80 random bits keep them apart.
    subject_id = f"{max(to_microseconds(now), 0) // 1000:012x}{secrets.token_hex(10)}"
    is_sealed = seals_of(connection) is not None
    stored = replace(subject, subject_id=subject_id, galleries=frozenset(), create_time=now)
    number = insert_subject(connection, stored, with_texts=not is_sealed)
    key = None
    if is_sealed:
        key = seal_subject(connection, number, SealedText(subject.external_id, subject.display_name), None)
    add_names(connection, number, subject.display_name)
    return SubjectRow(number, stored, key)


def _select(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...], *, may_be_damaged: bool = False
) -> list[SubjectRow]:
    """may_be_damaged: then such a one is left out. Raises DatabaseDamagedError."""
    found = connection.execute(
        f"SELECT {fits(connection, 'subject')}, {_COLUMNS} FROM subject {condition}",  # noqa: S608
        values,
    ).fetchall()
    numbers = [row[1] for row in found]
    galleries = _galleries_of(connection, numbers)
    texts = texts_of_subjects(connection, numbers)
    rows = [_row(row, galleries, texts) for row in found]
    if None in rows and not may_be_damaged:
        raise DatabaseDamagedError("what is stored of a subject is damaged; restore a backup")
    return [row for row in rows if row is not None]


def _row(
    row: Sequence[Any], galleries: Mapping[int, list[str]], texts: Mapping[int, tuple[int, SealedText] | None]
) -> SubjectRow | None:
    """None for a damaged one."""
    if not row[0]:
        return None
    number, birth_year, created = row[1:4]
    subject_id, external_id, display_name, state, sex = (text.decode() for text in row[4:])
    key = None
    if number in texts:
        sealed = texts[number]
        if sealed is None:
            return None
        key, (external_id, display_name) = sealed[0], (sealed[1].external_id, sealed[1].display_name)
    subject = Subject(
        subject_id=subject_id,
        external_id=external_id,
        display_name=display_name,
        galleries=frozenset(galleries.get(number, ())),
        state=SubjectState(state),
        sex=Sex(sex),
        birth_year=birth_year,
        create_time=from_microseconds(created),
    )
    return SubjectRow(number, subject, key)


def _galleries_of(connection: sqlite3.Connection, subject_numbers: Sequence[int]) -> dict[int, list[str]]:
    galleries: dict[int, list[str]] = {}
    for part in parts_of(subject_numbers):
        statement = (
            "SELECT subject_number, gallery_id FROM membership JOIN gallery USING (gallery_number)"  # noqa: S608
            f" WHERE subject_number IN ({marks(part)}) AND {fits(connection, 'membership', 'membership')}"
            f" AND {fits(connection, 'gallery', 'gallery')}"
        )
        for number, gallery_id in connection.execute(statement, part):
            galleries.setdefault(number, []).append(gallery_id)
    return galleries
