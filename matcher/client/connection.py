"""MatcherClient: one channel to a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from index.records import SearchFilter, Subject
from matcher.access.context import AccessContext
from matcher.client.errors import service_error
from matcher.client.health import ServerHealth, health_of
from matcher.client.messages import NO_ACCESS, access_message, enroll_message, sample_message, scope_message
from matcher.samples import EncodedSample
from protos.biometrics.v1 import (
    enrollment_service_pb2,
    enrollment_service_pb2_grpc,
    matching_service_pb2,
    matching_service_pb2_grpc,
    record_service_pb2,
    record_service_pb2_grpc,
    reference_service_pb2,
    reference_service_pb2_grpc,
    sample_pb2,
    server_service_pb2,
    server_service_pb2_grpc,
)

DEFAULT_ADDRESS: Final = "127.0.0.1:50551"
MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024


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
    working when it is over. access: who asks and why, for calls that are given none of their own; every call needs an
    operator, every change a purpose too, every comparison also a case.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        tls: ClientTls | None = None,
        language: str = "vi",
        timeout_s: float = 60.0,
        access: AccessContext = NO_ACCESS,
    ) -> None:
        # As it was given.
        self.address = address
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
        self.records: Any = record_service_pb2_grpc.RecordServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.server: Any = server_service_pb2_grpc.ServerServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.references_shown: Any = reference_service_pb2_grpc.ReferenceServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._health = health_pb2_grpc.HealthStub(self._channel)
        self._metadata = (("accept-language", language),)
        self._timeout_s = timeout_s
        self._access = access

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def _said(self, access: AccessContext | None) -> sample_pb2.AccessContext:
        return access_message(access or self._access)

    def call(self, method: Callable[..., Any], request: object, *, timeout_s: float | None = None) -> Any:
        """Any method of the stubs `matching`, `enrollment`, `records` and `server`, with language, deadline and
        ServiceError."""
        try:
            return method(request, timeout=timeout_s or self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise service_error(error) from error

    def is_serving(self, *, timeout_s: float = 2.0) -> bool:
        """Whether the server answers and its index is verified."""
        return self.health(timeout_s=timeout_s).is_serving

    def health(self, *, timeout_s: float = 2.0) -> ServerHealth:
        """Whether the server is ready, and what it says beside. Never raises: a server that is not reached does not
        answer."""
        try:
            answer, call = self._health.Check.with_call(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.RpcError:
            return ServerHealth()
        is_serving = answer.status == health_pb2.HealthCheckResponse.SERVING
        return health_of(is_serving=is_serving, trailer=call.trailing_metadata() or ())

    def server_info(self, *, access: AccessContext | None = None) -> server_service_pb2.ServerInfoResponse:
        """Versions, packs, limits, languages, and what is enrolled and not searched."""
        request = server_service_pb2.ServerInfoRequest(access=self._said(access))
        answer: server_service_pb2.ServerInfoResponse = self.call(self.server.ServerInfo, request)
        return answer

    def identify(
        self,
        samples: Sequence[EncodedSample],
        *,
        access: AccessContext | None = None,
        gallery_ids: Sequence[str] = (),
        where: SearchFilter | None = None,
        max_candidates: int = 0,
        target_fpir: float = 0.0,
        explained_candidate_count: int = 0,
        exhaustive: bool = False,
    ) -> matching_service_pb2.IdentifyResponse:
        """where: fingers, sex, birth years and subjects to search; its galleries add to gallery_ids."""
        request = matching_service_pb2.IdentifyRequest(
            access=self._said(access),
            probe=matching_service_pb2.Probe(samples=[sample_message(sample) for sample in samples]),
            scope=scope_message(where or SearchFilter(), gallery_ids),
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
        access: AccessContext | None = None,
        target_fmr: float = 0.0,
        explained: bool = False,
    ) -> matching_service_pb2.VerifyResponse:
        """Against an enrolled subject, or against the samples of another probe."""
        request = matching_service_pb2.VerifyRequest(
            access=self._said(access),
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
        self, samples: Sequence[EncodedSample], *, with_minutiae: bool = False, access: AccessContext | None = None
    ) -> matching_service_pb2.AssessResponse:
        """with_minutiae: answer with those of fingerprints, too."""
        request = matching_service_pb2.AssessRequest(
            access=self._said(access),
            samples=[sample_message(sample) for sample in samples],
            with_minutiae=with_minutiae,
        )
        answer: matching_service_pb2.AssessResponse = self.call(self.matching.Assess, request)
        return answer

    def enroll(
        self,
        samples: Sequence[EncodedSample],
        *,
        subject: Subject,
        request_id: str = "",
        access: AccessContext | None = None,
        skip_duplicate_check: bool = False,
        accept_low_quality_reason: str = "",
    ) -> enrollment_service_pb2.EnrollResponse:
        """subject.subject_id "" makes a new subject unless external_id names one. A repeated request_id returns
        the first answer."""
        request = enroll_message(
            samples,
            subject=subject,
            request_id=request_id,
            access=access or self._access,
            skip_duplicate_check=skip_duplicate_check,
            accept_low_quality_reason=accept_low_quality_reason,
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
            raise service_error(error) from error

    def delete_subject(
        self, subject_id: str, *, request_id: str = "", access: AccessContext | None = None
    ) -> enrollment_service_pb2.DeleteSubjectResponse:
        request = enrollment_service_pb2.DeleteSubjectRequest(
            subject_id=subject_id, request_id=request_id, access=self._said(access)
        )
        answer: enrollment_service_pb2.DeleteSubjectResponse = self.call(self.enrollment.DeleteSubject, request)
        return answer

    def delete_reference(
        self, reference_id: int, *, request_id: str = "", access: AccessContext | None = None
    ) -> enrollment_service_pb2.DeleteReferenceResponse:
        request = enrollment_service_pb2.DeleteReferenceRequest(
            reference_id=reference_id, request_id=request_id, access=self._said(access)
        )
        answer: enrollment_service_pb2.DeleteReferenceResponse = self.call(self.enrollment.DeleteReference, request)
        return answer

    def export_template(
        self, reference_id: int, *, access: AccessContext | None = None
    ) -> enrollment_service_pb2.ExportTemplateResponse:
        """An enrolled fingerprint as a record of ISO/IEC 19794-2:2005; `template_sample` takes such a record in."""
        request = enrollment_service_pb2.ExportTemplateRequest(access=self._said(access), reference_id=reference_id)
        answer: enrollment_service_pb2.ExportTemplateResponse = self.call(self.enrollment.ExportTemplate, request)
        return answer

    def get_subject(
        self, subject_id: str = "", *, external_id: str = "", access: AccessContext | None = None
    ) -> enrollment_service_pb2.Subject:
        """By one of the two ids."""
        request = enrollment_service_pb2.GetSubjectRequest(access=self._said(access))
        if external_id:
            request.external_id = external_id
        else:
            request.subject_id = subject_id
        answer: enrollment_service_pb2.GetSubjectResponse = self.call(self.enrollment.GetSubject, request)
        return answer.subject

    def subjects(
        self,
        *,
        gallery_id: str = "",
        external_id: str = "",
        name: str = "",
        by_word_beginnings: bool = False,
        document_number: str = "",
        page_size: int = 0,
        access: AccessContext | None = None,
    ) -> Iterator[enrollment_service_pb2.Subject]:
        """Every subject, or those of a gallery, with a number or with the words of a name, page by page."""
        pages = self.subject_pages(
            gallery_id=gallery_id,
            external_id=external_id,
            name=name,
            by_word_beginnings=by_word_beginnings,
            document_number=document_number,
            page_size=page_size,
            access=access,
        )
        for page in pages:
            yield from page.subjects

    def subject_pages(
        self,
        *,
        gallery_id: str = "",
        external_id: str = "",
        name: str = "",
        by_word_beginnings: bool = False,
        document_number: str = "",
        page_size: int = 0,
        access: AccessContext | None = None,
    ) -> Iterator[enrollment_service_pb2.ListSubjectsResponse]:
        """The same in pages, which say where the number of a document was found."""
        request = enrollment_service_pb2.ListSubjectsRequest(
            access=self._said(access),
            gallery_id=gallery_id,
            external_id=external_id,
            name=name,
            by_word_beginnings=by_word_beginnings,
            document_number=document_number,
            page_size=page_size,
        )
        while True:
            page = self.subject_page(request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def subject_page(
        self, request: enrollment_service_pb2.ListSubjectsRequest
    ) -> enrollment_service_pb2.ListSubjectsResponse:
        """One page, with how many subjects there are on all of them."""
        answer: enrollment_service_pb2.ListSubjectsResponse = self.call(self.enrollment.ListSubjects, request)
        return answer

    def references(
        self, subject_id: str, *, page_size: int = 0, access: AccessContext | None = None
    ) -> Iterator[enrollment_service_pb2.Reference]:
        """Every reference of a subject, page by page."""
        request = enrollment_service_pb2.ListReferencesRequest(
            access=self._said(access), subject_id=subject_id, page_size=page_size
        )
        while True:
            page: enrollment_service_pb2.ListReferencesResponse = self.call(self.enrollment.ListReferences, request)
            yield from page.references
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def galleries(self, *, access: AccessContext | None = None) -> Iterator[enrollment_service_pb2.Gallery]:
        """Every gallery, page by page."""
        request = enrollment_service_pb2.ListGalleriesRequest(access=self._said(access))
        while True:
            page: enrollment_service_pb2.ListGalleriesResponse = self.call(self.enrollment.ListGalleries, request)
            yield from page.galleries
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def add_to_gallery(
        self, gallery_id: str, subject_ids: Sequence[str], *, access: AccessContext | None = None
    ) -> None:
        request = enrollment_service_pb2.AddToGalleryRequest(
            access=self._said(access), gallery_id=gallery_id, subject_ids=subject_ids
        )
        self.call(self.enrollment.AddToGallery, request)

    def remove_from_gallery(
        self, gallery_id: str, subject_ids: Sequence[str], *, access: AccessContext | None = None
    ) -> None:
        request = enrollment_service_pb2.RemoveFromGalleryRequest(
            access=self._said(access), gallery_id=gallery_id, subject_ids=subject_ids
        )
        self.call(self.enrollment.RemoveFromGallery, request)

    def create_gallery(
        self, gallery_id: str, *, display_name: str = "", purpose: str = "", access: AccessContext | None = None
    ) -> enrollment_service_pb2.Gallery:
        gallery = enrollment_service_pb2.Gallery(gallery_id=gallery_id, display_name=display_name, purpose=purpose)
        request = enrollment_service_pb2.CreateGalleryRequest(access=self._said(access), gallery=gallery)
        answer: enrollment_service_pb2.CreateGalleryResponse = self.call(self.enrollment.CreateGallery, request)
        return answer.gallery

    def reference_image(
        self, reference_id: int, *, for_display: bool = False, access: AccessContext | None = None
    ) -> tuple[reference_service_pb2.ReferenceImage, bytes]:
        """What is known of the image that a reference was made of, and its bytes: as enrolled, or a PNG of it."""
        rendition = (
            reference_service_pb2.IMAGE_RENDITION_DISPLAY
            if for_display
            else reference_service_pb2.IMAGE_RENDITION_UNSPECIFIED
        )
        request = reference_service_pb2.GetReferenceImageRequest(
            reference_id=reference_id, rendition=rendition, access=self._said(access)
        )

        def collected(*given: Any, **options: Any) -> tuple[reference_service_pb2.ReferenceImage, bytes]:
            first, *rest = self.references_shown.GetReferenceImage(*given, **options)
            return first.image, b"".join(answer.chunk for answer in rest)

        answer: tuple[reference_service_pb2.ReferenceImage, bytes] = self.call(collected, request)
        return answer

    def reference_minutiae(
        self, reference_id: int, *, probe: EncodedSample | None = None, access: AccessContext | None = None
    ) -> reference_service_pb2.GetReferenceMinutiaeResponse:
        """The minutiae of an enrolled fingerprint, and the pairs with a probe."""
        request = reference_service_pb2.GetReferenceMinutiaeRequest(
            reference_id=reference_id,
            probe=None if probe is None else sample_message(probe),
            access=self._said(access),
        )
        answer: reference_service_pb2.GetReferenceMinutiaeResponse = self.call(
            self.references_shown.GetReferenceMinutiae, request
        )
        return answer

    def update_subject(
        self,
        subject_id: str,
        values: Mapping[str, str],
        *,
        expected_revision: int | None = None,
        request_id: str = "",
        access: AccessContext | None = None,
    ) -> record_service_pb2.UpdateSubjectResponse:
        """values: text by field id, "" to record nothing there. expected_revision: of the record as it was read."""
        request = record_service_pb2.UpdateSubjectRequest(
            subject_id=subject_id,
            values=[record_service_pb2.RecordValue(field_id=name, text=value) for name, value in values.items()],
            expected_revision=expected_revision,
            request_id=request_id,
            access=self._said(access),
        )
        answer: record_service_pb2.UpdateSubjectResponse = self.call(self.records.UpdateSubject, request)
        return answer

    def get_record(
        self, subject_id: str, *, access: AccessContext | None = None
    ) -> record_service_pb2.GetRecordResponse:
        request = record_service_pb2.GetRecordRequest(subject_id=subject_id, access=self._said(access))
        answer: record_service_pb2.GetRecordResponse = self.call(self.records.GetRecord, request)
        return answer

    def revisions(
        self, subject_id: str, *, page_size: int = 0, access: AccessContext | None = None
    ) -> Iterator[record_service_pb2.RecordRevision]:
        """Every change of a record, oldest first, page by page."""
        request = record_service_pb2.ListRevisionsRequest(
            access=self._said(access), subject_id=subject_id, page_size=page_size
        )
        while True:
            page: record_service_pb2.ListRevisionsResponse = self.call(self.records.ListRevisions, request)
            yield from page.revisions
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def past_retention(
        self, *, on: str = "", page_size: int = 0, access: AccessContext | None = None
    ) -> Iterator[record_service_pb2.ListPastRetentionResponse]:
        """Page by page, whose retention date lies before a day: dd/mm/yyyy, "" for today."""
        request = record_service_pb2.ListPastRetentionRequest(access=self._said(access), on=on, page_size=page_size)
        while True:
            page: record_service_pb2.ListPastRetentionResponse = self.call(self.records.ListPastRetention, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def seal_subject(self, subject_id: str, *, access: AccessContext | None = None) -> str:
        """The audit id. The subject is kept and searched no more."""
        request = record_service_pb2.SealSubjectRequest(subject_id=subject_id, access=self._said(access))
        answer: record_service_pb2.SealSubjectResponse = self.call(self.records.SealSubject, request)
        return answer.audit_id

    def unseal_subject(self, subject_id: str, *, access: AccessContext | None = None) -> str:
        """The audit id. The subject is searched again."""
        request = record_service_pb2.UnsealSubjectRequest(subject_id=subject_id, access=self._said(access))
        answer: record_service_pb2.UnsealSubjectResponse = self.call(self.records.UnsealSubject, request)
        return answer.audit_id

    def merge_subjects(
        self, source_id: str, target_id: str, *, request_id: str = "", access: AccessContext | None = None
    ) -> record_service_pb2.MergeSubjectsResponse:
        """Both are one person: the target has everything of the source from then on, whose ids lead to it."""
        request = record_service_pb2.MergeSubjectsRequest(
            request_id=request_id,
            access=self._said(access),
            source_subject_id=source_id,
            target_subject_id=target_id,
        )
        answer: record_service_pb2.MergeSubjectsResponse = self.call(self.records.MergeSubjects, request)
        return answer

    def move_references(
        self,
        reference_ids: Sequence[int],
        source_id: str,
        target_id: str,
        *,
        request_id: str = "",
        access: AccessContext | None = None,
    ) -> record_service_pb2.MoveReferencesResponse:
        """References of the source that are the target's."""
        request = record_service_pb2.MoveReferencesRequest(
            request_id=request_id,
            access=self._said(access),
            reference_ids=reference_ids,
            source_subject_id=source_id,
            target_subject_id=target_id,
        )
        answer: record_service_pb2.MoveReferencesResponse = self.call(self.records.MoveReferences, request)
        return answer

    def undo_reassignment(
        self, reassignment_id: int, *, request_id: str = "", access: AccessContext | None = None
    ) -> record_service_pb2.UndoReassignmentResponse:
        """Takes a merge or a move back."""
        request = record_service_pb2.UndoReassignmentRequest(
            request_id=request_id, access=self._said(access), reassignment_id=reassignment_id
        )
        answer: record_service_pb2.UndoReassignmentResponse = self.call(self.records.UndoReassignment, request)
        return answer

    def record_forms(self, *, access: AccessContext | None = None) -> record_service_pb2.GetRecordFormsResponse:
        """The fields that a record may have, and the paper forms that they come from."""
        request = record_service_pb2.GetRecordFormsRequest(access=self._said(access))
        answer: record_service_pb2.GetRecordFormsResponse = self.call(self.records.GetRecordForms, request)
        return answer

    def update_gallery(
        self,
        gallery_id: str,
        *,
        display_name: str | None = None,
        purpose: str | None = None,
        access: AccessContext | None = None,
    ) -> enrollment_service_pb2.Gallery:
        """What is None stays as it is; so does the id."""
        request = enrollment_service_pb2.UpdateGalleryRequest(access=self._said(access), gallery_id=gallery_id)
        if display_name is not None:
            request.display_name = display_name
        if purpose is not None:
            request.purpose = purpose
        answer: enrollment_service_pb2.UpdateGalleryResponse = self.call(self.enrollment.UpdateGallery, request)
        return answer.gallery

    def delete_gallery(
        self, gallery_id: str, *, even_if_not_empty: bool = False, access: AccessContext | None = None
    ) -> enrollment_service_pb2.DeleteGalleryResponse:
        """The subjects in it stay enrolled."""
        request = enrollment_service_pb2.DeleteGalleryRequest(
            access=self._said(access), gallery_id=gallery_id, even_if_not_empty=even_if_not_empty
        )
        answer: enrollment_service_pb2.DeleteGalleryResponse = self.call(self.enrollment.DeleteGallery, request)
        return answer


def _credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=tls.root.read_bytes(),
        private_key=tls.key.read_bytes() if tls.key else None,
        certificate_chain=tls.certificate.read_bytes() if tls.certificate else None,
    )
