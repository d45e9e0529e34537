"""EnrollmentItem: one image and what is known of its subject. Backlog: all of them, and what is wrong."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from index.records import FingerPosition, Modality, Sex


@dataclass(frozen=True, slots=True)
class EnrollmentItem:
    """One image to enroll. row_number: the spreadsheet's own, or the place in a folder from 1. ppi in pixels per inch;
    galleries: gallery ids. face_number, largest_face: which of several faces, as in EncodedSample. image_name: the
    path as the backlog names it. capture_device: camera or scanner."""

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
    image_name: str = ""
    capture_device: str = ""

    @property
    def shown_image(self) -> str:
        """The image as it is told to a person."""
        return self.image_name or self.image_path.name

    def request_id(self, image_bytes: bytes) -> str:
        """The same for the same content, so that a repeated run enrolls nothing twice. The audit log has it beside the
        digest of the image; whoever has not the image itself cannot find number or name with it by trying."""
        key = hashlib.sha256(b"station-enroll request" + image_bytes).digest()
        return hmac.digest(key, self._content(image_bytes), "sha256").hex()[:40]

    def former_request_id(self, image_bytes: bytes) -> str:
        """As versions up to 0.1.0 made it: what their results files say was done."""
        return hashlib.sha256(self._content(image_bytes)).hexdigest()[:40]

    def _content(self, image_bytes: bytes) -> bytes:
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
        if self.capture_device:  # else as before there were devices
            parts += ("device", self.capture_device)
        return "\x1f".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row or file, or should be looked at. place: how it is named to a person ("row 7", or the
    path in a folder). code: its name in enroll.messages. row_number 0: the whole backlog."""

    row_number: int
    place: str
    code: str
    message: str
    external_id: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """items: the rows that can be used. problems: those that cannot, one per row, never both. warnings: to be looked
    at; their rows are used. notes: said once. pattern: how a folder was read, "" for a manifest."""

    items: tuple[EnrollmentItem, ...] = ()
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    pattern: str = ""

    @property
    def subject_count(self) -> int:
        """How many people the usable rows are of."""
        return len({item.external_id for item in self.items})


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says for rows that do not. pattern: how to read a folder, see enroll.pattern.
    ids_as_written: ids that seem to have lost a zero are right. ignored_columns: headers that are not used."""

    modality: Modality | None = None
    ppi: float | None = None
    galleries: tuple[str, ...] = ()
    language: str = "vi"
    pattern: str = ""
    ids_as_written: bool = False
    ignored_columns: tuple[str, ...] = ()
    capture_device: str = ""
