"""Backup while serving, restore, and the check of a backup.

A backup is a snapshot of the store, taken in one read transaction by a connection of its own: it needs no lock, sees
one commit, and delays nobody. It is checked before it counts. Index files are not in it; they are made anew.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from index.backup_file import CHUNK_BYTES, BackupHeader, read_chunks, read_header, write_backup_file
from index.deletions import DeletionCounts, Deletions, delete_again
from index.errors import BackupError, DatabaseError, DatabaseFullError
from index.folder import LOCK_NAME, STORE_NAME, has_log, has_store, make_folder, remove_caches
from index.lock import FolderLock
from index.store.sqlite.connection import named_errors, open_reader
from index.store.sqlite.migrations import MIGRATIONS, apply_migrations

# Pages copied between two reports of progress.
_PAGES_A_STEP = 4096
_MANIFEST_LENGTH = struct.Struct(">I")
# Reference ids given out after the backup stand in audit lines; the restored database must not give them again.
REFERENCE_ID_GAP = 10_000_000
NO_DELETIONS = Deletions()

ReportBytes = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds. size_bytes: of the snapshot. change_count: commits that the store had seen."""

    database_id: str
    schema: str
    change_count: int
    subject_count: int
    reference_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """A backup whose every byte was checked."""

    header: BackupHeader
    summary: BackupSummary


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """A backup that became a database, and what was deleted again of what it holds."""

    backup: CheckedBackup
    deleted: DeletionCounts


def _silent(done_bytes: int, total_bytes: int) -> None:
    """Nobody asked for progress."""


def back_up(
    folder: Path, target: Path, *, key: bytes | None = None, progress: ReportBytes | None = None
) -> CheckedBackup:
    """Write a backup of the database in folder to the new file target, while it may be in use.

    The snapshot lies beside the store for the time being, so that nothing unencrypted reaches target's disk. Raises
    BackupError, DatabaseFullError, DatabaseDamagedError; no target then.
    """
    if not has_store(folder):
        raise BackupError("there is no database in this folder; check the path", reason="source")
    if target.exists():
        raise BackupError("the backup file exists already; choose another name", reason="target")
    report = progress or _silent
    with _named_disk_errors(), _temporary(folder, "snapshot-") as snapshot:
        summary = _take_snapshot(folder / STORE_NAME, snapshot, report)
        with _temporary(target.parent, ".backup-") as part:
            with part.open("wb") as file:
                create_time = datetime.now(UTC).isoformat(timespec="seconds")
                header = write_backup_file(file, _chunks(snapshot, summary), create_time=create_time, key=key)
                file.flush()
                os.fsync(file.fileno())
            part.rename(target)
        _sync_folder(target.parent)
    return CheckedBackup(header, summary)


def check_backup(path: Path, *, key: bytes | None = None) -> CheckedBackup:
    """Read a backup to its end and check every byte. The store in it was checked when it was written.

    Raises BackupError.
    """
    with _named_disk_errors(), path.open("rb") as file:
        header, _ = read_header(file)
        file.seek(0)
        summary, parts = _opened(read_chunks(file, key=key))
        size_bytes = sum(len(part) for part in parts)
    if size_bytes != summary.size_bytes:
        raise BackupError("the backup holds another amount than it says; use another backup")
    return CheckedBackup(header, summary)


def restore(
    path: Path, folder: Path, *, key: bytes | None = None, deletions: Deletions = NO_DELETIONS
) -> RestoredBackup:
    """Make the database of a backup in folder, which must not hold one. Nothing is there unless all of it is right.

    deletions: what was deleted since; it is gone before the database is there. Raises BackupError,
    DatabaseLockedError, DatabaseFullError, SchemaError.
    """
    make_folder(folder)
    lock = FolderLock(folder / LOCK_NAME)
    try:
        # A log that another store left would be applied to this one.
        if (folder / STORE_NAME).exists() or has_log(folder):
            raise BackupError("the folder holds a database already; restore into another one", reason="target")
        with _named_disk_errors(), path.open("rb") as file, _temporary(folder, "restore-") as part:
            header, _ = read_header(file)
            file.seek(0)
            summary, parts = _opened(read_chunks(file, key=key))
            with part.open("wb") as copy:
                copy.writelines(parts)
                copy.flush()
                os.fsync(copy.fileno())
            if part.stat().st_size != summary.size_bytes:
                raise BackupError("the backup holds another amount than it says; use another backup")
            deleted = _prepare(part, deletions)
            remove_caches(folder)
            part.rename(folder / STORE_NAME)
            _sync_folder(folder)
    finally:
        lock.release()
    return RestoredBackup(CheckedBackup(header, summary), deleted)


