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
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from index.backup.sealed_stream import CHUNK_BYTES, BackupHeader, read_chunks, read_header, write_backup_file
from index.backup.vault_files import exactly, file_chunks, put_files, read_files
from index.durable.files import replacement, sync_folder
from index.errors import BackupError, DatabaseError, DatabaseFullError
from index.folder import (
    LOCK_NAME,
    SLOTS_NAME,
    STORE_NAME,
    VAULT_NAME,
    FolderLock,
    database_files,
    has_log,
    has_store,
    make_folder,
    remove_caches,
    remove_leftovers,
)
from index.keys.master_key import MasterKey
from index.keys.opening import open_seals
from index.keys.slots import reserve_slots
from index.receipts import BackupSummary, DeletionCounts, Deletions, MendedStore, ReportBytes
from index.store.opening import (
    check_restorable,
    image_files,
    leave_out_what_no_key_opens,
    mend_store,
    restored_store,
    take_snapshot,
)

_MANIFEST_LENGTH = struct.Struct(">I")
NO_DELETIONS = Deletions()
# A disk in memory, as Linux has it.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - private below


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """A backup whose every byte was checked."""

    header: BackupHeader
    summary: BackupSummary


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """A backup that became a database, and what was deleted again of what it holds. without_key: what was left out
    since its keys are gone; None where the backup is of a plain database."""

    backup: CheckedBackup
    deleted: DeletionCounts
    without_key: DeletionCounts | None = None


def _silent(done_bytes: int, total_bytes: int) -> None:
    """Nobody asked for progress."""


def back_up(
    folder: Path,
    target: Path,
    *,
    key: bytes | None = None,
    scratch: Path | None = None,
    progress: ReportBytes | None = None,
) -> CheckedBackup:
    """Write a backup of the database in folder to the new file target, while it may be in use.

    The snapshot, which is not encrypted, has no name and is gone with the process, however that ends. Its bytes lie in
    scratch, without that beside the store or, where the store's disk has no room or cannot be written, in memory
    (MEMORY_FOLDER); never on target's disk. Raises BackupError, DatabaseFullError, DatabaseDamagedError; no target
    then.
    """
    if not has_store(folder):
        raise BackupError("there is no database in this folder; check the path", reason="source")
    if target.exists():
        raise BackupError("the backup file exists already; choose another name", reason="target")
    report = progress or _silent
    place = scratch or _snapshot_place(folder)
    for folder_of_parts in {place, target.parent}:
        remove_leftovers(folder_of_parts)
    with _named_disk_errors(), _temporary(place, "snapshot-") as path, path.open("rb") as snapshot:
        summary, files = take_snapshot(folder, path, report)
        with _new_file(target.parent, ".backup-") as (file, give_name):
            chunks = _chunks(snapshot, summary, folder / VAULT_NAME, files)
            create_time = datetime.now(UTC).isoformat(timespec="seconds")
            header = write_backup_file(file, chunks, create_time=create_time, key=key)
            file.flush()
            os.fsync(file.fileno())
            give_name(target)
        sync_folder(target.parent)
    return CheckedBackup(header, summary)


def _snapshot_place(folder: Path) -> Path:
    """Beside the store, or in memory where its disk cannot take a snapshot and the memory can."""
    needed_bytes = sum(path.stat().st_size for path in database_files(folder) if path.parent == folder)
    if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > needed_bytes:
        return folder
    if MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free > 2 * needed_bytes:
        # In a folder of its own that nobody else enters.
        place = MEMORY_FOLDER / f"station-matcher-{os.getuid()}"
        place.mkdir(mode=0o700, exist_ok=True)
        if place.stat().st_uid == os.getuid() and not place.is_symlink():
            return place
    raise BackupError("the disk of the database cannot take a snapshot; name a folder with --scratch", reason="scratch")


def check_backup(path: Path, *, key: bytes | None = None) -> CheckedBackup:
    """Read a backup to its end, check every byte, and that the store in it is whole and of a known schema. With a key
    nothing is accepted that was not sealed with it.

    The store is unpacked for that into a file without a name, in memory (MEMORY_FOLDER) where that has room, else on
    the disk of temporary files. Raises BackupError, SchemaError, DatabaseDamagedError, DatabaseFullError.
    """
    with _named_disk_errors(), path.open("rb") as file:
        header, _ = read_header(file)
        file.seek(0)
        summary, parts = _opened(read_chunks(file, key=key))
        with _nameless(_unpacking_place(summary.size_bytes)) as copy:
            for part in exactly(parts, summary.size_bytes):
                copy.write(part)
            copy.flush()
            with _named_again(copy) as store:
                check_restorable(store)
        for _, chunks in read_files(parts):
            for _ in chunks:
                pass
    return CheckedBackup(header, summary)


def restore(
    path: Path,
    folder: Path,
    *,
    key: bytes | None = None,
    deletions: Deletions = NO_DELETIONS,
    key_slots: Path | None = None,
    may_lose: bool = False,
) -> RestoredBackup:
    """Make the database of a backup in folder, which must not hold one. Nothing is there unless all of it is right.

    With a key nothing is accepted that was not sealed with it. Only rows of the known schema come over.

    deletions: what was deleted since; it is gone before the database is there. key_slots: a copy of the keys of an
    encrypted one, unless they lie in folder; what they do not open any more is left out, and what came after they were
    copied is too where may_lose, and refused otherwise. Raises BackupError, DatabaseLockedError, DatabaseFullError,
    SchemaError.
    """
    make_folder(folder)
    lock = FolderLock(folder / LOCK_NAME)
    try:
        remove_leftovers(folder)
        # A log that another store left would be applied to this one.
        if (folder / STORE_NAME).exists() or has_log(folder):
            raise BackupError("the folder holds a database already; restore into another one", reason="target")
        if key_slots is not None and (folder / SLOTS_NAME).exists():
            raise BackupError("the folder has keys already; restore with these, or move them", reason="keys_there")
        slots = key_slots or folder / SLOTS_NAME
        with _restored(path, folder, key, deletions) as (checked, made, deleted, files):
            lost = leave_out_what_no_key_opens(made, slots, may_lose=may_lose)
            put_files(folder / VAULT_NAME, files, frozenset(image_files(made)))
            remove_caches(folder)
            if lost is not None:
                if key_slots is not None:
                    _copy_slots(key_slots, folder / SLOTS_NAME)
                reserve_slots(folder / SLOTS_NAME, lost[1])
            made.rename(folder / STORE_NAME)
            sync_folder(folder)
    finally:
        lock.release()
    return RestoredBackup(checked, deleted, None if lost is None else lost[0])


