"""RecordService: message to use case and back, no logic."""

from __future__ import annotations

import grpc

from matcher.access.context import AccessContext
from matcher.errors import RequestError
from matcher.server.calls import current_call
from matcher.server.from_proto import access_from_proto
from matcher.server.readiness import Readiness
from matcher.server.to_proto import record_field_to_proto, record_form_to_proto, revision_to_proto, subject_to_proto
from matcher.texts.catalog import told
from protos.biometrics.v1 import record_service_pb2 as pb
from protos.biometrics.v1 import record_service_pb2_grpc
from protos.biometrics.v1.sample_pb2 import AccessContext as AccessMessage


class RecordServicer(record_service_pb2_grpc.RecordServiceServicer):
    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def UpdateSubject(
        self, request: pb.UpdateSubjectRequest, context: grpc.ServicerContext
    ) -> pb.UpdateSubjectResponse:
        values = {value.field_id: value.text for value in request.values}
        if len(values) != len(request.values):
            raise RequestError(told("field.twice"), field="values")
        receipt, audit_id, others = self._readiness.get().record_keeper.update(
            _access(request.access),
            request.subject_id,
            values,
            expected_revision=request.expected_revision if request.HasField("expected_revision") else None,
            request_id=request.request_id,
        )
        return pb.UpdateSubjectResponse(
            subject_id=receipt.subject_id,
            revision=receipt.revision,
            changed_field_ids=receipt.changed_fields,
            audit_id=audit_id,
            replayed=receipt.replayed,
            same_document_subject_ids=others,
        )

    def GetRecord(self, request: pb.GetRecordRequest, context: grpc.ServicerContext) -> pb.GetRecordResponse:
        subject, record = self._readiness.get().record_keeper.get(_access(request.access), request.subject_id)
        values = [pb.RecordValue(field_id=name, text=value) for name, value in record.fields.items()]
        return pb.GetRecordResponse(subject=subject_to_proto(subject), revision=record.revision, values=values)

    def ListRevisions(
        self, request: pb.ListRevisionsRequest, context: grpc.ServicerContext
    ) -> pb.ListRevisionsResponse:
        page = self._readiness.get().record_keeper.list_revisions(
            _access(request.access), request.subject_id, page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListRevisionsResponse(
            revisions=[revision_to_proto(revision) for revision in page.items],
            next_page_token=page.next_page_token,
            total_count=page.total_count,
        )

    def ListPastRetention(
        self, request: pb.ListPastRetentionRequest, context: grpc.ServicerContext
    ) -> pb.ListPastRetentionResponse:
        page = self._readiness.get().record_keeper.list_past_retention(
            _access(request.access), on=request.on, page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListPastRetentionResponse(
            records=[
                pb.OverdueRecord(
                    subject=subject_to_proto(one.subject),
                    retention_date=one.retention_date,
                    legal_ground=one.legal_ground,
                )
                for one in page.items
            ],
            next_page_token=page.next_page_token,
            total_count=page.total_count,
        )

    def SealSubject(self, request: pb.SealSubjectRequest, context: grpc.ServicerContext) -> pb.SealSubjectResponse:
        keeper = self._readiness.get().record_keeper
        audit_id = keeper.set_sealed(_access(request.access), request.subject_id, sealed=True)
        return pb.SealSubjectResponse(audit_id=audit_id)

    def UnsealSubject(
        self, request: pb.UnsealSubjectRequest, context: grpc.ServicerContext
    ) -> pb.UnsealSubjectResponse:
        keeper = self._readiness.get().record_keeper
        audit_id = keeper.set_sealed(_access(request.access), request.subject_id, sealed=False)
        return pb.UnsealSubjectResponse(audit_id=audit_id)

    def MergeSubjects(
        self, request: pb.MergeSubjectsRequest, context: grpc.ServicerContext
    ) -> pb.MergeSubjectsResponse:
        receipt, audit_id = self._readiness.get().record_keeper.merge(
            _access(request.access),
            request.source_subject_id,
            request.target_subject_id,
            request_id=request.request_id,
        )
        return pb.MergeSubjectsResponse(
            reassignment_id=receipt.reassignment_id,
            reference_ids=receipt.reference_ids,
            changed_field_ids=receipt.changed_fields,
            audit_id=audit_id,
            replayed=receipt.replayed,
        )

    def MoveReferences(
        self, request: pb.MoveReferencesRequest, context: grpc.ServicerContext
    ) -> pb.MoveReferencesResponse:
        receipt, audit_id = self._readiness.get().record_keeper.move(
            _access(request.access),
            request.reference_ids,
            request.source_subject_id,
            request.target_subject_id,
            request_id=request.request_id,
        )
        return pb.MoveReferencesResponse(
            reassignment_id=receipt.reassignment_id,
            reference_ids=receipt.reference_ids,
            audit_id=audit_id,
            replayed=receipt.replayed,
        )

    def UndoReassignment(
        self, request: pb.UndoReassignmentRequest, context: grpc.ServicerContext
    ) -> pb.UndoReassignmentResponse:
        receipt, audit_id = self._readiness.get().record_keeper.undo(
            _access(request.access), request.reassignment_id, request_id=request.request_id
        )
        return pb.UndoReassignmentResponse(
            source_subject_id=receipt.source_id,
            target_subject_id=receipt.target_id,
            reference_ids=receipt.reference_ids,
            changed_field_ids=receipt.changed_fields,
            kept_field_ids=receipt.kept_fields,
            audit_id=audit_id,
            replayed=receipt.replayed,
        )

    def GetRecordForms(
        self, request: pb.GetRecordFormsRequest, context: grpc.ServicerContext
    ) -> pb.GetRecordFormsResponse:
        language = current_call().language
        schema = self._readiness.get().record_keeper.forms(_access(request.access))
        return pb.GetRecordFormsResponse(
            fields=[record_field_to_proto(field, language=language) for field in schema.fields.values()],
            forms=[record_form_to_proto(form, language=language) for form in schema.forms],
        )


def _access(message: AccessMessage) -> AccessContext:
    return access_from_proto(message, peer=current_call().peer)
