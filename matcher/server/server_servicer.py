"""ServerService: what a client asks before it shows its first form."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import grpc

from index.store.page_token import MAX_PAGE_SIZE
from matcher.extraction.engines import LARGEST_PPI, SMALLEST_PPI
from matcher.extraction.probe import MAX_FINGER_COUNT
from matcher.formats.decode import ImageLimits
from matcher.server.calls import current_call
from matcher.server.from_proto import access_from_proto
from matcher.server.matching_servicer import MatchingDefaults
from matcher.server.readiness import Readiness
from matcher.server.to_proto import description_to_proto
from matcher.server.wire_limits import COUNT_LIMITS, TEXT_LIMITS
from matcher.texts.languages import LANGUAGES
from matcher.usecases.enroll import MAX_SAMPLE_COUNT
from matcher.usecases.identify import MAX_CANDIDATES
from protos.biometrics.v1 import server_service_pb2 as pb
from protos.biometrics.v1 import server_service_pb2_grpc

API_VERSIONS: Final = (pb.DESCRIPTOR.package,)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What the settings allow. max_call_s: the longest call, also where the caller states no deadline."""

    max_message_bytes: int
    worker_count: int
    queue_count: int
    stream_count: int
    max_call_s: float
    default_language: str


class ServerServicer(server_service_pb2_grpc.ServerServiceServicer):
    def __init__(self, readiness: Readiness, defaults: MatchingDefaults, limits: ServerLimits) -> None:
        self._readiness = readiness
        self._defaults = defaults
        self._limits = limits

    def ServerInfo(self, request: pb.ServerInfoRequest, context: grpc.ServicerContext) -> pb.ServerInfoResponse:
        call = current_call()
        access = access_from_proto(request.access, peer=call.peer)
        answer = description_to_proto(self._readiness.get().describer.describe(access), language=call.language)
        answer.software_version = version("station-matcher")
        answer.api_versions.extend(API_VERSIONS)
        answer.languages.extend(LANGUAGES)
        answer.default_language = self._limits.default_language
        answer.limits.CopyFrom(_limits_message(self._limits))
        answer.defaults.CopyFrom(
            pb.RequestDefaults(
                max_candidates=self._defaults.max_candidates,
                target_fpir=self._defaults.target_fpir,
                target_fmr=self._defaults.target_fmr,
            )
        )
        return answer


def _limits_message(limits: ServerLimits) -> pb.RequestLimits:
    images = ImageLimits()
    return pb.RequestLimits(
        max_message_bytes=limits.max_message_bytes,
        max_sample_count=MAX_SAMPLE_COUNT,
        max_finger_count=MAX_FINGER_COUNT,
        max_candidates=MAX_CANDIDATES,
        max_page_size=MAX_PAGE_SIZE,
        max_image_pixels=images.max_pixels,
        max_request_pixels=images.max_request_pixels,
        min_ppi=SMALLEST_PPI,
        max_ppi=LARGEST_PPI,
        worker_count=limits.worker_count,
        queue_count=limits.queue_count,
        stream_count=limits.stream_count,
        max_call_s=limits.max_call_s,
        fields=[_field_limit(name) for name in sorted(TEXT_LIMITS.keys() | COUNT_LIMITS.keys())],
    )


def _field_limit(name: str) -> pb.FieldLimit:
    text = TEXT_LIMITS.get(name)
    return pb.FieldLimit(
        field=name,
        max_characters=text.characters if text else 0,
        max_bytes=text.bytes if text else 0,
        max_count=COUNT_LIMITS.get(name, 0),
    )
