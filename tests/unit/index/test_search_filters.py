"""Filters: resolved before the search, equal to a plain model of them, whatever was added and removed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.errors import GalleryNotFoundError, SubjectNotFoundError
from index.partition.columns import ColumnFilter, ReferenceColumns
from index.records import FingerPosition, Gallery, Modality, SearchFilter, Sex, Subject

FACE_PACK, FINGER_PACK = "face-test@1", "finger-test@1"


def _enrolled(database: EnrollmentDatabase, make, count: int = 12) -> list[str]:
    for name in ("red", "blue"):
        database.create_gallery(Gallery(name, name))
    ids = []
    for number in range(count):
        subject = Subject(
            "",
            external_id=str(number),
            galleries=frozenset({"red"} if number % 2 else {"red", "blue"} if number % 3 == 0 else set()),
            sex=(Sex.UNKNOWN, Sex.FEMALE, Sex.MALE)[number % 3],
            birth_year=None if number % 4 == 0 else 1960 + number,
        )
        position = FingerPosition(number % 11)
        ids.append(database.enroll(subject, [make.face(), make.finger(position)]).subject_id)
    return ids


def _external_ids(database: EnrollmentDatabase, modality: Modality, where: SearchFilter) -> set[int]:
    pack_id = FACE_PACK if modality is Modality.FACE else FINGER_PACK
    ids = database.allowed_reference_ids(modality, pack_id, where)
    assert (np.diff(ids) > 0).all()
    subjects = set(database.subject_ids_of(ids).values())
    assert database.count(modality, pack_id, where) == (len(subjects), len(ids))
    return {int(database.get_subject(subject_id).external_id) for subject_id in subjects}


def test_each_filter_lets_through_what_it_says(database, make):
    ids = _enrolled(database, make)
    cases = [
        (SearchFilter(), set(range(12))),
        (SearchFilter(galleries=frozenset({"blue"})), {0, 6}),
        (SearchFilter(galleries=frozenset({"red", "blue"})), {0, 1, 3, 5, 6, 7, 9, 11}),
        (SearchFilter(sex=Sex.FEMALE), {0, 1, 3, 4, 6, 7, 9, 10}),
        (SearchFilter(birth_year_min=1967), {0, 4, 7, 8, 9, 10, 11}),
        (SearchFilter(birth_year_max=1962), {0, 1, 2, 4, 8}),
        (SearchFilter(subject_ids=frozenset(ids[2:4])), {2, 3}),
        (SearchFilter(subject_ids=frozenset(ids[2:4]), galleries=frozenset({"red"})), {3}),
    ]
    for where, expected in cases:
        assert _external_ids(database, Modality.FACE, where) == expected, where
    fingers = SearchFilter(fingers=frozenset({FingerPosition.RIGHT_INDEX}))
    assert _external_ids(database, Modality.FINGERPRINT, fingers) == {0, 2, 11}
    assert _external_ids(database, Modality.FACE, fingers) == set(range(12))


def test_a_search_touches_only_what_the_filter_lets_through(database, make):
    database.create_gallery(Gallery("watch", "watch"))
    outside, inside = make.face(), make.face()
    database.enroll(Subject(""), [outside])
    member = database.enroll(Subject("", galleries=frozenset({"watch"})), [inside])
    where = SearchFilter(galleries=frozenset({"watch"}))
    hits = database.search(Modality.FACE, FACE_PACK, outside.template.vectors, 5, where=where)
    assert hits.counts.tolist() == [1]
    assert hits.reference_ids[0, 0] == member.reference_ids[0]


def test_subjects_have_one_place_in_every_pack(database, make):
    """The faces of some say which fingers are theirs, as their names do."""
    ids = _enrolled(database, make)
    where = SearchFilter(fingers=frozenset({FingerPosition.RIGHT_INDEX, FingerPosition.LEFT_THUMB}))
    for named in (frozenset(ids[:1]), frozenset(ids[3:9]), frozenset(ids)):
        faces = database.allowed_reference_ids(Modality.FACE, FACE_PACK, SearchFilter(subject_ids=named))
        places = database.coverage(Modality.FACE, FACE_PACK).numbers_of(faces)
        expected = database.allowed_reference_ids(
            Modality.FINGERPRINT, FINGER_PACK, SearchFilter(subject_ids=named, fingers=where.fingers)
        )
        covered = database.coverage(Modality.FINGERPRINT, FINGER_PACK, where)
        fingers = covered.of_subjects(places)
        assert fingers.tolist() == expected.tolist()
        assert set(np.flatnonzero(database.counts_by_subject(Modality.FINGERPRINT, FINGER_PACK, where))) >= set(
            covered.numbers_of(fingers).tolist()
        )
    nobody = database.coverage(Modality.FINGERPRINT, "nobody@1", where)
    assert not len(nobody.of_subjects(places))
    assert nobody.numbers_of(faces[:2]).tolist() == [-1, -1]
    before = database.coverage(Modality.FACE, FACE_PACK)
    asked = np.array([faces[4], 10**6, faces[3]])
    database.delete_subject(ids[3])
    # What was resolved before a deletion still says whose a reference was.
    assert before.numbers_of(asked).tolist() == [places[4], -1, places[3]]
    assert database.coverage(Modality.FACE, FACE_PACK).numbers_of(asked).tolist() == [places[4], -1, -1]


def test_joining_leaving_and_sealing_count_at_once_and_after_a_restart(folder, make):
    face = make.face()
    where = SearchFilter(galleries=frozenset({"watch"}))
    with EnrollmentDatabase.open(folder) as database:
        database.create_gallery(Gallery("watch", "watch"))
        subject_id = database.enroll(Subject(""), [face, make.finger()]).subject_id
        assert database.count(Modality.FACE, FACE_PACK, where) == (0, 0)
        database.add_to_gallery("watch", [subject_id])
        assert database.count(Modality.FACE, FACE_PACK, where) == (1, 1)
        database.seal_subject(subject_id)
        assert database.count(Modality.FACE, FACE_PACK) == (0, 0)
        assert database.verify().ok
    with EnrollmentDatabase.open(folder) as database:
        assert database.search(Modality.FACE, FACE_PACK, face.template.vectors, 1).counts[0] == 0
        assert len(database.list_references(subject_id).items) == 2
        database.unseal_subject(subject_id)
        assert database.count(Modality.FACE, FACE_PACK, where) == (1, 1)
        assert database.search(Modality.FACE, FACE_PACK, face.template.vectors, 1, where=where).counts[0] == 1
        database.remove_from_gallery("watch", [subject_id])
        assert database.count(Modality.FACE, FACE_PACK, where) == (0, 0)
        report = database.verify()
        assert report.ok, report.problems


def test_what_does_not_exist_is_an_error_and_never_an_empty_search(database, make):
    vectors = make.face().template.vectors
    with pytest.raises(GalleryNotFoundError):
        database.search(Modality.FACE, FACE_PACK, vectors, 1, where=SearchFilter(galleries=frozenset({"none"})))
    with pytest.raises(SubjectNotFoundError):
        database.count(Modality.FACE, FACE_PACK, SearchFilter(subject_ids=frozenset({"none"})))
    with pytest.raises(GalleryNotFoundError):
        database.add_to_gallery("none", [])
    database.create_gallery(Gallery("watch", "watch"))
    with pytest.raises(SubjectNotFoundError):
        database.add_to_gallery("watch", ["none"])
    assert database.search(Modality.FACE, FACE_PACK, vectors, 3).counts.tolist() == [0]


def test_more_galleries_than_bits_in_a_word(folder, make):
    with EnrollmentDatabase.open(folder) as database:
        names = [f"gallery {number}" for number in range(140)]
        for name in names:
            database.create_gallery(Gallery(name, name))
        for number in (0, 62, 63, 64, 65, 127, 139):
            galleries = frozenset({names[number]})
            receipt = database.enroll(Subject("", galleries=galleries), [make.face()])
            found = database.allowed_reference_ids(Modality.FACE, FACE_PACK, SearchFilter(galleries=galleries))
            assert found.tolist() == list(receipt.reference_ids)
    with EnrollmentDatabase.open(folder) as database:
        spread = SearchFilter(galleries=frozenset({names[63], names[64], names[139]}))
        assert database.count(Modality.FACE, FACE_PACK, spread) == (3, 3)


# A row of the plain model: subject, finger, sex, birth year, galleries.
_ROW = st.tuples(
    st.integers(1, 6),
    st.integers(0, 10),
    st.integers(0, 2),
    st.sampled_from([0, 1950, 1980, 2005]),
    st.frozensets(st.integers(1, 130), max_size=3),
)
_FILTER = st.builds(
    ColumnFilter,
    gallery_numbers=st.none() | st.frozensets(st.integers(1, 130), min_size=1, max_size=4),
    fingers=st.none() | st.frozensets(st.integers(1, 10), min_size=1, max_size=3),
    sex=st.integers(0, 2),
    birth_year_min=st.none() | st.sampled_from([1940, 1980]),
    birth_year_max=st.none() | st.sampled_from([1979, 2010]),
)


def _passes(row: tuple, where: ColumnFilter) -> bool:
    _, finger, sex, year, galleries = row
    return (
        (where.gallery_numbers is None or bool(galleries & where.gallery_numbers))
        and (where.fingers is None or finger == 0 or finger in where.fingers)
        and (where.sex in (0, sex) or sex == 0)
        and (where.birth_year_min is None or year == 0 or year >= where.birth_year_min)
        and (where.birth_year_max is None or year == 0 or year <= where.birth_year_max)
    )


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.tuples(st.lists(_ROW, max_size=6), st.frozensets(st.integers(1, 40), max_size=8)), max_size=6),
    where=_FILTER,
)
def test_columns_equal_a_plain_model(steps, where):
    columns, model, next_id = ReferenceColumns(), {}, 1
    for rows, removed in steps:
        ids = list(range(next_id, next_id + len(rows)))
        next_id += len(rows)
        columns.append(
            np.array(ids, dtype=np.int64),
            subject_numbers=np.array([row[0] for row in rows], dtype=np.int64),
            fingers=np.array([row[1] for row in rows], dtype=np.uint8),
            sexes=np.array([row[2] for row in rows], dtype=np.uint8),
            birth_years=np.array([row[3] for row in rows], dtype=np.int16),
            memberships=[sorted(row[4]) for row in rows],
        )
        model |= dict(zip(ids, rows, strict=True))
        gone = columns.remove(np.array(sorted(removed), dtype=np.int64))
        assert gone.tolist() == sorted(removed & model.keys())
        for reference_id in removed:
            model.pop(reference_id, None)
        expected = [reference_id for reference_id, row in model.items() if _passes(row, where)]
        resolved = columns.resolve(where)
        assert resolved.reference_ids.tolist() == expected
        assert resolved.subject_count == len({model[reference_id][0] for reference_id in expected})
        among = np.arange(2, 9, dtype=np.int64)
        assert columns.resolve_among(where, among).reference_ids.tolist() == [one for one in expected if 2 <= one < 9]
        assert len(columns) == len(model)


def test_columns_that_shrink_and_take_old_ids_back(make):
    columns = ReferenceColumns()

    def append(ids: list[int]) -> None:
        count = len(ids)
        columns.append(
            np.array(ids, dtype=np.int64),
            subject_numbers=np.array(ids, dtype=np.int64),
            fingers=np.zeros(count, dtype=np.uint8),
            sexes=np.zeros(count, dtype=np.uint8),
            birth_years=np.zeros(count, dtype=np.int16),
        )

    append(list(range(1, 5001)))
    columns.remove(np.arange(1, 4001, dtype=np.int64))
    append([17, 4000, 3])
    columns.set_membership(5, [17], is_member=True)
    append([6000])
    assert columns.reference_ids().tolist() == [3, 17, *range(4000, 5001), 6000]
    assert columns.resolve(ColumnFilter(gallery_numbers=frozenset({5}))).reference_ids.tolist() == [17]
    assert len(columns) == 1004
