"""Whom a list of candidates is about, as the subjects are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError, SubjectMergedError, SubjectNotFoundError
from index.records import Subject
from matcher.results import Candidate


def named(database: EnrollmentDatabase, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """With who they are; a subject deleted meanwhile is dropped and the ranks closed. One merged meanwhile is whom it
    was merged into."""
    found: list[Candidate] = []
    for candidate in candidates:
        subject = recorded_subject(database, candidate.subject_id)
        if subject is None or subject.subject_id in {one.subject_id for one in found}:
            continue
        found.append(
            replace(
                candidate,
                subject_id=subject.subject_id,
                rank=len(found) + 1,
                external_id=subject.external_id,
                display_name=subject.display_name,
                galleries=subject.galleries,
                sex=subject.sex,
                birth_year=subject.birth_year,
            )
        )
    return tuple(found)


def recorded_subject(database: EnrollmentDatabase, subject_id: str) -> Subject | None:
    """None where it was deleted meanwhile. Where what is known of it is damaged, no more than its id."""
    try:
        return database.get_subject(subject_id)
    except SubjectMergedError as error:
        return recorded_subject(database, error.merged_into)
    except SubjectNotFoundError:
        return None
    except DatabaseDamagedError:
        # A search whose list it is on answers all the same.
        return Subject(subject_id)
