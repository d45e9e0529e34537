"""Error class to gRPC code: one table; and the google.rpc.Status of a call and the ItemError of a batch item, made from
code, reason and text."""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from index import errors as index_errors
from index.store.page_token import MAX_PAGE_SIZE
from matcher import errors
from matcher.errors import QualityError, RequestError, SampleError, SeveralFacesError
from matcher.texts.catalog import quality_text, text
from matcher.texts.reasons import error_text, reason_of
from protos.biometrics.v1 import error_reason_pb2, sample_pb2
from protos.biometrics.v1.error_reason_pb2 import FieldViolation

DOMAIN: Final = "station-matcher"
Code = grpc.StatusCode

_CODES: Final[dict[type[BaseException], grpc.StatusCode]] = {
    errors.SampleError: Code.INVALID_ARGUMENT,
    errors.ImageError: Code.INVALID_ARGUMENT,
    errors.ImageEmptyError: Code.INVALID_ARGUMENT,
    errors.ImageFormatError: Code.INVALID_ARGUMENT,
    errors.ImageKindError: Code.INVALID_ARGUMENT,
    errors.ImageTruncatedError: Code.INVALID_ARGUMENT,
    errors.ImageTooLargeError: Code.INVALID_ARGUMENT,
    errors.ImageTooSmallError: Code.INVALID_ARGUMENT,
    errors.ResolutionError: Code.INVALID_ARGUMENT,
    errors.ModalityError: Code.INVALID_ARGUMENT,
    errors.TemplateFormatError: Code.INVALID_ARGUMENT,
    errors.NoFaceError: Code.INVALID_ARGUMENT,
    errors.SeveralFacesError: Code.INVALID_ARGUMENT,
    errors.NoFingerprintError: Code.INVALID_ARGUMENT,
    errors.RegionError: Code.INVALID_ARGUMENT,
    errors.QualityError: Code.INVALID_ARGUMENT,
    errors.RequestError: Code.INVALID_ARGUMENT,
    errors.MalformedError: Code.INVALID_ARGUMENT,
    errors.UnknownMethodError: Code.UNIMPLEMENTED,
    errors.PackError: Code.FAILED_PRECONDITION,
    errors.PackNotFoundError: Code.FAILED_PRECONDITION,
    errors.PackNotReadyError: Code.FAILED_PRECONDITION,
    errors.PackDamagedError: Code.FAILED_PRECONDITION,
    errors.PackLicenseError: Code.FAILED_PRECONDITION,
    errors.PackDownloadError: Code.UNAVAILABLE,
    errors.PacksNotCoveringError: Code.FAILED_PRECONDITION,
    errors.PackMismatchError: Code.FAILED_PRECONDITION,
    errors.SessionError: Code.INTERNAL,
    errors.AuditError: Code.INTERNAL,
    errors.ConfigError: Code.INTERNAL,
    errors.BusyError: Code.RESOURCE_EXHAUSTED,
    errors.NotServingError: Code.UNAVAILABLE,
    errors.UnauthenticatedError: Code.UNAUTHENTICATED,
    errors.DeadlineError: Code.DEADLINE_EXCEEDED,
    errors.CanceledError: Code.CANCELLED,
    errors.MatcherError: Code.INTERNAL,
    index_errors.VectorError: Code.INTERNAL,
    index_errors.DuplicateReferenceError: Code.INTERNAL,
    index_errors.NotFoundError: Code.NOT_FOUND,
    index_errors.SubjectNotFoundError: Code.NOT_FOUND,
    index_errors.SubjectMergedError: Code.NOT_FOUND,
    index_errors.ReferenceNotFoundError: Code.NOT_FOUND,
    index_errors.ImageNotKeptError: Code.NOT_FOUND,
    index_errors.GalleryNotFoundError: Code.NOT_FOUND,
    index_errors.AlreadyExistsError: Code.ALREADY_EXISTS,
    index_errors.GalleryNotEmptyError: Code.FAILED_PRECONDITION,
    index_errors.RequestConflictError: Code.ALREADY_EXISTS,
    index_errors.RevisionConflictError: Code.ABORTED,
    index_errors.ReassignmentError: Code.FAILED_PRECONDITION,
    index_errors.DatabaseLockedError: Code.UNAVAILABLE,
    index_errors.PageSizeError: Code.INVALID_ARGUMENT,
    index_errors.PageTokenError: Code.INVALID_ARGUMENT,
    index_errors.DatabaseFullError: Code.RESOURCE_EXHAUSTED,
    index_errors.DatabaseWriteError: Code.UNAVAILABLE,
    index_errors.StoreMovedError: Code.DATA_LOSS,
    index_errors.DatabaseDamagedError: Code.DATA_LOSS,
    index_errors.SchemaError: Code.FAILED_PRECONDITION,
    index_errors.CacheFileError: Code.INTERNAL,
    index_errors.EncryptionKeyError: Code.FAILED_PRECONDITION,
    index_errors.BackupError: Code.INTERNAL,
    index_errors.DatabaseError: Code.INTERNAL,
}


