"""Which references of certain subjects a search may meet, while others delete."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from index.arrays import Int64Array
from index.database import EnrollmentDatabase
from index.errors import SubjectNotFoundError
from index.records import SearchFilter, Template


def allowed_references(
    database: EnrollmentDatabase, template: Template, where: SearchFilter, subject_ids: frozenset[str]
) -> Int64Array:
    """int64 (n,), ascending: allowed references of these subjects; a subject that was deleted meanwhile drops out."""
    while subject_ids:
        try:
            narrowed = replace(where, subject_ids=subject_ids)
            return database.allowed_reference_ids(template.modality, template.pack_id, narrowed)
        except SubjectNotFoundError:
            subject_ids = frozenset(one for one in subject_ids if _is_enrolled(database, one))
    return np.zeros(0, dtype=np.int64)


def _is_enrolled(database: EnrollmentDatabase, subject_id: str) -> bool:
    try:
        database.get_subject(subject_id)
    except SubjectNotFoundError:
        return False
    return True
