"""Rows of what is owed to a log outside of the store (index/outbox.py), and how far that log has come."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import TypeVar

from index.errors import DatabaseDamagedError
from index.outbox import Owe, OwedRecord
from index.store.sqlite.row_checks import fits
from index.store.sqlite.rows import marks, parts_of

_HEAD = "log_head"
Receipt = TypeVar("Receipt")


def owe(connection: sqlite3.Connection, owed: Owe[Receipt] | None, receipt: Receipt) -> None:
    """Keep what a change owes, inside its transaction."""
    if owed is not None:
        record = owed(receipt)
        connection.execute("INSERT INTO owed_record (owed_id, content) VALUES (?, ?)", (record.owed_id, record.content))


def owed_records(connection: sqlite3.Connection) -> tuple[OwedRecord, ...]:
    """What is owed; without its content where that is damaged."""
    statement = f"SELECT owed_id, CASE WHEN {fits(connection, 'owed_record')} THEN content ELSE '' END FROM owed_record"  # noqa: S608
    return tuple(OwedRecord(*row) for row in connection.execute(statement))


def log_head(connection: sqlite3.Connection) -> str:
    """How far the log had come; "" where that was never said."""
    return setting(connection, _HEAD) or ""


def setting(connection: sqlite3.Connection, name: str) -> str | None:
    """What a store keeps of itself under a name; None where that is nothing. Raises DatabaseDamagedError."""
    statement = f"SELECT CAST(value AS BLOB), {fits(connection, 'setting')} FROM setting WHERE name = ?"  # noqa: S608
    row = connection.execute(statement, (name,)).fetchone()
    if row is not None and not row[1]:
        raise DatabaseDamagedError("a setting of the store is damaged; restore a backup")
    return None if row is None else bytes(row[0]).decode()


def check_settings(connection: sqlite3.Connection) -> None:
    """Raises DatabaseDamagedError where one is damaged; a new one would be made in its place."""
    statement = f"SELECT count(*) FROM setting WHERE NOT {fits(connection, 'setting')}"  # noqa: S608
    if connection.execute(statement).fetchone()[0]:
        raise DatabaseDamagedError("a setting of the store is damaged; restore a backup")


class Settlements:
    """What was settled and is not on disk yet. `write` and `written` frame a commit; `note` is for any thread.

    So settling costs no commit of its own where writes follow each other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled: list[int] = []
        self._head = ""
        self._written_head = ""
        self._in_commit = (0, "")

    @property
    def is_empty(self) -> bool:
        """Whether everything noted is on disk."""
        return not self._settled and self._head == self._written_head

    def note(self, owed_ids: Sequence[int], head: str) -> None:
        """To be written with the next commit."""
        with self._lock:
            self._settled += owed_ids
            self._head = head or self._head

    def write(self, connection: sqlite3.Connection) -> None:
        """Inside the transaction of a commit; nothing is forgotten before `written`."""
        with self._lock:
            settled, head = list(self._settled), self._head
        for part in parts_of(settled):
            connection.execute(f"DELETE FROM owed_record WHERE owed_id IN ({marks(part)})", part)  # noqa: S608
        if head != self._written_head:
            connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (_HEAD, head))
        self._in_commit = (len(settled), head)

    def written(self) -> None:
        """The commit is on disk."""
        count, head = self._in_commit
        with self._lock:
            del self._settled[:count]
        self._written_head = head
