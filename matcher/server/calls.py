"""The call that a thread is working on: its id, its caller, and whether it left an audit record yet."""

from __future__ import annotations

import re
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final

import grpc

from matcher.audit.checkpoint import Checkpoint
from matcher.audit.entries import outcome_of
from matcher.audit.records import AuditEvent, AuditLog, AuditRecord
from matcher.errors import AuditError, CanceledError, DeadlineError, UnauthenticatedError
from matcher.server.admission import Admission
from matcher.server.peers import peer_of, share_of
from matcher.stages import Stages
from matcher.texts.languages import preferred_language
from matcher.texts.unseen import visible

CALL_ID_KEY: Final = "x-call-id"
_CALL_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(slots=True)
class Call:
    """One call, worked on by one thread. action: method name in snake case. share: whose share of the
    server it takes. deadline_s: time.monotonic() at which
    nobody waits for the answer any more. audit_id: "" until a record of this call is on disk. known: fields of
    AuditEvent that a refusal before any use case records."""

    action: str
    call_id: str
    language: str
    peer: str
    share: str
    deadline_s: float
    context: grpc.ServicerContext
    admission: Admission
    audit_id: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def remaining_s(self) -> float:
        return self.deadline_s - time.monotonic()

    def check(self) -> None:
        """Raises DeadlineError or CanceledError when nobody waits for the answer any more."""
        if self.remaining_s <= 0.0:
            raise DeadlineError("the time allowed for the request has run out; try again with a longer deadline")
        if not self.context.is_active():
            raise CanceledError("the caller took the request back")

    def working(self) -> AbstractContextManager[None]:
        """A place at the engines, waited for until the deadline."""
        return self.admission.working(self.share, self.check)

    def stages(self) -> Stages:
        """A clock for the stages of this call, with its deadline between them."""
        return Stages(check=self.check)


_CURRENT: Final[ContextVar[Call | None]] = ContextVar("current_call", default=None)


def open_call(
    method: str, context: grpc.ServicerContext, *, admission: Admission, longest_s: float, default_language: str
) -> Call:
    """method: "/package.Service/Method". longest_s: limit for a caller that states no deadline."""
    metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    call_id = metadata.get(CALL_ID_KEY, "")
    if not _CALL_ID.fullmatch(call_id):
        call_id = uuid.uuid4().hex
    allowed_s = min(context.time_remaining() or longest_s, longest_s)
    return Call(
        action=snake_case(method.rpartition("/")[2]),
        call_id=call_id,
        language=preferred_language(metadata.get("accept-language", ""), default=default_language),
        peer=peer_of(context),
        share=share_of(context),
        deadline_s=time.monotonic() + allowed_s,
        context=context,
        admission=admission,
    )


def current_share() -> str:
    """Whose share of the server this thread's work takes; "" outside of a call."""
    call = _CURRENT.get()
    return "" if call is None else call.share


def current_call() -> Call:
    """The call of this thread; there is one inside every servicer method."""
    call = _CURRENT.get()
    assert call is not None, "only servicer methods ask for the call"
    return call


@contextmanager
def entered(call: Call) -> Iterator[Call]:
    token = _CURRENT.set(call)
    try:
        yield call
    finally:
        _CURRENT.reset(token)


def check_certificate(context: grpc.ServicerContext, refused: bytes) -> None:
    """refused: a certificate (DER) that is not a client's: the server's own, whose key lies on the server, opens the
    connection, since the same root signed it, and would make every thief of it a station. Raises UnauthenticatedError.
    """
    for shown in context.auth_context().get("x509_pem_cert", ()):
        if ssl.PEM_cert_to_DER_cert(shown.decode("ascii")) == refused:
            raise UnauthenticatedError("this is the server's own certificate; a station needs one of its own")


def snake_case(method: str) -> str:
    return visible(re.sub(r"(?<=.)([A-Z])", r"_\1", method).lower()[:64])


class CallAudit:
    """An AuditLog that marks the current call as recorded, so that no call is recorded twice or not at all."""

    def __init__(self, audit: AuditLog, *, on_change: Callable[[bool], None] = lambda _: None) -> None:
        """on_change: told False when records cannot be written any more, and True when they can again."""
        self._audit = audit
        self._on_change = on_change
        self._is_writable = True

    @property
    def is_writable(self) -> bool:
        """Whether the last record could be written."""
        return self._is_writable

    def append(self, event: AuditEvent) -> AuditRecord:
        """On disk when it returns. Raises AuditError."""
        call = _CURRENT.get()
        try:
            record = self._audit.append(self.completed(event))
        except AuditError:
            self._tell(False)
            raise
        self._tell(True)
        if call is not None and not event.change_time:
            call.audit_id = record.audit_id
        return record

    def completed(self, event: AuditEvent) -> AuditEvent:
        """With the caller and the id of the current call."""
        call = _CURRENT.get()
        # The record of another call's change, which had to wait, says nothing of this one.
        if call is None or event.change_time:
            return event
        return replace(event, peer=event.peer or call.peer, call_id=call.call_id)

    def checkpoint(self) -> Checkpoint:
        """See AuditLog."""
        return self._audit.checkpoint()

    def recorded(self, change_ids: AbstractSet[str], *, since_bytes: int) -> AbstractSet[str]:
        """See AuditLog."""
        return self._audit.recorded(change_ids, since_bytes=since_bytes)

    def changes_since(self, offset_bytes: int) -> AbstractSet[str]:
        """See AuditLog."""
        return self._audit.changes_since(offset_bytes)

    def _tell(self, is_writable: bool) -> None:
        if is_writable is not self._is_writable:
            self._is_writable = is_writable
            self._on_change(is_writable)

    def record_failure(self, error: Exception) -> Exception:
        """Records that the current call failed, unless it is recorded already. The error to tell: the given one, or
        that it could not be recorded."""
        call = current_call()
        if call.audit_id or isinstance(error, AuditError):
            return error
        try:
            event = AuditEvent(action=call.action, outcome=outcome_of(error), reason=type(error).__name__, **call.known)
            self.append(event)
        except AuditError as audit_error:
            return audit_error
        return error
