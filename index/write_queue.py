"""Group commit: concurrent writes share one transaction and so one fsync, each acknowledged after it.

Whoever holds the writer lock commits for all who wait for it, so there is no thread of its own and a lone writer waits
for nobody. Each operation runs in its own savepoint: one that is refused takes back only itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from index.errors import DatabaseError
from index.store_connection import named_errors

Result = TypeVar("Result")
# Bounds how long the first of a group waits for the last, and the size of one transaction.
MAX_GROUP_COUNT = 256


@dataclass(frozen=True, slots=True, eq=False)
class Outcome(Generic[Result]):
    """What an operation answers, and what has to change outside the store once it is committed."""

    result: Result
    effects: tuple[object, ...] = ()


Operation = Callable[[sqlite3.Connection], Outcome[Result]]


class _Ticket:
    """One waiting operation. done is set last, under the writer lock."""

    __slots__ = ("done", "error", "operation", "outcome")

    def __init__(self, operation: Callable[[sqlite3.Connection], Outcome[Any]]) -> None:
        self.operation = operation
        self.outcome: Outcome[Any] | None = None
        self.error: BaseException | None = None
        self.done = False


class WriteQueue:
    """Runs operations on the writing connection. Thread safe."""

    def __init__(self, connection: sqlite3.Connection, apply_effects: Callable[[Sequence[object]], None]) -> None:
        """apply_effects: called under the writer lock after each commit, before any of the group is acknowledged."""
        self._connection = connection
        self._apply_effects = apply_effects
        self._pending: list[_Ticket] = []
        self._pending_lock = threading.Lock()
        self._writer_lock = threading.Lock()

    def submit(self, operation: Operation[Result]) -> Result:
        """Run, commit, apply; returns when all three are done. Raises what the operation raised, or DatabaseError."""
        ticket = _Ticket(operation)
        with self._pending_lock:
            self._pending.append(ticket)
        while not ticket.done:
            with self._writer_lock:
                if not ticket.done:
                    with self._pending_lock:
                        group = self._pending[:MAX_GROUP_COUNT]
                        del self._pending[:MAX_GROUP_COUNT]
                    self._run(group)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.outcome is not None
        return cast(Result, ticket.outcome.result)

    def exclusively(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run action outside any transaction while nobody writes."""
        with self._writer_lock, named_errors():
            return action(self._connection)

    def _run(self, group: Sequence[_Ticket]) -> None:
        try:
            with named_errors():
                self._commit(group)
            effects = [effect for ticket in group if ticket.outcome for effect in ticket.outcome.effects]
            if effects:
                self._apply_effects(effects)
        except BaseException as error:
            for ticket in group:
                ticket.error = ticket.error or _error_of_one(error)
            if not isinstance(error, Exception):
                raise
        finally:
            for ticket in group:
                ticket.done = True

    def _commit(self, group: Sequence[_Ticket]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for ticket in group:
                self._run_one(ticket)
            if all(ticket.error for ticket in group):
                connection.execute("ROLLBACK")
                return
            connection.execute("UPDATE change_count SET value = value + 1")
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors, such as a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _run_one(self, ticket: _Ticket) -> None:
        connection = self._connection
        connection.execute("SAVEPOINT operation")
        try:
            ticket.outcome = ticket.operation(connection)
        except sqlite3.Error:
            raise
        except Exception as error:
            ticket.error = error
            connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")


def _error_of_one(error: BaseException) -> BaseException:
    """Each waiting thread raises an error of its own: one object must not collect the tracebacks of many."""
    if isinstance(error, DatabaseError):
        copy = type(error)(*error.args)
        copy.__cause__ = error
        return copy
    return DatabaseError(f"the write failed ({type(error).__name__}); see the server log")
