"""Target through gRPC (default): a running server enrolls."""

from __future__ import annotations

from typing import Final

from enroll.errors import TargetError
from enroll.items import EnrollmentItem
from enroll.target import ItemResult, Outcome
from index.records import Subject
from matcher.access.context import AccessContext
from matcher.client import ClientTls, MatcherClient, ServiceError
from matcher.samples import EncodedSample

# The server is not there or is busy: the image was not judged, the same call may succeed later.
_UNREACHABLE: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED"})
# What an operator must change before any image can be enrolled: going on would only repeat it.
_NOT_ALLOWED: Final = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"})


class RemoteTarget:
    """EnrollmentTarget on a server; thread safe, one channel."""

    def __init__(
        self,
        address: str,
        *,
        access: AccessContext,
        tls: ClientTls | None = None,
        language: str = "vi",
        timeout_seconds: float = 60.0,
        skip_duplicate_check: bool = False,
    ) -> None:
        self._client = MatcherClient(address, tls=tls, language=language, timeout_s=timeout_seconds)
        self._access = access
        self._skip_duplicate_check = skip_duplicate_check

    def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        """See EnrollmentTarget."""
        try:
            answer = self._client.enroll(
                [sample_of(item, image_bytes, station_id=self._access.station_id)],
                subject=subject_of(item),
                request_id=item.request_id(image_bytes),
                access=self._access,
                skip_duplicate_check=self._skip_duplicate_check,
            )
        except ServiceError as error:
            if error.code in _UNREACHABLE or error.code in _NOT_ALLOWED:
                raise TargetError(str(error)) from error
            judged = error.code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "ALREADY_EXISTS")
            outcome = Outcome.REFUSED if judged else Outcome.FAILED
            return ItemResult(item, outcome, reason=error.reason or error.code, detail=error.text)
        (sample,) = answer.samples
        return ItemResult(
            item,
            Outcome.ALREADY if answer.replayed else Outcome.ENROLLED,
            subject_id=answer.subject_id,
            reference_id=sample.reference_id,
            quality=sample.quality.score,
            duplicates=tuple((lead.subject_id, lead.score) for lead in answer.duplicates),
        )

    def ensure_gallery(self, gallery_id: str) -> None:
        """See EnrollmentTarget."""
        try:
            self._client.create_gallery(gallery_id, access=self._access)
        except ServiceError as error:
            if error.code != "ALREADY_EXISTS":
                raise TargetError(str(error)) from error

    def close(self) -> None:
        """Close the channel."""
        self._client.close()


def sample_of(item: EnrollmentItem, image_bytes: bytes, *, station_id: str) -> EncodedSample:
    """The sample as both targets send it."""
    return EncodedSample(
        modality=item.modality,
        image_bytes=image_bytes,
        finger=item.finger,
        ppi=item.ppi,
        capture_time=item.capture_time,
        station_id=station_id,
        face_number=item.face_number,
        largest_face=item.largest_face,
    )


def subject_of(item: EnrollmentItem) -> Subject:
    """The subject as both targets send it; its id is found by the external id."""
    return Subject(
        subject_id="",
        external_id=item.external_id,
        display_name=item.display_name,
        galleries=frozenset(item.galleries),
        sex=item.sex,
        birth_year=item.birth_year,
    )
