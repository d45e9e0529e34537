"""What the wire may bring: one table for every text and one for every list of the requests.

A message is held against them before anything else reads it, so that nothing is stored, recorded or logged beyond
them. A field of a request without a line here fails a test, and docs/service.md shows the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from matcher.access.wording import (
    GALLERY_ID,
    ID,
    NAME,
    PURPOSE,
    RECORD_TEXT,
    REQUEST_ID,
    TextLimit,
    check_text,
    recorded,
)
from matcher.errors import RequestError
from matcher.texts.catalog import told

# By message and field of biometrics.v1. For a repeated text: of each of its values.
TEXT_LIMITS: Final[dict[str, TextLimit]] = {
    "AccessContext.operator_id": ID,
    "AccessContext.case_number": ID,
    "AccessContext.purpose": PURPOSE,
    "AccessContext.station_id": ID,
    "Sample.station_id": ID,
    "Sample.capture_device": ID,
    "SearchScope.gallery_ids": GALLERY_ID,
    "SearchScope.subject_ids": ID,
    "VerifyRequest.subject_id": ID,
    "Subject.subject_id": ID,
    "Subject.external_id": ID,
    "Subject.display_name": NAME,
    "Subject.gallery_ids": GALLERY_ID,
    "Gallery.gallery_id": GALLERY_ID,
    "Gallery.display_name": NAME,
    "Gallery.purpose": PURPOSE,
    "UpdateGalleryRequest.gallery_id": GALLERY_ID,
    "UpdateGalleryRequest.display_name": NAME,
    "UpdateGalleryRequest.purpose": PURPOSE,
    "DeleteGalleryRequest.gallery_id": GALLERY_ID,
    "EnrollRequest.request_id": REQUEST_ID,
    "EnrollRequest.accept_low_quality_reason": PURPOSE,
    "BatchEnrollRequest.item_id": ID,
    "GetSubjectRequest.subject_id": ID,
    "GetSubjectRequest.external_id": ID,
    "ListSubjectsRequest.gallery_id": GALLERY_ID,
    "ListSubjectsRequest.page_token": ID,
    "ListSubjectsRequest.external_id": ID,
    "ListSubjectsRequest.name": NAME,
    "ListSubjectsRequest.document_number": ID,
    "DeleteSubjectRequest.request_id": REQUEST_ID,
    "DeleteSubjectRequest.subject_id": ID,
    "ListReferencesRequest.subject_id": ID,
    "ListReferencesRequest.page_token": ID,
    "DeleteReferenceRequest.request_id": REQUEST_ID,
    "ListGalleriesRequest.page_token": ID,
    "AddToGalleryRequest.gallery_id": GALLERY_ID,
    "AddToGalleryRequest.subject_ids": ID,
    "RemoveFromGalleryRequest.gallery_id": GALLERY_ID,
    "RemoveFromGalleryRequest.subject_ids": ID,
    "RecordValue.field_id": ID,
    "RecordValue.text": RECORD_TEXT,
    "UpdateSubjectRequest.request_id": REQUEST_ID,
    "UpdateSubjectRequest.subject_id": ID,
    "GetRecordRequest.subject_id": ID,
    "ListRevisionsRequest.subject_id": ID,
    "ListRevisionsRequest.page_token": ID,
    "MergeSubjectsRequest.request_id": REQUEST_ID,
    "MergeSubjectsRequest.source_subject_id": ID,
    "MergeSubjectsRequest.target_subject_id": ID,
    "MoveReferencesRequest.request_id": REQUEST_ID,
    "MoveReferencesRequest.source_subject_id": ID,
    "MoveReferencesRequest.target_subject_id": ID,
    "UndoReassignmentRequest.request_id": REQUEST_ID,
    "ListPastRetentionRequest.on": ID,
    "ListPastRetentionRequest.page_token": ID,
    "SealSubjectRequest.subject_id": ID,
    "UnsealSubjectRequest.subject_id": ID,
}
# Values that a repeated field may have. Use cases may allow fewer, for reasons of their own.
COUNT_LIMITS: Final[dict[str, int]] = {
    "Probe.samples": 20,
    "AssessRequest.samples": 20,
    "EnrollRequest.samples": 20,
    "SearchScope.gallery_ids": 100,
    "SearchScope.finger_positions": 20,
    "SearchScope.subject_ids": 10_000,
    "Subject.gallery_ids": 100,
    "Sample.region": 1000,
    "AddToGalleryRequest.subject_ids": 10_000,
    "RemoveFromGalleryRequest.subject_ids": 10_000,
    "UpdateSubjectRequest.values": 200,
    "MoveReferencesRequest.reference_ids": 1000,
}
_ACCESS_NAMES: Final = ("operator_id", "case_number", "purpose", "station_id")


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field is checked. limit: of a text. count: of a repeated field. is_message: it has fields itself."""

    name: str
    limit: TextLimit | None
    count: int | None
    is_message: bool
    has_presence: bool


def check_message(message: Message, *, field: str = "") -> None:
    """Holds a request against the tables, inner messages included. Raises RequestError naming the field by its path.

    field: path of the message itself. The bytes of samples are not touched: the limit of the message covers them.
    """
    for one in _fields(message.DESCRIPTOR):
        if one.has_presence and not message.HasField(one.name):
            continue
        path = f"{field}.{one.name}" if field else one.name
        value = getattr(message, one.name)
        if one.count is None:
            _check_value(value, one, path)
            continue
        if len(value) > one.count:
            raise RequestError(told("field.too_many", count=one.count), field=path)
        if one.limit is not None or one.is_message:
            for number, item in enumerate(value):
                _check_value(item, one, f"{path}[{number}]")


def access_to_record(message: Message) -> dict[str, str]:
    """What a refusal before any use case records of who asked: fields of AuditEvent, shortened to the limits."""
    access = getattr(message, "access", None)
    if access is None:
        return {}
    return {name: recorded(getattr(access, name), TEXT_LIMITS[f"AccessContext.{name}"]) for name in _ACCESS_NAMES}


def _check_value(value: Any, one: _Field, path: str) -> None:
    if one.limit is not None:
        check_text(value, one.limit, field=path)
    elif one.is_message:
        check_message(value, field=path)


@cache
def _fields(descriptor: Descriptor) -> tuple[_Field, ...]:
    """The fields of a message that are checked."""
    if not descriptor.full_name.startswith("biometrics.v1."):
        return ()
    found = []
    for field in descriptor.fields:
        key = f"{descriptor.name}.{field.name}"
        is_message = field.message_type is not None
        limit = TEXT_LIMITS[key] if field.type == FieldDescriptor.TYPE_STRING else None
        count = COUNT_LIMITS[key] if field.is_repeated else None
        if limit is not None or count is not None or is_message:
            found.append(_Field(field.name, limit, count, is_message, is_message and count is None))
    return tuple(found)
