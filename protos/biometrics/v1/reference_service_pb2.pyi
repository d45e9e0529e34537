import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.biometrics.v1 import matching_service_pb2 as _matching_service_pb2
from protos.biometrics.v1 import sample_pb2 as _sample_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImageRendition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMAGE_RENDITION_UNSPECIFIED: _ClassVar[ImageRendition]
    IMAGE_RENDITION_DISPLAY: _ClassVar[ImageRendition]
IMAGE_RENDITION_UNSPECIFIED: ImageRendition
IMAGE_RENDITION_DISPLAY: ImageRendition

class GetReferenceImageRequest(_message.Message):
    __slots__ = ("access", "reference_id", "rendition")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    RENDITION_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    reference_id: int
    rendition: ImageRendition
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., reference_id: _Optional[int] = ..., rendition: _Optional[_Union[ImageRendition, str]] = ...) -> None: ...

class GetReferenceImageResponse(_message.Message):
    __slots__ = ("image", "chunk")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    image: ReferenceImage
    chunk: bytes
    def __init__(self, image: _Optional[_Union[ReferenceImage, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ReferenceImage(_message.Message):
    __slots__ = ("reference_id", "subject_id", "modality", "finger_position", "sha256", "size_bytes", "ppi", "capture_time", "station_id", "create_time", "audit_id", "capture_device")
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PPI_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_DEVICE_FIELD_NUMBER: _ClassVar[int]
    reference_id: int
    subject_id: str
    modality: _sample_pb2.Modality
    finger_position: _sample_pb2.FingerPosition
    sha256: str
    size_bytes: int
    ppi: float
    capture_time: _timestamp_pb2.Timestamp
    station_id: str
    create_time: _timestamp_pb2.Timestamp
    audit_id: str
    capture_device: str
    def __init__(self, reference_id: _Optional[int] = ..., subject_id: _Optional[str] = ..., modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., finger_position: _Optional[_Union[_sample_pb2.FingerPosition, str]] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., ppi: _Optional[float] = ..., capture_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., station_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., audit_id: _Optional[str] = ..., capture_device: _Optional[str] = ...) -> None: ...

class GetReferenceMinutiaeRequest(_message.Message):
    __slots__ = ("access", "reference_id", "probe")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    reference_id: int
    probe: _sample_pb2.Sample
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., reference_id: _Optional[int] = ..., probe: _Optional[_Union[_sample_pb2.Sample, _Mapping]] = ...) -> None: ...

class GetReferenceMinutiaeResponse(_message.Message):
    __slots__ = ("reference_id", "subject_id", "finger_position", "pack_id", "minutiae", "width_px", "height_px", "explanation", "audit_id")
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    PACK_ID_FIELD_NUMBER: _ClassVar[int]
    MINUTIAE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    reference_id: int
    subject_id: str
    finger_position: _sample_pb2.FingerPosition
    pack_id: str
    minutiae: _containers.RepeatedCompositeFieldContainer[_matching_service_pb2.Minutia]
    width_px: int
    height_px: int
    explanation: _matching_service_pb2.FingerprintExplanation
    audit_id: str
    def __init__(self, reference_id: _Optional[int] = ..., subject_id: _Optional[str] = ..., finger_position: _Optional[_Union[_sample_pb2.FingerPosition, str]] = ..., pack_id: _Optional[str] = ..., minutiae: _Optional[_Iterable[_Union[_matching_service_pb2.Minutia, _Mapping]]] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., explanation: _Optional[_Union[_matching_service_pb2.FingerprintExplanation, _Mapping]] = ..., audit_id: _Optional[str] = ...) -> None: ...
