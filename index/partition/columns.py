"""What filters ask of each searchable reference, as arrays in memory: a search never asks SQL row by row.

A filter keeps a reference whose value was not recorded (unknown finger, no birth year, unknown sex): narrowing must
not lose a mate because a clerk left a field empty.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.arrays import BoolArray, Int64Array
from index.store.effects import MembershipChanged, ReferencesMoved, SubjectChanged

GALLERIES_A_WORD = 64
_FIRST_CAPACITY = 1024
# Copying all columns is worth it once this share of the rows belongs to removed references.
_DEAD_SHARE = 0.25
_KEPT_ANSWER_COUNT = 16


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A search filter in the numbers of the store. None means no restriction; birth years are inclusive."""

    gallery_numbers: frozenset[int] | None = None
    fingers: frozenset[int] | None = None
    sex: int = 0
    birth_year_min: int | None = None
    birth_year_max: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self == ColumnFilter()


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """Row i describes one reference; ids ascend. alive: uint8, 0 once removed. galleries: uint64 (words, n) bits."""

    reference_ids: Int64Array
    subject_numbers: Int64Array
    fingers: npt.NDArray[np.uint8]
    sexes: npt.NDArray[np.uint8]
    birth_years: npt.NDArray[np.int16]
    alive: npt.NDArray[np.uint8]
    galleries: npt.NDArray[np.uint64]

    def part(self, rows: slice | Int64Array) -> _Columns:
        return _Columns(
            self.reference_ids[rows],
            self.subject_numbers[rows],
            self.fingers[rows],
            self.sexes[rows],
            self.birth_years[rows],
            self.alive[rows],
            self.galleries[:, rows],
        )


