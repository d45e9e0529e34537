"""Writes to the store: concurrent ones share one transaction and so one fsync.

Each operation runs in its own savepoint: one that is refused takes back only itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from index.durable.group_commit import GroupCommit, Ticket
from index.store.effects import Effect
from index.store.sqlite.connection import named_errors

Result = TypeVar("Result")
MAX_GROUP_COUNT = 256


@dataclass(frozen=True, slots=True, eq=False)
class WriteOutcome(Generic[Result]):
    """What an operation answers, and what has to change once it is committed.

    effects: outside the store. frees_rows: it deleted rows whose bytes have to leave the files as well.
    """

    result: Result
    effects: tuple[Effect, ...] = ()
    frees_rows: bool = False


Operation = Callable[[sqlite3.Connection], WriteOutcome[Result]]
# Of the effects of one commit in their order, and whether it freed rows.
AfterCommit = Callable[[Sequence[Effect], bool], None]
# Writes what every commit has to carry.
BeforeCommit = Callable[[sqlite3.Connection], None]
_Tickets = Sequence[Ticket[Operation[Any]]]


class WriteQueue:
    """Runs operations on the writing connection. Thread safe."""

    def __init__(self, connection: sqlite3.Connection, before_commit: BeforeCommit, after_commit: AfterCommit) -> None:
        """before_commit: called inside each transaction, at its end. after_commit: called under the writer lock after
        each commit, before any of the group is acknowledged."""
        self._connection = connection
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._groups = GroupCommit[Operation[Any]](self._run, max_group_count=MAX_GROUP_COUNT)

    @property
    def waiting_count(self) -> int:
        """Operations that wait for their commit."""
        return self._groups.pending_count

    def submit(self, operation: Operation[Result]) -> Result:
        """Run, commit, apply; returns when all three are done. Raises what the operation raised, or DatabaseError."""
        return cast(Result, self._groups.submit(operation))

    def exclusively(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run action outside any transaction while nobody writes."""
        with self._groups.alone(), named_errors():
            return action(self._connection)

    def _run(self, group: _Tickets) -> None:
        with named_errors():
            outcomes = self._commit(group)
        if outcomes:
            effects = [effect for outcome in outcomes for effect in outcome.effects]
            self._after_commit(effects, any(outcome.frees_rows for outcome in outcomes))

    def _commit(self, group: _Tickets) -> list[WriteOutcome[Any]]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [outcome for ticket in group if (outcome := self._outcome_of_one(ticket)) is not None]
            if all(ticket.error for ticket in group):
                connection.execute("ROLLBACK")
                return []
            connection.execute("UPDATE change_count SET value = value + 1")
            self._before_commit(connection)
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors, such as a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return outcomes

    def _outcome_of_one(self, ticket: Ticket[Operation[Any]]) -> WriteOutcome[Any] | None:
        """None for an operation that was refused."""
        connection = self._connection
        connection.execute("SAVEPOINT operation")
        try:
            outcome = ticket.item(connection)
        except sqlite3.Error:
            raise
        except Exception as error:
            self._refuse(ticket, error)
            return None
        connection.execute("RELEASE operation")
        ticket.result = outcome.result
        return outcome

    def _refuse(self, ticket: Ticket[Operation[Any]], error: Exception) -> None:
        self._connection.execute("ROLLBACK TO operation")
        self._connection.execute("RELEASE operation")
        try:
            with named_errors():
                raise error
        except Exception as named:
            ticket.error = named
