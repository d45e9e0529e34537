"""What the wire may bring: every text and list of a request is bounded, and so is what a refusal leaves behind."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from index.records import Subject
from matcher.access.context import AccessContext
from matcher.access.wording import NAME, check_text, recorded
from matcher.client import ServiceError
from matcher.client.messages import sample_message
from matcher.errors import RequestError
from matcher.server.wire_limits import COUNT_LIMITS, TEXT_LIMITS, check_message
from protos.biometrics.v1 import enrollment_service_pb2 as pb
from protos.biometrics.v1 import matching_service_pb2, record_service_pb2, sample_pb2, server_service_pb2
from tests.fakes import face
from tests.service.conftest import ACCESS, Service

DOCS = Path(__file__).parents[2] / "docs" / "service.md"
_MIB = 1 << 20
# Largest record of a refusal: four texts of access and a few ids, all at their limit.
_LARGEST_RECORD_BYTES = 16_384


def _request_fields() -> Iterator[tuple[str, FieldDescriptor]]:
    """Every field that a request can bring, as "Message.field"."""
    waiting: list[Descriptor] = [
        method.input_type
        for file in (
            matching_service_pb2.DESCRIPTOR,
            pb.DESCRIPTOR,
            record_service_pb2.DESCRIPTOR,
            server_service_pb2.DESCRIPTOR,
        )
        for service in file.services_by_name.values()
        for method in service.methods
    ]
    seen: set[str] = set()
    while waiting:
        message = waiting.pop()
        if message.full_name in seen or not message.full_name.startswith("biometrics.v1."):
            continue
        seen.add(message.full_name)
        for field in message.fields:
            yield f"{message.name}.{field.name}", field
            if field.message_type is not None:
                waiting.append(field.message_type)


def test_every_text_and_list_of_a_request_has_a_limit() -> None:
    fields = dict(_request_fields())
    texts = {name for name, field in fields.items() if field.type == FieldDescriptor.TYPE_STRING}
    lists = {name for name, field in fields.items() if field.is_repeated}
    assert texts == TEXT_LIMITS.keys()
    assert lists == COUNT_LIMITS.keys()


def test_the_documentation_has_the_same_table() -> None:
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for name, limit in TEXT_LIMITS.items():
        field = name.rpartition(".")[2]
        size = f"{limit.characters} characters, {limit.bytes} bytes"
        assert any(f"`{field}`" in row and size in row for row in rows), name
    for name, count in COUNT_LIMITS.items():
        assert f"| `{name.rpartition('.')[2]}` | {count} |" in rows, name


@pytest.mark.parametrize("name", sorted(TEXT_LIMITS))
def test_each_text_is_refused_beyond_its_limit(name: str) -> None:
    message_name, _, field_name = name.partition(".")
    modules = (sample_pb2, matching_service_pb2, pb, record_service_pb2)
    make = next(getattr(module, message_name) for module in modules if hasattr(module, message_name))
    is_list = name in COUNT_LIMITS
    for text, is_allowed in [
        ("a" * TEXT_LIMITS[name].characters, True),
        ("a" * (TEXT_LIMITS[name].characters + 1), False),
        ("ế" * TEXT_LIMITS[name].characters, True),
        ("zero\u200bwidth", False),
    ]:
        message = make(**{field_name: [text] if is_list else text})
        if is_allowed:
            check_message(message)
            continue
        with pytest.raises(RequestError) as refusal:
            check_message(message)
        assert refusal.value.field == (f"{field_name}[0]" if is_list else field_name)


@pytest.mark.parametrize("name", sorted(COUNT_LIMITS))
def test_each_list_is_refused_beyond_its_limit(name: str) -> None:
    message_name, _, field_name = name.partition(".")
    modules = (sample_pb2, matching_service_pb2, pb, record_service_pb2)
    make = next(getattr(module, message_name) for module in modules if hasattr(module, message_name))
    field = make.DESCRIPTOR.fields_by_name[field_name]
    empty = {FieldDescriptor.TYPE_STRING: "", FieldDescriptor.TYPE_ENUM: 0, FieldDescriptor.TYPE_INT64: 0}
    message = GetMessageClass(field.message_type)() if field.message_type else None
    value = empty.get(field.type, message)
    check_message(make(**{field_name: [value] * COUNT_LIMITS[name]}))
    with pytest.raises(RequestError) as refusal:
        check_message(make(**{field_name: [value] * (COUNT_LIMITS[name] + 1)}))
    assert refusal.value.field == field_name


_VIETNAMESE = st.text(
    "aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂĐÊÔƠƯàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ 0123456789-/.",
    max_size=NAME.characters,
)


@given(_VIETNAMESE, st.sampled_from(["NFC", "NFD"]))
def test_vietnamese_passes_composed_and_decomposed(text: str, form: str) -> None:
    written = unicodedata.normalize(form, text)
    check_text(written, NAME, field="name")
    assert recorded(written, NAME) == written


@given(st.text(max_size=3 * NAME.characters))
def test_a_recorded_text_is_bounded_and_shows_everything(text: str) -> None:
    shown = recorded(text, NAME)
    assert len(shown) <= 80 * 10 + 120
    check_text(shown, type(NAME)(1000), field="")


@pytest.mark.parametrize(
    "hidden",
    ["\x1b[31m", "\n", "\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u0378", "\u2028", "\u3164"],
)
def test_control_and_invisible_characters_are_refused_by_field(service: Service, hidden: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1)], subject=Subject("", "one", f"Trần {hidden}Văn"), access=ACCESS)
    assert [violation.field for violation in refusal.value.violations] == ["subject.display_name"]
    record = service.audit.events[-1]
    assert (record.outcome, record.reason, record.operator_id) == ("refused", "RequestError", ACCESS.operator_id)


@pytest.mark.parametrize("name", ["operator_id", "case_number", "purpose", "station_id"])
def test_a_huge_text_of_the_access_leaves_a_small_record(service: Service, name: str) -> None:
    said = {"operator_id": "op-7", "case_number": "case-1", "purpose": "burglary", name: "\x01x" * (4 * _MIB)}
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1)], access=AccessContext(**said))
    assert [violation.field for violation in refusal.value.violations] == [f"access.{name}"]
    assert len(refusal.value.args[0]) < 1000
    record = json.dumps(asdict(service.audit.events[-1]))
    assert len(record) < _LARGEST_RECORD_BYTES
    assert f"{8 * _MIB} bytes, SHA-256" in record


@pytest.mark.parametrize(
    "enrollment",
    [
        pb.EnrollRequest(request_id="r" * (8 * _MIB)),
        pb.EnrollRequest(subject=pb.Subject(subject_id="s" * (8 * _MIB))),
        pb.EnrollRequest(subject=pb.Subject(gallery_ids=["g" * 1000] * 8000)),
        pb.EnrollRequest(samples=[sample_pb2.Sample(station_id="s" * (8 * _MIB))]),
    ],
)
def test_a_refused_enrollment_leaves_a_small_record(service: Service, enrollment: pb.EnrollRequest) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.call(service.client.enrollment.Enroll, enrollment)
    assert refusal.value.reason == "ERROR_REASON_FIELD_INVALID"
    assert len(json.dumps(asdict(service.audit.events[-1]))) < _LARGEST_RECORD_BYTES
    (answer,) = service.client.enrollment.BatchEnroll(iter([pb.BatchEnrollRequest(item_id="1", enrollment=enrollment)]))
    assert answer.error.code == 3
    assert len(json.dumps(asdict(service.audit.events[-1]))) < _LARGEST_RECORD_BYTES


def test_a_batch_goes_on_after_an_item_beyond_a_limit(service: Service) -> None:
    def item(item_id: str, number: int) -> pb.BatchEnrollRequest:
        access = sample_pb2.AccessContext(operator_id="op-7", case_number="case-1", purpose="backlog")
        subject = pb.Subject(external_id=f"number-{number}")
        enrollment = pb.EnrollRequest(access=access, subject=subject, samples=[sample_message(face(number))])
        return pb.BatchEnrollRequest(item_id=item_id, enrollment=enrollment)

    answers = list(service.client.enrollment.BatchEnroll(iter([item("1", 1), item("x" * _MIB, 2), item("3", 3)])))
    assert [answer.WhichOneof("outcome") for answer in answers] == ["result", "error", "result"]
    assert len(answers[1].item_id) <= TEXT_LIMITS["BatchEnrollRequest.item_id"].characters
    assert len(json.dumps([asdict(event) for event in service.audit.events])) < 3 * _LARGEST_RECORD_BYTES


def test_a_name_is_kept_as_it_was_written(service: Service) -> None:
    for form in ("NFC", "NFD"):
        name = unicodedata.normalize(form, "Nguyễn Thị Hướng Đế " * 10)
        answer = service.client.enroll([face(1)], subject=Subject("", f"{form}-Đ", name), access=ACCESS)
        assert service.client.get_subject(answer.subject_id, access=ACCESS).display_name == name
