"""The audit record: what is written of every access, refusals and failures included, before its answer leaves."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Protocol

from matcher.audit.checkpoint import Checkpoint

# Before the user of the operating system, who is the operator of commands beside the service.
OS_USER: Final = "os:"
# Before the change ids of what commands did beside the service: by these none is recorded twice, and they name no
# change of the store. Nobody outside chooses a change id, while an operator is called as the caller says.
COMMAND_ID: Final = "command-"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One access. Empty fields are left out of the file.

    action: "identify", "verify", "assess", "enroll", "delete_subject", ... outcome: "ok", "refused" or "failed",
    and then reason says why. peer: transport address or certificate name. call_id: names the call, in the server's
    log and in what a client was told, too. request_id: the key that makes a repeat of a change safe; logs of
    version 0.1.0 have the call's id there where the request had no such key. probe_sha256: hex digests of the
    encoded samples; other_probe_sha256: of a probe that they were compared with. threshold: score. candidates:
    (subject_id, score) of a search, best first. score: of a verification, with subject_id or with the other probe.
    subject_ids: what a change of several subjects, or a list that was searched for, is about.
    disagreeing_scores: of enrolled samples that do not agree with what was on record of their subject.
    accepted_quality_reason: why samples of low quality were enrolled. changed_fields: ids of the fields of a
    record, never their values. change_id: names a change of the store, which has exactly one record; change_time:
    of the change, where its record had to wait (see changes.py).
    """

    action: str
    outcome: str = "ok"
    reason: str = ""
    operator_id: str = ""
    case_number: str = ""
    purpose: str = ""
    station_id: str = ""
    peer: str = ""
    call_id: str = ""
    request_id: str = ""
    probe_sha256: tuple[str, ...] = ()
    other_probe_sha256: tuple[str, ...] = ()
    pack_ids: tuple[str, ...] = ()
    galleries: tuple[str, ...] = ()
    threshold: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    score: float | None = None
    subject_id: str = ""
    subject_ids: tuple[str, ...] = ()
    reference_ids: tuple[int, ...] = ()
    disagreeing_scores: tuple[float, ...] = ()
    accepted_quality_reason: str = ""
    changed_fields: tuple[str, ...] = ()
    change_id: str = ""
    change_time: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A written event. sequence counts from 1 and orders the records; record_time is what the clock said, UTC."""

    audit_id: str
    sequence: int
    record_time: datetime
    event: AuditEvent
    previous_hash: str
    record_hash: str


class AuditLog(Protocol):
    """Append-only. Thread safe."""

    def append(self, event: AuditEvent) -> AuditRecord:
        """Write the event; on disk when this returns. Raises AuditError, and then no answer may leave."""

    def completed(self, event: AuditEvent) -> AuditEvent:
        """The event as append would write it now: with what the log knows of the call that is worked on."""

    def checkpoint(self) -> Checkpoint:
        """How far the log has come; all of it is on disk."""

    def recorded(self, change_ids: AbstractSet[str], *, since_bytes: int) -> AbstractSet[str]:
        """Which of these changes have a record, behind a place where the log stood before any of them. Raises
        AuditError."""

    def changes_since(self, offset_bytes: int) -> AbstractSet[str]:
        """Ids of the changes of the store that are recorded behind a place. Raises AuditError."""


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """record_count: whole records before the first fault. first_broken_record: number of the first record that is
    changed, missing or incomplete; None when the chain is whole. reason: a code, texts in matcher/texts/store.py.
    last_hash: of the last whole record, to be noted elsewhere. head_checked: the file's end was compared with the
    head file, without which records cut off at the end are not noticed. recovered_count: times that an incomplete
    end was moved aside. ends_in_use: a running process holds the log, so its last line may be in the making.
    """

    record_count: int
    first_broken_record: int | None
    reason: str
    last_hash: str = ""
    head_checked: bool = False
    recovered_count: int = 0
    ends_in_use: bool = False

    @property
    def ok(self) -> bool:
        """Whether the chain is whole."""
        return self.first_broken_record is None


def members_of(event: AuditEvent) -> dict[str, Any]:
    """The fields that say something, for JSON."""
    named = ((field.name, getattr(event, field.name)) for field in fields(event))
    return {name: value for name, value in named if value not in ("", (), None)}


def event_of(members: Mapping[str, Any]) -> AuditEvent:
    """The event of members_of, read from JSON. Raises TypeError."""
    return AuditEvent(**{name: _frozen(value) for name, value in members.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
