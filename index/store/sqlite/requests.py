"""Requests that were carried out, so that repeating one gives its first answer instead of doing it again."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from index.errors import DatabaseDamagedError, RequestConflictError, SubjectNotFoundError
from index.store.sqlite.connection import seals_of
from index.store.sqlite.row_checks import fits


def earlier_receipt(
    connection: sqlite3.Connection, request_id: str, operation: str, digest: bytes
) -> dict[str, Any] | None:
    """What the request answered the first time; None when it is new or request_id is "".

    Raises RequestConflictError when it came with other content, SubjectNotFoundError when its subject was deleted
    since: repeating it must not bring the subject back. Raises DatabaseDamagedError where the answer is damaged.
    """
    if not request_id:
        return None
    row = connection.execute(
        "SELECT CAST(operation AS BLOB), digest, CAST(receipt AS BLOB), "  # noqa: S608
        f"{fits(connection, 'request')} FROM request WHERE request_id = ?",
        (request_id,),
    ).fetchone()
    if row is None:
        return None
    if not row[3]:
        raise DatabaseDamagedError("what this request answered is damaged; look what is there, use a new request_id")
    row = row[0].decode(), row[1], row[2].decode()
    if row[0] != operation:
        raise RequestConflictError("request_id was used for another operation; use a new one")
    if not row[2]:
        raise SubjectNotFoundError("what this request stored has been deleted since; use a new request_id")
    # A plain one is of before the store was encrypted.
    if row[1] not in (digest, _token(connection, digest)):
        raise RequestConflictError("request_id was used with other content; use a new one")
    receipt: dict[str, Any] = json.loads(row[2])
    return receipt


def remember_request(
    connection: sqlite3.Connection,
    request_id: str,
    operation: str,
    digest: bytes,
    receipt: dict[str, Any],
    *,
    subject_number: int | None,
) -> None:
    """Keep the answer under request_id, if there is one. digest: of what was asked for, which may name a person.
    subject_number: whose deletion blanks it."""
    if request_id:
        connection.execute(
            "INSERT INTO request (request_id, operation, digest, receipt, subject_number) VALUES (?, ?, ?, ?, ?)",
            (request_id, operation, _token(connection, digest), json.dumps(receipt), subject_number),
        )


def seal_requests(connection: sqlite3.Connection, subject_number: int) -> None:
    """Of one subject, whose requests were kept while it was plain."""
    statement = "SELECT request_id, digest FROM request WHERE subject_number = ?"
    for request_id, digest in connection.execute(statement, (subject_number,)).fetchall():
        connection.execute(
            "UPDATE request SET digest = ? WHERE request_id = ?", (_token(connection, digest), request_id)
        )


def _token(connection: sqlite3.Connection, digest: bytes) -> bytes:
    seals = seals_of(connection)
    return digest if seals is None else seals.request_token(digest)
