"""Domain types to the messages that a client sends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from index.records import FingerPosition, Modality, SearchFilter, Sex, Subject
from matcher.access.context import AccessContext
from matcher.samples import EncodedSample, PointPx
from protos.biometrics.v1 import enrollment_service_pb2, matching_service_pb2, record_service_pb2, sample_pb2

NO_ACCESS: Final = AccessContext(operator_id="", case_number="", purpose="")
_MODALITIES: Final = {
    Modality.FACE: sample_pb2.MODALITY_FACE,
    Modality.FINGERPRINT: sample_pb2.MODALITY_FINGERPRINT,
}
FINGERPRINT: Final = int(sample_pb2.MODALITY_FINGERPRINT)
EVENT_UNDONE: Final = int(record_service_pb2.RECORD_EVENT_KIND_UNDONE)
SEALED: Final = int(enrollment_service_pb2.SUBJECT_STATE_SEALED)
MODALITY_NAMES: Final = {int(value): modality.value for modality, value in _MODALITIES.items()}
_SEXES: Final = {
    Sex.UNKNOWN: sample_pb2.SEX_UNSPECIFIED,
    Sex.FEMALE: sample_pb2.SEX_FEMALE,
    Sex.MALE: sample_pb2.SEX_MALE,
}


def plain(message: Message) -> dict[str, Any]:
    """A message as the JSON form of proto3 has it, fields by their names in the contract, none left out: 64-bit numbers
    are texts there, since JSON's numbers do not hold them."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def face_sample(
    path: Path | str, *, face_number: int = 0, largest_face: bool = False, station_id: str = ""
) -> EncodedSample:
    """A face image from a file. Where it shows several: the face of that number, or the largest."""
    return EncodedSample(
        Modality.FACE,
        Path(path).read_bytes(),
        station_id=station_id,
        face_number=face_number,
        largest_face=largest_face,
    )


def fingerprint_sample(
    path: Path | str,
    *,
    finger: FingerPosition = FingerPosition.UNKNOWN,
    ppi: float | None = None,
    station_id: str = "",
    region_px: Sequence[PointPx] = (),
) -> EncodedSample:
    """A fingerprint image from a file. ppi: needed where the file does not state it. region_px: corners of a polygon
    around the mark, in pixels of the upright image; what lies outside is not looked at."""
    return EncodedSample(
        Modality.FINGERPRINT,
        Path(path).read_bytes(),
        finger=finger,
        ppi=ppi,
        station_id=station_id,
        region_px=tuple(region_px),
    )


def template_sample(
    path: Path | str, *, finger: FingerPosition = FingerPosition.UNKNOWN, station_id: str = ""
) -> EncodedSample:
    """A fingerprint of another system from a file: a minutiae record of ISO/IEC 19794-2 or ANSI INCITS 378."""
    record = Path(path).read_bytes()
    return EncodedSample(Modality.FINGERPRINT, finger=finger, station_id=station_id, minutiae_template=record)


def sample_message(sample: EncodedSample) -> sample_pb2.Sample:
    message = sample_pb2.Sample(
        modality=_MODALITIES[sample.modality],
        finger_position=int(sample.finger),  # type: ignore[arg-type]  # enums are ints on the wire
        station_id=sample.station_id,
        capture_device=sample.capture_device,
    )
    if sample.minutiae_template:
        message.iso_19794_2_template = sample.minutiae_template
    else:
        message.image.content = sample.image_bytes
        message.image.ppi = sample.ppi or 0.0
    if sample.capture_time is not None:
        message.capture_time.FromDatetime(sample.capture_time)
    message.region.extend(sample_pb2.PointPx(x_px=x, y_px=y) for x, y in sample.region_px)
    if sample.largest_face:
        message.largest_face = True
    elif sample.face_number:
        message.face_number = sample.face_number
    return message


def access_message(access: AccessContext) -> sample_pb2.AccessContext:
    return sample_pb2.AccessContext(
        operator_id=access.operator_id,
        case_number=access.case_number,
        purpose=access.purpose,
        station_id=access.station_id,
    )


def scope_message(where: SearchFilter, gallery_ids: Sequence[str] = ()) -> matching_service_pb2.SearchScope:
    return matching_service_pb2.SearchScope(
        gallery_ids=sorted(where.galleries.union(gallery_ids)),
        finger_positions=sorted(int(finger) for finger in where.fingers),  # type: ignore[misc]  # ints on the wire
        sex=_SEXES[where.sex],
        birth_year_min=where.birth_year_min or 0,
        birth_year_max=where.birth_year_max or 0,
        subject_ids=sorted(where.subject_ids),
    )


def enroll_message(
    samples: Sequence[EncodedSample],
    *,
    subject: Subject,
    request_id: str = "",
    access: AccessContext = NO_ACCESS,
    skip_duplicate_check: bool = False,
    accept_low_quality_reason: str = "",
) -> enrollment_service_pb2.EnrollRequest:
    return enrollment_service_pb2.EnrollRequest(
        request_id=request_id,
        access=access_message(access),
        subject=enrollment_service_pb2.Subject(
            subject_id=subject.subject_id,
            external_id=subject.external_id,
            display_name=subject.display_name,
            gallery_ids=sorted(subject.galleries),
            sex=_SEXES[subject.sex],
            birth_year=subject.birth_year or 0,
        ),
        samples=[sample_message(sample) for sample in samples],
        skip_duplicate_check=skip_duplicate_check,
        accept_low_quality_reason=accept_low_quality_reason,
    )
