import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.biometrics.v1 import error_reason_pb2 as _error_reason_pb2
from protos.biometrics.v1 import sample_pb2 as _sample_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubjectState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBJECT_STATE_UNSPECIFIED: _ClassVar[SubjectState]
    SUBJECT_STATE_ACTIVE: _ClassVar[SubjectState]
    SUBJECT_STATE_SEALED: _ClassVar[SubjectState]

class DocumentStanding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_STANDING_UNSPECIFIED: _ClassVar[DocumentStanding]
    DOCUMENT_STANDING_CURRENT: _ClassVar[DocumentStanding]
    DOCUMENT_STANDING_EXPIRED: _ClassVar[DocumentStanding]
    DOCUMENT_STANDING_FORMER: _ClassVar[DocumentStanding]
    DOCUMENT_STANDING_OF_MERGED: _ClassVar[DocumentStanding]
SUBJECT_STATE_UNSPECIFIED: SubjectState
SUBJECT_STATE_ACTIVE: SubjectState
SUBJECT_STATE_SEALED: SubjectState
DOCUMENT_STANDING_UNSPECIFIED: DocumentStanding
DOCUMENT_STANDING_CURRENT: DocumentStanding
DOCUMENT_STANDING_EXPIRED: DocumentStanding
DOCUMENT_STANDING_FORMER: DocumentStanding
DOCUMENT_STANDING_OF_MERGED: DocumentStanding

