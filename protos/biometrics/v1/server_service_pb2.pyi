from protos.biometrics.v1 import sample_pb2 as _sample_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ServerInfoRequest(_message.Message):
    __slots__ = ("access",)
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ...) -> None: ...

class ServerInfoResponse(_message.Message):
    __slots__ = ("software_version", "api_versions", "schema_version", "languages", "default_language", "modalities", "subject_count", "reference_count", "gallery_count", "not_searchable", "limits", "defaults", "audit_id")
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    API_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    MODALITIES_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    GALLERY_COUNT_FIELD_NUMBER: _ClassVar[int]
    NOT_SEARCHABLE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    software_version: str
    api_versions: _containers.RepeatedScalarFieldContainer[str]
    schema_version: str
    languages: _containers.RepeatedScalarFieldContainer[str]
    default_language: str
    modalities: _containers.RepeatedCompositeFieldContainer[ModalityStatus]
    subject_count: int
    reference_count: int
    gallery_count: int
    not_searchable: _containers.RepeatedCompositeFieldContainer[NotSearchable]
    limits: RequestLimits
    defaults: RequestDefaults
    audit_id: str
    def __init__(self, software_version: _Optional[str] = ..., api_versions: _Optional[_Iterable[str]] = ..., schema_version: _Optional[str] = ..., languages: _Optional[_Iterable[str]] = ..., default_language: _Optional[str] = ..., modalities: _Optional[_Iterable[_Union[ModalityStatus, _Mapping]]] = ..., subject_count: _Optional[int] = ..., reference_count: _Optional[int] = ..., gallery_count: _Optional[int] = ..., not_searchable: _Optional[_Iterable[_Union[NotSearchable, _Mapping]]] = ..., limits: _Optional[_Union[RequestLimits, _Mapping]] = ..., defaults: _Optional[_Union[RequestDefaults, _Mapping]] = ..., audit_id: _Optional[str] = ...) -> None: ...

class ModalityStatus(_message.Message):
    __slots__ = ("modality", "served", "text", "pack", "quality_floor")
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    SERVED_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PACK_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FLOOR_FIELD_NUMBER: _ClassVar[int]
    modality: _sample_pb2.Modality
    served: bool
    text: str
    pack: Pack
    quality_floor: int
    def __init__(self, modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., served: _Optional[bool] = ..., text: _Optional[str] = ..., pack: _Optional[_Union[Pack, _Mapping]] = ..., quality_floor: _Optional[int] = ...) -> None: ...

class Pack(_message.Message):
    __slots__ = ("pack_id", "license", "is_operational", "calibration")
    PACK_ID_FIELD_NUMBER: _ClassVar[int]
    LICENSE_FIELD_NUMBER: _ClassVar[int]
    IS_OPERATIONAL_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    pack_id: str
    license: str
    is_operational: bool
    calibration: Calibration
    def __init__(self, pack_id: _Optional[str] = ..., license: _Optional[str] = ..., is_operational: _Optional[bool] = ..., calibration: _Optional[_Union[Calibration, _Mapping]] = ...) -> None: ...

class Calibration(_message.Message):
    __slots__ = ("non_mated_count", "measured_score", "highest_score", "source", "is_of_this_site")
    NON_MATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEASURED_SCORE_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_SCORE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    IS_OF_THIS_SITE_FIELD_NUMBER: _ClassVar[int]
    non_mated_count: int
    measured_score: float
    highest_score: float
    source: str
    is_of_this_site: bool
    def __init__(self, non_mated_count: _Optional[int] = ..., measured_score: _Optional[float] = ..., highest_score: _Optional[float] = ..., source: _Optional[str] = ..., is_of_this_site: _Optional[bool] = ...) -> None: ...

class NotSearchable(_message.Message):
    __slots__ = ("code", "text", "reference_count", "pack_id", "modality")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PACK_ID_FIELD_NUMBER: _ClassVar[int]
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    reference_count: int
    pack_id: str
    modality: _sample_pb2.Modality
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ..., reference_count: _Optional[int] = ..., pack_id: _Optional[str] = ..., modality: _Optional[_Union[_sample_pb2.Modality, str]] = ...) -> None: ...

class RequestLimits(_message.Message):
    __slots__ = ("max_message_bytes", "max_sample_count", "max_finger_count", "max_candidates", "max_page_size", "max_image_pixels", "max_request_pixels", "min_ppi", "max_ppi", "worker_count", "queue_count", "stream_count", "max_call_s", "fields")
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_SAMPLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MAX_FINGER_COUNT_FIELD_NUMBER: _ClassVar[int]
    MAX_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    MAX_PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_IMAGE_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUEST_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MIN_PPI_FIELD_NUMBER: _ClassVar[int]
    MAX_PPI_FIELD_NUMBER: _ClassVar[int]
    WORKER_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STREAM_COUNT_FIELD_NUMBER: _ClassVar[int]
    MAX_CALL_S_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    max_message_bytes: int
    max_sample_count: int
    max_finger_count: int
    max_candidates: int
    max_page_size: int
    max_image_pixels: int
    max_request_pixels: int
    min_ppi: float
    max_ppi: float
    worker_count: int
    queue_count: int
    stream_count: int
    max_call_s: float
    fields: _containers.RepeatedCompositeFieldContainer[FieldLimit]
    def __init__(self, max_message_bytes: _Optional[int] = ..., max_sample_count: _Optional[int] = ..., max_finger_count: _Optional[int] = ..., max_candidates: _Optional[int] = ..., max_page_size: _Optional[int] = ..., max_image_pixels: _Optional[int] = ..., max_request_pixels: _Optional[int] = ..., min_ppi: _Optional[float] = ..., max_ppi: _Optional[float] = ..., worker_count: _Optional[int] = ..., queue_count: _Optional[int] = ..., stream_count: _Optional[int] = ..., max_call_s: _Optional[float] = ..., fields: _Optional[_Iterable[_Union[FieldLimit, _Mapping]]] = ...) -> None: ...

class FieldLimit(_message.Message):
    __slots__ = ("field", "max_characters", "max_bytes", "max_count")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MAX_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_COUNT_FIELD_NUMBER: _ClassVar[int]
    field: str
    max_characters: int
    max_bytes: int
    max_count: int
    def __init__(self, field: _Optional[str] = ..., max_characters: _Optional[int] = ..., max_bytes: _Optional[int] = ..., max_count: _Optional[int] = ...) -> None: ...

class RequestDefaults(_message.Message):
    __slots__ = ("max_candidates", "target_fpir", "target_fmr")
    MAX_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FPIR_FIELD_NUMBER: _ClassVar[int]
    TARGET_FMR_FIELD_NUMBER: _ClassVar[int]
    max_candidates: int
    target_fpir: float
    target_fmr: float
    def __init__(self, max_candidates: _Optional[int] = ..., target_fpir: _Optional[float] = ..., target_fmr: _Optional[float] = ...) -> None: ...
