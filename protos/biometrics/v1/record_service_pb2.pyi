import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.biometrics.v1 import enrollment_service_pb2 as _enrollment_service_pb2
from protos.biometrics.v1 import sample_pb2 as _sample_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecordEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_EVENT_KIND_UNSPECIFIED: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_MERGED_FROM: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_MERGED_INTO: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_MOVED_FROM: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_MOVED_TO: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_UNDONE: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_SEALED: _ClassVar[RecordEventKind]
    RECORD_EVENT_KIND_UNSEALED: _ClassVar[RecordEventKind]
RECORD_EVENT_KIND_UNSPECIFIED: RecordEventKind
RECORD_EVENT_KIND_MERGED_FROM: RecordEventKind
RECORD_EVENT_KIND_MERGED_INTO: RecordEventKind
RECORD_EVENT_KIND_MOVED_FROM: RecordEventKind
RECORD_EVENT_KIND_MOVED_TO: RecordEventKind
RECORD_EVENT_KIND_UNDONE: RecordEventKind
RECORD_EVENT_KIND_SEALED: RecordEventKind
RECORD_EVENT_KIND_UNSEALED: RecordEventKind

class RecordValue(_message.Message):
    __slots__ = ("field_id", "text")
    FIELD_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    field_id: str
    text: str
    def __init__(self, field_id: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class UpdateSubjectRequest(_message.Message):
    __slots__ = ("request_id", "access", "subject_id", "values", "expected_revision")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    subject_id: str
    values: _containers.RepeatedCompositeFieldContainer[RecordValue]
    expected_revision: int
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ..., values: _Optional[_Iterable[_Union[RecordValue, _Mapping]]] = ..., expected_revision: _Optional[int] = ...) -> None: ...

class UpdateSubjectResponse(_message.Message):
    __slots__ = ("subject_id", "revision", "changed_field_ids", "audit_id", "replayed", "same_document_subject_ids")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_IDS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SAME_DOCUMENT_SUBJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    revision: int
    changed_field_ids: _containers.RepeatedScalarFieldContainer[str]
    audit_id: str
    replayed: bool
    same_document_subject_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., revision: _Optional[int] = ..., changed_field_ids: _Optional[_Iterable[str]] = ..., audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ..., same_document_subject_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetRecordRequest(_message.Message):
    __slots__ = ("access", "subject_id")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    subject_id: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ...) -> None: ...

class GetRecordResponse(_message.Message):
    __slots__ = ("subject", "revision", "values")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    subject: _enrollment_service_pb2.Subject
    revision: int
    values: _containers.RepeatedCompositeFieldContainer[RecordValue]
    def __init__(self, subject: _Optional[_Union[_enrollment_service_pb2.Subject, _Mapping]] = ..., revision: _Optional[int] = ..., values: _Optional[_Iterable[_Union[RecordValue, _Mapping]]] = ...) -> None: ...

