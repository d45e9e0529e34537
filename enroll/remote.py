"""Target through gRPC (default): a running server enrolls."""

from __future__ import annotations

from typing import Final

from enroll.errors import TargetError
from enroll.items import EnrollmentItem
from enroll.messages import backlog_text
from enroll.target import ItemResult, Outcome
from index.records import Sex, Subject
from matcher.access.context import AccessContext
from matcher.client import ClientTls, MatcherClient, ServiceError, unusable_files, why_unreachable
from matcher.results import NoticeCode
from matcher.samples import EncodedSample
from matcher.texts.catalog import localized

# The server is not there or is busy: the image was not judged, the same call may succeed later.
_UNREACHABLE: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "CANCELLED"})
# What somebody must change before any image can be enrolled: going on would only repeat it.
_NOT_ALLOWED: Final = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"})
_JUDGED: Final = frozenset({"INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "ALREADY_EXISTS", "OUT_OF_RANGE"})
# An image that takes the server this long takes it as long again; a second try covers a server that was busy.
_DEADLINE_TRY_COUNT: Final = 2
_SEXES: Final = {0: Sex.UNKNOWN, 1: Sex.FEMALE, 2: Sex.MALE}
_MIB: Final = 1024 * 1024


class RemoteTarget:
    """EnrollmentTarget on a server; thread safe, one channel. Raises TargetError where its files cannot be used."""

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
        if tls is not None and (why := unusable_files(tls)):
            raise TargetError(localized(why, language), is_retriable=False)
        self._address, self._tls = address, tls
        self._client = MatcherClient(address, tls=tls, language=language, timeout_s=timeout_seconds)
        self._access = access
        self._skip_duplicate_check = skip_duplicate_check
        self._language = language

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
            if error.is_too_large:  # the same at every try, and only this image's fault
                size = f"{len(image_bytes) / _MIB:.1f} MiB"
                detail = backlog_text("message_too_large", self._language, size=size)
                return ItemResult(item, Outcome.REFUSED, reason="message_too_large", detail=detail)
            _raise_unless_answered(error)
            outcome = Outcome.REFUSED if error.code in _JUDGED else Outcome.FAILED
            return ItemResult(item, outcome, reason=error.reason or error.code, detail=error.text)
        (sample,) = answer.samples
        return ItemResult(
            item,
            Outcome.ALREADY if answer.replayed else Outcome.ENROLLED,
            subject_id=answer.subject_id,
            reference_id=sample.reference_id,
            quality=sample.quality.score,
            duplicates=tuple((lead.subject_id, lead.score) for lead in answer.duplicates),
            notices=tuple(
                notice.text for notice in answer.notices if notice.code != NoticeCode.REFERENCES_DISAGREE.value
            ),
            warning=" ".join(
                notice.text for notice in answer.notices if notice.code == NoticeCode.REFERENCES_DISAGREE.value
            ),
        )

    def find_subject(self, external_id: str) -> Subject | None:
        """See EnrollmentTarget."""
        try:
            found = self._client.get_subject(external_id=external_id, access=self._access)
        except ServiceError as error:
            if error.code == "NOT_FOUND":
                return None
            if error.code == "PERMISSION_DENIED":  # who enrolls need not be allowed to read
                raise PermissionError(error.text) from error
            _raise_unless_answered(error)
            raise TargetError(error.text, is_retriable=False) from error
        return Subject(
            subject_id=found.subject_id,
            external_id=found.external_id,
            display_name=found.display_name,
            galleries=frozenset(found.gallery_ids),
            sex=_SEXES.get(int(found.sex), Sex.UNKNOWN),
            birth_year=found.birth_year or None,
        )

    def gallery_ids(self) -> frozenset[str]:
        """See EnrollmentTarget."""
        try:
            return frozenset(gallery.gallery_id for gallery in self._client.galleries(access=self._access))
        except ServiceError as error:
            if error.code == "UNAVAILABLE" and not error.reason:
                why = localized(why_unreachable(self._address, self._tls), self._language)
                raise TargetError(why) from error
            raise TargetError(str(error), is_retriable=error.retriable) from error

    def create_gallery(self, gallery_id: str) -> None:
        """See EnrollmentTarget."""
        try:
            self._client.create_gallery(gallery_id, access=self._access)
        except ServiceError as error:
            if error.code != "ALREADY_EXISTS":
                raise TargetError(str(error), is_retriable=error.retriable) from error

    def is_serving(self) -> bool:
        """See EnrollmentTarget."""
        return self._client.is_serving()

    def close(self) -> None:
        """Close the channel."""
        self._client.close()


def _raise_unless_answered(error: ServiceError) -> None:
    """TargetError where the server did not judge what was sent, and may later or never."""
    if error.code == "DEADLINE_EXCEEDED":
        raise TargetError(str(error), try_count=_DEADLINE_TRY_COUNT) from error
    if error.code in _UNREACHABLE or error.code in _NOT_ALLOWED:
        raise TargetError(str(error), is_retriable=error.retriable) from error


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
        capture_device=item.capture_device,
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