def _take_snapshot(store: Path, snapshot: Path, report: ReportBytes) -> BackupSummary:
    with named_errors(), contextlib.closing(open_reader(store)) as source:
        # An open transaction keeps one commit in view for all steps; without it each write would start the copy anew.
        source.execute("BEGIN")
        summary = _summary(source)
        page_bytes = int(source.execute("PRAGMA page_size").fetchone()[0])

        def step(_status: int, remaining: int, total: int) -> None:
            report((total - remaining) * page_bytes, total * page_bytes)

        with contextlib.closing(sqlite3.connect(snapshot)) as copy:
            source.backup(copy, pages=_PAGES_A_STEP, progress=step, sleep=0)
        source.execute("ROLLBACK")
    _check_store(snapshot)
    return BackupSummary(**{**asdict(summary), "size_bytes": snapshot.stat().st_size})


def _summary(connection: sqlite3.Connection) -> BackupSummary:
    def one(statement: str) -> object:
        row = connection.execute(statement).fetchone()
        return row[0] if row else ""

    return BackupSummary(
        database_id=str(one("SELECT value FROM setting WHERE name = 'database_id'")),
        schema=str(one("SELECT name FROM migration ORDER BY number DESC LIMIT 1")),
        change_count=int(str(one("SELECT value FROM change_count"))),
        subject_count=int(str(one("SELECT count(*) FROM subject"))),
        reference_count=int(str(one("SELECT count(*) FROM reference"))),
        size_bytes=0,
    )


def _check_store(path: Path) -> None:
    """Raises DatabaseDamagedError or BackupError."""
    with named_errors(), contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # One file alone: a log beside it would not be part of the backup.
        connection.execute("PRAGMA journal_mode=DELETE")
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != ["ok"] or orphans:
        raise BackupError("the copied store is damaged; nothing was kept, verify the database", reason="source")


def _prepare(path: Path, deletions: Deletions) -> DeletionCounts:
    """Check a restored store and make it one of its own line: older schema, known index files, ids, deletions."""
    _check_store(path)
    with named_errors(), contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        # A journal on the disk would hold what is deleted; a restore that is killed begins anew.
        connection.execute("PRAGMA journal_mode=MEMORY")
        apply_migrations(connection, MIGRATIONS)
        connection.execute("BEGIN")
        deleted = delete_again(connection, deletions)
        connection.execute("DELETE FROM cache_mark")
        connection.execute("DELETE FROM erasure")
        connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'reference'", (REFERENCE_ID_GAP,))
        connection.execute("COMMIT")
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return deleted


def _chunks(snapshot: Path, summary: BackupSummary) -> Iterator[bytes]:
    manifest = json.dumps(asdict(summary)).encode()
    yield _MANIFEST_LENGTH.pack(len(manifest)) + manifest
    with snapshot.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            yield block


def _opened(chunks: Iterator[bytes]) -> tuple[BackupSummary, Iterable[bytes]]:
    first = next(chunks)
    try:
        (length,) = _MANIFEST_LENGTH.unpack_from(first)
        if len(first) != _MANIFEST_LENGTH.size + length:
            raise ValueError("manifest length")
        return BackupSummary(**json.loads(first[_MANIFEST_LENGTH.size :])), chunks
    except (ValueError, TypeError, struct.error) as error:
        raise BackupError("the manifest of the backup is damaged; use another backup") from error


@contextlib.contextmanager
def _temporary(folder: Path, prefix: str) -> Iterator[Path]:
    """A new private file that is gone after the block."""
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=folder)
    path = Path(name)
    try:
        # Held until the end, so that remove_leftovers can tell a file in use from one that a killed process left.
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(handle)
        for leftover in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal"))):
            leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _named_disk_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatabaseFullError("no space is left on the disk; free some and try again") from error
        raise BackupError(
            "the backup file cannot be read or written; check the path and its rights", reason="unreadable"
        ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
