"""Nouns at rest: what the enrollment database keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum

import numpy as np

from index.arrays import Float32Array, Int8Array


class Modality(Enum):
    """Biometric modality; the value is what the store and the audit record write."""

    FACE = "face"
    FINGERPRINT = "fingerprint"


class FingerPosition(IntEnum):
    """Finger position codes of ISO/IEC 19794-4; 0 means that the position is not known."""

    UNKNOWN = 0
    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10


class SubjectState(Enum):
    """ACTIVE is searched; SEALED is kept but never searched. Of a deleted subject only audit records are left."""

    ACTIVE = "active"
    SEALED = "sealed"


class Sex(Enum):
    """Recorded sex, used only to narrow a search before it runs."""

    UNKNOWN = "unknown"
    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What a pack made of one sample. Templates of different packs are never compared.

    vectors: float32 (n, dim), rows of unit L2 norm, read-only: one row for a face, one per minutia for a finger.
    minutiae: serialized MinutiaSet of a finger; empty for a face.
    pack_id: "name@version".
    """

    modality: Modality
    finger: FingerPosition
    pack_id: str
    vectors: Float32Array
    minutiae: bytes = b""

    def __post_init__(self) -> None:
        if self.vectors.dtype != np.float32 or self.vectors.ndim != 2:
            raise ValueError("Template.vectors must be float32 of shape (n, dim)")
        frozen = np.array(self.vectors, dtype=np.float32, order="C", copy=True)
        frozen.setflags(write=False)
        object.__setattr__(self, "vectors", frozen)


@dataclass(frozen=True, slots=True)
class ImagePart:
    """Which part of an image a template is made of. face_number: 0 for the only face. region_px: corners (x, y) of a
    print, empty for the whole of it; of a face that was chosen of several, the first and the last corner of its box."""

    face_number: int = 0
    largest_face: bool = False
    region_px: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NewReference:
    """A template about to be enrolled; the database gives it its id and time.

    quality: 0-100, higher is better. sample_sha256: hex digest of the encoded image, "" for an imported template.
    image: the encoded image, b"" where it is not to be kept. ppi: what the sender says of it. part: of the image.
    capture_device: the camera or scanner, as the force names it.
    """

    template: Template
    quality: int
    sample_sha256: str = ""
    station_id: str = ""
    capture_time: datetime | None = None
    image: bytes = b""
    ppi: float | None = None
    part: ImagePart = ImagePart()
    capture_device: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class KeptImage:
    """An image as it was enrolled. sha256: hex digest of content. ppi: what the sender said of it, None for nothing.
    part: of which the reference was made."""

    content: bytes
    sha256: str
    ppi: float | None
    part: ImagePart = ImagePart()


@dataclass(frozen=True, slots=True, eq=False)
class StoredPrint:
    """What is stored of one finger, as it is stored: quicker to read than a Reference.

    codes: int8 (n, dim), read-only, the rows of Template.vectors times what makes their largest component +-127.
    minutiae: as in Template.
    """

    pack_id: str
    codes: Int8Array
    minutiae: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """An enrolled template. reference_id >= 1; quality 0-100; create_time in UTC."""

    reference_id: int
    subject_id: str
    template: Template
    quality: int
    create_time: datetime
    station_id: str = ""
    sample_sha256: str = ""
    capture_time: datetime | None = None
    capture_device: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A capture subject. external_id is the force's own number (a CCCD or record number), kept verbatim."""

    subject_id: str
    external_id: str = ""
    display_name: str = ""
    galleries: frozenset[str] = field(default_factory=frozenset)
    state: SubjectState = SubjectState.ACTIVE
    sex: Sex = Sex.UNKNOWN
    birth_year: int | None = None
    create_time: datetime | None = None


# The fields of a record that stand in Subject; every other field is a text under an id of its own.
SUBJECT_FIELDS = ("external_id", "display_name", "sex", "birth_year")
# Its words are found like those of the name; names are parted by semicolons.
OTHER_NAMES = "other_names"
# Until when a subject may be kept, and why it may.
RETENTION_DATE, LEGAL_GROUND = "retention_date", "legal_ground"
# Numbers of identity documents, by which a subject is found; and until when each is valid.
DOCUMENT_FIELDS = {
    "cccd_number": "cccd_expiry_date",
    "cmnd_number": "cmnd_expiry_date",
    "passport_number": "passport_expiry_date",
    "passport2_number": "passport2_expiry_date",
}


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """What is recorded of a subject beside its templates.

    revision: how often it was changed since its enrollment. fields: text by field id, verbatim; SUBJECT_FIELDS among
    them, and only what is recorded.
    """

    subject_id: str
    revision: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """before, after: "" where nothing was or is recorded."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RecordAuthor:
    """Who changes a record, in which case and why, as kept in its history."""

    operator_id: str
    case_number: str = ""
    purpose: str = ""
    station_id: str = ""


class RecordEventKind(Enum):
    """What became of a subject beside changes of its fields, as its own history tells it."""

    MERGED_FROM = "merged_from"  # another subject was merged into this one
    MERGED_INTO = "merged_into"
    MOVED_FROM = "moved_from"  # references came from another subject
    MOVED_TO = "moved_to"
    UNDONE = "undone"  # references went back to whom they were
    SEALED = "sealed"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """reassignment_id: by which it is undone, 0 where nothing went elsewhere. other_subject_id: "" where that one was
    deleted since. fields: of a merge, the record of the other subject as it was, while it is merged."""

    kind: RecordEventKind
    reassignment_id: int = 0
    other_subject_id: str = ""
    reference_ids: tuple[int, ...] = ()
    is_undone: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordRevision:
    """One change of a record; revision counts from 1. change_time in UTC. event: what happened, where that is not a
    change of fields alone."""

    revision: int
    change_time: datetime
    author: RecordAuthor
    changes: tuple[FieldChange, ...]
    event: RecordEvent | None = None


# What a gallery may be called where people make one: a name that is safe in file names, tables and commands.
GALLERY_ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Gallery:
    """A named group of subjects; a search names the galleries it covers. gallery_id: see GALLERY_ID_PATTERN."""

    gallery_id: str
    display_name: str
    purpose: str = ""
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubjectQuery:
    """Which subjects a list shows; what is empty does not restrict.

    external_id: exactly this one, code point by code point. name: subjects whose names have all of these words, in any
    order, with or without diacritics (index/store/name_words.py). by_word_beginnings: a word also finds longer ones.
    document_number: it stands or stood in a field of DOCUMENT_FIELDS, or is the external id; also of a subject merged
    into the one that is found.
    """

    gallery_id: str = ""
    external_id: str = ""
    name: str = ""
    by_word_beginnings: bool = False
    document_number: str = ""


@dataclass(frozen=True, slots=True)
class DocumentMatch:
    """Where a number was found. is_current: it stands there now. is_of_merged: in the record of a subject merged into
    this one. Neither: it stood there once. expiry: what is recorded with it, "" for nothing."""

    subject_id: str
    field: str
    is_current: bool
    is_of_merged: bool = False
    expiry: str = ""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Narrows a search before it runs. Empty sets and None mean no restriction.

    fingers: positions to search; references of UNKNOWN position are always included when it is not empty.
    birth_year_min / birth_year_max: inclusive; a subject without a birth year is always included.
    """

    galleries: frozenset[str] = field(default_factory=frozenset)
    fingers: frozenset[FingerPosition] = field(default_factory=frozenset)
    subject_ids: frozenset[str] = field(default_factory=frozenset)
    sex: Sex = Sex.UNKNOWN
    birth_year_min: int | None = None
    birth_year_max: int | None = None
