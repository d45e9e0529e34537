"""EnrollmentItem: one image of the backlog and what is known of its subject."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from index.records import FingerPosition, Modality, Sex


@dataclass(frozen=True, slots=True)
class EnrollmentItem:
    """One image to enroll. row_number from 1; ppi in pixels per inch; galleries: gallery ids. face_number,
    largest_face: which of several faces, as in EncodedSample."""

    row_number: int
    external_id: str
    image_path: Path
    modality: Modality
    finger: FingerPosition = FingerPosition.UNKNOWN
    ppi: float | None = None
    display_name: str = ""
    galleries: tuple[str, ...] = ()
    sex: Sex = Sex.UNKNOWN
    birth_year: int | None = None
    capture_time: datetime | None = None
    face_number: int = 0
    largest_face: bool = False

    def request_id(self, image_bytes: bytes) -> str:
        """The same for the same content, so that a repeated run enrolls nothing twice."""
        parts: tuple[str, ...] = (
            self.external_id,
            self.modality.value,
            str(int(self.finger)),
            str(self.ppi),
            self.display_name,
            ",".join(self.galleries),
            self.sex.value,
            str(self.birth_year),
            str(self.capture_time),
            hashlib.sha256(image_bytes).hexdigest(),
        )
        if self.face_number or self.largest_face:  # else as before there was a choice
            parts += (str(self.face_number), str(self.largest_face))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says for rows that do not."""

    modality: Modality | None = None
    ppi: float | None = None
    galleries: tuple[str, ...] = ()
    language: str = "vi"
