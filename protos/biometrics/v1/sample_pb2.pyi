import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Modality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODALITY_UNSPECIFIED: _ClassVar[Modality]
    MODALITY_FACE: _ClassVar[Modality]
    MODALITY_FINGERPRINT: _ClassVar[Modality]

class FingerPosition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINGER_POSITION_UNSPECIFIED: _ClassVar[FingerPosition]
    FINGER_POSITION_RIGHT_THUMB: _ClassVar[FingerPosition]
    FINGER_POSITION_RIGHT_INDEX: _ClassVar[FingerPosition]
    FINGER_POSITION_RIGHT_MIDDLE: _ClassVar[FingerPosition]
    FINGER_POSITION_RIGHT_RING: _ClassVar[FingerPosition]
    FINGER_POSITION_RIGHT_LITTLE: _ClassVar[FingerPosition]
    FINGER_POSITION_LEFT_THUMB: _ClassVar[FingerPosition]
    FINGER_POSITION_LEFT_INDEX: _ClassVar[FingerPosition]
    FINGER_POSITION_LEFT_MIDDLE: _ClassVar[FingerPosition]
    FINGER_POSITION_LEFT_RING: _ClassVar[FingerPosition]
    FINGER_POSITION_LEFT_LITTLE: _ClassVar[FingerPosition]

class Sex(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEX_UNSPECIFIED: _ClassVar[Sex]
    SEX_FEMALE: _ClassVar[Sex]
    SEX_MALE: _ClassVar[Sex]
MODALITY_UNSPECIFIED: Modality
MODALITY_FACE: Modality
MODALITY_FINGERPRINT: Modality
FINGER_POSITION_UNSPECIFIED: FingerPosition
FINGER_POSITION_RIGHT_THUMB: FingerPosition
FINGER_POSITION_RIGHT_INDEX: FingerPosition
FINGER_POSITION_RIGHT_MIDDLE: FingerPosition
FINGER_POSITION_RIGHT_RING: FingerPosition
FINGER_POSITION_RIGHT_LITTLE: FingerPosition
FINGER_POSITION_LEFT_THUMB: FingerPosition
FINGER_POSITION_LEFT_INDEX: FingerPosition
FINGER_POSITION_LEFT_MIDDLE: FingerPosition
FINGER_POSITION_LEFT_RING: FingerPosition
FINGER_POSITION_LEFT_LITTLE: FingerPosition
SEX_UNSPECIFIED: Sex
SEX_FEMALE: Sex
SEX_MALE: Sex

class Image(_message.Message):
    __slots__ = ("content", "ppi")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PPI_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    ppi: float
    def __init__(self, content: _Optional[bytes] = ..., ppi: _Optional[float] = ...) -> None: ...

class Sample(_message.Message):
    __slots__ = ("modality", "image", "iso_19794_2_template", "finger_position", "capture_time", "station_id", "face_number", "largest_face", "region", "capture_device")
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    ISO_19794_2_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATION_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LARGEST_FACE_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_DEVICE_FIELD_NUMBER: _ClassVar[int]
    modality: Modality
    image: Image
    iso_19794_2_template: bytes
    finger_position: FingerPosition
    capture_time: _timestamp_pb2.Timestamp
    station_id: str
    face_number: int
    largest_face: bool
    region: _containers.RepeatedCompositeFieldContainer[PointPx]
    capture_device: str
    def __init__(self, modality: _Optional[_Union[Modality, str]] = ..., image: _Optional[_Union[Image, _Mapping]] = ..., iso_19794_2_template: _Optional[bytes] = ..., finger_position: _Optional[_Union[FingerPosition, str]] = ..., capture_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., station_id: _Optional[str] = ..., face_number: _Optional[int] = ..., largest_face: _Optional[bool] = ..., region: _Optional[_Iterable[_Union[PointPx, _Mapping]]] = ..., capture_device: _Optional[str] = ...) -> None: ...

class Quality(_message.Message):
    __slots__ = ("score", "reasons")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    score: int
    reasons: _containers.RepeatedCompositeFieldContainer[QualityReason]
    def __init__(self, score: _Optional[int] = ..., reasons: _Optional[_Iterable[_Union[QualityReason, _Mapping]]] = ...) -> None: ...

class QualityReason(_message.Message):
    __slots__ = ("code", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("code", "text", "sample_index", "subject_ids")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_INDEX_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    sample_index: int
    subject_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ..., sample_index: _Optional[int] = ..., subject_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class FaceBox(_message.Message):
    __slots__ = ("number", "x_px", "y_px", "width_px", "height_px")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    X_PX_FIELD_NUMBER: _ClassVar[int]
    Y_PX_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    number: int
    x_px: int
    y_px: int
    width_px: int
    height_px: int
    def __init__(self, number: _Optional[int] = ..., x_px: _Optional[int] = ..., y_px: _Optional[int] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ...) -> None: ...

class PointPx(_message.Message):
    __slots__ = ("x_px", "y_px")
    X_PX_FIELD_NUMBER: _ClassVar[int]
    Y_PX_FIELD_NUMBER: _ClassVar[int]
    x_px: float
    y_px: float
    def __init__(self, x_px: _Optional[float] = ..., y_px: _Optional[float] = ...) -> None: ...

class AccessContext(_message.Message):
    __slots__ = ("operator_id", "case_number", "purpose", "station_id")
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    STATION_ID_FIELD_NUMBER: _ClassVar[int]
    operator_id: str
    case_number: str
    purpose: str
    station_id: str
    def __init__(self, operator_id: _Optional[str] = ..., case_number: _Optional[str] = ..., purpose: _Optional[str] = ..., station_id: _Optional[str] = ...) -> None: ...
