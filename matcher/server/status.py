"""Error class to gRPC code and reason: one table, and the google.rpc.Status made from it."""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from index import errors as index_errors
from matcher import errors
from matcher.errors import QualityError, RequestError, SampleError, SeveralFacesError
from matcher.texts.catalog import text
from matcher.texts.quality import reason_text
from protos.biometrics.v1 import error_reason_pb2, sample_pb2

DOMAIN: Final = "station-matcher"
Code = grpc.StatusCode

_TABLE: Final[dict[type[Exception], tuple[grpc.StatusCode, str]]] = {
    errors.SampleError: (Code.INVALID_ARGUMENT, "SAMPLE_INVALID"),
    errors.ImageError: (Code.INVALID_ARGUMENT, "IMAGE_INVALID"),
    errors.ImageEmptyError: (Code.INVALID_ARGUMENT, "IMAGE_EMPTY"),
    errors.ImageFormatError: (Code.INVALID_ARGUMENT, "IMAGE_FORMAT"),
    errors.ImageTruncatedError: (Code.INVALID_ARGUMENT, "IMAGE_TRUNCATED"),
    errors.ImageTooLargeError: (Code.INVALID_ARGUMENT, "IMAGE_TOO_LARGE"),
    errors.ImageTooSmallError: (Code.INVALID_ARGUMENT, "IMAGE_TOO_SMALL"),
    errors.ResolutionError: (Code.INVALID_ARGUMENT, "RESOLUTION"),
    errors.ModalityError: (Code.INVALID_ARGUMENT, "MODALITY"),
    errors.TemplateFormatError: (Code.INVALID_ARGUMENT, "TEMPLATE_FORMAT"),
    errors.NoFaceError: (Code.INVALID_ARGUMENT, "NO_FACE"),
    errors.SeveralFacesError: (Code.INVALID_ARGUMENT, "SEVERAL_FACES"),
    errors.NoFingerprintError: (Code.INVALID_ARGUMENT, "NO_FINGERPRINT"),
    errors.QualityError: (Code.INVALID_ARGUMENT, "QUALITY"),
    errors.RequestError: (Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    errors.MalformedError: (Code.INVALID_ARGUMENT, "MALFORMED"),
    errors.UnknownMethodError: (Code.UNIMPLEMENTED, "UNKNOWN_METHOD"),
    errors.PackError: (Code.FAILED_PRECONDITION, "PACK_NOT_READY"),
    errors.PackNotFoundError: (Code.FAILED_PRECONDITION, "PACK_NOT_READY"),
    errors.PackNotReadyError: (Code.FAILED_PRECONDITION, "PACK_NOT_READY"),
    errors.PackDamagedError: (Code.FAILED_PRECONDITION, "PACK_NOT_READY"),
    errors.PackLicenseError: (Code.FAILED_PRECONDITION, "PACK_NOT_READY"),
    errors.PackDownloadError: (Code.UNAVAILABLE, "PACK_NOT_READY"),
    errors.PackMismatchError: (Code.FAILED_PRECONDITION, "PACK_MISMATCH"),
    errors.SessionError: (Code.INTERNAL, "INTERNAL"),
    errors.AuditError: (Code.INTERNAL, "AUDIT"),
    errors.ConfigError: (Code.INTERNAL, "INTERNAL"),
    errors.BusyError: (Code.RESOURCE_EXHAUSTED, "BUSY"),
    errors.NotServingError: (Code.UNAVAILABLE, "NOT_SERVING"),
    errors.DeadlineError: (Code.DEADLINE_EXCEEDED, "DEADLINE"),
    errors.CanceledError: (Code.CANCELLED, "CANCELLED"),
    errors.MatcherError: (Code.INTERNAL, "INTERNAL"),
    index_errors.VectorError: (Code.INTERNAL, "INTERNAL"),
    index_errors.DuplicateReferenceError: (Code.INTERNAL, "INTERNAL"),
    index_errors.NotFoundError: (Code.NOT_FOUND, "NOT_FOUND"),
    index_errors.SubjectNotFoundError: (Code.NOT_FOUND, "SUBJECT_NOT_FOUND"),
    index_errors.ReferenceNotFoundError: (Code.NOT_FOUND, "REFERENCE_NOT_FOUND"),
    index_errors.GalleryNotFoundError: (Code.NOT_FOUND, "GALLERY_NOT_FOUND"),
    index_errors.AlreadyExistsError: (Code.ALREADY_EXISTS, "ALREADY_EXISTS"),
    index_errors.RequestConflictError: (Code.ALREADY_EXISTS, "REQUEST_CONFLICT"),
    index_errors.DatabaseLockedError: (Code.UNAVAILABLE, "STORAGE"),
    index_errors.PageTokenError: (Code.INVALID_ARGUMENT, "FIELD_INVALID"),
    index_errors.DatabaseFullError: (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL"),
    index_errors.DatabaseWriteError: (Code.UNAVAILABLE, "STORAGE"),
    index_errors.DatabaseDamagedError: (Code.DATA_LOSS, "STORAGE"),
    index_errors.SchemaError: (Code.FAILED_PRECONDITION, "STORAGE"),
    index_errors.CacheFileError: (Code.INTERNAL, "STORAGE"),
    index_errors.BackupError: (Code.INTERNAL, "STORAGE"),
    index_errors.DatabaseError: (Code.INTERNAL, "STORAGE"),
}
# What is neither ours nor the database's: the caller learns nothing but the request id.
_UNEXPECTED: Final = (Code.INTERNAL, "INTERNAL")
# Their English message says what to do and was written for the sender.
_TOLD: Final = (SampleError, RequestError)


def mapped_classes() -> frozenset[type[Exception]]:
    """Error classes that have a line of their own; a test holds it against the two error trees."""
    return frozenset(_TABLE)


def code_and_reason(error: BaseException) -> tuple[grpc.StatusCode, str]:
    """gRPC code and the name of the reason in error_reason.proto."""
    code, reason = _TABLE.get(type(error), _UNEXPECTED)  # type: ignore[arg-type]
    return code, f"ERROR_REASON_{reason}"


def error_text(error: BaseException, language: str) -> str:
    """What the caller is told to do. The English text of an error about the sender's own sample is the error's own,
    which knows the numbers; every other text comes from the table of the reason. What to do about each flaw of the
    quality follows, or the field that is wrong."""
    in_own_words = language == "en" and isinstance(error, _TOLD)
    told = str(error) if in_own_words else text(code_and_reason(error)[1], language)
    if isinstance(error, QualityError) and error.reasons:
        told = " ".join([told.rstrip(".") + ".", *(reason_text(code, language) for code in error.reasons)])
    if not in_own_words and isinstance(error, RequestError) and error.field:
        told = f"{told} ({error.field})"
    return told


def status_of(error: BaseException, *, language: str, request_id: str = "", prefix: str = "") -> status_pb2.Status:
    """google.rpc.Status with ErrorInfo, BadRequest where a field is wrong, SeveralFaces, LocalizedMessage.

    prefix: goes before every field path. No subject, path or inside of the server is named.
    """
    code, reason = code_and_reason(error)
    english = error_text(error, "en")
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=reason, domain=DOMAIN, metadata={"request_id": request_id} if request_id else {}
        ),
        error_details_pb2.LocalizedMessage(locale=language, message=error_text(error, language)),
    ]
    violations = _violations(error, english, language, prefix)
    if violations:
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if isinstance(error, SeveralFacesError):
        details.append(_several_faces(error))
    return status_pb2.Status(code=code.value[0], message=english, details=[_packed(detail) for detail in details])


def _violations(
    error: BaseException, english: str, language: str, prefix: str
) -> list[error_details_pb2.BadRequest.FieldViolation]:
    if isinstance(error, index_errors.PageTokenError):
        return [error_details_pb2.BadRequest.FieldViolation(field=f"{prefix}page_token", description=english)]
    if isinstance(error, RequestError) and error.field:
        return [error_details_pb2.BadRequest.FieldViolation(field=prefix + error.field, description=english)]
    if not isinstance(error, SampleError) or not error.field:
        return []
    field = prefix + error.field
    if isinstance(error, QualityError) and error.reasons:
        return [
            error_details_pb2.BadRequest.FieldViolation(
                field=field, reason=code.upper(), description=reason_text(code, language)
            )
            for code in error.reasons
        ]
    return [error_details_pb2.BadRequest.FieldViolation(field=field, description=english)]


def _several_faces(error: SeveralFacesError) -> error_reason_pb2.SeveralFaces:
    return error_reason_pb2.SeveralFaces(
        faces=[
            sample_pb2.FaceBox(
                number=box.number, x_px=box.x_px, y_px=box.y_px, width_px=box.width_px, height_px=box.height_px
            )
            for box in error.boxes
        ]
    )


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
