"""The demonstration's people: what is enrolled of each, and the probes kept for the searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.demo.captures import (
    ALTERATIONS,
    FINGERPRINT_PPI,
    FINGERS,
    PEOPLE_COUNT,
    altered,
    cut_face,
    encode_jpeg,
    finger_captures,
    sample_photograph,
)
from index.records import FingerPosition, Modality, Subject
from matcher.access.context import AccessContext
from matcher.client import MatcherClient
from matcher.samples import EncodedSample

ACCESS: Final = AccessContext(operator_id="demo-operator", case_number="DEMO-1", purpose="demonstration")
GALLERY_ID: Final = "demonstration"


class DemonstrationError(Exception):
    """The demonstration's own images are not what it expects."""


@dataclass(slots=True)
class Person:
    """One capture subject of the demonstration. subject_id is known after the enrollment."""

    number: int
    reference_samples: list[EncodedSample] = field(default_factory=list)
    probe_samples: list[EncodedSample] = field(default_factory=list)
    subject_id: str = ""

    @property
    def external_id(self) -> str:
        """Shown in the tables instead of a name."""
        return f"demo-{self.number}"

    def reference_sample(self, modality: Modality, finger: FingerPosition) -> EncodedSample:
        """The enrolled sample of that modality and finger."""
        return next(s for s in self.reference_samples if s.modality is modality and s.finger == finger)


def prepare_people(client: MatcherClient, *, with_faces: bool) -> Iterator[Person]:
    """People with their images; the server itself finds the faces in the group photograph."""
    photograph = sample_photograph() if with_faces else None
    boxes: list[tuple[int, int, int, int]] = []
    if photograph is not None:
        sample = EncodedSample(Modality.FACE, encode_jpeg(photograph, quality=95))
        (assessment,) = client.assess([sample], access=ACCESS).assessments
        # Numbered by size: a false face that a detector adds is smaller than the six in the foreground.
        largest = list(assessment.faces)[:PEOPLE_COUNT]
        boxes = sorted((box.x_px, box.y_px, box.width_px, box.height_px) for box in largest)
        if len(boxes) < PEOPLE_COUNT:
            found = assessment.error_text or f"{len(boxes)} faces were found instead of {PEOPLE_COUNT}"
            raise DemonstrationError(f"The group photograph cannot be used: {found}")
    for number in range(1, PEOPLE_COUNT + 1):
        person = Person(number)
        if photograph is not None:
            face = cut_face(photograph, boxes[number - 1])
            person.reference_samples.append(_face(encode_jpeg(face, quality=95)))
            person.probe_samples.append(_face(altered(face, ALTERATIONS[number - 1])))
        for finger in FINGERS:
            reference, probe = finger_captures(number, finger)
            person.reference_samples.append(_finger(reference, finger))
            person.probe_samples.append(_finger(probe, finger))
        yield person


def enroll_people(client: MatcherClient, people: Sequence[Person]) -> Iterator[Person]:
    """Enroll each person and note the subject id that the server gave."""
    client.create_gallery(GALLERY_ID, display_name="Demonstration", purpose="demonstration", access=ACCESS)
    for person in people:
        answer = client.enroll(
            person.reference_samples,
            subject=Subject(subject_id="", external_id=person.external_id, galleries=frozenset({GALLERY_ID})),
            request_id=f"demo-enroll-{person.number}",
            access=ACCESS,
        )
        person.subject_id = answer.subject_id
        yield person


def _face(image_bytes: bytes) -> EncodedSample:
    # Neighbors of the group photograph show at the edges of a cut; the person meant is the largest.
    return EncodedSample(Modality.FACE, image_bytes, largest_face=True)


def _finger(image_bytes: bytes, finger: FingerPosition) -> EncodedSample:
    return EncodedSample(Modality.FINGERPRINT, image_bytes, finger=finger, ppi=FINGERPRINT_PPI)
