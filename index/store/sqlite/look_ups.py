"""By what subjects are found besides their own name and external id, made anew of all that is recorded of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final

from index.records import DOCUMENT_FIELDS, OTHER_NAMES, DocumentMatch, Subject
from index.store.sqlite.document_tokens import add_documents, fields_with, forget_documents
from index.store.sqlite.name_tokens import add_names
from index.store.sqlite.reassignment_rows import content_of, merges_into
from index.store.sqlite.subject_records import revision_texts, stored_fields
from index.store.sqlite.subjects import SubjectRow, find_by_external_id, find_by_number, find_by_numbers

# Which look-ups a store has been given, so that one of before gets the others at its first start.
_SETTING, _VERSION = "look_ups", "1"
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
        for number in numbers:
            subject = find_by_number(connection, number)
            refill_documents(connection, subject)
            add_names(connection, number, stored_fields(connection, subject)[1].get(OTHER_NAMES, ""))
        connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (_SETTING, _VERSION))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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
