"""The demonstration's searches: one per probe sample, and one with all samples of a person together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.demo.captures import encode_png
from benchmarks.demo.people import ACCESS, GALLERY_ID, Person
from benchmarks.demo.pictures import face_picture, fingerprint_picture
from index.arrays import Float32Array
from index.records import FingerPosition, Modality
from matcher.client import MatcherClient
from matcher.commands.pictures import stacked
from matcher.face.align import align_face
from matcher.samples import EncodedSample

Pixels = npt.NDArray[np.uint8]

LISTED_COUNT: Final = 3  # candidates of a search that are listed, and drawn


@dataclass(frozen=True, slots=True)
class Search:
    """A probe of one person. label names what was searched with."""

    label: str
    person: Person
    samples: tuple[EncodedSample, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: a candidate, and the name of the picture that shows it beside the probe."""

    rank: int
    external_id: str
    score: float
    score_extrapolated: bool
    above_threshold: bool
    is_mated: bool
    picture_name: str


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """A search with its ranked candidates."""

    search: Search
    lines: tuple[Line, ...]
    threshold_score: float
    gallery_size: int
    duration_ms: float

    @property
    def mate_is_first(self) -> bool:
        """Rank 1 is the person whose probe it was."""
        return bool(self.lines) and self.lines[0].is_mated

    @property
    def strangers(self) -> tuple[Line, ...]:
        """The false candidates: other people than the one whose probe it was."""
        return tuple(line for line in self.lines if not line.is_mated)


def searches_of(person: Person) -> Iterator[Search]:
    """One search a sample, then one with all of them where there are several modalities."""
    for sample in person.probe_samples:
        yield Search(_label(sample), person, (sample,))
    if len({sample.modality for sample in person.probe_samples}) > 1:
        yield Search("face and fingers", person, tuple(person.probe_samples))


def run_search(client: MatcherClient, search: Search, people: Sequence[Person], picture_folder: Path) -> SearchOutcome:
    """Identify the probe and draw it beside each candidate, mate or stranger."""
    answer = client.identify(
        search.samples,
        access=ACCESS,
        gallery_ids=[GALLERY_ID],
        max_candidates=LISTED_COUNT,
        explained_candidate_count=LISTED_COUNT,
    )
    lines = tuple(_line(search, candidate) for candidate in answer.candidates)
    for line, candidate in zip(lines, answer.candidates, strict=True):
        picture = _picture(client, search, candidate, line, people)
        (picture_folder / line.picture_name).write_bytes(encode_png(picture))
    return SearchOutcome(
        search=search,
        lines=lines,
        threshold_score=answer.threshold_score,
        gallery_size=answer.gallery_size,
        duration_ms=sum(answer.stage_ms.values()),
    )


def _line(search: Search, candidate: Any) -> Line:
    is_mated = candidate.subject_id == search.person.subject_id
    kind = "mate" if is_mated else "stranger"
    return Line(
        rank=candidate.rank,
        external_id=candidate.external_id,
        score=candidate.score,
        score_extrapolated=candidate.score_extrapolated,
        above_threshold=candidate.above_threshold,
        is_mated=is_mated,
        picture_name=f"{search.person.external_id}-{search.label.replace(' ', '-')}-{candidate.rank}-{kind}.png",
    )


def _picture(client: MatcherClient, search: Search, candidate: Any, line: Line, people: Sequence[Person]) -> Pixels:
    person = next(person for person in people if person.subject_id == candidate.subject_id)
    mark = f"rank {line.rank}, {'mate' if line.is_mated else 'STRANGER, a false candidate'}"
    parts = []
    for score in candidate.sample_scores:
        probe = search.samples[score.probe_index]
        reference = person.reference_sample(probe.modality, FingerPosition(score.finger_position))
        shown_score = f"{score.score:.1f}{'*' if score.score_extrapolated else ''}"
        caption = f"{line.external_id}, {_label(probe)}: {mark}; score {shown_score}, a lead for an examiner"
        if probe.modality is Modality.FACE:
            crops = [_aligned_face(client, sample) for sample in (probe, reference)]
            parts.append(face_picture(crops[0], crops[1], caption))
        else:
            pairs = [
                ((pair.probe.x_px, pair.probe.y_px), (pair.reference.x_px, pair.reference.y_px))
                for pair in score.explanation.pairs
            ]
            caption = f"{caption}; {len(pairs)} paired minutiae, the same number in both prints"
            parts.append(fingerprint_picture(_gray(probe), _gray(reference), pairs, caption))
    return stacked(parts)


def _aligned_face(client: MatcherClient, sample: EncodedSample) -> Pixels:
    (assessment,) = client.assess([sample], access=ACCESS).assessments
    landmarks_px: Float32Array = np.array(
        [(point.x_px, point.y_px) for point in assessment.sample.landmarks], dtype=np.float32
    )
    pixels = cv2.imdecode(np.frombuffer(sample.image_bytes, np.uint8), cv2.IMREAD_COLOR)
    return align_face(np.asarray(pixels, dtype=np.uint8), landmarks_px)


def _gray(sample: EncodedSample) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(sample.image_bytes, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(pixels, dtype=np.uint8)


def _label(sample: EncodedSample) -> str:
    return "face" if sample.modality is Modality.FACE else sample.finger.name.lower().replace("_", " ")
