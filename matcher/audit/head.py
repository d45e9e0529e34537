"""The head file beside the audit file: how far the log had come, so that a shortened log is noticed.

It is written after the records are on disk and before they are acknowledged, without a sync of its own: a killed
process leaves it exact, a power failure may leave it some records behind, never ahead.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from matcher.audit.chain import ChainPoint
from matcher.errors import AuditError
from matcher.texts.catalog import told

# One write within one disk sector is not torn.
HEAD_BYTES = 256


def head_path(path: Path) -> Path:
    """Where the head of an audit file lies."""
    return path.with_name(path.name + ".head")


class AuditHead:
    """Also the lock of the log: one process appends."""

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises AuditError."""
        try:
            self._handle = os.open(head_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise AuditError(told("log.folder_unwritable")) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise AuditError(told("log.in_use")) from error

    def read(self) -> ChainPoint | None:
        """The point noted last; None for a new or unreadable head."""
        return _parsed(os.pread(self._handle, HEAD_BYTES, 0))

    def note(self, point: ChainPoint) -> None:
        """Write the point. Raises OSError."""
        content = json.dumps(
            {"sequence": point.sequence, "hash": point.record_hash, "offset_bytes": point.offset_bytes}
        )
        os.pwrite(self._handle, content.encode().ljust(HEAD_BYTES), 0)

    def close(self) -> None:
        """Sync and let go of the lock, also where the disk refuses: a head may be behind. Safe to call twice."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._handle)
            os.close(self._handle)
            self._handle = -1


def lock_log(handle: int) -> None:
    """Of the open log, beside that of its head, which somebody may remove. Raises AuditError."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AuditError(told("log.in_use")) from error


def peek_head(path: Path) -> tuple[ChainPoint | None, bool]:
    """The point noted last, without the lock, and whether a running process holds it, or the log where the head is not
    the one that it holds."""
    content, holds_head = _peeked(head_path(path))
    return _parsed(content), holds_head or _peeked(path)[1]


def _peeked(path: Path) -> tuple[bytes, bool]:
    """How a file begins, and whether a running process holds it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b"", False
    try:
        content = os.pread(handle, HEAD_BYTES, 0)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return content, True
        return content, False
    finally:
        os.close(handle)


def _parsed(content: bytes) -> ChainPoint | None:
    try:
        noted = json.loads(content)
        return ChainPoint(int(noted["sequence"]), str(noted["hash"]), int(noted["offset_bytes"]))
    except (ValueError, KeyError, TypeError):
        return None
