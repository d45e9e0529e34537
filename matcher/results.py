"""What the use cases answer. A candidate is a lead for an examiner, never an identification."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from index.records import FingerPosition, Modality, Reference, Sex, Subject
from matcher.samples import FaceBox, Quality


@dataclass(frozen=True, slots=True)
class Score:
    """value: -10*log10(FMR), so 30 is FMR 1e-3 and 40 is 1e-4. extrapolated: beyond what was measured on strangers,
    where a fitted tail carries the score on."""

    value: float
    extrapolated: bool = False


class NoticeCode(Enum):
    """What an answer must say beside its list; texts in matcher.texts.notices."""

    NOTHING_ENROLLED = "nothing_enrolled"
    SCOPE_MATCHES_NOTHING = "scope_matches_nothing"
    FINGER_POSITION_NOT_ENROLLED = "finger_position_not_enrolled"
    THRESHOLD_OUT_OF_REACH = "threshold_out_of_reach"
    DUPLICATES_NOT_TOLD = "duplicates_not_told"
    REFERENCES_NOT_SEARCHED = "references_not_searched"
    REFERENCES_SET_ASIDE = "references_set_aside"
    RECORD_DIFFERS = "record_differs"
    DOCUMENT_KNOWN = "document_known"
    REFERENCES_DISAGREE = "references_disagree"


@dataclass(frozen=True, slots=True)
class Notice:
    """sample_number: index of the sample it is about, from 0; None for all together. reference_count, pack_ids: of the
    references that it speaks of. fields: of a subject. subject_ids: of others that it speaks of. score, threshold: of a
    comparison that it speaks of."""

    code: NoticeCode
    sample_number: int | None = None
    reference_count: int = 0
    pack_ids: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    subject_ids: tuple[str, ...] = ()
    score: float = 0.0
    threshold: float = 0.0


class DocumentStanding(Enum):
    """What the number of an identity document is in the record of a subject that it leads to."""

    CURRENT = "current"
    EXPIRED = "expired"  # by the validity that is recorded with it
    FORMER = "former"  # it stood there once
    OF_MERGED = "of_merged"  # in the record of a subject that was merged into this one


@dataclass(frozen=True, slots=True)
class OverdueRecord:
    """A subject kept beyond the date that its record says. retention_date, legal_ground: as recorded."""

    subject: Subject
    retention_date: str
    legal_ground: str


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """field: its id, or external_id."""

    subject_id: str
    field: str
    standing: DocumentStanding


@dataclass(frozen=True, slots=True)
class Minutia:
    """x_px, y_px: at 500 ppi, y down. direction_deg: [0, 360), counter-clockwise from the x axis as ISO/IEC 19794-2
    draws it. kind: 0 other, 1 ridge ending, 2 bifurcation. quality: 0-1, higher is surer."""

    x_px: float
    y_px: float
    direction_deg: float
    kind: int
    quality: float


@dataclass(frozen=True, slots=True)
class ShownPrint:
    """The minutiae of a print, best first, and its sides at 500 ppi: what an overlay draws."""

    minutiae: tuple[Minutia, ...]
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class FingerprintExplanation:
    """Why two prints are similar, for an overlay.

    pairs: (number in probe.minutiae, number in reference.minutiae) of the minutiae that coincide, best first.
    rotation_deg and translation_px (x, y) turn and shift the probe onto the reference.
    """

    probe: ShownPrint
    reference: ShownPrint
    pairs: tuple[tuple[int, int], ...]
    rotation_deg: float
    translation_px: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceImage:
    """What a reference was made of. content: the enrolled file, or a PNG of it. sha256: of the enrolled file. ppi: as
    the sender said, None for nothing."""

    reference: Reference
    content: bytes
    sha256: str
    ppi: float | None
    audit_id: str


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceMinutiae:
    """The minutiae of an enrolled fingerprint; explanation: the pairs with a probe, None without one."""

    reference: Reference
    shown: ShownPrint
    explanation: FingerprintExplanation | None
    audit_id: str


@dataclass(frozen=True, slots=True)
class ProbeSample:
    """What was made of one sample. landmarks_px: left eye, right eye, nose, left and right mouth corner (x, y);
    face and landmarks only for a face, minutia_count only for a finger, shown only where it was asked for."""

    modality: Modality
    finger: FingerPosition
    quality: Quality
    pack_id: str
    face: FaceBox | None = None
    landmarks_px: tuple[tuple[float, float], ...] = ()
    minutia_count: int = 0
    shown: ShownPrint | None = None


@dataclass(frozen=True, slots=True)
class SampleScore:
    """How one probe sample compares with the candidate: with the best reference of a finger, with all of a face.

    finger: position of the reference. probe_number: index of the probe sample, from 0. reference_id: the most similar
    reference, 0 where the comparison was with another probe. similarity: what the score is read from; several
    references of a face are fused to what one comparison would be worth (matcher/scoring/reference_fusion.py)."""

    modality: Modality
    finger: FingerPosition
    probe_number: int
    reference_id: int
    similarity: float
    score: Score
    explanation: FingerprintExplanation | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """rank from 1. score fuses the samples. reference_id: of the best sample. The last five: who it is, as the subject
    is recorded."""

    rank: int
    subject_id: str
    reference_id: int
    similarity: float
    score: Score
    above_threshold: bool
    samples: tuple[SampleScore, ...] = ()
    external_id: str = ""
    display_name: str = ""
    galleries: frozenset[str] = frozenset()
    sex: Sex = Sex.UNKNOWN
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class IdentificationResult:
    """threshold_score: the score a candidate needs at target_fpir and gallery_size.

    gallery_size: subjects searched. expected_false_candidate_count: strangers expected above the threshold in a
    gallery of that size. proved: the list equals that of an exhaustive search; never where nobody was searched.
    notices: what to know beside the list.
    stage_ms: wall-clock milliseconds a stage.
    """

    candidates: tuple[Candidate, ...]
    gallery_size: int
    reference_count: int
    threshold_score: float
    target_fpir: float
    expected_false_candidate_count: float
    pack_ids: tuple[str, ...]
    audit_id: str
    proved: bool
    stage_ms: dict[str, float] = field(default_factory=dict)
    probe: tuple[ProbeSample, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """The one result with a decision: above_threshold at the FMR asked for."""

    score: Score
    above_threshold: bool
    threshold_score: float
    samples: tuple[SampleScore, ...]
    pack_ids: tuple[str, ...]
    audit_id: str
    stage_ms: dict[str, float] = field(default_factory=dict)
    probe: tuple[ProbeSample, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleAssessment:
    """One sample judged without storing it. usable: enrollment would take it. error: why no template could be made,
    None where one was. faces: every face found, largest first."""

    sample: ProbeSample | None
    usable: bool
    error: Exception | None = None
    faces: tuple[FaceBox, ...] = ()


@dataclass(frozen=True, slots=True)
class AssessmentResult:
    """assessments: one per sample, in order."""

    assessments: tuple[SampleAssessment, ...]
    audit_id: str
    stage_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DuplicateLead:
    """Another subject of the same galleries that an enrolled sample resembles; reported, never merged."""

    subject: Subject
    score: Score

    @property
    def subject_id(self) -> str:
        """Of the subject."""
        return self.subject.subject_id


@dataclass(frozen=True, slots=True)
class EnrolledSample:
    """One stored sample. quality_reasons: codes, texts in matcher.texts.catalog. same_as_reference_id: the reference of
    this subject that was made of the same bytes before, 0 without one; comparisons count such references once."""

    reference_id: int
    modality: Modality
    finger: FingerPosition
    quality: int
    quality_reasons: tuple[str, ...]
    pack_id: str
    same_as_reference_id: int = 0


@dataclass(frozen=True, slots=True)
class EnrollmentResult:
    """duplicates: best first; empty also where notices say that they cannot be told."""

    subject_id: str
    samples: tuple[EnrolledSample, ...]
    duplicates: tuple[DuplicateLead, ...]
    create_time: datetime
    audit_id: str
    replayed: bool = False
    stage_ms: dict[str, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class PackFacts:
    """A pack in use, and what its scores rest on. source: whose prints or faces the strangers were that were compared.
    measured_score: as far as those comparisons show it; highest_score: the end of all scores."""

    pack_id: str
    license: str
    is_operational: bool
    non_mated_count: int
    measured_score: float
    highest_score: float
    source: str
    is_of_this_site: bool


@dataclass(frozen=True, slots=True)
class ModalityStatus:
    """pack: what makes its templates; None where the modality is not served, and then missing says why, "" where the
    settings leave it out. quality_floor: 0-100, of enrollment."""

    modality: Modality
    pack: PackFacts | None
    missing: str = ""
    quality_floor: int = 0


class UnsearchedCode(Enum):
    """Why references are kept and met by no search; texts in matcher.texts.server."""

    PACK_NOT_IN_USE = "pack_not_in_use"
    DAMAGED = "damaged"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class NotSearchable:
    """modality, pack_id: of PACK_NOT_IN_USE."""

    code: UnsearchedCode
    reference_count: int
    modality: Modality | None = None
    pack_id: str = ""


@dataclass(frozen=True, slots=True)
class ServerDescription:
    """schema: name of the last step of the database. not_searchable: empty where every reference can be met."""

    schema: str
    modalities: tuple[ModalityStatus, ...]
    subject_count: int
    reference_count: int
    gallery_count: int
    not_searchable: tuple[NotSearchable, ...]
    audit_id: str
