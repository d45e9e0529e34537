"""Paged lists: every page token leads on, and no other does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import PageSizeError, PageTokenError
from index.records import Gallery, Subject, SubjectQuery
from index.store.page_token import PagePlace, make_page_token, read_page_token


def _all_pages(list_page, page_size: int) -> list:
    items, token = [], ""
    while True:
        page = list_page(page_size=page_size, page_token=token)
        assert len(page.items) <= page_size
        items += page.items
        token = page.next_page_token
        if not token:
            return items


@pytest.mark.parametrize("page_size", [1, 3, 7, 8, 1000])
def test_pages_hold_every_subject_once_in_order(database, make, page_size):
    database.create_gallery(Gallery("watch", "watch"))
    ids = [
        database.enroll(Subject("", galleries=frozenset({"watch"} if number % 2 else set())), [make.face()]).subject_id
        for number in range(7)
    ]
    assert [subject.subject_id for subject in _all_pages(database.list_subjects, page_size)] == ids
    in_gallery = _all_pages(lambda **page: database.list_subjects(SubjectQuery("watch"), **page), page_size)
    assert [subject.subject_id for subject in in_gallery] == ids[1::2]


def test_what_came_or_went_between_pages_disturbs_none(database, make):
    ids = [database.enroll(Subject(""), []).subject_id for _ in range(4)]
    first = database.list_subjects(page_size=2)
    database.delete_subject(ids[1])
    database.delete_subject(ids[2])
    later = database.enroll(Subject(""), []).subject_id
    rest = database.list_subjects(page_size=5, page_token=first.next_page_token)
    assert [subject.subject_id for subject in rest.items] == [ids[3], later]
    # Counted once, for the first page.
    assert first.total_count == rest.total_count == 4
    assert rest.next_page_token == ""


def test_a_token_of_another_list_is_refused(database, make):
    receipt = database.enroll(Subject(""), [make.face(), make.finger()])
    database.enroll(Subject(""), [])
    database.create_gallery(Gallery("watch", "watch"))
    token = database.list_subjects(page_size=1).next_page_token
    for other in (
        lambda: database.list_subjects(SubjectQuery("watch"), page_token=token),
        lambda: database.list_references(receipt.subject_id, page_token=token),
        lambda: database.list_galleries(page_token=token),
    ):
        with pytest.raises(PageTokenError):
            other()
    pages = _all_pages(lambda **page: database.list_references(receipt.subject_id, **page), 1)
    assert [reference.reference_id for reference in pages] == list(receipt.reference_ids)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_an_invented_token_is_refused(token):
    with pytest.raises(PageTokenError):
        read_page_token(token, scope="list")


@given(st.integers(0, 2**63 - 1))
def test_a_token_gives_its_number_back(number):
    token = make_page_token(number, number // 2, scope="list")
    assert read_page_token(token, scope="list") == PagePlace(number, number // 2)


@pytest.mark.parametrize("page_size", [-1, 1001, 2**40])
def test_a_page_of_another_size_is_refused_and_never_cut(database, page_size):
    for listed in (
        database.list_subjects,
        database.list_galleries,
        lambda **page: database.list_references("", **page),
    ):
        with pytest.raises(PageSizeError, match="1 to 1000"):
            listed(page_size=page_size)
