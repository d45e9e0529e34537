"""What a client learns of a refused or failed call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from matcher.samples import FaceBox
from protos.biometrics.v1 import error_reason_pb2, sample_pb2


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """field: dotted path of the request field. description: what to do."""

    field: str
    description: str


class ServiceError(Exception):
    """A refused or failed call.

    code: gRPC status name ("INVALID_ARGUMENT"). reason: name of error_reason.proto ("ERROR_REASON_NO_FACE"), ""
    where the server did not answer. text: what to do, in the language asked for. call_id: what the server's log and its
    audit record call the call. merged_into: id of the subject that has the references of the one asked for, "" unless
    that was merged. retriable: the same call may succeed later.
    """

    def __init__(
        self,
        *,
        code: str,
        reason: str = "",
        text: str = "",
        violations: tuple[FieldViolation, ...] = (),
        faces: tuple[FaceBox, ...] = (),
        call_id: str = "",
        merged_into: str = "",
    ) -> None:
        super().__init__(f"{code} {reason}: {text}" if reason else f"{code}: {text}")
        self.code = code
        self.reason = reason
        self.text = text
        self.violations = violations
        self.faces = faces
        self.call_id = call_id
        self.merged_into = merged_into

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


def error_of(told: status_pb2.Status | error_reason_pb2.ItemError) -> ServiceError:
    """The error that the google.rpc.Status of a call tells, or the ItemError inside a batch answer."""
    return _of_item(told) if isinstance(told, error_reason_pb2.ItemError) else _of_call(told)


def _of_item(error: error_reason_pb2.ItemError) -> ServiceError:
    known = error_reason_pb2.ErrorReason.values()
    return ServiceError(
        code=_code_name(error.code),
        # A newer server may have reasons that this client does not know.
        reason=error_reason_pb2.ErrorReason.Name(error.reason) if error.reason in known else "",
        text=error.text,
        violations=tuple(FieldViolation(found.field, found.description) for found in error.field_violations),
        faces=_face_boxes(error.faces),
        call_id=error.call_id,
        merged_into=error.merged_into,
    )


def _of_call(status: status_pb2.Status) -> ServiceError:
    reason, text, call_id, merged_into = "", status.message, "", ""
    violations: list[FieldViolation] = []
    faces: tuple[FaceBox, ...] = ()
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            information = error_details_pb2.ErrorInfo.FromString(detail.value)
            reason, call_id = information.reason, information.metadata.get("call_id", "")
            merged_into = information.metadata.get("merged_into", "")
        elif detail.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR):
            text = error_details_pb2.LocalizedMessage.FromString(detail.value).message
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad_request = error_details_pb2.BadRequest.FromString(detail.value)
            violations += [FieldViolation(found.field, found.description) for found in bad_request.field_violations]
        elif detail.Is(error_reason_pb2.SeveralFaces.DESCRIPTOR):
            several = error_reason_pb2.SeveralFaces.FromString(detail.value)
            faces = _face_boxes(several.faces)
    return ServiceError(
        code=_code_name(status.code),
        reason=reason,
        text=text,
        violations=tuple(violations),
        faces=faces,
        call_id=call_id,
        merged_into=merged_into,
    )


def _code_name(code: int) -> str:
    return next((entry.name for entry in grpc.StatusCode if entry.value[0] == code), "UNKNOWN")


def _face_boxes(boxes: Iterable[sample_pb2.FaceBox]) -> tuple[FaceBox, ...]:
    return tuple(FaceBox(box.number, box.x_px, box.y_px, box.width_px, box.height_px) for box in boxes)


def service_error(error: grpc.RpcError) -> ServiceError:
    """The error that a failed call tells, also where no server of ours answered."""
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # code and details do not agree: not our server's doing
        status = None
    if status is not None:
        return error_of(status)
    return ServiceError(code=error.code().name, text=error.details() or "")
