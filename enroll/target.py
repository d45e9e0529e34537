"""EnrollmentTarget: where a batch enrolls into, a server (remote) or a database of this machine (local)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from enroll.items import EnrollmentItem
from index.records import Subject


class Outcome(Enum):
    """REFUSED: the sample was judged and will be refused again. FAILED: it was sent and not judged; a later run may
    succeed. UNUSABLE: the row or file cannot be used, nothing was sent. NOT_SENT: the run ended before its turn."""

    ENROLLED = "enrolled"
    ALREADY = "already"
    REFUSED = "refused"
    FAILED = "failed"
    UNUSABLE = "unusable"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one image. quality 0-100; duplicates: other subjects it resembles, with scores. notices: what
    the target says beside, in the language asked for. warning: what differs from the record of the subject, or that
    the sample does not agree with those enrolled of it before."""

    item: EnrollmentItem
    outcome: Outcome
    subject_id: str = ""
    reference_id: int = 0
    quality: int = 0
    reason: str = ""
    detail: str = ""
    duplicates: tuple[tuple[str, float], ...] = ()
    notices: tuple[str, ...] = ()
    warning: str = ""


class EnrollmentTarget(Protocol):
    """Enrolls one image and is safe to call from several threads. Every call raises TargetError when the target does
    not answer."""

    def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        """Never raises for a sample that is refused."""

    def find_subject(self, external_id: str) -> Subject | None:
        """What is recorded under an external id, None where nobody is. PermissionError where it may not be read."""

    def gallery_ids(self) -> frozenset[str]:
        """Every gallery."""

    def create_gallery(self, gallery_id: str) -> None:
        """Make a gallery; one that exists stays."""

    def is_serving(self) -> bool:
        """Whether the target as a whole answers, never raising."""

    def close(self) -> None:
        """Let go of the connection or database."""
