"""Every use of the engines leaves an audit record: of the answer, or of why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from index.errors import (
    AlreadyExistsError,
    GalleryNotEmptyError,
    NotFoundError,
    PageSizeError,
    PageTokenError,
    ReassignmentError,
    RequestConflictError,
    RevisionConflictError,
)
from index.outbox import Owe, OwedRecord
from matcher.access.context import AccessContext
from matcher.access.wording import recorded
from matcher.audit.changes import ChangeLedger
from matcher.audit.records import AuditEvent, AuditLog
from matcher.errors import AuditError, BusyError, PackError, RequestError, SampleError, UnauthenticatedError

# What the request or the sample brought about, as opposed to what failed on our side.
_REFUSALS = (
    SampleError,
    RequestError,
    BusyError,
    UnauthenticatedError,
    PackError,
    NotFoundError,
    AlreadyExistsError,
    RequestConflictError,
    PageSizeError,
    RevisionConflictError,
    ReassignmentError,
    PageTokenError,
    GalleryNotEmptyError,
)
# Values of a list in the record of a refusal; what was carried out is recorded whole.
_MAX_REFUSED_COUNT = 20


Receipt = TypeVar("Receipt")


class AccessEntry:
    """The record of one access in the making. `finish` writes it; what is left out stays empty."""

    def __init__(self, audit: AuditLog, action: str, context: AccessContext, known: dict[str, Any]) -> None:
        self._audit = audit
        self._action = action
        self._context = context
        self._known = known
        self.audit_id = ""

    def note(self, **known: Any) -> None:
        """Adds fields of AuditEvent as they become known, so that a refusal tells as much as possible."""
        self._known |= known

    def finish(self, *, outcome: str = "ok", reason: str = "", **known: Any) -> str:
        """On disk when it returns: the audit id. Raises AuditError."""
        self._known |= known
        event = self._event(outcome, reason)
        if outcome != "ok":
            event = shortened(event)
        self.audit_id = self._audit.append(event).audit_id
        return self.audit_id

    def _event(self, outcome: str, reason: str) -> AuditEvent:
        context = self._context
        return AuditEvent(
            action=self._action,
            outcome=outcome,
            reason=reason,
            operator_id=context.operator_id,
            case_number=context.case_number,
            purpose=context.purpose,
            station_id=context.station_id,
            peer=context.peer,
            **self._known,
        )


class ChangeEntry(AccessEntry):
    """The record of a change in the making, which the store keeps until it is in the log (see changes.py)."""

    def __init__(self, ledger: ChangeLedger, action: str, context: AccessContext, known: dict[str, Any]) -> None:
        super().__init__(ledger.audit, action, context, known)
        self._ledger = ledger
        self.owed_id = 0

    def owes(self, known_of: Callable[[Receipt], dict[str, Any]]) -> Owe[Receipt]:
        """For the change: what it owes. known_of: the fields that its receipt makes known."""

        def owe(receipt: Receipt) -> OwedRecord:
            self.note(**known_of(receipt))
            owed, event = self._ledger.promise(self._event("ok", ""))
            self.owed_id = owed.owed_id
            self.note(change_id=event.change_id)
            return owed

        return owe

    def finish(self, *, outcome: str = "ok", reason: str = "", **known: Any) -> str:
        """See AccessEntry; what the store kept for it is settled. A deletion leaves nothing there."""
        audit_id = super().finish(outcome=outcome, reason=reason, **known)
        owed_id, self.owed_id = self.owed_id, 0
        if owed_id:
            self._ledger.settle(owed_id, at_once=self._action.startswith("delete"))
        return audit_id

    def fail(self, error: BaseException) -> None:
        """Record that the change was refused or failed; where it stands all the same, that too. Raises AuditError."""
        owed_id, self.owed_id = self.owed_id, 0
        if owed_id:
            self._known.pop("change_id")
            self._ledger.doubt(owed_id)
        if isinstance(error, AuditError):
            return
        if not self.audit_id:
            self.finish(outcome=outcome_of(error), reason=type(error).__name__)
        self._ledger.pay()


@contextmanager
def audited(audit: AuditLog, action: str, context: AccessContext, **known: Any) -> Iterator[AccessEntry]:
    """Writes a refusal or failure when the block raises; success is written by the block itself through `finish`,
    because the answer carries the audit id. Raises AuditError in place of the error when the record cannot be
    written."""
    entry = AccessEntry(audit, action, context, dict(known))
    try:
        yield entry
    except AuditError:
        raise
    except BaseException as error:
        if not entry.audit_id:
            entry.finish(outcome=outcome_of(error), reason=type(error).__name__)
        raise
    assert entry.audit_id, "the block must finish its entry"


@contextmanager
def changing(ledger: ChangeLedger, action: str, context: AccessContext, **known: Any) -> Iterator[ChangeEntry]:
    """Like audited, for what changes the store: nothing is changed while a change before has no record."""
    ledger.pay()
    entry = ChangeEntry(ledger, action, context, dict(known))
    try:
        yield entry
    except BaseException as error:
        entry.fail(error)
        raise
    assert entry.audit_id, "the block must finish its entry"


def shortened(event: AuditEvent) -> AuditEvent:
    """The event of a refusal, bounded: what was sent may be the very thing it was refused for."""
    most = _MAX_REFUSED_COUNT
    return replace(
        event,
        operator_id=recorded(event.operator_id),
        case_number=recorded(event.case_number),
        purpose=recorded(event.purpose),
        station_id=recorded(event.station_id),
        call_id=recorded(event.call_id),
        request_id=recorded(event.request_id),
        subject_id=recorded(event.subject_id),
        galleries=tuple(recorded(gallery) for gallery in event.galleries[:most]),
        subject_ids=tuple(recorded(subject_id) for subject_id in event.subject_ids[:most]),
        probe_sha256=event.probe_sha256[:most],
        other_probe_sha256=event.other_probe_sha256[:most],
        reference_ids=event.reference_ids[:most],
        candidates=tuple((recorded(subject_id), score) for subject_id, score in event.candidates[:most]),
    )


def outcome_of(error: BaseException) -> str:
    """ "refused" where the request or sample brought it about, "failed" where something on our side did."""
    return "refused" if isinstance(error, _REFUSALS) else "failed"
