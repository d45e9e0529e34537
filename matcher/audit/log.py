"""FileAuditLog: the audit log as one append-only file of hash-chained JSON lines, on disk before append returns."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from index.durable.files import sync_folder
from index.durable.group_commit import GroupCommit, Ticket
from matcher.audit.chain import BrokenChainError, ChainPoint, make_line, read_chain
from matcher.audit.head import AuditHead
from matcher.audit.records import AuditEvent, AuditRecord
from matcher.errors import AuditError

RECOVERED = "audit_recovered"
MAX_GROUP_COUNT = 256
_TORN = ".torn-"
_RECORDED = ".recorded"


@dataclass(frozen=True, slots=True)
class _Line:
    record: AuditRecord
    content: bytes
    point: ChainPoint


def _now() -> datetime:
    return datetime.now(UTC)


class FileAuditLog:
    """One process appends, any number of its threads: those that come together share one fsync.

    The end that a killed process left incomplete is moved into a file beside the log and recorded; a log that was
    shortened or changed is refused (AuditError). After the disk refused a sync nothing more is accepted until the log
    is opened again, since what is on disk is unknown then.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = _now) -> None:
        """Open or begin the log. clock: the current time in UTC. Raises AuditError."""
        self._path = path
        self._clock = clock
        self._groups = GroupCommit[AuditEvent](self._write_group, max_group_count=MAX_GROUP_COUNT)
        self._failed = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise AuditError("the audit folder cannot be made; check the disk and its rights") from error
        self._head = AuditHead(path)
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._point = self._resume()
            except BaseException:
                os.close(self._handle)
                raise
        except OSError as error:
            self._head.close()
            raise AuditError("the audit file cannot be written; check the disk and its rights") from error
        except BaseException:
            self._head.close()
            raise
        self._record_torn_ends()

    def append(self, event: AuditEvent) -> AuditRecord:
        """See AuditLog.append."""
        return cast(AuditRecord, self._groups.submit(event))

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        with self._groups.alone():
            if self._handle >= 0:
                self._failed = "the audit log is closed"
                os.close(self._handle)
                self._handle = -1
                self._head.close()

    def __enter__(self) -> FileAuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_group(self, group: Sequence[Ticket[AuditEvent]]) -> None:
        if self._failed:
            raise AuditError(self._failed)
        point, lines = self._point, []
        for ticket in group:
            try:
                line = self._line(ticket.item, point)
            except AuditError as error:
                ticket.error = error
                continue
            lines.append(line)
            point, ticket.result = line.point, line.record
        if lines:
            self._write(b"".join(line.content for line in lines), point)

    def _line(self, event: AuditEvent, after: ChainPoint) -> _Line:
        time = self._clock()
        members = {"record_time": time.isoformat(timespec="microseconds"), **_members(event)}
        content, point = make_line(members, after)
        record = AuditRecord(
            audit_id=f"{point.sequence}-{point.record_hash[:16]}",
            sequence=point.sequence,
            record_time=time,
            event=event,
            previous_hash=after.record_hash,
            record_hash=point.record_hash,
        )
        return _Line(record, content, point)

    def _write(self, content: bytes, point: ChainPoint) -> None:
        before = self._point
        try:
            _write_all(self._handle, content, before.offset_bytes)
        except OSError as error:
            self._take_back(before)
            raise AuditError("the audit record could not be written; free disk space and check its rights") from error
        try:
            os.fdatasync(self._handle)
        except OSError as error:
            self._failed = "the disk refused an audit record; check the disk and restart the server"
            raise AuditError(self._failed) from error
        self._point = point
        # Without a fresh head an end cut off would go unnoticed, but the record itself is safe.
        with contextlib.suppress(OSError):
            self._head.note(point)

    def _take_back(self, before: ChainPoint) -> None:
        try:
            os.ftruncate(self._handle, before.offset_bytes)
        except OSError:
            self._failed = "the audit file cannot be repaired after a failed write; check the disk and restart"

    def _resume(self) -> ChainPoint:
        """The end of the chain. What a killed process left behind it moves aside."""
        size_bytes = os.fstat(self._handle).st_size
        noted = self._head.read()
        point = noted or ChainPoint()
        if size_bytes < point.offset_bytes:
            raise AuditError("records are missing at the end of the audit log; run audit verify and keep the file")
        self._check_noted(point)
        with open(self._handle, "rb", closefd=False) as file:
            try:
                for _, reached in read_chain(file, point):
                    point = reached
            except BrokenChainError as error:
                # With a head, nothing behind it was acknowledged. Without one only an incomplete line may go.
                if noted is None and error.reason != "incomplete_line":
                    raise
        if size_bytes > point.offset_bytes:
            self._move_aside(point.offset_bytes, size_bytes)
        elif size_bytes == 0:
            sync_folder(self._path.parent)
        self._head.note(point)
        return point

    def _check_noted(self, noted: ChainPoint) -> None:
        """The record that the head names must be where it says."""
        if noted.sequence:
            ending = f'"hash":"{noted.record_hash}"}}\n'.encode()
            if os.pread(self._handle, len(ending), max(0, noted.offset_bytes - len(ending))) != ending:
                raise AuditError("the audit log differs from its head; run audit verify and keep both files")

    def _move_aside(self, start: int, end: int) -> None:
        torn = os.pread(self._handle, end - start, start)
        aside = self._path.with_name(f"{self._path.name}{_TORN}{start}-{hashlib.sha256(torn).hexdigest()[:8]}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(handle, torn, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(self._path.parent)
        os.ftruncate(self._handle, start)
        os.fsync(self._handle)

    def _record_torn_ends(self) -> None:
        """Each end that was moved aside gets its record, also when the process died before it could write it."""
        for aside in sorted(self._path.parent.glob(f"{self._path.name}{_TORN}*")):
            if not aside.name.endswith(_RECORDED):
                torn = aside.read_bytes()
                digest = hashlib.sha256(torn).hexdigest()
                reason = f"incomplete end of {len(torn)} bytes moved to {aside.name}{_RECORDED}, SHA-256 {digest}"
                self.append(AuditEvent(action=RECOVERED, reason=reason))
                aside.rename(aside.with_name(aside.name + _RECORDED))


def _members(event: AuditEvent) -> dict[str, Any]:
    """The fields that say something, in their order."""
    named = ((field.name, getattr(event, field.name)) for field in fields(event))
    return {name: value for name, value in named if value not in ("", (), None)}


def _write_all(handle: int, content: bytes, offset_bytes: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(handle, view, offset_bytes)
        view, offset_bytes = view[written:], offset_bytes + written