def mend(path: Path, folder: Path, *, key: bytes | None = None, master_key: MasterKey | None = None) -> MendedStore:
    """Take what is damaged in folder, and nothing else, from a backup. Nobody else may have the database open.

    Raises BackupError, DatabaseLockedError, DatabaseError.
    """
    lock = FolderLock(folder / LOCK_NAME)
    try:
        remove_leftovers(folder)
        seals = open_seals(folder, master_key, may_make=False)
        try:
            with _restored(path, folder, key, NO_DELETIONS) as (_, made, _, _):
                return mend_store(folder, made, seals)
        finally:
            if seals is not None:
                seals.close()
    finally:
        lock.release()


@contextlib.contextmanager
def _restored(
    path: Path, folder: Path, key: bytes | None, deletions: Deletions
) -> Iterator[tuple[CheckedBackup, Path, DeletionCounts, Iterator[tuple[str, Iterator[bytes]]]]]:
    """A store made of a backup in a temporary file of folder, and the images behind it, not read yet."""
    with (
        _named_disk_errors(),
        path.open("rb") as file,
        _temporary(folder, "restore-") as made,
    ):
        header, _ = read_header(file)
        file.seek(0)
        summary, parts = _opened(read_chunks(file, key=key))
        with _new_file(folder, "restore-") as (copy, give_name), _own_folder(folder) as own:
            copy.writelines(exactly(parts, summary.size_bytes))
            copy.flush()
            # For as long as it takes to open it.
            give_name(own / STORE_NAME)
            deleted = restored_store(own / STORE_NAME, made, deletions)
        yield CheckedBackup(header, summary), made, deleted, read_files(parts)


def _copy_slots(source: Path, target: Path) -> None:
    with replacement(target) as file:
        file.write(source.read_bytes())


def read_summary(path: Path, *, key: bytes | None = None) -> BackupSummary:
    """What a backup says it holds, sealed like all of it, without reading the rest. Raises BackupError."""
    with _named_disk_errors(), path.open("rb") as file:
        return _opened(read_chunks(file, key=key))[0]


def _chunks(snapshot: BinaryIO, summary: BackupSummary, vault: Path, files: tuple[str, ...]) -> Iterator[bytes]:
    manifest = json.dumps(asdict(summary)).encode()
    yield _MANIFEST_LENGTH.pack(len(manifest)) + manifest
    while block := snapshot.read(CHUNK_BYTES):
        yield block
    yield from file_chunks(vault, files)


def _opened(chunks: Iterator[bytes]) -> tuple[BackupSummary, Iterator[bytes]]:
    first = next(chunks)
    try:
        (length,) = _MANIFEST_LENGTH.unpack_from(first)
        if len(first) != _MANIFEST_LENGTH.size + length:
            raise ValueError("manifest length")
        return BackupSummary(**json.loads(first[_MANIFEST_LENGTH.size :])), chunks
    except (ValueError, TypeError, struct.error) as error:
        raise BackupError("the manifest of the backup is damaged; use another backup") from error


def _unpacking_place(size_bytes: int) -> Path:
    in_memory = MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free > 2 * size_bytes
    return MEMORY_FOLDER if in_memory else Path(tempfile.gettempdir())


@contextlib.contextmanager
def _nameless(folder: Path) -> Iterator[BinaryIO]:
    """A new file that nobody else finds and nothing is left of."""
    with os.fdopen(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), "w+b") as file:
        yield file


@contextlib.contextmanager
def _new_file(folder: Path, prefix: str) -> Iterator[tuple[BinaryIO, Callable[[Path], None]]]:
    """A new private file, and what gives it a name, which must be nobody's. Until then it has none, so that nothing is
    left of it where the process is killed; on file systems that have no such files, one that remove_leftovers knows."""
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        with _temporary(folder, prefix) as path, path.open("w+b") as named:
            yield named, lambda target: os.rename(path, target)
        return
    with os.fdopen(handle, "w+b") as file:
        yield file, lambda target: _link(file, target)


@contextlib.contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """A new private folder that is gone after the block, or with the next remove_leftovers."""
    with tempfile.TemporaryDirectory(prefix="restore-", suffix=".part", dir=folder) as name:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(handle)


def _link(file: BinaryIO, path: Path) -> None:
    # Only where a folder is named does the library follow the link; the path is absolute and needs none.
    os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno(), follow_symlinks=True)


@contextlib.contextmanager
def _named_again(file: BinaryIO) -> Iterator[Path]:
    """A file of _nameless with a name, in a folder of its own, for as long as it takes to open it."""
    with tempfile.TemporaryDirectory(dir=_folder_of(file)) as folder:
        path = Path(folder) / "store"
        _link(file, path)
        yield path


def _folder_of(file: BinaryIO) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{file.fileno()}")).parent


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
