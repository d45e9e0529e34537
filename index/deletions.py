"""What was deleted since a backup was made, deleted from the restored store before it becomes a database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deletions:
    """references: (reference id, subject id) of references that were deleted alone."""

    subject_ids: frozenset[str] = frozenset()
    references: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class DeletionCounts:
    """What was there and is gone. reference_count: of references that were deleted alone."""

    subject_count: int
    reference_count: int
