"""Rows of galleries and of who is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from index.errors import (
    AlreadyExistsError,
    DatabaseDamagedError,
    DatabaseError,
    GalleryNotEmptyError,
    GalleryNotFoundError,
)
from index.records import Gallery
from index.store.sqlite.reassignment_rows import raise_missing
from index.store.sqlite.row_checks import fits
from index.store.sqlite.rows import from_microseconds, to_microseconds
from index.store.sqlite.subjects import subject_numbers_of


def create_gallery(connection: sqlite3.Connection, gallery: Gallery, *, now: datetime) -> int:
    """Insert the gallery and return its number. Raises AlreadyExistsError."""
    if not gallery.gallery_id:
        raise DatabaseError("a gallery needs an id")
    taken = connection.execute("SELECT 1 FROM gallery WHERE gallery_id = ?", (gallery.gallery_id,)).fetchone()
    if taken:
        raise AlreadyExistsError("a gallery of that id exists already")
    cursor = connection.execute(
        "INSERT INTO gallery (gallery_id, display_name, purpose, create_time) VALUES (?, ?, ?, ?)",
        (gallery.gallery_id, gallery.display_name, gallery.purpose, to_microseconds(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def update_gallery(
    connection: sqlite3.Connection, gallery_id: str, *, display_name: str | None, purpose: str | None
) -> Gallery:
    """Change the texts that are not None; the gallery as it is then. Raises GalleryNotFoundError."""
    number = gallery_number(connection, gallery_id)
    connection.execute(
        "UPDATE gallery SET display_name = coalesce(?, display_name), purpose = coalesce(?, purpose)"
        " WHERE gallery_number = ?",
        (display_name, purpose, number),
    )
    ((_, gallery),) = galleries_after(connection, number - 1, 1)
    return gallery


def delete_gallery(
    connection: sqlite3.Connection, gallery_id: str, *, even_if_not_empty: bool
) -> tuple[int, tuple[int, ...]]:
    """Delete the gallery; its number, which is never given again, and those of the subjects that were in it. Raises
    GalleryNotFoundError, GalleryNotEmptyError."""
    number = gallery_number(connection, gallery_id)
    rows = connection.execute("SELECT subject_number FROM membership WHERE gallery_number = ?", (number,)).fetchall()
    if rows and not even_if_not_empty:
        raise GalleryNotEmptyError("subjects are in the gallery; nothing was changed", member_count=len(rows))
    connection.execute("DELETE FROM membership WHERE gallery_number = ?", (number,))
    connection.execute("DELETE FROM gallery WHERE gallery_number = ?", (number,))
    return number, tuple(row[0] for row in rows)


def gallery_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """All galleries: number by id. Damaged ones are left out."""
    statement = f"SELECT gallery_id, gallery_number FROM gallery WHERE {fits(connection, 'gallery')}"  # noqa: S608
    return dict(connection.execute(statement).fetchall())


def gallery_number(connection: sqlite3.Connection, gallery_id: str) -> int:
    """Number of one gallery. Raises GalleryNotFoundError, DatabaseDamagedError."""
    statement = f"SELECT gallery_number, {fits(connection, 'gallery')} FROM gallery WHERE gallery_id = ?"  # noqa: S608
    row = connection.execute(statement, (gallery_id,)).fetchone()
    if row is None:
        raise GalleryNotFoundError("no such gallery; create it first")
    if not row[1]:
        raise DatabaseDamagedError("what is stored of the gallery is damaged; restore a backup")
    return int(row[0])


def galleries_after(connection: sqlite3.Connection, last_number: int, limit: int) -> list[tuple[int, Gallery]]:
    """Up to limit galleries with higher numbers, in the order in which they were made; damaged ones are left out."""
    rows = connection.execute(
        "SELECT gallery_number, gallery_id, display_name, purpose, create_time FROM gallery"  # noqa: S608
        f" WHERE gallery_number > ? AND {fits(connection, 'gallery')} ORDER BY gallery_number LIMIT ?",
        (last_number, limit),
    )
    return [
        (row[0], Gallery(gallery_id=row[1], display_name=row[2], purpose=row[3], create_time=from_microseconds(row[4])))
        for row in rows
    ]


def gallery_numbers_of_subject(connection: sqlite3.Connection, subject_number: int) -> tuple[int, ...]:
    """The galleries that the subject is in."""
    rows = connection.execute(
        f"SELECT gallery_number FROM membership WHERE subject_number = ? AND {fits(connection, 'membership')}",  # noqa: S608
        (subject_number,),
    )
    return tuple(row[0] for row in rows)


def join(connection: sqlite3.Connection, number: int, subject_numbers: Iterable[int]) -> None:
    """Put subjects into a gallery; those that are in it already stay."""
    connection.executemany(
        "INSERT OR IGNORE INTO membership (gallery_number, subject_number) VALUES (?, ?)",
        [(number, subject_number) for subject_number in subject_numbers],
    )


def leave(connection: sqlite3.Connection, number: int, subject_numbers: Iterable[int]) -> None:
    """Take subjects out of a gallery; those that are not in it are passed over."""
    connection.executemany(
        "DELETE FROM membership WHERE gallery_number = ? AND subject_number = ?",
        [(number, subject_number) for subject_number in subject_numbers],
    )


def known_subject_numbers(connection: sqlite3.Connection, subject_ids: Iterable[str]) -> tuple[int, ...]:
    """Numbers of these subjects. Raises SubjectNotFoundError when one is unknown."""
    wanted = frozenset(subject_ids)
    found = subject_numbers_of(connection, wanted)
    for subject_id in wanted - found.keys():
        raise_missing(connection, subject_id)
    return tuple(found.values())
