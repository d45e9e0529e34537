"""Proto to domain. The other direction is convert_out.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Final

from index.records import FingerPosition, Gallery, Modality, SearchFilter, Sex, Subject
from matcher.access.context import AccessContext
from matcher.errors import RequestError
from matcher.samples import EncodedSample
from matcher.texts.catalog import told
from protos.biometrics.v1 import enrollment_service_pb2, matching_service_pb2, sample_pb2

MODALITIES: Final = {
    sample_pb2.MODALITY_FACE: Modality.FACE,
    sample_pb2.MODALITY_FINGERPRINT: Modality.FINGERPRINT,
}
SEXES: Final = {
    sample_pb2.SEX_UNSPECIFIED: Sex.UNKNOWN,
    sample_pb2.SEX_FEMALE: Sex.FEMALE,
    sample_pb2.SEX_MALE: Sex.MALE,
}


def access_from_proto(message: sample_pb2.AccessContext, *, peer: str) -> AccessContext:
    """peer: who the transport says it is; never taken from the message."""
    return AccessContext(
        operator_id=message.operator_id,
        case_number=message.case_number,
        purpose=message.purpose,
        station_id=message.station_id,
        peer=peer,
    )


def samples_from_proto(messages: Sequence[sample_pb2.Sample], *, field: str) -> tuple[EncodedSample, ...]:
    """field: path of the repeated field, for errors. Raises RequestError."""
    return tuple(sample_from_proto(message, field=f"{field}[{number}]") for number, message in enumerate(messages))


def sample_from_proto(message: sample_pb2.Sample, *, field: str) -> EncodedSample:
    """Raises RequestError naming the field that is wrong."""
    if message.modality not in MODALITIES:
        raise RequestError(told("field.modality"), field=f"{field}.modality")
    if message.WhichOneof("content") is None:
        raise RequestError(told("field.content"), field=f"{field}.content")
    template = message.iso_19794_2_template
    if message.WhichOneof("content") == "iso_19794_2_template" and not template:
        raise RequestError(told("field.template_empty"), field=f"{field}.iso_19794_2_template")
    if message.face_number < 0:
        raise RequestError(told("field.face_number"), field=f"{field}.face_number")
    ppi = message.image.ppi
    # Written so that NaN does not pass.
    if not 0.0 <= ppi <= 100_000.0:
        raise RequestError(told("field.ppi"), field=f"{field}.image.ppi")
    try:
        capture_time = message.capture_time.ToDatetime() if message.HasField("capture_time") else None
    except (ValueError, OverflowError) as error:
        raise RequestError(told("field.time"), field=f"{field}.capture_time") from error
    return EncodedSample(
        modality=MODALITIES[message.modality],
        image_bytes=message.image.content,
        finger=finger_from_proto(message.finger_position, field=f"{field}.finger_position"),
        ppi=ppi or None,
        capture_time=capture_time.replace(tzinfo=UTC) if capture_time else None,
        station_id=message.station_id,
        face_number=message.face_number,
        largest_face=message.largest_face,
        minutiae_template=template,
        region_px=tuple((point.x_px, point.y_px) for point in message.region),
        capture_device=message.capture_device,
    )


def finger_from_proto(value: int, *, field: str) -> FingerPosition:
    """Raises RequestError for a code that ISO/IEC 19794-4 does not give to a finger."""
    try:
        return FingerPosition(value)
    except ValueError as error:
        raise RequestError(told("field.finger"), field=field) from error


def sex_from_proto(value: int, *, field: str) -> Sex:
    """Raises RequestError."""
    if value not in SEXES:
        raise RequestError(told("field.unknown_value"), field=field)
    return SEXES[value]  # type: ignore[index]  # an open enum is an int on the wire


def filter_from_proto(message: matching_service_pb2.SearchScope) -> SearchFilter:
    """Raises RequestError."""
    for name in ("birth_year_min", "birth_year_max"):
        if getattr(message, name) < 0:
            raise RequestError(told("field.year"), field=f"scope.{name}")
    # Only subjects without a recorded year would pass, which looks like a search that found nobody.
    if 0 < message.birth_year_max < message.birth_year_min:
        raise RequestError(told("field.years"), field="scope.birth_year_min")
    return SearchFilter(
        galleries=frozenset(message.gallery_ids),
        fingers=frozenset(
            finger_from_proto(value, field=f"scope.finger_positions[{number}]")
            for number, value in enumerate(message.finger_positions)
            if value
        ),
        subject_ids=frozenset(message.subject_ids),
        sex=sex_from_proto(message.sex, field="scope.sex"),
        birth_year_min=message.birth_year_min or None,
        birth_year_max=message.birth_year_max or None,
    )


def subject_from_proto(message: enrollment_service_pb2.Subject) -> Subject:
    """What a client may say of a subject; state and time are the server's. Raises RequestError."""
    return Subject(
        subject_id=message.subject_id,
        external_id=message.external_id,
        display_name=message.display_name,
        galleries=frozenset(message.gallery_ids),
        sex=sex_from_proto(message.sex, field="subject.sex"),
        birth_year=message.birth_year or None,
    )


def gallery_from_proto(message: enrollment_service_pb2.Gallery) -> Gallery:
    return Gallery(message.gallery_id, message.display_name, message.purpose)
