"""ReferenceStore: the source of truth, SQLite on one machine. Every index can be rebuilt from it."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from index.errors import DatabaseDamagedError
from index.store.effects import RowsDeleted
from index.store.sqlite.connection import BUSY_TIMEOUT_MS, ReaderPool, named_errors, open_writer
from index.store.sqlite.migrations import apply_migrations
from index.store.sqlite.write_queue import Operation, Result, WriteQueue

# Ordinary reads last a few milliseconds; only a backup holds the log for longer.
SCRUB_WAIT_MS = 250


class ReferenceStore:
    """Reads see the last commit and never wait for writes; a write is on disk when it returns. Thread safe."""

    def __init__(
        self, path: Path, *, create: bool = True, apply_effects: Callable[[Sequence[object]], None] = lambda _: None
    ) -> None:
        """Open, recover and migrate. apply_effects: see WriteQueue. Raises SchemaError, DatabaseDamagedError, ..."""
        self._path = path
        with named_errors():
            self._connection = open_writer(path, create=create)
            try:
                apply_migrations(self._connection)
                self._connection.execute(
                    "INSERT OR IGNORE INTO setting VALUES ('database_id', ?)", (secrets.token_hex(16),)
                )
            except BaseException:
                self._connection.close()
                raise
        self._readers = ReaderPool(path)
        self._apply_effects = apply_effects
        self._queue = WriteQueue(self._connection, self._after_commit)
        # What a killed process left in the log goes to its place, so that deleted bytes are gone from both. A disk
        # that is too full for it can still be searched.
        self._scrub_pending = True
        with contextlib.suppress(sqlite3.Error):
            self._scrub_pending = not empty_log(self._connection, SCRUB_WAIT_MS)
        with self.read() as connection:
            self.database_id = str(
                connection.execute("SELECT value FROM setting WHERE name = 'database_id'").fetchone()[0]
            )

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one commit throughout the block and cannot write."""
        with self._readers.borrow() as connection:
            yield connection

    def write(self, operation: Operation[Result]) -> Result:
        """Commit the operation, together with those of other threads; see WriteQueue.submit."""
        return self._queue.submit(operation)

    def change_count(self) -> int:
        """How many commits the store has seen. Grows only."""
        with self.read() as connection:
            return int(connection.execute("SELECT value FROM change_count").fetchone()[0])

    @property
    def is_scrubbed(self) -> bool:
        """Whether the bytes of everything deleted have left the files. Every write tries again while they have not."""
        return not self._scrub_pending

    def scrub(self) -> bool:
        """Empty the write-ahead log, where deleted bytes may still stand. False while a long read holds it."""
        self._scrub_pending = not self._queue.exclusively(lambda connection: empty_log(connection, SCRUB_WAIT_MS))
        return self.is_scrubbed

    def exclusively(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run action on the writing connection while nobody writes."""
        return self._queue.exclusively(action)

    def check(self) -> tuple[str, ...]:
        """Problems that SQLite finds when it reads every page, worst first; empty when there is none."""
        try:
            with self.read() as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)")]
                orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
        except DatabaseDamagedError as error:
            return (str(error),)
        problems = [f"the store is damaged: {line}" for line in found if line != "ok"]
        if orphans:
            problems.append(f"{len(orphans)} rows refer to rows that do not exist")
        return tuple(problems)

    def _after_commit(self, effects: Sequence[object]) -> None:
        self._apply_effects(effects)
        deleted = any(isinstance(effect, RowsDeleted) for effect in effects)
        if deleted or self._scrub_pending:
            # The deletion itself is committed: a disk that refuses here delays the scrubbing and fails nothing.
            self._scrub_pending = True
            with contextlib.suppress(sqlite3.Error):
                self._scrub_pending = not empty_log(self._connection, SCRUB_WAIT_MS if deleted else 0)

    def close(self) -> None:
        """Empty the log and close. Safe to call twice."""
        self._readers.close()
        with named_errors():
            try:
                if self._path.exists():
                    empty_log(self._connection, SCRUB_WAIT_MS)
            except sqlite3.ProgrammingError:
                return
            finally:
                self._connection.close()


def empty_log(connection: sqlite3.Connection, wait_ms: int) -> bool:
    """Move the write-ahead log into the store and cut it to nothing. False when a reader holds it for longer."""
    connection.execute(f"PRAGMA busy_timeout={wait_ms}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return bool(busy == 0)
