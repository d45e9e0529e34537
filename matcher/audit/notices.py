"""Records of what commands do beside the service: backups, restores, packs.

One process appends to the log. A command that finds it held leaves a notice, a file beside the log, which the service
writes into the log within a second or so, or its next start before it serves.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from index.durable.files import make_private
from matcher.audit.head import peek_head
from matcher.audit.log import FileAuditLog
from matcher.audit.records import COMMAND_ID, OS_USER, AuditEvent, AuditLog, event_of, members_of
from matcher.errors import AuditError
from matcher.texts.catalog import told

_NOTICE = ".notice-"


def record_command(audit_file: Path, event: AuditEvent, *, noted: str) -> None:
    """On disk when it returns: in the log, or as a notice where a service holds it. noted: what the store knows of the
    log. The operator is the user of the operating system. Raises AuditError."""
    event = replace(event, operator_id=event.operator_id or f"{OS_USER}{_user()}")
    _, is_held = peek_head(audit_file)
    if not is_held:
        with FileAuditLog(audit_file, noted=noted) as audit:
            audit.append(event)
        return
    name = secrets.token_hex(8)
    path = audit_file.with_name(f"{audit_file.name}{_NOTICE}{name}")
    content = json.dumps(members_of(replace(event, change_id=f"{COMMAND_ID}{name}"))).encode()
    try:
        # Whole or not there at all.
        make_private(path, content)
    except OSError as error:
        raise AuditError(told("log.notice_unwritable")) from error


def take_notices(audit_file: Path, audit: AuditLog) -> int:
    """Write the notices that lie beside the log into it; how many. Raises AuditError."""
    paths = sorted(audit_file.parent.glob(f"{audit_file.name}{_NOTICE}*"))
    if not paths:
        return 0
    events = {path: _read(path) for path in paths}
    recorded = audit.recorded({event.change_id for event in events.values()}, since_bytes=0)
    for path, event in events.items():
        if event.change_id not in recorded:
            audit.append(event)
        with contextlib.suppress(OSError):
            path.unlink()
    return len(paths)


def _read(path: Path) -> AuditEvent:
    try:
        members: Mapping[str, object] = json.loads(path.read_bytes())
        return event_of(members)
    except (OSError, ValueError, TypeError) as error:
        raise AuditError(told("log.notice_unreadable")) from error


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
