"""Requests that were carried out, so that repeating one gives its first answer instead of doing it again."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from index.errors import RequestConflictError, SubjectNotFoundError


def earlier_receipt(
    connection: sqlite3.Connection, request_id: str, operation: str, digest: bytes
) -> dict[str, Any] | None:
    """What the request answered the first time; None when it is new or request_id is "".

    Raises RequestConflictError when it came with other content, SubjectNotFoundError when its subject was deleted
    since: repeating it must not bring the subject back.
    """
    if not request_id:
        return None
    row = connection.execute(
        "SELECT operation, digest, receipt FROM request WHERE request_id = ?", (request_id,)
    ).fetchone()
    if row is None:
        return None
    if row[0] != operation:
        raise RequestConflictError("request_id was used for another operation; use a new one")
    if not row[2]:
        raise SubjectNotFoundError("what this request stored has been deleted since; use a new request_id")
    if row[1] != digest:
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
    """Keep the answer under request_id, if there is one. subject_number: whose deletion blanks it."""
    if request_id:
        connection.execute(
            "INSERT INTO request (request_id, operation, digest, receipt, subject_number) VALUES (?, ?, ?, ?, ?)",
            (request_id, operation, digest, json.dumps(receipt), subject_number),
        )
