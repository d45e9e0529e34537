"""Paged lists of the enrollment database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple

from index.receipts import Page
from index.records import Gallery, RecordRevision, Reference, Subject, SubjectQuery, SubjectRecord
from index.store.effects import PackRow
from index.store.page_token import checked_page_size, make_page_token, read_page_token
from index.store.sqlite.galleries import galleries_after, gallery_numbers
from index.store.sqlite.references import all_packs, reference_count_of_subject, references_after
from index.store.sqlite.row_digests import ReportDamage
from index.store.sqlite.subject_query import PassingSubjects
from index.store.sqlite.subject_records import record_of, revisions_after
from index.store.sqlite.subjects import find_by_numbers, find_subject


def packs_by_number(connection: sqlite3.Connection) -> dict[int, PackRow]:
    """Every pack by its number in the store."""
    return {pack.pack_number: pack for pack in all_packs(connection).values()}


def list_subjects(
    connection: sqlite3.Connection, database_id: str, query: SubjectQuery, page_size: int, page_token: str
) -> Page[Subject]:
    """See Store.list_subjects."""
    limit, scope = checked_page_size(page_size), f"{database_id}/subjects/{astuple(query)}"
    place = read_page_token(page_token, scope=scope)
    passing = PassingSubjects(connection, query)
    rows = passing.after(place.last_number, limit + 1)
    # Counting a million for each page would cost more than the page.
    total_count = passing.count() if place.total_count is None else place.total_count
    token = _next_token([row.subject_number for row in rows], limit, total_count, scope)
    return Page(tuple(row.subject for row in rows[:limit]), token, total_count)


def list_references(
    connection: sqlite3.Connection,
    database_id: str,
    subject_id: str,
    *,
    page_size: int,
    page_token: str,
    report: ReportDamage,
) -> Page[Reference]:
    """See Store.list_references."""
    limit, scope = checked_page_size(page_size), f"{database_id}/references/{subject_id}"
    place = read_page_token(page_token, scope=scope)
    subject = find_subject(connection, subject_id)
    packs = packs_by_number(connection)
    rows = references_after(connection, packs, subject, last_id=place.last_number, limit=limit + 1, report=report)
    total_count = reference_count_of_subject(connection, subject.subject_number)
    token = _next_token([row.reference_id for row in rows], limit, total_count, scope)
    return Page(tuple(rows[:limit]), token, total_count)


def list_revisions(
    connection: sqlite3.Connection, database_id: str, subject_id: str, page_size: int, page_token: str
) -> Page[RecordRevision]:
    """See Store.list_revisions."""
    limit, scope = checked_page_size(page_size), f"{database_id}/revisions/{subject_id}"
    place = read_page_token(page_token, scope=scope)
    revisions, total_count = revisions_after(connection, subject_id, place.last_number, limit + 1)
    token = _next_token([one.revision for one in revisions], limit, total_count, scope)
    return Page(tuple(revisions[:limit]), token, total_count)


def list_records(
    connection: sqlite3.Connection, database_id: str, page_size: int, page_token: str
) -> Page[tuple[Subject, SubjectRecord]]:
    """See Store.list_records."""
    limit, scope = checked_page_size(page_size), f"{database_id}/records"
    place = read_page_token(page_token, scope=scope)
    rows = connection.execute(
        "SELECT subject_number FROM subject_record WHERE subject_number > ? ORDER BY 1 LIMIT ?",
        (place.last_number, limit + 1),
    )
    numbers = [int(row[0]) for row in rows.fetchall()]
    (total_count,) = connection.execute("SELECT count(*) FROM subject_record").fetchone()
    token = _next_token(numbers, limit, total_count, scope)
    found = [(row.subject, record_of(connection, row)) for row in find_by_numbers(connection, numbers[:limit])]
    return Page(tuple(found), token, total_count)


def list_galleries(connection: sqlite3.Connection, database_id: str, page_size: int, page_token: str) -> Page[Gallery]:
    """See Store.list_galleries."""
    limit, scope = checked_page_size(page_size), f"{database_id}/galleries"
    place = read_page_token(page_token, scope=scope)
    rows = galleries_after(connection, place.last_number, limit + 1)
    total_count = len(gallery_numbers(connection))
    token = _next_token([number for number, _ in rows], limit, total_count, scope)
    return Page(tuple(gallery for _, gallery in rows[:limit]), token, total_count)


def _next_token(numbers: Sequence[int], limit: int, total_count: int, scope: str) -> str:
    """numbers: of up to limit + 1 rows, the last of which says only that there is a next page."""
    return make_page_token(numbers[limit - 1], total_count, scope=scope) if len(numbers) > limit else ""
