"""Errors of the matcher.

MatcherError
├── SampleError                 the sample cannot be used; the message says what to do
│   ├── ImageError              bytes are not a usable image
│   │   ├── ImageEmptyError         0 bytes
│   │   ├── ImageFormatError        not a supported file type
│   │   │   └── ImageKindError          a supported file type holding what is not understood
│   │   ├── ImageTruncatedError     the file ends too early or is damaged
│   │   ├── ImageTooLargeError      more bytes or pixels than the limit
│   │   └── ImageTooSmallError      fewer pixels than the smallest usable sample
│   ├── ResolutionError         a fingerprint has no ppi, or one outside 250-1200
│   ├── ModalityError           the finger position or modality does not fit the sample
│   ├── TemplateFormatError     an interchange template is not valid
│   ├── NoFaceError             no face was found
│   ├── SeveralFacesError       several faces, and the request does not say which; carries the boxes
│   ├── NoFingerprintError      no ridge pattern was found
│   ├── RegionError             the region of a fingerprint is not a polygon inside the image, or too small
│   └── QualityError            below the floor; carries the reasons
├── RequestError                a field of the request is missing or wrong; carries the field
│   ├── MalformedError          the bytes are not the message of this method, or are above the limit
│   └── UnknownMethodError      there is no such method
├── PackError                   model packs
│   ├── PackNotFoundError       no manifest of that name
│   ├── PackNotReadyError       files are missing; says how to install
│   ├── PackDamagedError        a file does not have the size or hash of the manifest
│   ├── PackLicenseError        the license must be accepted by name first
│   ├── PackDownloadError       the official address could not be read
│   ├── PacksNotCoveringError   references on record were made by packs that are not loaded; carries them
│   └── PackMismatchError       templates of different packs were to be compared
├── SessionError                a model could not be loaded or run
├── AuditError                  the audit record could not be written or the chain is broken
├── ConfigError                 a setting is unknown or wrong
├── BusyError                   the server is draining or at its limit
├── NotServingError             the index is not verified against the store yet
├── UnauthenticatedError        the certificate shown is not a client's
├── DeadlineError               the time that the caller allowed has run out
└── CanceledError               the caller took the request back

Messages say what was wrong and what to do, and name no subject and no file path. What a person reads is raised as a
matcher.texts.catalog.Told, which knows its text in every language.
"""

from __future__ import annotations

from collections.abc import Mapping

from matcher.samples import FaceBox


class MatcherError(Exception):
    """Base of every error raised by the matcher package."""


class SampleError(MatcherError):
    """The sample cannot be used. field: dotted path of the sample in the request, where that is known."""

    field: str = ""


class ImageError(SampleError):
    """The bytes are not a usable image."""


class ImageEmptyError(ImageError):
    """The image has no bytes."""


class ImageFormatError(ImageError):
    """The bytes are not of a supported file type."""


class ImageKindError(ImageFormatError):
    """The file type is supported, what this file does with it is not."""


class ImageTruncatedError(ImageError):
    """The file ends too early or is damaged."""


class ImageTooLargeError(ImageError):
    """The image has more bytes or pixels than the limit."""


class ImageTooSmallError(ImageError):
    """The image has fewer pixels than the smallest usable sample."""


class ResolutionError(SampleError):
    """A fingerprint has no ppi, or one outside the supported range."""


class ModalityError(SampleError):
    """The finger position or modality does not fit the sample."""


class TemplateFormatError(SampleError):
    """An interchange template is not valid."""


class NoFaceError(SampleError):
    """No face was found."""


class SeveralFacesError(SampleError):
    """Several faces were found and the request does not say which one is meant."""

    def __init__(self, message: str, boxes: tuple[FaceBox, ...]) -> None:
        super().__init__(message)
        self.boxes = boxes


class NoFingerprintError(SampleError):
    """No ridge pattern was found."""


class RegionError(SampleError):
    """The region of a fingerprint is not a polygon inside the image, or too small."""


class QualityError(SampleError):
    """The sample is below the quality floor. reasons: codes with texts in matcher.texts.catalog."""

    def __init__(self, message: str, *, score: int, reasons: tuple[str, ...]) -> None:
        super().__init__(message)
        self.score = score
        self.reasons = reasons


class RequestError(MatcherError):
    """A field of the request is missing or wrong. field: dotted path of the field."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MalformedError(RequestError):
    """The bytes are not the message of this method, or are above the limit."""


class UnknownMethodError(RequestError):
    """There is no such method."""


class PackError(MatcherError):
    """Something about a model pack."""


class PackNotFoundError(PackError):
    """No manifest has that name."""


class PackNotReadyError(PackError):
    """Files of the pack are not installed."""


class PackDamagedError(PackError):
    """A file does not have the size or hash that its manifest states."""


class PackLicenseError(PackError):
    """The license of the pack must be accepted by name first."""


class PackDownloadError(PackError):
    """The official address could not be read."""


class PacksNotCoveringError(PackError):
    """References on record were made by packs that are not loaded, so no search would meet them. values: of the text
    for people."""

    def __init__(self, message: str, *, values: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.values = dict(values or {})


class PackMismatchError(PackError):
    """Templates of different packs were to be compared."""


class SessionError(MatcherError):
    """A model could not be loaded or run."""


class AuditError(MatcherError):
    """The audit record could not be written, or the chain is broken."""


class ConfigError(MatcherError):
    """A setting is unknown or wrong."""


class BusyError(MatcherError):
    """The server is draining or at its limit; try again."""


class NotServingError(MatcherError):
    """The index is not verified against the store yet."""


class UnauthenticatedError(MatcherError):
    """The certificate that was shown is not a client's."""


class DeadlineError(MatcherError):
    """The time that the caller allowed has run out."""


class CanceledError(MatcherError):
    """The caller took the request back."""
