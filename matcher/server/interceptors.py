"""What every call of our services goes through: id, deadline, admission, reading, audit, errors, metrics.

All methods are registered as streams of bytes, which is the same on the wire: so a message that cannot be read, is
too large or never comes is a refusal of ours, audited and told like any other, and not one of the library's.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from index.errors import DatabaseError
from matcher.audit.entries import outcome_of
from matcher.audit.records import AuditEvent
from matcher.errors import (
    BusyError,
    CanceledError,
    DeadlineError,
    MalformedError,
    MatcherError,
    NotServingError,
    UnknownMethodError,
)
from matcher.server.admission import Admission
from matcher.server.calls import CALL_ID_KEY, Call, CallAudit, check_certificate, entered, open_call
from matcher.server.connections import ConnectionWatch
from matcher.server.metrics import Metrics
from matcher.server.read_watch import ReadWatch
from matcher.server.status import code_of, status_of
from matcher.server.wire_limits import access_to_record, check_message
from matcher.texts.catalog import told
from matcher.texts.reasons import reason_of

_LOG: Final = logging.getLogger("station_matcher")
# How long a stream waits for the place of one that was ended.
_PAUSE_S: Final = 0.05
_PAUSE_COUNT: Final = 40
OUR_PREFIX: Final = "/biometrics.v1."


@dataclass(frozen=True, slots=True)
class CallLimits:
    """longest_s: for one call, also where the caller states no deadline. read_s: for the bytes of one message.
    idle_s: between two messages of a stream. yield_s: after so long without a message a
    stream makes room for others. refused_certificate: of no client, DER; b"" where they show none."""

    max_message_bytes: int
    refused_certificate: bytes = b""
    longest_s: float = 120.0
    read_s: float = 60.0
    idle_s: float = 600.0
    yield_s: float = 2.0


class CallInterceptor(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc brings no types
    """Wraps every method of our services; health and reflection pass by."""

    def __init__(
        self,
        audit: CallAudit,
        admission: Admission,
        metrics: Metrics,
        read_watch: ReadWatch,
        connections: ConnectionWatch,
        *,
        limits: CallLimits,
        default_language: str,
    ) -> None:
        self._audit = audit
        self._admission = admission
        self._metrics = metrics
        self._read_watch = read_watch
        self._connections = connections
        self._limits = limits
        self._default_language = default_language

    def intercept_service(self, continuation: Callable[[Any], Any], details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None:
            return grpc.stream_unary_rpc_method_handler(self._wrapped(details.method, _unknown_method, None))
        if not details.method.startswith(OUR_PREFIX):
            return handler
        if handler.stream_stream is not None:
            behavior = self._wrapped_stream(details.method, handler.stream_stream, handler.request_deserializer)
            return grpc.stream_stream_rpc_method_handler(behavior, response_serializer=handler.response_serializer)
        if handler.unary_stream is not None:
            # A list that is whole before its first message leaves, so that it has its record.
            listed = self._wrapped(details.method, handler.unary_stream, handler.request_deserializer)
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, context: iter(listed(requests, context)),
                response_serializer=handler.response_serializer,
            )
        behavior = self._wrapped(details.method, handler.unary_unary, handler.request_deserializer)
        return grpc.stream_unary_rpc_method_handler(behavior, response_serializer=handler.response_serializer)

    def _wrapped(self, method: str, behavior: Any, parse: Any) -> Callable[[Iterator[bytes], Any], Any]:
        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            with self._connections.calling(context.peer()), entered(self._open(method, context)) as call:
                return self._guarded(call, lambda: self._answer_one(call, behavior, parse, requests))

        return answer

    def _wrapped_stream(self, method: str, behavior: Any, parse: Any) -> Callable[[Iterator[bytes], Any], Any]:
        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
            call = self._open(method, context)
            with entered(call):
                self._guarded(call, lambda: self._check_peer(call))
                admitted = self._guarded(call, lambda: self._stream_place(call))
            try:
                with self._connections.calling(context.peer()):
                    yield from self._answers(call, behavior(self._items(call, parse, requests), context))
            finally:
                admitted.__exit__(None, None, None)

        return answer

    def _answers(self, call: Call, responses: Iterator[Any]) -> Iterator[Any]:
        """Each answer with its record, each step in the context of the call."""

        def next_response() -> Any:
            response = next(responses, None)
            if response is not None:
                self._require_record(call)
            return response

        while True:
            with entered(call):
                response = self._guarded(call, next_response)
            if response is None:
                return
            yield response

    def _items(self, call: Call, parse: Any, requests: Iterator[bytes]) -> Iterator[Message]:
        """The messages of a stream. Each has its own deadline and its own record."""
        while True:
            call.audit_id, call.known = "", {}
            if self._admission.is_draining:
                raise BusyError("the server is stopping; try again")
            content = self._read(call, requests, self._limits.idle_s, is_idle=True)
            if content is None:
                return
            call.deadline_s = time.monotonic() + self._limits.longest_s
            with self._admission.holding(len(content), call.share, check=call.check):
                request = self._parsed(content, parse)
                del content  # the message holds its own copy
                yield request
                del request

    def _answer_one(self, call: Call, behavior: Any, parse: Any, requests: Iterator[bytes]) -> Any:
        self._check_peer(call)
        if parse is None:
            return behavior(None, call.context)
        # A place is taken when the message is there: a caller that sends none keeps nobody out.
        content = self._read(call, requests, self._limits.read_s)
        if content is None:
            raise MalformedError(told("call.no_message"))
        with self._admission.admitted("call", call.share), self._admission.holding(len(content), call.share):
            request = self._parsed(content, parse)
            call.known = access_to_record(request)
            check_message(request)
            del content  # the message holds its own copy; two of a large image are one too many
            with call.working():
                response = behavior(request, call.context)
            del request
        self._require_record(call)
        return response

    def _read(self, call: Call, requests: Iterator[bytes], limit_s: float, *, is_idle: bool = False) -> bytes | None:
        """One message; None where the sender ended first. Raises CanceledError."""
        try:
            with self._read_watch.reading(call.context, limit_s, is_idle=is_idle):
                return next(requests, None)
        except grpc.RpcError as error:
            raise CanceledError("the caller took the request back, or sent no message in time") from error

    def _parsed(self, content: bytes, parse: Callable[[bytes], Message]) -> Message:
        if len(content) > self._limits.max_message_bytes:
            raise MalformedError(told("call.message_too_large", bytes=self._limits.max_message_bytes))
        try:
            return parse(content)
        except DecodeError as error:
            raise MalformedError(told("call.not_this_message")) from error

    def _stream_place(self, call: Call) -> AbstractContextManager[None]:
        """A place for a stream, entered. Where all are taken, a stream that has sent nothing for a while makes room.
        Raises BusyError."""
        has_asked = False
        for pause_s in (*(_PAUSE_S,) * _PAUSE_COUNT, 0.0):
            place = self._admission.admitted("stream", call.share)
            try:
                place.__enter__()
            except BusyError:
                has_asked = has_asked or self._read_watch.end_longest_idle(after_s=self._limits.yield_s)
                if not has_asked or not pause_s or self._admission.is_draining:
                    raise
                time.sleep(pause_s)
            else:
                return place
        raise AssertionError("the last round returns or raises")

    def _check_peer(self, call: Call) -> None:
        """Raises UnauthenticatedError."""
        if self._limits.refused_certificate:
            check_certificate(call.context, self._limits.refused_certificate)

    def _require_record(self, call: Call) -> None:
        """No answer leaves without its record; a method that forgot one gets the plainest."""
        if not call.audit_id:
            self._audit.append(AuditEvent(action=call.action))

    def _guarded(self, call: Call, work: Callable[[], Any]) -> Any:
        """Runs work; an error becomes an audit record, a count, a log line and a status."""
        self._metrics.began()
        start = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            return work()
        except Exception as error:
            failure = self._audit.record_failure(error)
            code = code_of(failure)
            _log_failure(call, failure)
            status = status_of(failure, language=call.language, call_id=call.call_id)
        finally:
            self._metrics.ended(call.action, code.name, (time.perf_counter() - start) * 1000.0)
        told = rpc_status.to_status(status)
        # In one go: aborting replaces what the trailer held before.
        call.context.abort_with_status(told._replace(trailing_metadata=(*told.trailing_metadata, _named(call))))
        raise AssertionError("abort raises")

    def _open(self, method: str, context: grpc.ServicerContext) -> Call:
        call = open_call(
            method,
            context,
            admission=self._admission,
            longest_s=self._limits.longest_s,
            default_language=self._default_language,
        )
        context.set_trailing_metadata((_named(call),))
        return call


def _named(call: Call) -> tuple[str, str]:
    """What every trailer says."""
    return CALL_ID_KEY, call.call_id


def _unknown_method(request: None, context: grpc.ServicerContext) -> None:
    raise UnknownMethodError(told("call.no_method"))


def _log_failure(call: Call, error: Exception) -> None:
    """A refusal is told to the caller in full; what failed on our side is here, under the id of the call,
    which the caller has: which errors led to it and where they were raised."""
    code, reason = code_of(error), reason_of(error)
    if outcome_of(error) == "refused" or isinstance(error, (CanceledError, DeadlineError, NotServingError)):
        _LOG.info("%s %s %s call %s: %s", call.action, code.name, reason, call.call_id, type(error).__name__)
        return
    _LOG.error("%s %s %s call %s: %s", call.action, code.name, reason, call.call_id, _details(error))


def _details(error: BaseException) -> str:
    """The error and what it came from, each with its place. Only our own messages and those of the system: any other
    may quote what was sent."""
    said = type(error).__name__
    if isinstance(error, (MatcherError, DatabaseError)):
        said += f": {error}"
    elif isinstance(error, OSError) and error.strerror:
        said += f": {error.strerror}"
    place = "".join(traceback.format_tb(error.__traceback__)[-4:])
    cause = error.__cause__ or error.__context__
    return f"{said} at\n{place}" + (f"from {_details(cause)}" if cause is not None else "")
