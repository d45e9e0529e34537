from protos.biometrics.v1 import sample_pb2 as _sample_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_EMPTY: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_FORMAT: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TRUNCATED: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TOO_SMALL: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_RESOLUTION: _ClassVar[ErrorReason]
    ERROR_REASON_MODALITY: _ClassVar[ErrorReason]
    ERROR_REASON_TEMPLATE_FORMAT: _ClassVar[ErrorReason]
    ERROR_REASON_NO_FACE: _ClassVar[ErrorReason]
    ERROR_REASON_SEVERAL_FACES: _ClassVar[ErrorReason]
    ERROR_REASON_NO_FINGERPRINT: _ClassVar[ErrorReason]
    ERROR_REASON_QUALITY: _ClassVar[ErrorReason]
    ERROR_REASON_SAMPLE_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_REGION: _ClassVar[ErrorReason]
    ERROR_REASON_FIELD_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_MALFORMED: _ClassVar[ErrorReason]
    ERROR_REASON_UNKNOWN_METHOD: _ClassVar[ErrorReason]
    ERROR_REASON_UNAUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_PERMISSION_DENIED: _ClassVar[ErrorReason]
    ERROR_REASON_SUBJECT_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_REFERENCE_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_GALLERY_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_ALREADY_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST_CONFLICT: _ClassVar[ErrorReason]
    ERROR_REASON_REVISION_CONFLICT: _ClassVar[ErrorReason]
    ERROR_REASON_SUBJECT_MERGED: _ClassVar[ErrorReason]
    ERROR_REASON_REASSIGNMENT: _ClassVar[ErrorReason]
    ERROR_REASON_PACK_NOT_READY: _ClassVar[ErrorReason]
    ERROR_REASON_PACK_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_BUSY: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE: _ClassVar[ErrorReason]
    ERROR_REASON_CANCELLED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_SERVING: _ClassVar[ErrorReason]
    ERROR_REASON_STORAGE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_STORAGE: _ClassVar[ErrorReason]
    ERROR_REASON_AUDIT: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_IMAGE_EMPTY: ErrorReason
ERROR_REASON_IMAGE_FORMAT: ErrorReason
ERROR_REASON_IMAGE_TRUNCATED: ErrorReason
ERROR_REASON_IMAGE_TOO_LARGE: ErrorReason
ERROR_REASON_IMAGE_TOO_SMALL: ErrorReason
ERROR_REASON_IMAGE_INVALID: ErrorReason
ERROR_REASON_RESOLUTION: ErrorReason
ERROR_REASON_MODALITY: ErrorReason
ERROR_REASON_TEMPLATE_FORMAT: ErrorReason
ERROR_REASON_NO_FACE: ErrorReason
ERROR_REASON_SEVERAL_FACES: ErrorReason
ERROR_REASON_NO_FINGERPRINT: ErrorReason
ERROR_REASON_QUALITY: ErrorReason
ERROR_REASON_SAMPLE_INVALID: ErrorReason
ERROR_REASON_REGION: ErrorReason
ERROR_REASON_FIELD_INVALID: ErrorReason
ERROR_REASON_MALFORMED: ErrorReason
ERROR_REASON_UNKNOWN_METHOD: ErrorReason
ERROR_REASON_UNAUTHENTICATED: ErrorReason
ERROR_REASON_PERMISSION_DENIED: ErrorReason
ERROR_REASON_SUBJECT_NOT_FOUND: ErrorReason
ERROR_REASON_REFERENCE_NOT_FOUND: ErrorReason
ERROR_REASON_GALLERY_NOT_FOUND: ErrorReason
ERROR_REASON_NOT_FOUND: ErrorReason
ERROR_REASON_ALREADY_EXISTS: ErrorReason
ERROR_REASON_REQUEST_CONFLICT: ErrorReason
ERROR_REASON_REVISION_CONFLICT: ErrorReason
ERROR_REASON_SUBJECT_MERGED: ErrorReason
ERROR_REASON_REASSIGNMENT: ErrorReason
ERROR_REASON_PACK_NOT_READY: ErrorReason
ERROR_REASON_PACK_MISMATCH: ErrorReason
ERROR_REASON_BUSY: ErrorReason
ERROR_REASON_DEADLINE: ErrorReason
ERROR_REASON_CANCELLED: ErrorReason
ERROR_REASON_NOT_SERVING: ErrorReason
ERROR_REASON_STORAGE_FULL: ErrorReason
ERROR_REASON_STORAGE: ErrorReason
ERROR_REASON_AUDIT: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason

class SeveralFaces(_message.Message):
    __slots__ = ("faces",)
    FACES_FIELD_NUMBER: _ClassVar[int]
    faces: _containers.RepeatedCompositeFieldContainer[_sample_pb2.FaceBox]
    def __init__(self, faces: _Optional[_Iterable[_Union[_sample_pb2.FaceBox, _Mapping]]] = ...) -> None: ...

class ItemError(_message.Message):
    __slots__ = ("code", "reason", "text", "language", "field_violations", "faces", "call_id", "merged_into")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MERGED_INTO_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: ErrorReason
    text: str
    language: str
    field_violations: _containers.RepeatedCompositeFieldContainer[FieldViolation]
    faces: _containers.RepeatedCompositeFieldContainer[_sample_pb2.FaceBox]
    call_id: str
    merged_into: str
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[_Union[ErrorReason, str]] = ..., text: _Optional[str] = ..., language: _Optional[str] = ..., field_violations: _Optional[_Iterable[_Union[FieldViolation, _Mapping]]] = ..., faces: _Optional[_Iterable[_Union[_sample_pb2.FaceBox, _Mapping]]] = ..., call_id: _Optional[str] = ..., merged_into: _Optional[str] = ...) -> None: ...

class FieldViolation(_message.Message):
    __slots__ = ("field", "description", "reason")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    reason: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
