"""FileAuditLog: the audit log as one append-only file of hash-chained JSON lines, on disk before append returns."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from index.durable.files import sync_folder, write_all
from index.durable.group_commit import GroupCommit, Ticket
from index.receipts import ReportBytes
from matcher.audit.chain import BrokenChainError, ChainPoint, make_line, read_chain
from matcher.audit.checkpoint import Checkpoint, read_checkpoint
from matcher.audit.head import AuditHead, lock_log
from matcher.audit.records import COMMAND_ID, AuditEvent, AuditRecord, members_of
from matcher.errors import AuditError
from matcher.texts.catalog import told

RECOVERED = "audit_recovered"
MAX_GROUP_COUNT = 256
_TORN = ".torn-"
_RECORDED = ".recorded"
_BLOCK_BYTES = 1024 * 1024
# Read and checked in a second or two.
_PROGRESS_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Line:
    record: AuditRecord
    content: bytes
    point: ChainPoint


def _now() -> datetime:
    return datetime.now(UTC)


def _silent(_done_bytes: int, _total_bytes: int) -> None:
    """Nobody asked for progress."""


class FileAuditLog:
    """One process appends, any number of its threads: those that come together share one fsync.

    The end that a killed process left incomplete is moved into a file beside the log and recorded; a log that was
    shortened or changed is refused (AuditError). After the disk refused a sync nothing more is accepted until the log
    is opened again, since what is on disk is unknown then.
    """

    def __init__(
        self,
        path: Path,
        *,
        noted: str = "",
        clock: Callable[[], datetime] = _now,
        progress: ReportBytes = _silent,
    ) -> None:
        """Open or begin the log, and check all of it. noted: the text of a checkpoint kept elsewhere, which the log
        must hold. clock: the current time in UTC. progress: how much of a long log was read. Raises AuditError."""
        self._progress = progress
        self._path = path
        self._noted = read_checkpoint(noted)
        self._clock = clock
        self._groups = GroupCommit[AuditEvent](self._write_group, max_group_count=MAX_GROUP_COUNT)
        self._failed = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise AuditError(told("log.folder")) from error
        self._head = AuditHead(path)
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                lock_log(self._handle)
                self._content_hash, self._hashed_bytes = hashlib.sha256(), 0
                self._point = self._resume()
                _hash_bytes(self._content_hash, self._handle, self._hashed_bytes, self._point.offset_bytes)
                self._checkpoint = Checkpoint(self._point, self._content_hash.hexdigest())
            except BaseException:
                os.close(self._handle)
                raise
        except OSError as error:
            self._head.close()
            raise AuditError(told("log.unwritable")) from error
        except BaseException:
            self._head.close()
            raise
        try:
            self._record_torn_ends()
        except BaseException:
            self.close()
            raise

    def append(self, event: AuditEvent) -> AuditRecord:
        """See AuditLog.append."""
        return cast(AuditRecord, self._groups.submit(event))

    def completed(self, event: AuditEvent) -> AuditEvent:
        """See AuditLog. A file knows of no call."""
        return event

    def checkpoint(self) -> Checkpoint:
        """See AuditLog."""
        return self._checkpoint

    def recorded(self, change_ids: AbstractSet[str], *, since_bytes: int) -> AbstractSet[str]:
        """See AuditLog. Reads the log from there."""
        return recorded_changes(self._path, change_ids, since_bytes=since_bytes)

    def changes_since(self, offset_bytes: int) -> AbstractSet[str]:
        """See AuditLog. Reads the log from there."""
        return {one for one in _changes_from(self._path, offset_bytes) if not one.startswith(COMMAND_ID)}

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
        members = {"record_time": time.isoformat(timespec="microseconds"), **members_of(event)}
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
        self._check_place()
        try:
            write_all(self._handle, content, before.offset_bytes)
        except OSError as error:
            self._take_back(before)
            raise AuditError(told("log.not_written")) from error
        try:
            os.fdatasync(self._handle)
        except OSError as error:
            self._failed = "the disk refused an audit record; check the disk and restart the server"
            raise AuditError(self._failed) from error
        self._point = point
        self._content_hash.update(content)
        self._checkpoint = Checkpoint(point, self._content_hash.copy().hexdigest())
        # Without a fresh head an end cut off would go unnoticed, but the record itself is safe.
        with contextlib.suppress(OSError):
            self._head.note(point)

    def _check_place(self) -> None:
        """The open file must still be the one that lies there, and end where we left it."""
        try:
            mine, found = os.fstat(self._handle), os.stat(self._path)
        except OSError as error:
            raise AuditError(told("log.removed")) from error
        if (mine.st_dev, mine.st_ino) != (found.st_dev, found.st_ino):
            raise AuditError(told("log.replaced"))
        if mine.st_size != self._point.offset_bytes:
            raise AuditError(told("log.length"))

    def _take_back(self, before: ChainPoint) -> None:
        try:
            os.ftruncate(self._handle, before.offset_bytes)
        except OSError:
            self._failed = "the audit file cannot be repaired after a failed write; check the disk and restart"

    def _resume(self) -> ChainPoint:
        """The end of the chain. What a killed process left behind it moves aside."""
        size_bytes = os.fstat(self._handle).st_size
        noted = self._head.read()
        must_hold = [point for point in (noted, self._noted and self._noted.point) if point and point.sequence]
        if any(size_bytes < point.offset_bytes for point in must_hold):
            raise AuditError(told("log.missing_end"))
        for point in must_hold:
            self._check_noted(point)
        point = self._checked_start()
        with open(self._handle, "rb", closefd=False) as file:
            try:
                told_bytes = point.offset_bytes
                for _, reached in read_chain(file, point):
                    point = reached
                    if point.offset_bytes - told_bytes >= _PROGRESS_BYTES:
                        told_bytes = point.offset_bytes
                        self._progress(told_bytes, size_bytes)
            except BrokenChainError as error:
                # With a head, nothing behind it was acknowledged. Without one only an incomplete line may go.
                is_end = noted is not None and point.sequence >= noted.sequence
                if not is_end and error.reason != "incomplete_line":
                    raise AuditError(told("log.record", number=point.sequence + 1, reason=error)) from error
        if any(point.sequence < other.sequence for other in must_hold):
            raise AuditError(told("log.missing_end"))
        if size_bytes > point.offset_bytes:
            self._move_aside(point.offset_bytes, size_bytes)
        elif size_bytes == 0:
            sync_folder(self._path.parent)
        self._head.note(point)
        return point

    def _checked_start(self) -> ChainPoint:
        """From where the chain has to be read: everything before is byte for byte what was noted elsewhere."""
        if self._noted is None:
            return ChainPoint()
        end = self._noted.point.offset_bytes
        _hash_bytes(self._content_hash, self._handle, 0, end)
        self._hashed_bytes = end
        # Where a byte differs, reading from the first record names it.
        return self._noted.point if self._content_hash.hexdigest() == self._noted.content_hash else ChainPoint()

    def _check_noted(self, noted: ChainPoint) -> None:
        """The record that the head, or the store, names must be where it says."""
        ending = f'"hash":"{noted.record_hash}"}}\n'.encode()
        if os.pread(self._handle, len(ending), max(0, noted.offset_bytes - len(ending))) != ending:
            raise AuditError(told("log.differs"))

    def _move_aside(self, start: int, end: int) -> None:
        torn = os.pread(self._handle, end - start, start)
        aside = self._path.with_name(f"{self._path.name}{_TORN}{start}-{hashlib.sha256(torn).hexdigest()[:8]}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_all(handle, torn, 0)
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
                with _named_read_errors():
                    torn = aside.read_bytes()
                digest = hashlib.sha256(torn).hexdigest()
                reason = f"incomplete end of {len(torn)} bytes moved to {aside.name}{_RECORDED}, SHA-256 {digest}"
                self.append(AuditEvent(action=RECOVERED, reason=reason))
                # Where the disk refuses, the next start records it once more.
                with contextlib.suppress(OSError):
                    aside.rename(aside.with_name(aside.name + _RECORDED))


def recorded_changes(path: Path, change_ids: AbstractSet[str], *, since_bytes: int = 0) -> AbstractSet[str]:
    """Which of these changes have a record in an audit file, read from a place on. Raises AuditError."""
    return _changes_from(path, since_bytes) & change_ids


def _changes_from(path: Path, since_bytes: int) -> AbstractSet[str]:
    """The change id of every record with one."""
    found: set[str] = set()
    with _named_read_errors(), path.open("rb") as file:
        # Another log may lie here than the one that was written when the place was noted.
        if since_bytes > 0:
            file.seek(since_bytes - 1)
            if file.read(1) != b"\n":
                file.seek(0)
        for line in file:
            if b'"change_id":"' in line:
                found.add(str(json.loads(line).get("change_id")))
    return found


def _hash_bytes(content_hash: hashlib._Hash, handle: int, offset: int, end: int) -> None:
    """Feed the bytes of a file from a place to another, as far as there are any."""
    while offset < end and (block := os.pread(handle, min(_BLOCK_BYTES, end - offset), offset)):
        content_hash.update(block)
        offset += len(block)


@contextlib.contextmanager
def _named_read_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise AuditError(told("log.unreadable")) from error
