"""What a search covers, through the running server: equal to ranking everybody and dropping who does not pass."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from index.records import FingerPosition, SearchFilter, Sex, Subject
from matcher.client import ServiceError
from matcher.samples import EncodedSample
from matcher.search.settings import SearchSettings
from tests.fakes import face, finger
from tests.service.conftest import ACCESS, Service, start_service, stop_service

SUBJECT_COUNT, WANTED_COUNT = 36, 3
GALLERIES = (frozenset[str](), frozenset({"red"}), frozenset({"blue"}), frozenset({"red", "blue"}))
# On the borders of what is recorded, beside them, and beyond all of it.
YEARS = ((None, None), (1965, None), (1966, None), (None, 1966), (1966, 1966), (1967, 1970), (1850, 1900))


def _subject(number: int) -> Subject:
    return Subject(
        "",
        external_id=str(number),
        galleries=frozenset({"red"} if number % 2 else {"red", "blue"} if number % 3 == 0 else set()),
        sex=(Sex.UNKNOWN, Sex.FEMALE, Sex.MALE)[number % 3],
        birth_year=None if number % 5 == 0 else 1960 + number % 12,
    )


def _position(number: int) -> FingerPosition:
    return FingerPosition(number % 4)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A shortlist of fingers that is shorter than the gallery, so that a filter behind it would show."""
    settings = SearchSettings(shortlist_count=WANTED_COUNT, exhaustive_reference_limit=0)
    running = start_service(tmp_path_factory.mktemp("scope") / "database", search=settings)
    for name in ("red", "blue"):
        running.client.create_gallery(name, access=ACCESS)
    for number in range(SUBJECT_COUNT):
        samples = [face(number), finger(number, position=_position(number))]
        running.client.enroll(samples, subject=_subject(number), access=ACCESS, skip_duplicate_check=True)
    yield running
    stop_service(running)


def _passes(number: int, where: SearchFilter) -> bool:
    subject = _subject(number)
    return (
        (not where.galleries or bool(where.galleries & subject.galleries))
        and (where.sex is Sex.UNKNOWN or subject.sex in (where.sex, Sex.UNKNOWN))
        and (subject.birth_year is None or subject.birth_year >= (where.birth_year_min or 0))
        and (subject.birth_year is None or subject.birth_year <= (where.birth_year_max or 9999))
    )


def _found(service: Service, sample: EncodedSample, where: SearchFilter, count: int) -> tuple[list[int], int]:
    """Numbers of the candidates, best first, and how many subjects were searched."""
    answer = service.client.identify([sample], access=ACCESS, where=where, max_candidates=count)
    return [int(candidate.external_id) for candidate in answer.candidates], answer.gallery_size


def test_every_combination_of_filters_gives_the_best_of_those_that_pass(service: Service) -> None:
    probe = face(7, impression=1)
    ranked, _ = _found(service, probe, SearchFilter(), SUBJECT_COUNT)
    assert len(ranked) == SUBJECT_COUNT
    for galleries, sex, (first, last) in product(GALLERIES, Sex, YEARS):
        where = SearchFilter(galleries=galleries, sex=sex, birth_year_min=first, birth_year_max=last)
        passing = [number for number in ranked if _passes(number, where)]
        assert _found(service, probe, where, WANTED_COUNT) == (passing[:WANTED_COUNT], len(passing)), where


def test_a_filter_of_fingers_leaves_the_shortlist_full(service: Service) -> None:
    probe = finger(7, impression=1, position=FingerPosition.UNKNOWN)
    for galleries, positions in product(GALLERIES, ((), (1,), (2,), (1, 3), (9,))):
        where = SearchFilter(galleries=galleries, fingers=frozenset(FingerPosition(one) for one in positions))
        passing = {
            number
            for number in range(SUBJECT_COUNT)
            if _passes(number, where) and (not positions or _position(number) in (0, *positions))
        }
        numbers, gallery_size = _found(service, probe, where, WANTED_COUNT)
        assert gallery_size == len(passing)
        assert len(numbers) == min(WANTED_COUNT, len(passing)), where
        assert set(numbers) <= passing
        assert 7 not in passing or numbers[0] == 7


def test_named_subjects_alone_are_searched(service: Service) -> None:
    known = {int(one.external_id): one.subject_id for one in service.client.subjects(access=ACCESS)}
    where = SearchFilter(subject_ids=frozenset({known[3], known[8]}), sex=Sex.FEMALE)
    assert _found(service, face(7, impression=1), where, SUBJECT_COUNT) == ([3], 1)


@pytest.mark.parametrize(("first", "last", "field"), [(1990, 1970, "min"), (-1, None, "min"), (None, -1970, "max")])
def test_birth_years_that_nobody_can_have_are_refused(
    service: Service, first: int | None, last: int | None, field: str
) -> None:
    with pytest.raises(ServiceError) as refusal:
        _found(service, face(7), SearchFilter(birth_year_min=first, birth_year_max=last), WANTED_COUNT)
    assert (refusal.value.code, refusal.value.reason) == ("INVALID_ARGUMENT", "ERROR_REASON_FIELD_INVALID")
    assert [one.field for one in refusal.value.violations] == [f"scope.birth_year_{field}"]
