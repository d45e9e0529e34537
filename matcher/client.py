"""A small Python client of the service: what the command line, the batch enroller and the tests use.

    with MatcherClient("127.0.0.1:50551") as client:
        answer = client.identify([face_sample("probe.jpg")], access=AccessContext("op-7", "case-12", "burglary"))
        for candidate in answer.candidates:
            print(candidate.rank, candidate.subject_id, candidate.score)

Answers are the messages of protos/biometrics/v1. Every failure is a ServiceError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from index.records import FingerPosition, Modality, Sex, Subject
from matcher.errors import FaceBox
from matcher.results import AccessContext
from matcher.samples import EncodedSample
from protos.biometrics.v1 import (
    enrollment_service_pb2,
    enrollment_service_pb2_grpc,
    error_reason_pb2,
    matching_service_pb2,
    matching_service_pb2_grpc,
    sample_pb2,
)

DEFAULT_ADDRESS: Final = "127.0.0.1:50551"
MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
_NO_ACCESS: Final = AccessContext(operator_id="", case_number="", purpose="")
_MODALITIES: Final = {
    Modality.FACE: sample_pb2.MODALITY_FACE,
    Modality.FINGERPRINT: sample_pb2.MODALITY_FINGERPRINT,
}
MODALITY_NAMES: Final = {int(value): modality.value for modality, value in _MODALITIES.items()}
_SEXES: Final = {
    Sex.UNKNOWN: sample_pb2.SEX_UNSPECIFIED,
    Sex.FEMALE: sample_pb2.SEX_FEMALE,
    Sex.MALE: sample_pb2.SEX_MALE,
}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """field: dotted path of the request field. description: what to do."""

    field: str
    description: str


class ServiceError(Exception):
    """A refused or failed call.

    code: gRPC status name ("INVALID_ARGUMENT"). reason: name of error_reason.proto ("ERROR_REASON_NO_FACE"), ""
    where the server did not answer. text: what to do, in the language asked for. retriable: the same call may
    succeed later.
    """

    def __init__(
        self,
        *,
        code: str,
        reason: str = "",
        text: str = "",
        violations: tuple[FieldViolation, ...] = (),
        faces: tuple[FaceBox, ...] = (),
        request_id: str = "",
    ) -> None:
        super().__init__(f"{code} {reason}: {text}" if reason else f"{code}: {text}")
        self.code = code
        self.reason = reason
        self.text = text
        self.violations = violations
        self.faces = faces
        self.request_id = request_id

    @property
    def retriable(self) -> bool:
        return self.code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED")


@dataclass(frozen=True, slots=True)
class ClientTls:
    """Certificate files in PEM. root: who signed the server's certificate. certificate and key: our own, where the
    server asks for one. server_name: the name in the server's certificate when it is not the host of the address."""

    root: Path
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""