def mapped_classes() -> frozenset[type[BaseException]]:
    """Error classes that have a line of their own; a test holds it against the two error trees."""
    return frozenset(_CODES)


def code_of(error: BaseException) -> grpc.StatusCode:
    """The gRPC code of an error; INTERNAL for what is neither ours nor the database's."""
    return _CODES.get(type(error), Code.INTERNAL)


def status_of(error: BaseException, *, language: str, call_id: str = "") -> status_pb2.Status:
    """google.rpc.Status with ErrorInfo, BadRequest where a field is wrong, SeveralFaces, LocalizedMessage.

    Every text is in the language. No path or inside of the server is named, and no subject but the one into which
    another was merged.
    """
    told = error_text(error, language)
    metadata = {"call_id": call_id, "merged_into": _merged_into(error)}
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=reason_of(error), domain=DOMAIN, metadata={name: said for name, said in metadata.items() if said}
        ),
        error_details_pb2.LocalizedMessage(locale=language, message=told),
    ]
    violations = [
        error_details_pb2.BadRequest.FieldViolation(
            field=found.field, description=found.description, reason=found.reason
        )
        for found in _violations(error, language, "")
    ]
    if violations:
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if isinstance(error, SeveralFacesError):
        details.append(error_reason_pb2.SeveralFaces(faces=_faces(error)))
    code = code_of(error).value[0]
    return status_pb2.Status(code=code, message=told, details=[_packed(detail) for detail in details])


def item_error_of(
    error: BaseException, *, language: str, call_id: str = "", prefix: str = ""
) -> error_reason_pb2.ItemError:
    """The same of one item of a batch. prefix: goes before every field path."""
    return error_reason_pb2.ItemError(
        code=code_of(error).value[0],
        reason=reason_of(error),
        text=error_text(error, language),
        language=language,
        field_violations=_violations(error, language, prefix),
        faces=_faces(error) if isinstance(error, SeveralFacesError) else (),
        call_id=call_id,
        merged_into=_merged_into(error),
    )


def _merged_into(error: BaseException) -> str:
    return error.merged_into if isinstance(error, index_errors.SubjectMergedError) else ""


def _violations(error: BaseException, language: str, prefix: str) -> list[FieldViolation]:
    if isinstance(error, index_errors.PageSizeError):
        said = text("field.page_size", language, most=MAX_PAGE_SIZE)
        return [FieldViolation(field=f"{prefix}page_size", description=said)]
    if isinstance(error, index_errors.PageTokenError):
        return [FieldViolation(field=f"{prefix}page_token", description=text("field.page_token", language))]
    if isinstance(error, RequestError) and error.field:
        return [FieldViolation(field=prefix + error.field, description=error_text(error, language))]
    if not isinstance(error, SampleError) or not error.field:
        return []
    field = prefix + error.field
    if isinstance(error, QualityError) and error.reasons:
        return [
            FieldViolation(field=field, reason=code.upper(), description=quality_text(code, language))
            for code in error.reasons
        ]
    return [FieldViolation(field=field, description=error_text(error, language))]


def _faces(error: SeveralFacesError) -> list[sample_pb2.FaceBox]:
    return [
        sample_pb2.FaceBox(
            number=box.number, x_px=box.x_px, y_px=box.y_px, width_px=box.width_px, height_px=box.height_px
        )
        for box in error.boxes
    ]


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
