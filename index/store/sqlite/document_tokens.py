"""Subjects by the numbers of their identity documents: those that stand in their records, and those that ever did.

In an encrypted store a number is a keyed hash, as external ids are. It is kept until the subject is deleted: a card
that ran out or was typed wrongly once still leads to its holder.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from index.records import DOCUMENT_FIELDS
from index.store.sqlite.connection import seals_of


def token_of(connection: sqlite3.Connection, number: str) -> bytes:
    """What stands for a number in this store."""
    seals = seals_of(connection)
    return number.encode() if seals is None else seals.document_token(number)


def add_documents(connection: sqlite3.Connection, subject_number: int, fields: Mapping[str, str]) -> None:
    """From now on the subject is found by these numbers too. fields: of a record, by id; others are passed over."""
    connection.executemany(
        "INSERT OR IGNORE INTO document_token (token, field, subject_number) VALUES (?, ?, ?)",
        [(*one, subject_number) for one in documents_in(connection, fields)],
    )


def documents_in(connection: sqlite3.Connection, fields: Mapping[str, str]) -> list[tuple[bytes, str]]:
    """(what stands for the number, field) of the fields of a record that hold one."""
    return [(token_of(connection, fields[name]), name) for name in DOCUMENT_FIELDS if fields.get(name)]


def documents_of(connection: sqlite3.Connection, subject_number: int) -> set[tuple[bytes, str]]:
    """Like documents_in, by which the subject is found."""
    rows = connection.execute("SELECT token, field FROM document_token WHERE subject_number = ?", (subject_number,))
    return {(bytes(token), str(field)) for token, field in rows}


def hand_documents_over(connection: sqlite3.Connection, source_number: int, target_number: int) -> None:
    """Numbers of one subject lead to another one from now on."""
    connection.execute(
        "INSERT OR IGNORE INTO document_token (token, subject_number, field)"
        " SELECT token, ?, field FROM document_token WHERE subject_number = ?",
        (target_number, source_number),
    )
    forget_documents(connection, source_number)


def forget_documents(connection: sqlite3.Connection, subject_number: int) -> None:
    """No number leads to the subject."""
    connection.execute("DELETE FROM document_token WHERE subject_number = ?", (subject_number,))


def fields_with(connection: sqlite3.Connection, number: str) -> dict[int, tuple[str, ...]]:
    """By the numbers of subjects in whose records it stands or stood, the fields, in the order of DOCUMENT_FIELDS."""
    found: dict[int, list[str]] = {}
    rows = connection.execute(
        "SELECT subject_number, field FROM document_token WHERE token = ?", (token_of(connection, number),)
    )
    for subject_number, field in rows.fetchall():
        found.setdefault(subject_number, []).append(field)
    return {one: tuple(name for name in DOCUMENT_FIELDS if name in fields) for one, fields in found.items()}