class ListRevisionsRequest(_message.Message):
    __slots__ = ("access", "subject_id", "page_size", "page_token")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    subject_id: str
    page_size: int
    page_token: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRevisionsResponse(_message.Message):
    __slots__ = ("revisions", "next_page_token", "total_count")
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[RecordRevision]
    next_page_token: str
    total_count: int
    def __init__(self, revisions: _Optional[_Iterable[_Union[RecordRevision, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ...) -> None: ...

class RecordRevision(_message.Message):
    __slots__ = ("revision", "change_time", "operator_id", "case_number", "purpose", "station_id", "changes", "event")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    STATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    revision: int
    change_time: _timestamp_pb2.Timestamp
    operator_id: str
    case_number: str
    purpose: str
    station_id: str
    changes: _containers.RepeatedCompositeFieldContainer[FieldChange]
    event: RecordEvent
    def __init__(self, revision: _Optional[int] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., operator_id: _Optional[str] = ..., case_number: _Optional[str] = ..., purpose: _Optional[str] = ..., station_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[FieldChange, _Mapping]]] = ..., event: _Optional[_Union[RecordEvent, _Mapping]] = ...) -> None: ...

class RecordEvent(_message.Message):
    __slots__ = ("kind", "reassignment_id", "other_subject_id", "reference_ids", "is_undone", "merged_values")
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASSIGNMENT_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_UNDONE_FIELD_NUMBER: _ClassVar[int]
    MERGED_VALUES_FIELD_NUMBER: _ClassVar[int]
    kind: RecordEventKind
    reassignment_id: int
    other_subject_id: str
    reference_ids: _containers.RepeatedScalarFieldContainer[int]
    is_undone: bool
    merged_values: _containers.RepeatedCompositeFieldContainer[RecordValue]
    def __init__(self, kind: _Optional[_Union[RecordEventKind, str]] = ..., reassignment_id: _Optional[int] = ..., other_subject_id: _Optional[str] = ..., reference_ids: _Optional[_Iterable[int]] = ..., is_undone: _Optional[bool] = ..., merged_values: _Optional[_Iterable[_Union[RecordValue, _Mapping]]] = ...) -> None: ...

class FieldChange(_message.Message):
    __slots__ = ("field_id", "before", "after")
    FIELD_ID_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    field_id: str
    before: str
    after: str
    def __init__(self, field_id: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class SealSubjectRequest(_message.Message):
    __slots__ = ("access", "subject_id")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    subject_id: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ...) -> None: ...

class SealSubjectResponse(_message.Message):
    __slots__ = ("audit_id",)
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    audit_id: str
    def __init__(self, audit_id: _Optional[str] = ...) -> None: ...

class UnsealSubjectRequest(_message.Message):
    __slots__ = ("access", "subject_id")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    subject_id: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ...) -> None: ...

class UnsealSubjectResponse(_message.Message):
    __slots__ = ("audit_id",)
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    audit_id: str
    def __init__(self, audit_id: _Optional[str] = ...) -> None: ...

class MergeSubjectsRequest(_message.Message):
    __slots__ = ("request_id", "access", "source_subject_id", "target_subject_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    source_subject_id: str
    target_subject_id: str
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., source_subject_id: _Optional[str] = ..., target_subject_id: _Optional[str] = ...) -> None: ...

class MergeSubjectsResponse(_message.Message):
    __slots__ = ("reassignment_id", "reference_ids", "changed_field_ids", "audit_id", "replayed")
    REASSIGNMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_IDS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    reassignment_id: int
    reference_ids: _containers.RepeatedScalarFieldContainer[int]
    changed_field_ids: _containers.RepeatedScalarFieldContainer[str]
    audit_id: str
    replayed: bool
    def __init__(self, reassignment_id: _Optional[int] = ..., reference_ids: _Optional[_Iterable[int]] = ..., changed_field_ids: _Optional[_Iterable[str]] = ..., audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ...) -> None: ...

class MoveReferencesRequest(_message.Message):
    __slots__ = ("request_id", "access", "reference_ids", "source_subject_id", "target_subject_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    reference_ids: _containers.RepeatedScalarFieldContainer[int]
    source_subject_id: str
    target_subject_id: str
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., reference_ids: _Optional[_Iterable[int]] = ..., source_subject_id: _Optional[str] = ..., target_subject_id: _Optional[str] = ...) -> None: ...

class MoveReferencesResponse(_message.Message):
    __slots__ = ("reassignment_id", "reference_ids", "audit_id", "replayed")
    REASSIGNMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    reassignment_id: int
    reference_ids: _containers.RepeatedScalarFieldContainer[int]
    audit_id: str
    replayed: bool
    def __init__(self, reassignment_id: _Optional[int] = ..., reference_ids: _Optional[_Iterable[int]] = ..., audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ...) -> None: ...

class UndoReassignmentRequest(_message.Message):
    __slots__ = ("request_id", "access", "reassignment_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    REASSIGNMENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    reassignment_id: int
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., reassignment_id: _Optional[int] = ...) -> None: ...

