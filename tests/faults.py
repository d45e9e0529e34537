"""Faults put in at exact places: a kill beside an audit record, an audit disk without room."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable

from matcher.audit import log as audit_log
from matcher.audit.records import AuditEvent, AuditRecord


def kill_beside_record(action: str, when: str) -> None:
    """SIGKILL to this process "before_audit" or "after_audit": the record that says ok of an action."""
    append = audit_log.FileAuditLog.append

    def dying(log: audit_log.FileAuditLog, event: AuditEvent) -> AuditRecord:
        is_meant = event.action == action and event.outcome == "ok"
        if is_meant and when == "before_audit":
            os.kill(os.getpid(), signal.SIGKILL)
        record = append(log, event)
        if is_meant:
            os.kill(os.getpid(), signal.SIGKILL)
        return record

    audit_log.FileAuditLog.append = dying  # type: ignore[method-assign]


def write_half_while(is_full: Callable[[], bool]) -> Callable[[int, bytes, int], None]:
    """In place of the log's own writing: half of it is written, then there is no room."""
    write = audit_log.write_all

    def writing(handle: int, content: bytes, offset_bytes: int) -> None:
        if is_full():
            write(handle, content[: len(content) // 2], offset_bytes)
            raise OSError(errno.ENOSPC, "no space left on device")
        write(handle, content, offset_bytes)

    return writing
