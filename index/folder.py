"""What lies in a database folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from index.errors import DatabaseDamagedError, DatabaseError, DatabaseLockedError, DatabaseWriteError

STORE_NAME = "store.sqlite3"
LOCK_NAME = "lock"
# Keys of what is encrypted (index/keys/slots.py); no part of a backup.
SLOTS_NAME = "keys.slots"
# Images that were enrolled (index/store/vault.py).
VAULT_NAME = "vault"
CACHE_NAME = "cache"
# What SQLite keeps beside a store until it is closed. Whichever store stands there next takes it for its own.
WAL_NAME = f"{STORE_NAME}-wal"
JOURNAL_NAME = f"{STORE_NAME}-journal"
# Files of a backup or restore that a killed process may have left behind.
_LEFTOVERS = ("snapshot-*.part*", "restore-*.part*", ".backup-*.part")


def make_folder(folder: Path) -> None:
    """The folder of a database, readable by its owner only. Raises DatabaseWriteError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DatabaseWriteError("the database folder cannot be made; check the disk and its rights") from error


def check_folder(folder: Path, *, create: bool) -> None:
    """Raises DatabaseDamagedError where the store is gone and other files of its database are left: a new one would
    answer every search with nobody. Raises DatabaseError where there is no store and none is to be made."""
    if has_store(folder):
        return
    others = (path for name in (CACHE_NAME, VAULT_NAME) for path in (folder / name).rglob("*"))
    if _is_filled(folder / WAL_NAME) or any(path.is_file() for path in others):
        raise DatabaseDamagedError("the store is gone and other files of its database are left; restore a backup")
    if not create:
        raise DatabaseError("there is no database in this folder; check the path or create one")


def has_store(folder: Path) -> bool:
    """Whether there is a store; a process that was killed before it made one leaves an empty file."""
    return _is_filled(folder / STORE_NAME)


def has_log(folder: Path) -> bool:
    """Whether changes wait here that have not reached their store."""
    return any(_is_filled(folder / name) for name in (WAL_NAME, JOURNAL_NAME))


def remove_caches(folder: Path) -> None:
    """Remove every index file."""
    if (folder / CACHE_NAME).exists():
        shutil.rmtree(folder / CACHE_NAME)


def remove_leftovers(folder: Path) -> None:
    """Remove what a backup or restore left behind when it was killed; one that runs holds a lock on it."""
    for pattern in _LEFTOVERS:
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink()
                finally:
                    os.close(handle)


def database_files(folder: Path) -> list[Path]:
    """Every file of the database: the store with its log, index files, leftovers of backups; no other files."""
    found = [path for path in folder.glob(f"{STORE_NAME}*") if path.is_file()]
    found += [path for path in (folder / CACHE_NAME).rglob("*") if path.is_file()]
    for pattern in _LEFTOVERS:
        found += [path for path in folder.glob(pattern) if path.is_file()]
        found += [path for path in folder.glob(f"{pattern}/*") if path.is_file()]
    return found


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


class FolderLock:
    """Holds the lock file of a folder, and the folder itself, from construction to release: a lock file that somebody
    removes lets nobody else in. Not inherited by child processes."""

    def __init__(self, path: Path) -> None:
        """Take the lock at once. Raises DatabaseLockedError, DatabaseWriteError."""
        self._handles: list[int] = []
        try:
            self._handles.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._handles.append(os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC))
            fcntl.flock(self._handles[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock_folder()
        except OSError as error:
            is_locked = len(self._handles) == 2
            self.release()
            if is_locked:
                raise DatabaseLockedError(
                    "another process uses this database; stop the server first or go through it"
                ) from error
            raise DatabaseWriteError("the database folder cannot be written; check the disk and its rights") from error

    def release(self) -> None:
        """Let others in. Safe to call twice."""
        while self._handles:
            os.close(self._handles.pop())

    def _lock_folder(self) -> None:
        try:
            fcntl.flock(self._handles[1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass  # not every network disk can lock a folder