class UndoReassignmentResponse(_message.Message):
    __slots__ = ("source_subject_id", "target_subject_id", "reference_ids", "changed_field_ids", "kept_field_ids", "audit_id", "replayed")
    SOURCE_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_IDS_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_IDS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    source_subject_id: str
    target_subject_id: str
    reference_ids: _containers.RepeatedScalarFieldContainer[int]
    changed_field_ids: _containers.RepeatedScalarFieldContainer[str]
    kept_field_ids: _containers.RepeatedScalarFieldContainer[str]
    audit_id: str
    replayed: bool
    def __init__(self, source_subject_id: _Optional[str] = ..., target_subject_id: _Optional[str] = ..., reference_ids: _Optional[_Iterable[int]] = ..., changed_field_ids: _Optional[_Iterable[str]] = ..., kept_field_ids: _Optional[_Iterable[str]] = ..., audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ...) -> None: ...

class ListPastRetentionRequest(_message.Message):
    __slots__ = ("access", "on", "page_size", "page_token")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    on: str
    page_size: int
    page_token: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., on: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPastRetentionResponse(_message.Message):
    __slots__ = ("records", "next_page_token", "total_count")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[OverdueRecord]
    next_page_token: str
    total_count: int
    def __init__(self, records: _Optional[_Iterable[_Union[OverdueRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ...) -> None: ...

class OverdueRecord(_message.Message):
    __slots__ = ("subject", "retention_date", "legal_ground")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    RETENTION_DATE_FIELD_NUMBER: _ClassVar[int]
    LEGAL_GROUND_FIELD_NUMBER: _ClassVar[int]
    subject: _enrollment_service_pb2.Subject
    retention_date: str
    legal_ground: str
    def __init__(self, subject: _Optional[_Union[_enrollment_service_pb2.Subject, _Mapping]] = ..., retention_date: _Optional[str] = ..., legal_ground: _Optional[str] = ...) -> None: ...

class GetRecordFormsRequest(_message.Message):
    __slots__ = ("access",)
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ...) -> None: ...

class GetRecordFormsResponse(_message.Message):
    __slots__ = ("fields", "forms")
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    FORMS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedCompositeFieldContainer[RecordField]
    forms: _containers.RepeatedCompositeFieldContainer[RecordForm]
    def __init__(self, fields: _Optional[_Iterable[_Union[RecordField, _Mapping]]] = ..., forms: _Optional[_Iterable[_Union[RecordForm, _Mapping]]] = ...) -> None: ...

class RecordField(_message.Message):
    __slots__ = ("field_id", "label", "kind", "longest")
    FIELD_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LONGEST_FIELD_NUMBER: _ClassVar[int]
    field_id: str
    label: str
    kind: str
    longest: int
    def __init__(self, field_id: _Optional[str] = ..., label: _Optional[str] = ..., kind: _Optional[str] = ..., longest: _Optional[int] = ...) -> None: ...

class RecordForm(_message.Message):
    __slots__ = ("form_id", "label", "field_ids", "images")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FIELD_IDS_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    label: str
    field_ids: _containers.RepeatedScalarFieldContainer[str]
    images: _containers.RepeatedCompositeFieldContainer[FormImage]
    def __init__(self, form_id: _Optional[str] = ..., label: _Optional[str] = ..., field_ids: _Optional[_Iterable[str]] = ..., images: _Optional[_Iterable[_Union[FormImage, _Mapping]]] = ...) -> None: ...

class FormImage(_message.Message):
    __slots__ = ("image_id", "label", "modality", "finger_positions")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    label: str
    modality: _sample_pb2.Modality
    finger_positions: _containers.RepeatedScalarFieldContainer[_sample_pb2.FingerPosition]
    def __init__(self, image_id: _Optional[str] = ..., label: _Optional[str] = ..., modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., finger_positions: _Optional[_Iterable[_Union[_sample_pb2.FingerPosition, str]]] = ...) -> None: ...
