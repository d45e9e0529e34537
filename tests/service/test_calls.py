"""What every call goes through: ids, languages, deadlines, limits, malformed messages, health, drain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from index.records import Subject
from matcher.client import ServiceError, enroll_message, error_of
from tests.fakes import NOTHING, face
from tests.service.conftest import ACCESS, Service, start_service, stop_service

IDENTIFY = "/biometrics.v1.MatchingService/Identify"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def small_service(tmp_path: Path) -> Iterator[Service]:
    """One worker, one place in the queue, messages up to 1 MiB."""
    running = start_service(
        tmp_path / "database", worker_count=1, queue_count=1, stream_count=1, max_message_bytes=1024 * 1024
    )
    yield running
    stop_service(running)


def raw_call(service: Service, method: str, content: bytes, **options: Any) -> bytes:
    """A unary call with bytes as they are."""
    channel = grpc.insecure_channel(service.server.address)
    try:
        answer: bytes = channel.unary_unary(method)(content, timeout=10, **options)
        return answer
    finally:
        channel.close()


def refusal_of(service: Service, method: str, content: bytes, **options: Any) -> ServiceError:
    with pytest.raises(grpc.RpcError) as failure:
        raw_call(service, method, content, **options)
    from grpc_status import rpc_status

    return error_of(rpc_status.from_call(failure.value))


@pytest.mark.parametrize("content", [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x03\x0a\x01\xff"])
def test_bytes_that_are_no_message_are_refused_and_recorded(service: Service, content: bytes) -> None:
    refusal = refusal_of(service, IDENTIFY, content)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "ERROR_REASON_MALFORMED")
    (event,) = service.audit.events
    assert (event.action, event.outcome, event.reason) == ("identify", "refused", "MalformedError")
    assert event.peer.startswith("ipv4:127.0.0.1")


def test_an_unknown_method_is_refused_and_recorded(service: Service) -> None:
    refusal = refusal_of(service, "/biometrics.v1.MatchingService/Guess", b"")
    assert (refusal.code, refusal.reason) == ("UNIMPLEMENTED", "ERROR_REASON_UNKNOWN_METHOD")
    assert [(event.action, event.outcome) for event in service.audit.events] == [("guess", "refused")]


@pytest.mark.parametrize("excess_bytes", [1, 3 * 1024 * 1024])
def test_a_message_above_the_limit_is_refused_and_recorded(small_service: Service, excess_bytes: int) -> None:
    content = bytes(small_service.settings.server.max_message_bytes + excess_bytes)
    with pytest.raises(grpc.RpcError) as failure:
        raw_call(small_service, IDENTIFY, content)
    assert failure.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED)
    _wait_for(lambda: small_service.audit.events)
    # What the library refuses before it is read reaches us as a call that broke off.
    (event,) = small_service.audit.events
    assert event.outcome in ("refused", "failed")
    assert small_service.client.is_serving()


def test_a_message_at_the_limit_is_read(small_service: Service) -> None:
    sample = face(1)
    filler = 1024 * 1024 - len(sample.image_bytes) - 100
    subject = Subject("", "number-1", display_name="x" * filler)
    with pytest.raises(ServiceError) as refusal:
        small_service.client.enroll([sample], subject=subject)
    assert refusal.value.reason == "ERROR_REASON_FIELD_INVALID"


@pytest.mark.parametrize(
    ("header", "expected"), [("vi", "Không tìm thấy"), ("en", "no face"), ("fr", "Không"), ("fr, en;q=0.5", "no face")]
)
def test_the_caller_chooses_the_language_and_gets_vietnamese_otherwise(
    service: Service, header: str, expected: str
) -> None:
    client = service.another_client(language=header)
    with pytest.raises(ServiceError) as refusal:
        client.identify([face(NOTHING)], access=ACCESS)
    assert expected in refusal.value.text


def test_a_call_id_of_the_caller_is_kept_and_a_wrong_one_replaced(service: Service) -> None:
    content = b"\xff"
    kept = refusal_of(service, IDENTIFY, content, metadata=(("x-call-id", "station-3:17"),))
    assert kept.call_id == "station-3:17"
    assert (service.audit.events[-1].call_id, service.audit.events[-1].request_id) == ("station-3:17", "")
    with pytest.raises(grpc.RpcError) as failure:
        raw_call(service, IDENTIFY, content, metadata=(("x-call-id", "station-3:17"),))
    assert ("x-call-id", "station-3:17") in failure.value.trailing_metadata()
    replaced = refusal_of(service, IDENTIFY, content, metadata=(("x-call-id", "a b"),))
    assert len(replaced.call_id) == 32


def test_the_trailer_of_an_answer_names_its_call(service: Service) -> None:
    request = enroll_message([face(1)], subject=Subject("", "n"), access=ACCESS)
    _, call = service.client.enrollment.Enroll.with_call(request)
    assert dict(call.trailing_metadata())["x-call-id"] == service.audit.events[-1].call_id


def test_the_id_of_a_call_and_the_key_of_a_repeat_have_fields_of_their_own(service: Service) -> None:
    for _ in range(2):
        service.client.enroll([face(1)], subject=Subject("", "n"), request_id="enroll-1")
    first, again = service.audit.events
    assert (first.request_id, again.request_id, again.reason) == ("enroll-1", "enroll-1", "replayed")
    assert len({first.call_id, again.call_id, ""}) == 3


def test_work_ends_at_the_deadline_between_stages(service: Service) -> None:
    service.face_engine.may_go.clear()
    message = enroll_message([face(1)], subject=Subject("", "n"), access=ACCESS)
    call = service.client.enrollment.Enroll.future(message, timeout=2.0)
    _wait_for(lambda: service.face_engine.running == 1)
    # The server's clock for it began before that.
    over_s = time.monotonic() + 2.0
    assert call.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    time.sleep(max(0.0, over_s - time.monotonic()) + 0.05)
    service.face_engine.may_go.set()
    _wait_for(lambda: len(service.audit.events) == 1)
    (event,) = service.audit.events
    assert (event.outcome, event.reason) == ("failed", "DeadlineError")
    assert not list(service.client.subjects())


def test_more_calls_than_places_are_refused_as_busy_and_the_rest_answered(small_service: Service) -> None:
    small_service.face_engine.may_go.clear()

    def assess(_: int) -> str:
        try:
            small_service.client.assess([face(1)])
        except ServiceError as error:
            return error.reason
        return "ok"

    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(assess, range(8))
        _wait_for(lambda: [event.outcome for event in small_service.audit.events].count("refused") == 6)
        small_service.face_engine.may_go.set()
        outcomes = list(asked)
    assert outcomes.count("ok") == 2
    assert outcomes.count("ERROR_REASON_BUSY") == 6
    assert [event.outcome for event in small_service.audit.events].count("refused") == 6
    assert small_service.client.assess([face(1)]).assessments[0].usable


@pytest.mark.parametrize("count", [4, 150])
def test_calls_that_send_no_message_keep_nobody_out(small_service: Service, count: int) -> None:
    """More of them than places, and more than calls may wait for their message."""
    silence = threading.Event()

    def nothing() -> Iterator[bytes]:
        silence.wait(60.0)
        yield from ()

    with grpc.insecure_channel(small_service.server.address) as channel:
        method = channel.stream_unary(IDENTIFY)
        half_open = [method.future(nothing()) for _ in range(count)]
        try:
            for _ in range(3):
                assert small_service.client.assess([face(1)]).assessments[0].usable
        finally:
            for call in half_open:
                call.cancel()
            silence.set()


def test_a_stream_that_sends_nothing_makes_room_for_others(small_service: Service) -> None:
    silence = threading.Event()

    def nothing() -> Iterator[bytes]:
        silence.wait(60.0)
        yield from ()

    with grpc.insecure_channel(small_service.server.address) as channel:
        idle = channel.stream_stream("/biometrics.v1.EnrollmentService/BatchEnroll")(nothing())
        try:
            _wait_for(lambda: small_service.server.admission.held_count("stream") == 1)
            items = [("first", enroll_message([face(1)], subject=Subject("", "number-1"), access=ACCESS))]
            limit = time.monotonic() + 30.0
            outcomes: list[str] = []
            while not outcomes and time.monotonic() < limit:
                try:
                    outcomes = [answer.WhichOneof("outcome") for answer in small_service.client.batch_enroll(items)]
                except ServiceError as error:
                    if error.reason != "ERROR_REASON_BUSY":
                        raise
                    time.sleep(0.2)
            assert outcomes == ["result"]
        finally:
            idle.cancel()
            silence.set()


def test_no_more_requests_are_at_the_engines_than_workers(service: Service) -> None:
    service.face_engine.delay_s = 0.05
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: service.client.assess([face(1)]), range(16)))
    assert service.face_engine.most_running == 2


def test_a_caller_that_goes_away_frees_its_place(small_service: Service) -> None:
    small_service.face_engine.may_go.clear()
    message = enroll_message([face(1)], subject=Subject("", "n"), access=ACCESS)
    waiting = [small_service.client.enrollment.Enroll.future(message, timeout=60) for _ in range(2)]
    _wait_for(lambda: (small_service.face_engine.running, small_service.server.admission.waiting_count) == (1, 1))
    for call in waiting:
        call.cancel()
        # The caller's side has ended at once; the server's is told by the connection.
        assert call.cancelled()
    _wait_for(lambda: small_service.server.admission.waiting_count == 0)
    small_service.face_engine.may_go.set()
    _wait_for(lambda: small_service.server.metrics.counts().running_count == 0)
    assert small_service.client.assess([face(1)]).assessments[0].usable
    assert not list(small_service.client.subjects())


def test_health_is_not_serving_until_the_index_is_verified(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database", is_open=False)
    try:
        assert not running.client.is_serving()
        with pytest.raises(ServiceError) as refusal:
            running.client.identify([face(1)], access=ACCESS)
        assert (refusal.value.code, refusal.value.reason) == ("UNAVAILABLE", "ERROR_REASON_NOT_SERVING")
        assert [event.outcome for event in running.audit.events] == ["failed"]
    finally:
        stop_service(running)


def test_health_tells_how_far_the_opening_is(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database", is_open=False)
    try:
        running.server.health.progress = "index 40/100"
        with grpc.insecure_channel(running.server.address) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            answer, call = check.with_call(health_pb2.HealthCheckRequest(), timeout=5)
        assert answer.status == NOT_SERVING
        assert ("x-progress", "index 40/100") in [(entry.key, entry.value) for entry in call.trailing_metadata()]
    finally:
        stop_service(running)


def test_health_names_each_service(service: Service) -> None:
    with grpc.insecure_channel(service.server.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", "biometrics.v1.MatchingService", "biometrics.v1.EnrollmentService"):
            assert stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status == SERVING
    assert not service.audit.events


@pytest.mark.parametrize("reflection", [True, False])
def test_reflection_is_off_unless_asked_for(tmp_path: Path, reflection: bool) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    running = start_service(tmp_path / "database", reflection=reflection)
    try:
        with grpc.insecure_channel(running.server.address) as channel:
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            if not reflection:
                with pytest.raises(grpc.RpcError):
                    list(stub.ServerReflectionInfo(asked, timeout=5))
                return
            (answer,) = stub.ServerReflectionInfo(asked, timeout=5)
            names = {found.name for found in answer.list_services_response.service}
        assert "biometrics.v1.MatchingService" in names
    finally:
        stop_service(running)


def test_draining_finishes_what_runs_and_takes_nothing_new(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database")
    running.face_engine.may_go.clear()
    with ThreadPoolExecutor(1) as pool:
        enrolling = pool.submit(running.client.enroll, [face(1)], subject=Subject("", "number-1"))
        _wait_for(lambda: running.face_engine.running == 1)
        stopping = threading.Thread(target=running.server.stop)
        stopping.start()
        _wait_for(lambda: running.server.admission.is_draining)
        running.face_engine.may_go.set()
        answer = enrolling.result()
        stopping.join()
    assert answer.subject_id
    assert running.database.get_subject(answer.subject_id).external_id == "number-1"
    assert not running.client.is_serving()
    stop_service(running)


def test_an_idle_batch_stream_does_not_hold_up_the_drain(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database", drain_s=3600.0)
    more = threading.Event()

    def items() -> Iterator[tuple[str, Any]]:
        yield "first", enroll_message([face(1)], subject=Subject("", "number-1"), access=ACCESS)
        more.wait(300)

    answers = running.client.batch_enroll(items())
    assert next(answers).WhichOneof("outcome") == "result"
    # If it waited for the stream it would wait an hour, and the test with it.
    running.server.stop()
    more.set()
    stop_service(running)


def test_a_second_server_cannot_take_the_port(service: Service, tmp_path: Path) -> None:
    from matcher.errors import ConfigError

    with pytest.raises(ConfigError):
        start_service(tmp_path / "other", address=service.server.address)


def _wait_for(holds: Any, *, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
