"""Parts of the server by themselves: conversion of whatever arrives, admission, the watch over slow senders."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import FingerPosition, Modality
from matcher.client import sample_message
from matcher.errors import BusyError, DeadlineError, RequestError
from matcher.formats.turns import Turns
from matcher.results import SampleScore, Score
from matcher.samples import EncodedSample
from matcher.scoring.ranking import rank_candidates
from matcher.server.admission import Admission
from matcher.server.calls import snake_case
from matcher.server.from_proto import filter_from_proto, sample_from_proto, subject_from_proto
from matcher.server.peers import address_of
from matcher.server.read_watch import ReadWatch
from matcher.texts.languages import preferred_language
from protos.biometrics.v1 import enrollment_service_pb2, matching_service_pb2, sample_pb2

INT32 = st.integers(-(2**31), 2**31 - 1)


@given(
    modality=INT32,
    finger=INT32,
    ppi=st.floats(),
    seconds=st.integers(-(2**63), 2**63 - 1),
    nanos=INT32,
    face_number=INT32,
    content=st.binary(max_size=8),
    is_template=st.booleans(),
)
def test_whatever_arrives_is_a_sample_or_a_named_field(
    modality: int,
    finger: int,
    ppi: float,
    seconds: int,
    nanos: int,
    face_number: int,
    content: bytes,
    is_template: bool,
) -> None:
    message = sample_pb2.Sample(face_number=face_number)
    message.modality, message.finger_position = modality, finger  # type: ignore[assignment]
    if is_template:
        message.iso_19794_2_template = content
    else:
        message.image.content, message.image.ppi = content, ppi
    message.capture_time.seconds, message.capture_time.nanos = seconds, nanos
    try:
        sample = sample_from_proto(message, field="samples[3]")
    except RequestError as error:
        named = error.field
    else:
        named = ""
    if named:
        assert named.startswith("samples[3].")
        return
    assert sample.ppi is None or (math.isfinite(sample.ppi) and sample.ppi > 0)
    assert isinstance(sample.finger, FingerPosition)
    assert sample.face_number >= 0
    # What the client makes of it is the same sample again.
    assert sample_from_proto(sample_message(sample), field="samples[3]") == sample


@given(fingers=st.lists(INT32, max_size=4), sex=INT32, year=INT32)
def test_a_scope_is_a_filter_or_a_named_field(fingers: list[int], sex: int, year: int) -> None:
    message = matching_service_pb2.SearchScope(birth_year_min=year)
    message.finger_positions.extend(fingers)  # type: ignore[arg-type]
    message.sex = sex  # type: ignore[assignment]
    try:
        where = filter_from_proto(message)
    except RequestError as error:
        named = error.field
    else:
        named = ""
    if named:
        assert named.startswith("scope.")
        return
    assert where.birth_year_min == (year or None)


def test_a_subject_with_an_unknown_sex_is_refused() -> None:
    message = enrollment_service_pb2.Subject(sex=7)  # type: ignore[arg-type]
    with pytest.raises(RequestError) as refusal:
        subject_from_proto(message)
    assert refusal.value.field == "subject.sex"


def test_an_empty_sample_names_what_is_missing() -> None:
    message = sample_pb2.Sample(modality=sample_pb2.MODALITY_FACE)
    with pytest.raises(RequestError) as refusal:
        sample_from_proto(message, field="samples[0]")
    assert refusal.value.field == "samples[0].content"
    # An image without bytes is an image; decoding says that it is empty.
    message.image.SetInParent()
    assert sample_from_proto(message, field="samples[0]") == EncodedSample(Modality.FACE)


def test_admission_counts_in_and_out() -> None:
    admission = Admission(worker_count=1, queue_count=1, stream_count=1)
    with admission.admitted("call", "a"), admission.admitted("call", "a"), admission.admitted("stream", "a"):
        for kind in ("call", "stream"):
            with pytest.raises(BusyError), admission.admitted(kind, "a"):
                pass
    with admission.admitted("call", "a"):
        admission.drain()
        with pytest.raises(BusyError), admission.admitted("call", "a"):
            pass


def test_the_messages_of_all_calls_have_a_budget_and_one_alone_is_always_taken() -> None:
    admission = Admission(worker_count=1, queue_count=1, stream_count=1, held_bytes=100)
    with admission.holding(300, "a"), pytest.raises(BusyError, match="hold as much"), admission.holding(1, "a"):
        pass
    with admission.holding(60, "a"), admission.holding(40, "a"), pytest.raises(BusyError), admission.holding(1, "a"):
        pass
    with admission.holding(100, "a"):
        pass


def test_whoever_waits_for_a_place_leaves_at_the_deadline() -> None:
    admission = Admission(worker_count=1, queue_count=1, stream_count=1)
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise DeadlineError("over")

    with admission.working("a", check):
        threading.Timer(0.05, over.set).start()
        with pytest.raises(DeadlineError), admission.working("a", check):
            pass
    over.clear()
    with admission.working("a", check):
        pass


class _Context:
    def __init__(self, host: str = "192.0.2.1") -> None:
        self.host = host
        self.canceled = threading.Event()

    def peer(self) -> str:
        return f"ipv4:{self.host}:50000"

    def auth_context(self) -> dict[str, tuple[bytes, ...]]:
        return {}

    def cancel(self) -> None:
        self.canceled.set()


def test_a_sender_that_does_not_send_is_ended_and_others_are_not() -> None:
    watch = ReadWatch()
    watch.start()
    slow, quick, idle = _Context(), _Context(), _Context()
    try:
        with watch.reading(_any(slow), 0.01):
            assert slow.canceled.wait(10)
        with watch.reading(_any(quick), 60.0), watch.reading(_any(idle), 60.0, is_idle=True):
            watch.end_idle()
            assert idle.canceled.is_set()
            assert not quick.canceled.is_set()
    finally:
        watch.stop()


def _any(value: object) -> Any:
    return value


@pytest.mark.parametrize(
    ("method", "action"), [("Identify", "identify"), ("AddToGallery", "add_to_gallery"), ("", ""), ("x" * 99, "x" * 64)]
)
def test_actions_are_methods_in_snake_case(method: str, action: str) -> None:
    assert snake_case(method) == action


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "vi"), ("en", "en"), ("EN-us", "en"), ("fr", "vi"), ("vi;q=0.2, en;q=0.8", "en"), ("en;q=x, vi", "vi")],
)
def test_the_language_is_the_best_we_have(header: str, language: str) -> None:
    assert preferred_language(header) == language


def test_candidates_are_ranked_by_score_then_similarity_then_as_found() -> None:
    def scored(value: float, similarity: float, *, extrapolated: bool = False) -> tuple[SampleScore, ...]:
        score = Score(value, extrapolated)
        return (SampleScore(Modality.FACE, FingerPosition.UNKNOWN, 0, 1, similarity, score),)

    found = {
        "b": scored(40.0, 0.9, extrapolated=True),
        "d": scored(10.0, 0.2),
        "a": scored(40.0, 0.9, extrapolated=True),
        "c": scored(40.0, 0.95, extrapolated=True),
    }
    ranked = rank_candidates(found, threshold_score=40.0, max_candidates=3)
    assert [candidate.subject_id for candidate in ranked] == ["c", "b", "a"]
    assert [candidate.rank for candidate in ranked] == [1, 2, 3]
    assert all(candidate.above_threshold and candidate.score.extrapolated for candidate in ranked)


def test_samples_that_agree_outrank_one_sample_alone() -> None:
    def sample(number: int, value: float) -> SampleScore:
        return SampleScore(Modality.FINGERPRINT, FingerPosition(number + 1), number, 1, 0.5, Score(value))

    found = {"one": (sample(0, 35.0),), "both": (sample(0, 30.0), sample(1, 30.0))}
    assert rank_candidates(found, threshold_score=50.0, max_candidates=2)[0].subject_id == "both"


def test_time_limits_are_what_the_documentation_says() -> None:
    from matcher.server.interceptors import CallLimits

    limits = CallLimits(max_message_bytes=1)
    assert (limits.longest_s, limits.read_s, limits.idle_s) == (120.0, 60.0, 600.0)


def test_a_place_goes_to_whoever_has_waited_longest() -> None:
    """Whoever waits looks up now and then, and a newcomer may ask in the very moment in which a place is free."""
    admission = Admission(worker_count=1, queue_count=8, stream_count=1)
    served: list[str] = []

    def wait(name: str, looked_up: threading.Event, looks: list[int]) -> None:
        def check() -> None:
            looks[0] += 1
            if looks[0] > 2:
                looked_up.set()

        with admission.working("a", check):
            served.append(name)

    threads = []
    with admission.working("a", lambda: None):
        for number in range(5):
            looked_up = threading.Event()
            threads.append(threading.Thread(target=wait, args=(f"waiting {number}", looked_up, [0])))
            threads[-1].start()
            looked_up.wait(10.0)
    with admission.working("a", lambda: None):
        served.append("newcomer")
    for thread in threads:
        thread.join()
    assert served == [*(f"waiting {number}" for number in range(5)), "newcomer"]


def test_one_peer_has_a_share_and_no_more() -> None:
    admission = Admission(worker_count=2, queue_count=2, stream_count=1, held_bytes=100, peer_share=0.75)
    with admission.admitted("call", "a"), admission.admitted("call", "a"), admission.admitted("call", "a"):
        with pytest.raises(BusyError), admission.admitted("call", "a"):
            pass
        assert (admission.full("a"), admission.full("b")) == ("3/4", "")
        with admission.admitted("call", "b"):
            assert admission.full("b") == "4/4"
    with admission.holding(50, "a"), pytest.raises(BusyError), admission.holding(30, "a"):
        pass
    with admission.holding(50, "a"), admission.holding(30, "b"):
        pass


def test_an_item_of_a_stream_waits_for_room() -> None:
    admission = Admission(worker_count=1, queue_count=1, stream_count=1, held_bytes=100)
    looks: list[int] = []

    def check() -> None:
        looks.append(1)
        if len(looks) == 3:
            other.__exit__(None, None, None)

    other = admission.holding(90, "b")
    other.__enter__()
    with admission.holding(50, "a", check=check):
        assert len(looks) == 3


def test_who_holds_every_place_holds_up_no_other() -> None:
    """The other begins at once, and one of several others that wait goes before what the first asked for long ago."""
    turns = Turns(2)
    order: list[str] = []
    waiting = threading.Semaphore(0)

    def work(owner: str) -> None:
        with turns.taken(owner, waiting.release):
            order.append(owner)

    with turns.taken("a", lambda: None):
        with turns.taken("a", lambda: None):
            third = threading.Thread(target=work, args=("a",))
            third.start()
            waiting.acquire()
            with turns.taken("b", lambda: None), turns.taken("c", lambda: None):
                order.append("b and c")
            assert order == ["b and c"]
        third.join(10.0)
        assert order == ["b and c", "a"]


def test_addresses_are_read_as_the_library_writes_them() -> None:
    assert address_of("ipv4:192.0.2.1:50000") == ("192.0.2.1", 50000)
    assert address_of("ipv6:%5B2001:db8::1%5D:50000") == ("2001:db8::1", 50000)
    assert address_of("ipv6:%5B::ffff:192.0.2.1%5D:50000") == ("192.0.2.1", 50000)
    assert address_of("unix:/run/one")[1] == 0
