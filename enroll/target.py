"""EnrollmentTarget: where a batch enrolls into, a server (remote) or a database of this machine (local)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from enroll.items import EnrollmentItem


class Outcome(Enum):
    """REFUSED: the sample was judged and will be refused again. FAILED: it was not judged; a later run may succeed."""

    ENROLLED = "enrolled"
    ALREADY = "already"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one image. quality 0-100; duplicates: other subjects it resembles, with scores."""

    item: EnrollmentItem
    outcome: Outcome
    subject_id: str = ""
    reference_id: int = 0
    quality: int = 0
    reason: str = ""
    detail: str = ""
    duplicates: tuple[tuple[str, float], ...] = ()


class EnrollmentTarget(Protocol):
    """Enrolls one image and is safe to call from several threads."""

    def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        """Never raises for a sample that is refused; TargetError when the target cannot be reached."""

    def ensure_gallery(self, gallery_id: str) -> None:
        """Make the gallery unless it exists. TargetError when the target cannot be reached."""

    def close(self) -> None:
        """Let go of the connection or database."""
