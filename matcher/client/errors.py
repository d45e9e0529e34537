"""What a client learns of a refused or failed call."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from matcher.samples import FaceBox
from protos.biometrics.v1 import error_reason_pb2


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
    def is_too_large(self) -> bool:
        """The message is above the limit of this client or of the server's transport, which send no reason of ours."""
        return self.code == "RESOURCE_EXHAUSTED" and not self.reason and "larger than max" in self.text

    @property
    def retriable(self) -> bool:
        """RESOURCE_EXHAUSTED is a busy server, but also a full disk and a message that is too large."""
        if self.is_too_large or self.reason == "ERROR_REASON_STORAGE_FULL":
            return False
        return self.code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED")


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


def service_error(error: grpc.RpcError) -> ServiceError:
    """The error that a failed call tells, also where no server of ours answered."""
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # code and details do not agree: not our server's doing
        status = None
    if status is not None:
        return error_of(status)
    return ServiceError(code=error.code().name, text=error.details() or "")
