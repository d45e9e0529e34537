"""MatchingService: message to use case and back, no logic."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

from matcher.server.calls import current_call
from matcher.server.from_proto import access_from_proto, filter_from_proto, samples_from_proto
from matcher.server.readiness import Readiness
from matcher.server.to_proto import assessment_to_proto, identification_to_proto, verification_to_proto
from matcher.usecases.identify import IdentificationQuery
from protos.biometrics.v1 import matching_service_pb2, matching_service_pb2_grpc


@dataclass(frozen=True, slots=True)
class MatchingDefaults:
    """What a request that leaves a number at 0 gets."""

    max_candidates: int
    target_fpir: float
    target_fmr: float


class MatchingServicer(matching_service_pb2_grpc.MatchingServiceServicer):
    def __init__(self, readiness: Readiness, defaults: MatchingDefaults) -> None:
        self._readiness = readiness
        self._defaults = defaults

    def Identify(
        self, request: matching_service_pb2.IdentifyRequest, context: grpc.ServicerContext
    ) -> matching_service_pb2.IdentifyResponse:
        call = current_call()
        query = IdentificationQuery(
            max_candidates=request.max_candidates or self._defaults.max_candidates,
            target_fpir=request.target_fpir or self._defaults.target_fpir,
            exhaustive=request.exhaustive,
            explained_candidate_count=request.explained_candidate_count,
        )
        result = self._readiness.get().identifier.identify(
            samples_from_proto(request.probe.samples, field="probe.samples"),
            access_from_proto(request.access, peer=call.peer),
            where=filter_from_proto(request.scope),
            query=query,
            stages=call.stages(),
        )
        return identification_to_proto(result, language=call.language)

    def Verify(
        self, request: matching_service_pb2.VerifyRequest, context: grpc.ServicerContext
    ) -> matching_service_pb2.VerifyResponse:
        call = current_call()
        result = self._readiness.get().verifier.verify(
            samples_from_proto(request.probe.samples, field="probe.samples"),
            access_from_proto(request.access, peer=call.peer),
            subject_id=request.subject_id,
            other=samples_from_proto(request.other_probe.samples, field="other_probe.samples"),
            target_fmr=request.target_fmr or self._defaults.target_fmr,
            explained=request.explained,
            stages=call.stages(),
        )
        return verification_to_proto(result, language=call.language)

    def Assess(
        self, request: matching_service_pb2.AssessRequest, context: grpc.ServicerContext
    ) -> matching_service_pb2.AssessResponse:
        call = current_call()
        result = self._readiness.get().assessor.assess(
            samples_from_proto(request.samples, field="samples"),
            access_from_proto(request.access, peer=call.peer),
            with_minutiae=request.with_minutiae,
            stages=call.stages(),
        )
        return assessment_to_proto(result, language=call.language)
