"""ReferenceService: message to use case and back, no logic."""

from __future__ import annotations

from typing import Final

import grpc

from matcher.access.context import AccessContext
from matcher.server.calls import current_call
from matcher.server.from_proto import access_from_proto, sample_from_proto
from matcher.server.readiness import Readiness
from matcher.server.to_proto import reference_image_to_proto, reference_minutiae_to_proto
from protos.biometrics.v1 import reference_service_pb2 as pb
from protos.biometrics.v1 import reference_service_pb2_grpc
from protos.biometrics.v1.sample_pb2 import AccessContext as AccessMessage

CHUNK_BYTES: Final = 1 << 20


class ReferenceServicer(reference_service_pb2_grpc.ReferenceServiceServicer):
    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def GetReferenceImage(
        self, request: pb.GetReferenceImageRequest, context: grpc.ServicerContext
    ) -> list[pb.GetReferenceImageResponse]:
        shown = self._readiness.get().reference_viewer.image(
            _access(request.access),
            request.reference_id,
            for_display=request.rendition == pb.IMAGE_RENDITION_DISPLAY,
            stages=current_call().stages(),
        )
        chunks = (shown.content[start : start + CHUNK_BYTES] for start in range(0, len(shown.content), CHUNK_BYTES))
        answers = [pb.GetReferenceImageResponse(image=reference_image_to_proto(shown))]
        return answers + [pb.GetReferenceImageResponse(chunk=chunk) for chunk in chunks]

    def GetReferenceMinutiae(
        self, request: pb.GetReferenceMinutiaeRequest, context: grpc.ServicerContext
    ) -> pb.GetReferenceMinutiaeResponse:
        probe = sample_from_proto(request.probe, field="probe") if request.HasField("probe") else None
        shown = self._readiness.get().reference_viewer.minutiae(
            _access(request.access), request.reference_id, probe=probe, stages=current_call().stages()
        )
        return reference_minutiae_to_proto(shown)


def _access(message: AccessMessage) -> AccessContext:
    return access_from_proto(message, peer=current_call().peer)