class Subject(_message.Message):
    __slots__ = ("subject_id", "external_id", "display_name", "gallery_ids", "sex", "birth_year", "state", "create_time")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    GALLERY_IDS_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_YEAR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    external_id: str
    display_name: str
    gallery_ids: _containers.RepeatedScalarFieldContainer[str]
    sex: _sample_pb2.Sex
    birth_year: int
    state: SubjectState
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, subject_id: _Optional[str] = ..., external_id: _Optional[str] = ..., display_name: _Optional[str] = ..., gallery_ids: _Optional[_Iterable[str]] = ..., sex: _Optional[_Union[_sample_pb2.Sex, str]] = ..., birth_year: _Optional[int] = ..., state: _Optional[_Union[SubjectState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Reference(_message.Message):
    __slots__ = ("reference_id", "subject_id", "modality", "finger_position", "quality_score", "pack_id", "create_time", "capture_time", "station_id", "capture_device")
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    QUALITY_SCORE_FIELD_NUMBER: _ClassVar[int]
    PACK_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATION_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_DEVICE_FIELD_NUMBER: _ClassVar[int]
    reference_id: int
    subject_id: str
    modality: _sample_pb2.Modality
    finger_position: _sample_pb2.FingerPosition
    quality_score: int
    pack_id: str
    create_time: _timestamp_pb2.Timestamp
    capture_time: _timestamp_pb2.Timestamp
    station_id: str
    capture_device: str
    def __init__(self, reference_id: _Optional[int] = ..., subject_id: _Optional[str] = ..., modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., finger_position: _Optional[_Union[_sample_pb2.FingerPosition, str]] = ..., quality_score: _Optional[int] = ..., pack_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., capture_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., station_id: _Optional[str] = ..., capture_device: _Optional[str] = ...) -> None: ...

class Gallery(_message.Message):
    __slots__ = ("gallery_id", "display_name", "purpose", "create_time")
    GALLERY_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    gallery_id: str
    display_name: str
    purpose: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, gallery_id: _Optional[str] = ..., display_name: _Optional[str] = ..., purpose: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EnrollRequest(_message.Message):
    __slots__ = ("request_id", "access", "subject", "samples", "skip_duplicate_check", "accept_low_quality_reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SKIP_DUPLICATE_CHECK_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_LOW_QUALITY_REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    subject: Subject
    samples: _containers.RepeatedCompositeFieldContainer[_sample_pb2.Sample]
    skip_duplicate_check: bool
    accept_low_quality_reason: str
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject: _Optional[_Union[Subject, _Mapping]] = ..., samples: _Optional[_Iterable[_Union[_sample_pb2.Sample, _Mapping]]] = ..., skip_duplicate_check: _Optional[bool] = ..., accept_low_quality_reason: _Optional[str] = ...) -> None: ...

class EnrollResponse(_message.Message):
    __slots__ = ("subject_id", "samples", "duplicates", "create_time", "audit_id", "replayed", "stage_ms", "notices")
    class StageMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    STAGE_MS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    samples: _containers.RepeatedCompositeFieldContainer[EnrolledSample]
    duplicates: _containers.RepeatedCompositeFieldContainer[DuplicateLead]
    create_time: _timestamp_pb2.Timestamp
    audit_id: str
    replayed: bool
    stage_ms: _containers.ScalarMap[str, float]
    notices: _containers.RepeatedCompositeFieldContainer[_sample_pb2.Notice]
    def __init__(self, subject_id: _Optional[str] = ..., samples: _Optional[_Iterable[_Union[EnrolledSample, _Mapping]]] = ..., duplicates: _Optional[_Iterable[_Union[DuplicateLead, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ..., stage_ms: _Optional[_Mapping[str, float]] = ..., notices: _Optional[_Iterable[_Union[_sample_pb2.Notice, _Mapping]]] = ...) -> None: ...

class EnrolledSample(_message.Message):
    __slots__ = ("reference_id", "modality", "finger_position", "quality", "pack_id", "same_as_reference_id")
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    PACK_ID_FIELD_NUMBER: _ClassVar[int]
    SAME_AS_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    reference_id: int
    modality: _sample_pb2.Modality
    finger_position: _sample_pb2.FingerPosition
    quality: _sample_pb2.Quality
    pack_id: str
    same_as_reference_id: int
    def __init__(self, reference_id: _Optional[int] = ..., modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., finger_position: _Optional[_Union[_sample_pb2.FingerPosition, str]] = ..., quality: _Optional[_Union[_sample_pb2.Quality, _Mapping]] = ..., pack_id: _Optional[str] = ..., same_as_reference_id: _Optional[int] = ...) -> None: ...

class DuplicateLead(_message.Message):
    __slots__ = ("subject_id", "score", "score_extrapolated", "external_id", "display_name", "gallery_ids", "sex", "birth_year")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    GALLERY_IDS_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_YEAR_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    score: float
    score_extrapolated: bool
    external_id: str
    display_name: str
    gallery_ids: _containers.RepeatedScalarFieldContainer[str]
    sex: _sample_pb2.Sex
    birth_year: int
    def __init__(self, subject_id: _Optional[str] = ..., score: _Optional[float] = ..., score_extrapolated: _Optional[bool] = ..., external_id: _Optional[str] = ..., display_name: _Optional[str] = ..., gallery_ids: _Optional[_Iterable[str]] = ..., sex: _Optional[_Union[_sample_pb2.Sex, str]] = ..., birth_year: _Optional[int] = ...) -> None: ...

class BatchEnrollRequest(_message.Message):
    __slots__ = ("item_id", "enrollment")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ENROLLMENT_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    enrollment: EnrollRequest
    def __init__(self, item_id: _Optional[str] = ..., enrollment: _Optional[_Union[EnrollRequest, _Mapping]] = ...) -> None: ...

class BatchEnrollResponse(_message.Message):
    __slots__ = ("item_index", "item_id", "result", "error")
    ITEM_INDEX_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    item_index: int
    item_id: str
    result: EnrollResponse
    error: _error_reason_pb2.ItemError
    def __init__(self, item_index: _Optional[int] = ..., item_id: _Optional[str] = ..., result: _Optional[_Union[EnrollResponse, _Mapping]] = ..., error: _Optional[_Union[_error_reason_pb2.ItemError, _Mapping]] = ...) -> None: ...

class GetSubjectRequest(_message.Message):
    __slots__ = ("access", "subject_id", "external_id")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    subject_id: str
    external_id: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ..., external_id: _Optional[str] = ...) -> None: ...

class GetSubjectResponse(_message.Message):
    __slots__ = ("subject",)
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    subject: Subject
    def __init__(self, subject: _Optional[_Union[Subject, _Mapping]] = ...) -> None: ...

class ListSubjectsRequest(_message.Message):
    __slots__ = ("access", "gallery_id", "page_size", "page_token", "external_id", "name", "by_word_beginnings", "document_number")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    GALLERY_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BY_WORD_BEGINNINGS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    gallery_id: str
    page_size: int
    page_token: str
    external_id: str
    name: str
    by_word_beginnings: bool
    document_number: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., gallery_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., external_id: _Optional[str] = ..., name: _Optional[str] = ..., by_word_beginnings: _Optional[bool] = ..., document_number: _Optional[str] = ...) -> None: ...

class ListSubjectsResponse(_message.Message):
    __slots__ = ("subjects", "next_page_token", "total_count", "document_matches")
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_MATCHES_FIELD_NUMBER: _ClassVar[int]
    subjects: _containers.RepeatedCompositeFieldContainer[Subject]
    next_page_token: str
    total_count: int
    document_matches: _containers.RepeatedCompositeFieldContainer[DocumentMatch]
    def __init__(self, subjects: _Optional[_Iterable[_Union[Subject, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ..., document_matches: _Optional[_Iterable[_Union[DocumentMatch, _Mapping]]] = ...) -> None: ...

class DocumentMatch(_message.Message):
    __slots__ = ("subject_id", "field_id", "standing")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_ID_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    field_id: str
    standing: DocumentStanding
    def __init__(self, subject_id: _Optional[str] = ..., field_id: _Optional[str] = ..., standing: _Optional[_Union[DocumentStanding, str]] = ...) -> None: ...

class DeleteSubjectRequest(_message.Message):
    __slots__ = ("request_id", "access", "subject_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    subject_id: str
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., subject_id: _Optional[str] = ...) -> None: ...

class DeleteSubjectResponse(_message.Message):
    __slots__ = ("deleted_reference_count", "audit_id", "replayed", "erasure_certificate")
    DELETED_REFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    ERASURE_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    deleted_reference_count: int
    audit_id: str
    replayed: bool
    erasure_certificate: bytes
    def __init__(self, deleted_reference_count: _Optional[int] = ..., audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ..., erasure_certificate: _Optional[bytes] = ...) -> None: ...

class ListReferencesRequest(_message.Message):
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

class ListReferencesResponse(_message.Message):
    __slots__ = ("references", "next_page_token", "total_count")
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    references: _containers.RepeatedCompositeFieldContainer[Reference]
    next_page_token: str
    total_count: int
    def __init__(self, references: _Optional[_Iterable[_Union[Reference, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ...) -> None: ...

class DeleteReferenceRequest(_message.Message):
    __slots__ = ("request_id", "access", "reference_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    access: _sample_pb2.AccessContext
    reference_id: int
    def __init__(self, request_id: _Optional[str] = ..., access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., reference_id: _Optional[int] = ...) -> None: ...

class DeleteReferenceResponse(_message.Message):
    __slots__ = ("audit_id", "replayed", "erasure_certificate")
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    ERASURE_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    audit_id: str
    replayed: bool
    erasure_certificate: bytes
    def __init__(self, audit_id: _Optional[str] = ..., replayed: _Optional[bool] = ..., erasure_certificate: _Optional[bytes] = ...) -> None: ...

class ExportTemplateRequest(_message.Message):
    __slots__ = ("access", "reference_id")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    reference_id: int
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., reference_id: _Optional[int] = ...) -> None: ...

class ExportTemplateResponse(_message.Message):
    __slots__ = ("iso_19794_2_template", "reference", "audit_id")
    ISO_19794_2_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    iso_19794_2_template: bytes
    reference: Reference
    audit_id: str
    def __init__(self, iso_19794_2_template: _Optional[bytes] = ..., reference: _Optional[_Union[Reference, _Mapping]] = ..., audit_id: _Optional[str] = ...) -> None: ...

class CreateGalleryRequest(_message.Message):
    __slots__ = ("access", "gallery")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    gallery: Gallery
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., gallery: _Optional[_Union[Gallery, _Mapping]] = ...) -> None: ...

class CreateGalleryResponse(_message.Message):
    __slots__ = ("gallery",)
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    gallery: Gallery
    def __init__(self, gallery: _Optional[_Union[Gallery, _Mapping]] = ...) -> None: ...

class UpdateGalleryRequest(_message.Message):
    __slots__ = ("access", "gallery_id", "display_name", "purpose")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    GALLERY_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    gallery_id: str
    display_name: str
    purpose: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., gallery_id: _Optional[str] = ..., display_name: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class UpdateGalleryResponse(_message.Message):
    __slots__ = ("gallery",)
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    gallery: Gallery
    def __init__(self, gallery: _Optional[_Union[Gallery, _Mapping]] = ...) -> None: ...

class DeleteGalleryRequest(_message.Message):
    __slots__ = ("access", "gallery_id", "even_if_not_empty")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    GALLERY_ID_FIELD_NUMBER: _ClassVar[int]
    EVEN_IF_NOT_EMPTY_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    gallery_id: str
    even_if_not_empty: bool
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., gallery_id: _Optional[str] = ..., even_if_not_empty: _Optional[bool] = ...) -> None: ...

class DeleteGalleryResponse(_message.Message):
    __slots__ = ("member_count", "audit_id")
    MEMBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    member_count: int
    audit_id: str
    def __init__(self, member_count: _Optional[int] = ..., audit_id: _Optional[str] = ...) -> None: ...

class ListGalleriesRequest(_message.Message):
    __slots__ = ("access", "page_size", "page_token")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    page_size: int
    page_token: str
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListGalleriesResponse(_message.Message):
    __slots__ = ("galleries", "next_page_token", "total_count")
    GALLERIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    galleries: _containers.RepeatedCompositeFieldContainer[Gallery]
    next_page_token: str
    total_count: int
    def __init__(self, galleries: _Optional[_Iterable[_Union[Gallery, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ...) -> None: ...

class AddToGalleryRequest(_message.Message):
    __slots__ = ("access", "gallery_id", "subject_ids")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    GALLERY_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    gallery_id: str
    subject_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., gallery_id: _Optional[str] = ..., subject_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AddToGalleryResponse(_message.Message):
    __slots__ = ("audit_id",)
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    audit_id: str
    def __init__(self, audit_id: _Optional[str] = ...) -> None: ...

class RemoveFromGalleryRequest(_message.Message):
    __slots__ = ("access", "gallery_id", "subject_ids")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    GALLERY_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    gallery_id: str
    subject_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., gallery_id: _Optional[str] = ..., subject_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RemoveFromGalleryResponse(_message.Message):
    __slots__ = ("audit_id",)
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    audit_id: str
    def __init__(self, audit_id: _Optional[str] = ...) -> None: ...
