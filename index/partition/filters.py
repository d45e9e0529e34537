"""Search filters in the words of callers, resolved to the numbers of the store before a search begins."""

from __future__ import annotations

from collections.abc import Mapping

from index.arrays import Int64Array
from index.errors import GalleryNotFoundError
from index.partition.columns import ColumnFilter
from index.records import SearchFilter
from index.store.effects import SEX_CODES
from index.store.protocol import Store


def column_filter(where: SearchFilter, gallery_numbers: Mapping[str, int]) -> ColumnFilter:
    """Raises GalleryNotFoundError: a gallery that does not exist must not quietly become an empty search."""
    unknown = where.galleries - gallery_numbers.keys()
    if unknown:
        raise GalleryNotFoundError(f"{len(unknown)} of the galleries do not exist; create them first")
    return ColumnFilter(
        gallery_numbers=frozenset(gallery_numbers[name] for name in where.galleries) if where.galleries else None,
        fingers=frozenset(int(finger) for finger in where.fingers) if where.fingers else None,
        sex=SEX_CODES[where.sex],
        birth_year_min=where.birth_year_min,
        birth_year_max=where.birth_year_max,
    )


def references_of_subjects(store: Store, subject_ids: frozenset[str]) -> Int64Array | None:
    """Ids of all references of these subjects, ascending; None for no restriction. Raises SubjectNotFoundError."""
    return store.reference_ids_of(subject_ids) if subject_ids else None
