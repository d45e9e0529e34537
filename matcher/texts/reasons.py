"""Error class to reason, and what the caller is told: the same over the wire and on the command line."""

from __future__ import annotations

from typing import Final

from index import errors as index_errors
from matcher import errors
from matcher.errors import QualityError, RequestError, SampleError
from matcher.texts.catalog import Told, localized, quality_text, text

_REASONS: Final[dict[type[BaseException], str]] = {
    errors.SampleError: "SAMPLE_INVALID",
    errors.ImageError: "IMAGE_INVALID",
    errors.ImageEmptyError: "IMAGE_EMPTY",
    errors.ImageFormatError: "IMAGE_FORMAT",
    errors.ImageKindError: "IMAGE_FORMAT",
    errors.ImageTruncatedError: "IMAGE_TRUNCATED",
    errors.ImageTooLargeError: "IMAGE_TOO_LARGE",
    errors.ImageTooSmallError: "IMAGE_TOO_SMALL",
    errors.ResolutionError: "RESOLUTION",
    errors.ModalityError: "MODALITY",
    errors.TemplateFormatError: "TEMPLATE_FORMAT",
    errors.NoFaceError: "NO_FACE",
    errors.SeveralFacesError: "SEVERAL_FACES",
    errors.NoFingerprintError: "NO_FINGERPRINT",
    errors.RegionError: "REGION",
    errors.QualityError: "QUALITY",
    errors.RequestError: "FIELD_INVALID",
    errors.MalformedError: "MALFORMED",
    errors.UnknownMethodError: "UNKNOWN_METHOD",
    errors.PackError: "PACK_NOT_READY",
    errors.PackNotFoundError: "PACK_NOT_READY",
    errors.PackNotReadyError: "PACK_NOT_READY",
    errors.PackDamagedError: "PACK_NOT_READY",
    errors.PackLicenseError: "PACK_NOT_READY",
    errors.PackDownloadError: "PACK_NOT_READY",
    errors.PacksNotCoveringError: "PACK_NOT_READY",
    errors.PackMismatchError: "PACK_MISMATCH",
    errors.SessionError: "INTERNAL",
    errors.AuditError: "AUDIT",
    errors.ConfigError: "INTERNAL",
    errors.BusyError: "BUSY",
    errors.UnauthenticatedError: "UNAUTHENTICATED",
    errors.NotServingError: "NOT_SERVING",
    errors.DeadlineError: "DEADLINE",
    errors.CanceledError: "CANCELLED",
    errors.MatcherError: "INTERNAL",
    index_errors.VectorError: "INTERNAL",
    index_errors.DuplicateReferenceError: "INTERNAL",
    index_errors.NotFoundError: "NOT_FOUND",
    index_errors.SubjectNotFoundError: "SUBJECT_NOT_FOUND",
    index_errors.SubjectMergedError: "SUBJECT_MERGED",
    index_errors.ReferenceNotFoundError: "REFERENCE_NOT_FOUND",
    index_errors.ImageNotKeptError: "NOT_FOUND",
    index_errors.GalleryNotFoundError: "GALLERY_NOT_FOUND",
    index_errors.AlreadyExistsError: "ALREADY_EXISTS",
    index_errors.GalleryNotEmptyError: "FIELD_INVALID",
    index_errors.RequestConflictError: "REQUEST_CONFLICT",
    index_errors.RevisionConflictError: "REVISION_CONFLICT",
    index_errors.ReassignmentError: "REASSIGNMENT",
    index_errors.DatabaseLockedError: "STORAGE",
    index_errors.PageSizeError: "FIELD_INVALID",
    index_errors.PageTokenError: "FIELD_INVALID",
    index_errors.DatabaseFullError: "STORAGE_FULL",
    index_errors.DatabaseWriteError: "STORAGE",
    index_errors.StoreMovedError: "STORAGE",
    index_errors.DatabaseDamagedError: "STORAGE",
    index_errors.SchemaError: "STORAGE",
    index_errors.CacheFileError: "STORAGE",
    index_errors.EncryptionKeyError: "STORAGE",
    index_errors.BackupError: "STORAGE",
    index_errors.DatabaseError: "STORAGE",
}
# What is neither ours nor the database's: the caller learns nothing but the call id.
_UNEXPECTED: Final = "INTERNAL"
# Their message says what to do and was written for the sender.
_TOLD: Final = (SampleError, RequestError)


def classes_with_a_reason() -> frozenset[type[BaseException]]:
    """Error classes that have a line of their own; a test holds it against the two error trees."""
    return frozenset(_REASONS)


def reason_of(error: BaseException) -> str:
    """Name of the reason in error_reason.proto, as "ERROR_REASON_NO_FACE"."""
    return f"ERROR_REASON_{_REASONS.get(type(error), _UNEXPECTED)}"


# The longest text of ours has a third of it.
MOST_CHARACTERS: Final = 1500


def error_text(error: BaseException, language: str) -> str:
    """What the caller is told to do. The text of an error about the sender's own sample or field is the error's own,
    which knows the numbers; every other text is that of the reason. What to do about each flaw of the quality follows,
    or the field where its rule has no text in the language."""
    if isinstance(error, index_errors.SubjectMergedError):
        return text("subject.merged", language, subject=error.merged_into)
    if isinstance(error, index_errors.ReassignmentError):
        return text(f"reassignment.{error.reason}", language)
    in_own_words = isinstance(error, _TOLD) and (language == "en" or _is_told(error))
    told = localized(error, language) if in_own_words else text(reason_of(error), language)
    if isinstance(error, QualityError) and error.reasons:
        told = " ".join([told.rstrip(".") + ".", *(quality_text(code, language) for code in error.reasons)])
    if not in_own_words and isinstance(error, RequestError) and error.field:
        told = f"{told} ({error.field})"
    # The library takes 16 KiB of a trailer, in which a text stands three times; beyond, the client is told nothing.
    return told if len(told) <= MOST_CHARACTERS else f"{told[:MOST_CHARACTERS]}…"


def _is_told(error: BaseException) -> bool:
    return bool(error.args) and isinstance(error.args[0], Told)