class MatcherClient:
    """One channel to a server. Thread safe. Raises ServiceError from every call.

    language: "vi" or "en", of error and quality texts. timeout_s: the deadline of each call; the server stops
    working when it is over.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        tls: ClientTls | None = None,
        language: str = "vi",
        timeout_s: float = 60.0,
    ) -> None:
        options: list[tuple[str, Any]] = [
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ]
        if tls is None:
            self._channel = grpc.insecure_channel(address, options=options)
        else:
            if tls.server_name:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            self._channel = grpc.secure_channel(address, _credentials(tls), options=options)
        self.matching: Any = matching_service_pb2_grpc.MatchingServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.enrollment: Any = enrollment_service_pb2_grpc.EnrollmentServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._health = health_pb2_grpc.HealthStub(self._channel)
        self._metadata = (("accept-language", language),)
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def call(self, method: Callable[..., Any], request: object, *, timeout_s: float | None = None) -> Any:
        """Any method of the stubs `matching` and `enrollment`, with language, deadline and ServiceError."""
        try:
            return method(request, timeout=timeout_s or self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _service_error(error) from error

    def is_serving(self, *, timeout_s: float = 2.0) -> bool:
        """Whether the server answers and its index is verified."""
        try:
            answer = self._health.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def identify(
        self,
        samples: Sequence[EncodedSample],
        *,
        access: AccessContext,
        gallery_ids: Sequence[str] = (),
        max_candidates: int = 0,
        target_fpir: float = 0.0,
        explained_candidate_count: int = 0,
        exhaustive: bool = False,
    ) -> matching_service_pb2.IdentifyResponse:
        request = matching_service_pb2.IdentifyRequest(
            access=access_message(access),
            probe=matching_service_pb2.Probe(samples=[sample_message(sample) for sample in samples]),
            scope=matching_service_pb2.SearchScope(gallery_ids=gallery_ids),
            max_candidates=max_candidates,
            target_fpir=target_fpir,
            explained_candidate_count=explained_candidate_count,
            exhaustive=exhaustive,
        )
        answer: matching_service_pb2.IdentifyResponse = self.call(self.matching.Identify, request)
        return answer

    def verify(
        self,
        samples: Sequence[EncodedSample],
        *,
        subject_id: str = "",
        other: Sequence[EncodedSample] = (),
        access: AccessContext = _NO_ACCESS,
        target_fmr: float = 0.0,
        explained: bool = False,
    ) -> matching_service_pb2.VerifyResponse:
        """Against an enrolled subject, or against the samples of another probe."""
        request = matching_service_pb2.VerifyRequest(
            access=access_message(access),
            probe=matching_service_pb2.Probe(samples=[sample_message(sample) for sample in samples]),
            target_fmr=target_fmr,
            explained=explained,
        )
        if subject_id:
            request.subject_id = subject_id
        else:
            request.other_probe.samples.extend(sample_message(sample) for sample in other)
        answer: matching_service_pb2.VerifyResponse = self.call(self.matching.Verify, request)
        return answer

    def assess(
        self, samples: Sequence[EncodedSample], *, access: AccessContext = _NO_ACCESS
    ) -> matching_service_pb2.AssessResponse:
        request = matching_service_pb2.AssessRequest(
            access=access_message(access), samples=[sample_message(sample) for sample in samples]
        )
        answer: matching_service_pb2.AssessResponse = self.call(self.matching.Assess, request)
        return answer

    def enroll(
        self,
        samples: Sequence[EncodedSample],
        *,
        subject: Subject,
        request_id: str = "",
        access: AccessContext = _NO_ACCESS,
        skip_duplicate_check: bool = False,
    ) -> enrollment_service_pb2.EnrollResponse:
        """subject.subject_id "" makes a new subject unless external_id names one. A repeated request_id returns
        the first answer."""
        request = enroll_message(
            samples, subject=subject, request_id=request_id, access=access, skip_duplicate_check=skip_duplicate_check
        )
        answer: enrollment_service_pb2.EnrollResponse = self.call(self.enrollment.Enroll, request)
        return answer

    def batch_enroll(
        self, items: Iterable[tuple[str, enrollment_service_pb2.EnrollRequest]]
    ) -> Iterator[enrollment_service_pb2.BatchEnrollResponse]:
        """Streams (item id, enroll_message(...)); one outcome an item, in order. `error_of` reads a failed one."""
        requests = (
            enrollment_service_pb2.BatchEnrollRequest(item_id=item_id, enrollment=request) for item_id, request in items
        )
        try:
            yield from self.enrollment.BatchEnroll(requests, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _service_error(error) from error

    def delete_subject(
        self, subject_id: str, *, request_id: str = "", access: AccessContext = _NO_ACCESS
    ) -> enrollment_service_pb2.DeleteSubjectResponse:
        request = enrollment_service_pb2.DeleteSubjectRequest(
            subject_id=subject_id, request_id=request_id, access=access_message(access)
        )
        answer: enrollment_service_pb2.DeleteSubjectResponse = self.call(self.enrollment.DeleteSubject, request)
        return answer

    def delete_reference(
        self, reference_id: int, *, request_id: str = "", access: AccessContext = _NO_ACCESS
    ) -> enrollment_service_pb2.DeleteReferenceResponse:
        request = enrollment_service_pb2.DeleteReferenceRequest(
            reference_id=reference_id, request_id=request_id, access=access_message(access)
        )
        answer: enrollment_service_pb2.DeleteReferenceResponse = self.call(self.enrollment.DeleteReference, request)
        return answer

    def get_subject(
        self, subject_id: str = "", *, external_id: str = "", access: AccessContext = _NO_ACCESS
    ) -> enrollment_service_pb2.Subject:
        """By one of the two ids."""
        request = enrollment_service_pb2.GetSubjectRequest(access=access_message(access))
        if external_id:
            request.external_id = external_id
        else:
            request.subject_id = subject_id
        answer: enrollment_service_pb2.Subject = self.call(self.enrollment.GetSubject, request)
        return answer

    def subjects(
        self, *, gallery_id: str = "", page_size: int = 0, access: AccessContext = _NO_ACCESS
    ) -> Iterator[enrollment_service_pb2.Subject]:
        """Every subject, or those of a gallery, page by page."""
        request = enrollment_service_pb2.ListSubjectsRequest(
            access=access_message(access), gallery_id=gallery_id, page_size=page_size
        )
        while True:
            page: enrollment_service_pb2.ListSubjectsResponse = self.call(self.enrollment.ListSubjects, request)
            yield from page.subjects
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def references(
        self, subject_id: str, *, page_size: int = 0, access: AccessContext = _NO_ACCESS
    ) -> Iterator[enrollment_service_pb2.Reference]:
        """Every reference of a subject, page by page."""
        request = enrollment_service_pb2.ListReferencesRequest(
            access=access_message(access), subject_id=subject_id, page_size=page_size
        )
        while True:
            page: enrollment_service_pb2.ListReferencesResponse = self.call(self.enrollment.ListReferences, request)
            yield from page.references
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def galleries(self, *, access: AccessContext = _NO_ACCESS) -> Iterator[enrollment_service_pb2.Gallery]:
        """Every gallery, page by page."""
        request = enrollment_service_pb2.ListGalleriesRequest(access=access_message(access))
        while True:
            page: enrollment_service_pb2.ListGalleriesResponse = self.call(self.enrollment.ListGalleries, request)
            yield from page.galleries
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def add_to_gallery(
        self, gallery_id: str, subject_ids: Sequence[str], *, access: AccessContext = _NO_ACCESS
    ) -> None:
        request = enrollment_service_pb2.AddToGalleryRequest(
            access=access_message(access), gallery_id=gallery_id, subject_ids=subject_ids
        )
        self.call(self.enrollment.AddToGallery, request)

    def remove_from_gallery(
        self, gallery_id: str, subject_ids: Sequence[str], *, access: AccessContext = _NO_ACCESS
    ) -> None:
        request = enrollment_service_pb2.RemoveFromGalleryRequest(
            access=access_message(access), gallery_id=gallery_id, subject_ids=subject_ids
        )
        self.call(self.enrollment.RemoveFromGallery, request)

    def create_gallery(
        self, gallery_id: str, *, display_name: str = "", purpose: str = "", access: AccessContext = _NO_ACCESS
    ) -> enrollment_service_pb2.Gallery:
        gallery = enrollment_service_pb2.Gallery(gallery_id=gallery_id, display_name=display_name, purpose=purpose)
        request = enrollment_service_pb2.CreateGalleryRequest(access=access_message(access), gallery=gallery)
        answer: enrollment_service_pb2.Gallery = self.call(self.enrollment.CreateGallery, request)
        return answer


def face_sample(path: Path | str, *, largest_face: bool = False, station_id: str = "") -> EncodedSample:
    """A face image from a file."""
    return EncodedSample(Modality.FACE, Path(path).read_bytes(), largest_face=largest_face, station_id=station_id)


def fingerprint_sample(
    path: Path | str, *, finger: FingerPosition = FingerPosition.UNKNOWN, ppi: float | None = None, station_id: str = ""
) -> EncodedSample:
    """A fingerprint image from a file. ppi: needed where the file does not state it."""
    return EncodedSample(Modality.FINGERPRINT, Path(path).read_bytes(), finger=finger, ppi=ppi, station_id=station_id)


def sample_message(sample: EncodedSample) -> sample_pb2.Sample:
    message = sample_pb2.Sample(
        modality=_MODALITIES[sample.modality],
        finger_position=int(sample.finger),  # type: ignore[arg-type]  # enums are ints on the wire
        station_id=sample.station_id,
    )
    if sample.minutiae_template:
        message.iso_19794_2_template = sample.minutiae_template
    else:
        message.image.content = sample.image_bytes
        message.image.ppi = sample.ppi or 0.0
    if sample.capture_time is not None:
        message.capture_time.FromDatetime(sample.capture_time)
    if sample.largest_face:
        message.largest_face = True
    elif sample.face_number:
        message.face_number = sample.face_number
    return message


def access_message(access: AccessContext) -> sample_pb2.AccessContext:
    return sample_pb2.AccessContext(
        operator_id=access.operator_id,
        case_number=access.case_number,
        purpose=access.purpose,
        station_id=access.station_id,
    )


def enroll_message(
    samples: Sequence[EncodedSample],
    *,
    subject: Subject,
    request_id: str = "",
    access: AccessContext = _NO_ACCESS,
    skip_duplicate_check: bool = False,
) -> enrollment_service_pb2.EnrollRequest:
    return enrollment_service_pb2.EnrollRequest(
        request_id=request_id,
        access=access_message(access),
        subject=enrollment_service_pb2.Subject(
            subject_id=subject.subject_id,
            external_id=subject.external_id,
            display_name=subject.display_name,
            gallery_ids=sorted(subject.galleries),
            sex=_SEXES[subject.sex],
            birth_year=subject.birth_year or 0,
        ),
        samples=[sample_message(sample) for sample in samples],
        skip_duplicate_check=skip_duplicate_check,
    )


def error_of(status: status_pb2.Status) -> ServiceError:
    """The error that a google.rpc.Status tells, also one inside a batch answer."""
    reason, text, request_id = "", status.message, ""
    violations: list[FieldViolation] = []
    faces: tuple[FaceBox, ...] = ()
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            information = error_details_pb2.ErrorInfo.FromString(detail.value)
            reason, request_id = information.reason, information.metadata.get("request_id", "")
        elif detail.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR):
            text = error_details_pb2.LocalizedMessage.FromString(detail.value).message
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad_request = error_details_pb2.BadRequest.FromString(detail.value)
            violations += [FieldViolation(found.field, found.description) for found in bad_request.field_violations]
        elif detail.Is(error_reason_pb2.SeveralFaces.DESCRIPTOR):
            several = error_reason_pb2.SeveralFaces.FromString(detail.value)
            faces = tuple(FaceBox(box.number, box.x_px, box.y_px, box.width_px, box.height_px) for box in several.faces)
    code = next((entry.name for entry in grpc.StatusCode if entry.value[0] == status.code), "UNKNOWN")
    return ServiceError(
        code=code, reason=reason, text=text, violations=tuple(violations), faces=faces, request_id=request_id
    )


def _service_error(error: grpc.RpcError) -> ServiceError:
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # code and details do not agree: not our server's doing
        status = None
    if status is not None:
        return error_of(status)
    return ServiceError(code=error.code().name, text=error.details() or "")


def _credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=tls.root.read_bytes(),
        private_key=tls.key.read_bytes() if tls.key else None,
        certificate_chain=tls.certificate.read_bytes() if tls.certificate else None,
    )