def _empty(capacity: int, word_count: int) -> _Columns:
    return _Columns(
        np.zeros(capacity, dtype=np.int64),
        np.zeros(capacity, dtype=np.int64),
        np.zeros(capacity, dtype=np.uint8),
        np.zeros(capacity, dtype=np.uint8),
        np.zeros(capacity, dtype=np.int16),
        np.zeros(capacity, dtype=np.uint8),
        np.zeros((word_count, capacity), dtype=np.uint64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """The answer to one filter. reference_ids: int64 (n,), ascending, read-only. subject_numbers: int64 (n,), whose
    each is. subject_count: distinct subjects."""

    reference_ids: Int64Array
    subject_numbers: Int64Array
    subject_count: int

    def counts_by_subject(self) -> Int64Array:
        """int64 (m,): how many of the references each subject has, by the subject's number."""
        return np.bincount(self.subject_numbers)

    def numbers_of(self, reference_ids: Int64Array) -> Int64Array:
        """int64 (n,): the number of the subject that each of these references belongs to, -1 of those not among them
        here."""
        if not len(self.reference_ids):
            return np.full(len(reference_ids), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.reference_ids, reference_ids), len(self.reference_ids) - 1)
        return np.where(self.reference_ids[places] == reference_ids, self.subject_numbers[places], -1)

    def of_subjects(self, subject_numbers: Int64Array) -> Int64Array:
        """int64 (k,), ascending: the references of these subjects, numbers int64 (n,)."""
        wanted = np.zeros(
            int(max(self.subject_numbers.max(initial=0), subject_numbers.max(initial=0))) + 1, dtype=np.bool_
        )
        wanted[subject_numbers] = True
        return self.reference_ids[wanted[self.subject_numbers]]


class ReferenceColumns:
    """Columns of one pack. One writer at a time (the writer lock of the store), any number of readers."""

    def __init__(self) -> None:
        self._whole = _empty(_FIRST_CAPACITY, 1)
        # What readers see: replaced as a whole, so that they need no lock.
        self._visible = self._whole.part(slice(0, 0))
        self._dead_count = 0
        self._version = 0
        self._answers: dict[ColumnFilter, tuple[int, Resolved]] = {}
        self._answers_lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._visible.reference_ids) - self._dead_count

    def append(
        self,
        reference_ids: Int64Array,
        *,
        subject_numbers: Int64Array,
        fingers: npt.NDArray[np.uint8],
        sexes: npt.NDArray[np.uint8],
        birth_years: npt.NDArray[np.int16],
        memberships: Sequence[Sequence[int]] = (),
    ) -> None:
        """Add references with new ids, in any order. memberships: gallery numbers of each; () for none of them."""
        if not len(reference_ids):
            return
        self._make_words(1 + max((max(numbers, default=0) for numbers in memberships), default=0) // GALLERIES_A_WORD)
        count = len(self._visible.reference_ids)
        last_id = int(self._visible.reference_ids[-1]) if count else 0
        self._make_room(count + len(reference_ids))
        rows = slice(count, count + len(reference_ids))
        order = np.argsort(reference_ids, kind="stable")
        self._whole.reference_ids[rows] = reference_ids[order]
        self._whole.subject_numbers[rows] = subject_numbers[order]
        self._whole.fingers[rows] = fingers[order]
        self._whole.sexes[rows] = sexes[order]
        self._whole.birth_years[rows] = birth_years[order]
        self._whole.galleries[:, rows] = 0
        for row, source in enumerate(order if memberships else ()):
            for number in memberships[source]:
                word, bit = divmod(number, GALLERIES_A_WORD)
                self._whole.galleries[word, count + row] |= np.uint64(1 << bit)
        self._whole.alive[rows] = 1
        visible = self._whole.part(slice(0, rows.stop))
        if int(visible.reference_ids[count]) <= last_id:
            # A subject that was unsealed comes back with old, lower ids, of which removed rows may still lie here.
            alive = np.flatnonzero(visible.alive)
            visible = visible.part(alive[np.argsort(visible.reference_ids[alive], kind="stable")])
            self._whole = visible
            self._dead_count = 0
        self._visible = visible
        self._version += 1

    def remove(self, reference_ids: Int64Array) -> Int64Array:
        """Drop references; unknown ids are passed over. Returns the ids that were here."""
        positions = self._positions(reference_ids)
        gone = self._visible.reference_ids[positions].copy()
        self._visible.alive[positions] = 0
        self._dead_count += len(positions)
        if self._dead_count > max(_FIRST_CAPACITY, _DEAD_SHARE * len(self._visible.reference_ids)):
            self._visible = self._visible.part(np.flatnonzero(self._visible.alive))
            self._whole = self._visible
            self._dead_count = 0
        self._version += 1
        return gone

    def follow(self, effect: SubjectChanged | MembershipChanged | ReferencesMoved) -> None:
        """Change what is recorded of references that are here already."""
        match effect:
            case SubjectChanged(subject_number, sex, birth_year):
                self.set_subject(subject_number, sex=sex, birth_year=birth_year)
            case MembershipChanged(gallery_number, subject_numbers, is_member):
                self.set_membership(gallery_number, subject_numbers, is_member=is_member)
            case ReferencesMoved():
                self._move(effect)

    def set_subject(self, subject_number: int, *, sex: int, birth_year: int) -> None:
        """Change what is recorded of a subject. birth_year: 0 when not recorded."""
        rows = np.flatnonzero(self._visible.subject_numbers == subject_number)
        self._visible.sexes[rows] = sex
        self._visible.birth_years[rows] = birth_year
        self._version += 1

    def _move(self, effect: ReferencesMoved) -> None:
        """Make references another subject's. Readers see all of it or nothing."""
        positions = self._positions(np.array(effect.reference_ids, dtype=np.int64))
        if not len(positions):
            return
        self._make_words(1 + max(effect.gallery_numbers, default=0) // GALLERIES_A_WORD)
        count = len(self._visible.reference_ids)
        moved = _copied(self._whole)
        moved.subject_numbers[positions] = effect.subject_number
        moved.sexes[positions] = effect.sex
        moved.birth_years[positions] = effect.birth_year
        moved.galleries[:, positions] = 0
        for number in effect.gallery_numbers:
            word, bit = divmod(number, GALLERIES_A_WORD)
            moved.galleries[word, positions] |= np.uint64(1 << bit)
        self._whole = moved
        self._visible = moved.part(slice(0, count))
        self._version += 1

    def set_membership(
        self, gallery_number: int, subject_numbers: Sequence[int] | Int64Array, *, is_member: bool
    ) -> None:
        """Put the references of these subjects into a gallery, or take them out."""
        word, bit = divmod(gallery_number, GALLERIES_A_WORD)
        self._make_words(word + 1)
        wanted = np.asarray(subject_numbers, dtype=np.int64)
        if wanted.size == 1:
            rows = np.flatnonzero(self._visible.subject_numbers == wanted[0])
        else:
            rows = np.flatnonzero(np.isin(self._visible.subject_numbers, wanted))
        mask = np.uint64(1 << bit)
        if is_member:
            self._visible.galleries[word, rows] |= mask
        else:
            self._visible.galleries[word, rows] &= ~mask
        self._version += 1

    def resolve(self, where: ColumnFilter) -> Resolved:
        """Ids and subject count of the references that pass. Answers are kept until something changes."""
        version = self._version
        with self._answers_lock:
            kept = self._answers.get(where)
        if kept is not None and kept[0] == version:
            return kept[1]
        visible = self._visible
        resolved = _resolved(visible, np.flatnonzero(_passing(visible, where)))
        with self._answers_lock:
            self._answers.pop(where, None)
            self._answers[where] = (version, resolved)
            while len(self._answers) > _KEPT_ANSWER_COUNT:
                self._answers.pop(next(iter(self._answers)))
        return resolved

    def resolve_among(self, where: ColumnFilter, reference_ids: Int64Array) -> Resolved:
        """Like resolve, of these references only; the effort does not grow with the database."""
        visible = self._visible
        found = visible.part(_positions(visible, reference_ids))
        return _resolved(found, np.flatnonzero(_passing(found, where)))

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: every reference here."""
        return self.resolve(ColumnFilter()).reference_ids

    def _positions(self, reference_ids: Int64Array) -> Int64Array:
        return _positions(self._visible, reference_ids)

    def _make_room(self, row_count: int) -> None:
        if row_count <= len(self._whole.reference_ids):
            return
        count = len(self._visible.reference_ids)
        grown = _empty(max(_FIRST_CAPACITY, row_count + row_count // 2), len(self._whole.galleries))
        for name in ("reference_ids", "subject_numbers", "fingers", "sexes", "birth_years", "alive"):
            getattr(grown, name)[:count] = getattr(self._visible, name)
        grown.galleries[:, :count] = self._visible.galleries
        self._whole = grown

    def _make_words(self, word_count: int) -> None:
        missing = word_count - len(self._whole.galleries)
        if missing <= 0:
            return
        count = len(self._visible.reference_ids)
        old = self._whole
        words = np.concatenate([old.galleries, np.zeros((missing, len(old.reference_ids)), dtype=np.uint64)])
        self._whole = _Columns(
            old.reference_ids, old.subject_numbers, old.fingers, old.sexes, old.birth_years, old.alive, words
        )
        self._visible = self._whole.part(slice(0, count))


def _copied(columns: _Columns) -> _Columns:
    return _Columns(
        columns.reference_ids,
        columns.subject_numbers.copy(),
        columns.fingers,
        columns.sexes.copy(),
        columns.birth_years.copy(),
        columns.alive,
        columns.galleries.copy(),
    )


def _positions(columns: _Columns, reference_ids: Int64Array) -> Int64Array:
    wanted = np.unique(np.asarray(reference_ids, dtype=np.int64))
    places = np.searchsorted(columns.reference_ids, wanted)
    inside = places < len(columns.reference_ids)
    places, wanted = places[inside], wanted[inside]
    known = (columns.reference_ids[places] == wanted) & (columns.alive[places] == 1)
    return np.asarray(places[known], dtype=np.int64)


def _passing(columns: _Columns, where: ColumnFilter) -> BoolArray:
    passing = columns.alive.astype(np.bool_)
    if where.gallery_numbers is not None:
        passing &= _in_galleries(columns, where.gallery_numbers)
    if where.fingers is not None:
        wanted = np.zeros(256, dtype=np.bool_)
        wanted[[0, *where.fingers]] = True
        passing &= wanted[columns.fingers]
    if where.sex:
        passing &= (columns.sexes == where.sex) | (columns.sexes == 0)
    if where.birth_year_min is not None:
        passing &= (columns.birth_years >= where.birth_year_min) | (columns.birth_years == 0)
    if where.birth_year_max is not None:
        passing &= (columns.birth_years <= where.birth_year_max) | (columns.birth_years == 0)
    return passing


def _in_galleries(columns: _Columns, gallery_numbers: frozenset[int]) -> BoolArray:
    inside = np.zeros(len(columns.reference_ids), dtype=np.bool_)
    masks: dict[int, int] = {}
    for number in gallery_numbers:
        word, bit = divmod(number, GALLERIES_A_WORD)
        masks[word] = masks.get(word, 0) | 1 << bit
    for word, mask in masks.items():
        if word < len(columns.galleries):
            inside |= (columns.galleries[word] & np.uint64(mask)) != 0
    return inside


def _resolved(columns: _Columns, rows: Int64Array) -> Resolved:
    reference_ids = columns.reference_ids[rows]
    reference_ids.setflags(write=False)
    subjects = columns.subject_numbers[rows]
    if len(subjects) == 0:
        return Resolved(reference_ids, subjects, 0)
    if len(subjects) < 10_000:
        return Resolved(reference_ids, subjects, len(np.unique(subjects)))
    seen = np.zeros(int(subjects.max()) + 1, dtype=np.bool_)
    seen[subjects] = True
    return Resolved(reference_ids, subjects, int(np.count_nonzero(seen)))
