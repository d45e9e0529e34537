"""One process writes a database folder: an advisory lock that the kernel drops when the process dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from index.errors import DatabaseLockedError, DatabaseWriteError


class FolderLock:
    """Holds the lock file of a folder from construction to release. Not inherited by child processes."""

    def __init__(self, path: Path) -> None:
        """Take the lock at once. Raises DatabaseLockedError, DatabaseWriteError."""
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseWriteError("the database folder cannot be written; check the disk and its rights") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise DatabaseLockedError(
                "another process uses this database; stop the server first or go through it"
            ) from error

    def release(self) -> None:
        """Let others in. Safe to call twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
