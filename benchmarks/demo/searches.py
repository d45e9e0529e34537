"""The demonstration's searches: one a probe sample, and one with all samples of a person together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.demo.captures import encode_png
from benchmarks.demo.people import ACCESS, GALLERY_ID, Person
from benchmarks.demo.pictures import face_picture, fingerprint_picture
from index.arrays import Float32Array
from index.records import FingerPosition, Modality
from matcher.client import MatcherClient
from matcher.face.align import align_face
from matcher.samples import EncodedSample

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Search:
    """A probe of one person. label names what was searched with."""

    label: str
    person: Person
    samples: tuple[EncodedSample, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    rank: int
    external_id: str
    score: float
    score_extrapolated: bool
    above_threshold: bool
    is_mated: bool


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """A search with its ranked candidates and where its picture is."""

    search: Search
    lines: tuple[Line, ...]
    threshold_score: float
    gallery_size: int
    duration_ms: float
    picture_path: Path | None

    @property
    def mate_is_first(self) -> bool:
        """Rank 1 is the person whose probe it was."""
        return bool(self.lines) and self.lines[0].is_mated


def searches_of(person: Person) -> Iterator[Search]:
    """One search a sample, then one with all of them where there are several modalities."""
    for sample in person.probe_samples:
        yield Search(_label(sample), person, (sample,))
    if len({sample.modality for sample in person.probe_samples}) > 1:
        yield Search("face and fingers", person, tuple(person.probe_samples))


def run_search(client: MatcherClient, search: Search, people: Sequence[Person], picture_folder: Path) -> SearchOutcome:
    """Identify the probe and draw it beside the first candidate."""
    answer = client.identify(
        search.samples, access=ACCESS, gallery_ids=[GALLERY_ID], max_candidates=5, explained_candidate_count=1
    )
    lines = tuple(
        Line(
            rank=candidate.rank,
            external_id=candidate.external_id,
            score=candidate.score,
            score_extrapolated=candidate.score_extrapolated,
            above_threshold=candidate.above_threshold,
            is_mated=candidate.subject_id == search.person.subject_id,
        )
        for candidate in answer.candidates
    )
    picture_path = None
    if answer.candidates:
        picture = _picture(client, search, answer, people)
        name = f"{search.person.external_id}-{search.label.replace(' ', '-')}.png"
        picture_path = picture_folder / name
        picture_path.write_bytes(encode_png(picture))
    return SearchOutcome(
        search=search,
        lines=lines,
        threshold_score=answer.threshold_score,
        gallery_size=answer.gallery_size,
        duration_ms=sum(answer.stage_ms.values()),
        picture_path=picture_path,
    )


def _picture(client: MatcherClient, search: Search, answer: Any, people: Sequence[Person]) -> Pixels:
    first = answer.candidates[0]
    candidate = next(person for person in people if person.subject_id == first.subject_id)
    parts = []
    for score in first.sample_scores:
        probe = search.samples[score.probe_index]
        reference = candidate.reference_sample(probe.modality, FingerPosition(score.finger_position))
        caption = (
            f"{_label(probe)}: score {score.score:.1f}{'*' if score.score_extrapolated else ''}, a lead for an examiner"
        )
        if probe.modality is Modality.FACE:
            crops = [_aligned_face(client, sample) for sample in (probe, reference)]
            parts.append(face_picture(crops[0], crops[1], caption))
        else:
            pairs = [
                ((pair.probe.x_px, pair.probe.y_px), (pair.reference.x_px, pair.reference.y_px))
                for pair in score.explanation.pairs
            ]
            caption = f"{caption}; {len(pairs)} paired minutiae"
            parts.append(fingerprint_picture(_gray(probe), _gray(reference), pairs, caption))
    return _stacked(parts)


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


def _stacked(parts: Sequence[Pixels]) -> Pixels:
    width = max(part.shape[1] for part in parts)
    padded = [np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in parts]
    return np.vstack(padded)


def _label(sample: EncodedSample) -> str:
    return "face" if sample.modality is Modality.FACE else sample.finger.name.lower().replace("_", " ")
