"""EnrollmentService: message to use case and back, no logic."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from index.records import SubjectQuery
from matcher.access.context import AccessContext
from matcher.access.wording import ID
from matcher.server.calls import CallAudit, current_call
from matcher.server.from_proto import (
    access_from_proto,
    gallery_from_proto,
    samples_from_proto,
    subject_from_proto,
)
from matcher.server.readiness import Readiness
from matcher.server.status import item_error_of
from matcher.server.to_proto import (
    document_to_proto,
    enrollment_to_proto,
    gallery_to_proto,
    reference_to_proto,
    subject_to_proto,
)
from matcher.server.wire_limits import access_to_record, check_message
from protos.biometrics.v1 import enrollment_service_pb2 as pb
from protos.biometrics.v1 import enrollment_service_pb2_grpc
from protos.biometrics.v1.sample_pb2 import AccessContext as AccessMessage


class EnrollmentServicer(enrollment_service_pb2_grpc.EnrollmentServiceServicer):
    def __init__(self, readiness: Readiness, audit: CallAudit) -> None:
        self._readiness = readiness
        self._audit = audit

    def Enroll(self, request: pb.EnrollRequest, context: grpc.ServicerContext) -> pb.EnrollResponse:
        call = current_call()
        result = self._readiness.get().enroller.enroll(
            subject_from_proto(request.subject),
            samples_from_proto(request.samples, field="samples"),
            access_from_proto(request.access, peer=call.peer),
            request_id=request.request_id,
            skip_duplicate_check=request.skip_duplicate_check,
            accept_low_quality_reason=request.accept_low_quality_reason,
            stages=call.stages(),
        )
        return enrollment_to_proto(result, language=call.language)

    def BatchEnroll(
        self, request_iterator: Iterator[pb.BatchEnrollRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.BatchEnrollResponse]:
        for index, request in enumerate(request_iterator):
            yield self._batch_item(index, request, context)

    def _batch_item(
        self, index: int, request: pb.BatchEnrollRequest, context: grpc.ServicerContext
    ) -> pb.BatchEnrollResponse:
        """One item. Its error is its result and does not end the stream."""
        call = current_call()
        answer = pb.BatchEnrollResponse(item_index=index, item_id=request.item_id[: ID.characters])
        call.known = access_to_record(request.enrollment)
        prefix = ""
        try:
            check_message(request)
            prefix = "enrollment."
            with call.working():
                answer.result.CopyFrom(self.Enroll(request.enrollment, context))
        except Exception as error:  # every error of an item belongs to the item; the table knows what to tell of it
            told = self._audit.record_failure(error)
            answer.error.CopyFrom(item_error_of(told, language=call.language, call_id=call.call_id, prefix=prefix))
        return answer

    def GetSubject(self, request: pb.GetSubjectRequest, context: grpc.ServicerContext) -> pb.GetSubjectResponse:
        subject = self._readiness.get().keeper.get_subject(
            _access(request.access), subject_id=request.subject_id, external_id=request.external_id
        )
        return pb.GetSubjectResponse(subject=subject_to_proto(subject))

    def ListSubjects(self, request: pb.ListSubjectsRequest, context: grpc.ServicerContext) -> pb.ListSubjectsResponse:
        query = SubjectQuery(
            request.gallery_id,
            request.external_id,
            request.name,
            request.by_word_beginnings,
            request.document_number,
        )
        page, documents = self._readiness.get().keeper.list_subjects(
            _access(request.access),
            query,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListSubjectsResponse(
            subjects=[subject_to_proto(subject) for subject in page.items],
            next_page_token=page.next_page_token,
            total_count=page.total_count,
            document_matches=[document_to_proto(found) for found in documents],
        )

    def DeleteSubject(
        self, request: pb.DeleteSubjectRequest, context: grpc.ServicerContext
    ) -> pb.DeleteSubjectResponse:
        receipt, audit_id, certificate = self._readiness.get().keeper.delete_subject(
            _access(request.access), request.subject_id, request_id=request.request_id
        )
        return pb.DeleteSubjectResponse(
            deleted_reference_count=len(receipt.reference_ids),
            audit_id=audit_id,
            replayed=receipt.replayed,
            erasure_certificate=certificate,
        )

    def ListReferences(
        self, request: pb.ListReferencesRequest, context: grpc.ServicerContext
    ) -> pb.ListReferencesResponse:
        page = self._readiness.get().keeper.list_references(
            _access(request.access), request.subject_id, page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListReferencesResponse(
            references=[reference_to_proto(reference) for reference in page.items],
            next_page_token=page.next_page_token,
            total_count=page.total_count,
        )

    def DeleteReference(
        self, request: pb.DeleteReferenceRequest, context: grpc.ServicerContext
    ) -> pb.DeleteReferenceResponse:
        receipt, audit_id, certificate = self._readiness.get().keeper.delete_reference(
            _access(request.access), request.reference_id, request_id=request.request_id
        )
        return pb.DeleteReferenceResponse(audit_id=audit_id, replayed=receipt.replayed, erasure_certificate=certificate)

    def ExportTemplate(
        self, request: pb.ExportTemplateRequest, context: grpc.ServicerContext
    ) -> pb.ExportTemplateResponse:
        reference, record, audit_id = self._readiness.get().keeper.export_template(
            _access(request.access), request.reference_id
        )
        return pb.ExportTemplateResponse(
            iso_19794_2_template=record, reference=reference_to_proto(reference), audit_id=audit_id
        )

    def CreateGallery(
        self, request: pb.CreateGalleryRequest, context: grpc.ServicerContext
    ) -> pb.CreateGalleryResponse:
        gallery = self._readiness.get().keeper.create_gallery(
            _access(request.access), gallery_from_proto(request.gallery)
        )
        return pb.CreateGalleryResponse(gallery=gallery_to_proto(gallery))

    def UpdateGallery(
        self, request: pb.UpdateGalleryRequest, context: grpc.ServicerContext
    ) -> pb.UpdateGalleryResponse:
        gallery = self._readiness.get().keeper.update_gallery(
            _access(request.access),
            request.gallery_id,
            display_name=request.display_name if request.HasField("display_name") else None,
            purpose=request.purpose if request.HasField("purpose") else None,
        )
        return pb.UpdateGalleryResponse(gallery=gallery_to_proto(gallery))

    def DeleteGallery(
        self, request: pb.DeleteGalleryRequest, context: grpc.ServicerContext
    ) -> pb.DeleteGalleryResponse:
        member_count, audit_id = self._readiness.get().keeper.delete_gallery(
            _access(request.access), request.gallery_id, even_if_not_empty=request.even_if_not_empty
        )
        return pb.DeleteGalleryResponse(member_count=member_count, audit_id=audit_id)

    def ListGalleries(
        self, request: pb.ListGalleriesRequest, context: grpc.ServicerContext
    ) -> pb.ListGalleriesResponse:
        page = self._readiness.get().keeper.list_galleries(
            _access(request.access), page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListGalleriesResponse(
            galleries=[gallery_to_proto(gallery) for gallery in page.items],
            next_page_token=page.next_page_token,
            total_count=page.total_count,
        )

    def AddToGallery(self, request: pb.AddToGalleryRequest, context: grpc.ServicerContext) -> pb.AddToGalleryResponse:
        audit_id = self._readiness.get().keeper.change_membership(
            _access(request.access), request.gallery_id, list(request.subject_ids), is_member=True
        )
        return pb.AddToGalleryResponse(audit_id=audit_id)

    def RemoveFromGallery(
        self, request: pb.RemoveFromGalleryRequest, context: grpc.ServicerContext
    ) -> pb.RemoveFromGalleryResponse:
        audit_id = self._readiness.get().keeper.change_membership(
            _access(request.access), request.gallery_id, list(request.subject_ids), is_member=False
        )
        return pb.RemoveFromGalleryResponse(audit_id=audit_id)


def _access(message: AccessMessage) -> AccessContext:
    return access_from_proto(message, peer=current_call().peer)
