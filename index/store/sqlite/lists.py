"""Paged lists of the enrollment database."""

from __future__ import annotations

import sqlite3

from index.receipts import Page
from index.records import Gallery, RecordRevision, Reference, Subject
from index.store.effects import PackRow
from index.store.page_token import checked_page_size, make_page_token, read_page_token
from index.store.sqlite.connection import ReaderPool
from index.store.sqlite.galleries import galleries_after, gallery_number
from index.store.sqlite.references import all_packs, references_after
from index.store.sqlite.row_digests import ReportDamage
from index.store.sqlite.subject_records import revisions_after
from index.store.sqlite.subjects import find_subject, subjects_after


def packs_by_number(connection: sqlite3.Connection) -> dict[int, PackRow]:
    """Every pack by its number in the store."""
    return {pack.pack_number: pack for pack in all_packs(connection).values()}


def list_subjects(
    readers: ReaderPool, database_id: str, gallery_id: str, page_size: int, page_token: str
) -> Page[Subject]:
    """See Store.list_subjects."""
    limit, scope = checked_page_size(page_size), f"{database_id}/subjects/{gallery_id}"
    last_number = read_page_token(page_token, scope=scope)
    with readers.borrow() as connection:
        number = gallery_number(connection, gallery_id) if gallery_id else None
        rows = subjects_after(connection, last_number, limit + 1, gallery_number=number)
    shown = rows[:limit]
    token = make_page_token(shown[-1].subject_number, scope=scope) if len(rows) > limit else ""
    return Page(tuple(row.subject for row in shown), token)


def list_references(
    readers: ReaderPool, database_id: str, subject_id: str, *, page_size: int, page_token: str, report: ReportDamage
) -> Page[Reference]:
    """See Store.list_references."""
    limit, scope = checked_page_size(page_size), f"{database_id}/references/{subject_id}"
    last_id = read_page_token(page_token, scope=scope)
    with readers.borrow() as connection:
        subject = find_subject(connection, subject_id)
        rows = references_after(
            connection, packs_by_number(connection), subject, last_id=last_id, limit=limit + 1, report=report
        )
    shown = rows[:limit]
    token = make_page_token(shown[-1].reference_id, scope=scope) if len(rows) > limit else ""
    return Page(tuple(shown), token)


def list_revisions(
    readers: ReaderPool, database_id: str, subject_id: str, page_size: int, page_token: str
) -> Page[RecordRevision]:
    """See Store.list_revisions."""
    limit, scope = checked_page_size(page_size), f"{database_id}/revisions/{subject_id}"
    last_revision = read_page_token(page_token, scope=scope)
    with readers.borrow() as connection:
        number = find_subject(connection, subject_id).subject_number
        revisions = revisions_after(connection, number, last_revision, limit + 1)
    shown = revisions[:limit]
    token = make_page_token(shown[-1].revision, scope=scope) if len(revisions) > limit else ""
    return Page(tuple(shown), token)


def list_galleries(readers: ReaderPool, database_id: str, page_size: int, page_token: str) -> Page[Gallery]:
    """See Store.list_galleries."""
    limit, scope = checked_page_size(page_size), f"{database_id}/galleries"
    last_number = read_page_token(page_token, scope=scope)
    with readers.borrow() as connection:
        rows = galleries_after(connection, last_number, limit + 1)
    shown = rows[:limit]
    token = make_page_token(shown[-1][0], scope=scope) if len(rows) > limit else ""
    return Page(tuple(gallery for _, gallery in shown), token)
