"""SQLite connections: how they are opened, pooled for readers, and how their errors get names."""

from __future__ import annotations

import collections
import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from index.errors import (
    DatabaseDamagedError,
    DatabaseError,
    DatabaseFullError,
    DatabaseWriteError,
)
from index.keys.seals import Seals
from index.store.sqlite.row_checks import CheckedConnection, FoundDamage, add_functions

# Templates of 1.5 to 3 KiB fill pages of 8 KiB with little left over, and a commit still writes few bytes.
PAGE_SIZE_BYTES = 8192
BUSY_TIMEOUT_MS = 2000
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REFUSED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


class KeyedConnection(CheckedConnection):
    """A connection that knows the keys of what it reads and writes. None: nothing is encrypted, or not to be read."""

    seals: Seals | None = None


def seals_of(connection: sqlite3.Connection) -> Seals | None:
    """The keys of a connection."""
    return connection.seals if isinstance(connection, KeyedConnection) else None


@contextlib.contextmanager
def named_errors() -> Iterator[None]:
    """Translate what SQLite raises to the tree of index.errors, in one place."""
    try:
        yield
    except sqlite3.Error as error:
        # Extended codes carry the primary code in their low byte.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise DatabaseFullError("no space is left on the disk; nothing was stored, free some space") from error
        if code in _DAMAGED:
            raise DatabaseDamagedError("the store is damaged; restore a backup") from error
        if code in _REFUSED:
            raise DatabaseWriteError("the disk refused the store; nothing was stored, check the disk") from error
        raise DatabaseError(f"the store could not be used ({type(error).__name__}); see the server log") from error
    except UnicodeDecodeError as error:
        # Of an error of SQLite that names a part of the schema, of which the disk left no text.
        raise DatabaseDamagedError("the store is damaged; restore a backup") from error
    except OverflowError as error:
        raise DatabaseError("a number has more than 64 bits") from error
    except UnicodeEncodeError as error:
        raise DatabaseError("a text is not valid Unicode; send it as UTF-8") from error


def open_writer(
    path: Path, *, create: bool, seals: Seals | None = None, damage: FoundDamage | None = None
) -> sqlite3.Connection:
    """The one connection that writes. Every commit is on disk when it returns (synchronous=FULL in WAL mode). damage:
    where rows are noted that changed on the disk."""
    if create:
        _create_private(path)
    connection = _connect(path, "rw", seals, damage)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_SIZE_BYTES}")
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise DatabaseWriteError("the disk cannot hold a write-ahead log; use a local disk")
        connection.execute("PRAGMA synchronous=FULL")
        # Each checkpoint is ours, since the pages that it wrote have to be cleaned (checkpoints.py).
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA foreign_keys=ON")
        # Deleted rows are overwritten with zeros, in pages that stay and in pages set free.
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-65536")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, seals: Seals | None = None, damage: FoundDamage | None = None) -> sqlite3.Connection:
    """A connection that cannot write. Readers see the last commit and wait for nobody."""
    connection = _connect(path, "rw", seals, damage)
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-8192")
    return connection


def open_source(path: Path) -> sqlite3.Connection:
    """A reader, also of a store on a full or read-only disk, where no write-ahead log can be opened beside it."""
    # Empty ones are left by whoever tried on such a disk. A server that runs has filled the second, and then, as with
    # changes in the first, the store alone is not the whole truth.
    beside = [Path(f"{path}{ending}") for ending in ("-wal", "-shm")]
    is_alone = not any(other.exists() and other.stat().st_size for other in beside)
    try:
        connection = open_reader(path)
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        if not is_alone:
            raise
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    return connection


def _create_private(path: Path) -> None:
    """SQLite makes files that everyone may read; its log takes over the rights of the store file."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise DatabaseWriteError("the store cannot be made; check the disk and its rights") from error


def _connect(path: Path, mode: str, seals: Seals | None, damage: FoundDamage | None) -> KeyedConnection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        factory=KeyedConnection,
    )
    connection.seals, connection.damage, connection.tests = seals, damage, {}
    # What the disk made of a text is met where its row is checked, and not here.
    connection.text_factory = _text
    add_functions(connection)
    return connection


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


class ReaderPool:
    """Connections lent to one thread at a time. Thread safe."""

    def __init__(self, path: Path, seals: Seals | None = None, damage: FoundDamage | None = None) -> None:
        self._path = path
        self._seals = seals
        self._damage = damage
        # append and pop of a deque are atomic.
        self._idle: collections.deque[sqlite3.Connection] = collections.deque()
        self._closed = threading.Event()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a read transaction: every statement of the block sees the same commit."""
        if self._closed.is_set():
            raise DatabaseError("the database is closed")
        with named_errors():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = open_reader(self._path, self._seals, self._damage)
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if self._closed.is_set():
                    connection.close()
                else:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle now, and the rest as it comes back."""
        self._closed.set()
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return
