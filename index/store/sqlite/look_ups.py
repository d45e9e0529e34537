"""By what subjects are found besides their own name and external id, made anew of all that is recorded of them."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final

from index.errors import DatabaseDamagedError
from index.records import DOCUMENT_FIELDS, OTHER_NAMES, DocumentMatch, Subject
from index.store.sqlite.document_tokens import (
    add_documents,
    documents_in,
    documents_of,
    fields_with,
    forget_documents,
)
from index.store.sqlite.name_tokens import put_names, stored_tokens
from index.store.sqlite.reassignment_rows import content_of, merges_into
from index.store.sqlite.subject_records import revision_texts, stored_fields
from index.store.sqlite.subjects import SubjectRow, find_by_external_id, find_by_number, find_by_numbers

log = logging.getLogger(__name__)

# Which look-ups a store has been given, so that one of before gets the others at its first start.
_SETTING, _VERSION = "look_ups", "1"
# Fewer are done in a moment.
_TOLD_FROM_COUNT, _TOLD_EVERY = 20_000, 10_000
EXTERNAL_ID: Final = "external_id"


def fill_look_ups(connection: sqlite3.Connection) -> None:
    """At a start, once: of records that were changed before there were these look-ups. connection: in autocommit mode,
    with its keys, which a restored store has not when it is made."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (_SETTING,)).fetchone()
    if row is not None and row[0] == _VERSION:
        return
    numbers = [one for (one,) in connection.execute("SELECT subject_number FROM subject_record ORDER BY 1").fetchall()]
    connection.execute("BEGIN IMMEDIATE")
    try:
        for place, number in enumerate(numbers, start=1):
            if len(numbers) >= _TOLD_FROM_COUNT and place % _TOLD_EVERY == 0:
                log.warning("listing other names and document numbers, once: %d of %d", place, len(numbers))
            # One that is damaged is found by nothing, and is filled in when it is mended.
            with contextlib.suppress(DatabaseDamagedError):
                _refill(connection, find_by_number(connection, number))
        connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (_SETTING, _VERSION))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def wrong_look_ups(connection: sqlite3.Connection) -> list[int]:
    """Numbers of the subjects that are found by other words or numbers than those that are recorded of them; damaged
    ones are passed over. Reads every record."""
    wrong: list[int] = []
    statement = "SELECT subject_number FROM subject WHERE subject_number > ? ORDER BY 1 LIMIT 500"
    numbers = [row[0] for row in connection.execute(statement, (0,))]
    while numbers:
        for row in find_by_numbers(connection, numbers):
            with contextlib.suppress(DatabaseDamagedError):
                if not _is_found_rightly(connection, row):
                    wrong.append(row.subject_number)
        numbers = [row[0] for row in connection.execute(statement, (numbers[-1],))]
    return wrong


def mend_look_ups(connection: sqlite3.Connection) -> None:
    """Inside a transaction: each subject is found by what is recorded of it, and by nothing else."""
    for number in wrong_look_ups(connection):
        _refill(connection, find_by_number(connection, number))


def _refill(connection: sqlite3.Connection, row: SubjectRow) -> None:
    other_names = stored_fields(connection, row)[1].get(OTHER_NAMES, "")
    refill_documents(connection, row)
    put_names(connection, row.subject_number, row.subject.display_name, other_names)


def _is_found_rightly(connection: sqlite3.Connection, row: SubjectRow) -> bool:
    names = " ".join((row.subject.display_name, stored_fields(connection, row)[1].get(OTHER_NAMES, "")))
    statement = "SELECT CAST(token AS BLOB) FROM subject_name_token WHERE subject_number = ?"
    words = {one for (one,) in connection.execute(statement, (row.subject_number,))}
    documents = documents_of(connection, row.subject_number)
    expected = {one for fields in _ever_recorded(connection, row) for one in documents_in(connection, fields)}
    return words == {one.encode() for one in stored_tokens(connection, names)} and documents == expected


def refill_documents(connection: sqlite3.Connection, row: SubjectRow) -> None:
    """By the numbers that stand or ever stood in the record of a subject, or of one merged into it, and no others."""
    forget_documents(connection, row.subject_number)
    for fields in _ever_recorded(connection, row):
        add_documents(connection, row.subject_number, fields)


def document_matches(connection: sqlite3.Connection, number: str, subjects: Iterable[Subject]) -> list[DocumentMatch]:
    """Where a number stands or stood in the records of subjects that were found by it."""
    found = []
    ids = {one.subject_id for one in subjects}
    with_field = fields_with(connection, number)
    for row in find_by_numbers(connection, tuple(with_field)):
        if row.subject.subject_id not in ids:
            continue
        fields = stored_fields(connection, row)[1]
        merges = merges_into(connection, row.subject_number)
        records = [fields, *(content_of(connection, one)["source"]["record"] for one in merges)]
        for name in with_field[row.subject_number]:
            place = next((place for place, record in enumerate(records) if record.get(name) == number), None)
            expiry = "" if place is None else records[place].get(DOCUMENT_FIELDS[name], "")
            found.append(DocumentMatch(row.subject.subject_id, name, place == 0, bool(place), expiry))
    holder = find_by_external_id(connection, number)
    if holder is not None and holder.subject.subject_id in ids:
        is_own = holder.subject.external_id == number
        found.append(DocumentMatch(holder.subject.subject_id, EXTERNAL_ID, is_own, not is_own))
    return found


def numbers_with(connection: sqlite3.Connection, number: str) -> tuple[int, ...]:
    """Numbers of the subjects that a document number leads to, ascending."""
    found = set(fields_with(connection, number))
    holder = find_by_external_id(connection, number)
    if holder is not None:
        found.add(holder.subject_number)
    return tuple(sorted(found))


def _ever_recorded(connection: sqlite3.Connection, row: SubjectRow) -> Iterable[Mapping[str, str]]:
    yield stored_fields(connection, row)[1]
    yield from _of_revisions(revision_texts(connection, row))
    for merge in merges_into(connection, row.subject_number):
        source = content_of(connection, merge)["source"]
        yield source["record"]
        yield from _of_revisions(source["revisions"])


def _of_revisions(revisions: Iterable[tuple[Any, Any, str]]) -> Iterable[Mapping[str, str]]:
    for _, _, content in revisions:
        for change in json.loads(content)["changes"]:
            yield {change["field"]: change["before"]}
            yield {change["field"]: change["after"]}
