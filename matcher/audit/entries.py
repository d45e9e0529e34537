"""Every use of the engines leaves an audit record: of the answer, or of why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from index.errors import AlreadyExistsError, NotFoundError, PageTokenError, RequestConflictError
from matcher.access.context import AccessContext
from matcher.access.wording import recorded
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
    PageTokenError,
)
# Values of a list in the record of a refusal; what was carried out is recorded whole.
_MAX_REFUSED_COUNT = 20


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
        context = self._context
        event = AuditEvent(
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
        if outcome != "ok":
            event = shortened(event)
        self.audit_id = self._audit.append(event).audit_id
        return self.audit_id


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


def shortened(event: AuditEvent) -> AuditEvent:
    """The event of a refusal, bounded: what was sent may be the very thing it was refused for."""
    most = _MAX_REFUSED_COUNT
    return replace(
        event,
        operator_id=recorded(event.operator_id),
        case_number=recorded(event.case_number),
        purpose=recorded(event.purpose),
        station_id=recorded(event.station_id),
        request_id=recorded(event.request_id),
        subject_id=recorded(event.subject_id),
        galleries=tuple(recorded(gallery) for gallery in event.galleries[:most]),
        probe_sha256=event.probe_sha256[:most],
        reference_ids=event.reference_ids[:most],
        candidates=tuple((recorded(subject_id), score) for subject_id, score in event.candidates[:most]),
    )


def outcome_of(error: BaseException) -> str:
    """ "refused" where the request or sample brought it about, "failed" where something on our side did."""
    return "refused" if isinstance(error, _REFUSALS) else "failed"
