"""Writes to the store: concurrent ones share one transaction and so one fsync.

Each operation runs in its own savepoint: one that is refused takes back only itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from index.group_commit import GroupCommit, Ticket
from index.store.sqlite.connection import named_errors

Result = TypeVar("Result")
MAX_GROUP_COUNT = 256


@dataclass(frozen=True, slots=True, eq=False)
class Outcome(Generic[Result]):
    """What an operation answers, and what has to change outside the store once it is committed."""

    result: Result
    effects: tuple[object, ...] = ()


Operation = Callable[[sqlite3.Connection], Outcome[Result]]
_Tickets = Sequence[Ticket[Operation[Any]]]


class WriteQueue:
    """Runs operations on the writing connection. Thread safe."""

    def __init__(self, connection: sqlite3.Connection, apply_effects: Callable[[Sequence[object]], None]) -> None:
        """apply_effects: called under the writer lock after each commit, before any of the group is acknowledged."""
        self._connection = connection
        self._apply_effects = apply_effects
        self._groups = GroupCommit[Operation[Any]](self._run, max_group_count=MAX_GROUP_COUNT)

    def submit(self, operation: Operation[Result]) -> Result:
        """Run, commit, apply; returns when all three are done. Raises what the operation raised, or DatabaseError."""
        return cast(Result, self._groups.submit(operation))

    def exclusively(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run action outside any transaction while nobody writes."""
        with self._groups.alone(), named_errors():
            return action(self._connection)

    def _run(self, group: _Tickets) -> None:
        with named_errors():
            effects = self._commit(group)
        if effects:
            self._apply_effects(effects)

    def _commit(self, group: _Tickets) -> list[object]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            effects = [effect for ticket in group for effect in self._effects_of_one(ticket)]
            if all(ticket.error for ticket in group):
                connection.execute("ROLLBACK")
                return []
            connection.execute("UPDATE change_count SET value = value + 1")
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors, such as a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return effects

    def _effects_of_one(self, ticket: Ticket[Operation[Any]]) -> tuple[object, ...]:
        connection = self._connection
        connection.execute("SAVEPOINT operation")
        try:
            outcome = ticket.item(connection)
        except sqlite3.Error:
            raise
        except Exception as error:
            return self._refused(ticket, error)
        connection.execute("RELEASE operation")
        ticket.result = outcome.result
        return outcome.effects

    def _refused(self, ticket: Ticket[Operation[Any]], error: Exception) -> tuple[object, ...]:
        self._connection.execute("ROLLBACK TO operation")
        self._connection.execute("RELEASE operation")
        try:
            with named_errors():
                raise error
        except Exception as named:
            ticket.error = named
        return ()
