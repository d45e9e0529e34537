"""What a corpus consists of: people to enroll, in order, and probes to search for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from index.records import SearchFilter, Subject
from matcher.samples import EncodedSample


@dataclass(frozen=True, slots=True)
class Person:
    """A subject and its samples. subject.external_id names it in the corpus."""

    subject: Subject
    samples: tuple[EncodedSample, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One search. name: unique. shortlisted: asked of a server whose index proposes a few fingers."""

    name: str
    samples: tuple[EncodedSample, ...]
    where: SearchFilter = field(default_factory=SearchFilter)
    max_candidates: int = 8
    target_fpir: float = 0.0
    exhaustive: bool = False
    shortlisted: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """name: of its record. stranger_count: subjects with a random face vector, so that the gallery has a size.
    people, questions: made when asked for, since they read images."""

    name: str
    stranger_count: int
    people: Callable[[], list[Person]]
    questions: Callable[[], list[Question]]
