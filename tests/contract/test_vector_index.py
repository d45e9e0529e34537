"""One suite for every VectorIndex: what holds for the NumPy oracle holds for all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import DuplicateReferenceError, VectorError
from index.vector.exact import ExactIndex
from index.vector.faiss_flat import FlatSearch
from index.vector.protocol import PADDING_ID, PADDING_SIMILARITY, VectorIndex
from index.vector.quantized.index import QuantizedIndex

IMPLEMENTATIONS: dict[str, Callable[[int], VectorIndex]] = {
    "exact": ExactIndex,
    "faiss": lambda dim: QuantizedIndex(dim, searcher=FlatSearch()),
    "quantized": QuantizedIndex,
}


@pytest.fixture(params=list(IMPLEMENTATIONS))
def new_index(request: pytest.FixtureRequest) -> Callable[[int], VectorIndex]:
    return IMPLEMENTATIONS[request.param]


def unit_rows(seed: int, count: int, dim: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(new_index: Callable[[int], VectorIndex], count: int = 200, dim: int = 32) -> tuple[VectorIndex, np.ndarray]:
    made, rows = new_index(dim), unit_rows(1, count, dim)
    made.add(np.arange(1, count + 1), rows)
    return made, rows


def assert_same_hits(given_hits, expected) -> None:
    np.testing.assert_array_equal(given_hits.reference_ids, expected.reference_ids)
    np.testing.assert_array_equal(given_hits.counts, expected.counts)
    np.testing.assert_allclose(given_hits.similarities, expected.similarities, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(0, 120),
    dim=st.sampled_from([1, 2, 7, 16, 33, 64, 128]),
    k=st.integers(1, 150),
    query_count=st.integers(0, 5),
    distinct=st.integers(1, 120),
    removed_share=st.sampled_from([0.0, 0.3, 1.0]),
    allowed_share=st.sampled_from([None, 0.0, 0.2, 1.0]),
)
def test_equals_the_oracle(seed, count, dim, k, query_count, distinct, removed_share, allowed_share) -> None:
    chooser = np.random.default_rng(seed)
    ids = chooser.permutation(np.arange(1, 10 * count + 1))[:count]
    rows = unit_rows(seed, distinct, dim)[chooser.integers(0, distinct, count)]
    queries = np.concatenate([unit_rows(seed + 1, query_count, dim), rows[:2]])
    removed = ids[chooser.random(count) < removed_share]
    allowed = None if allowed_share is None else ids[chooser.random(count) < allowed_share]
    answers = []
    for new_index in IMPLEMENTATIONS.values():
        made = new_index(dim)
        made.add(ids, rows)
        assert made.remove(removed) == removed.size
        assert len(made) == count - removed.size
        np.testing.assert_array_equal(made.reference_ids(), np.setdiff1d(ids, removed))
        answers.append(made.search(queries, k, allowed=allowed))
    for answer in answers[1:]:
        assert_same_hits(answer, answers[0])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["replace", "remove", "search"]),
            st.lists(st.integers(1, 60), min_size=1, max_size=25, unique=True),
        ),
        max_size=12,
    ),
)
def test_any_life_equals_the_oracle(seed, steps) -> None:
    """Ids come, move, go and come again, filters name ids that are there and ids that are not."""
    chooser, pool = np.random.default_rng(seed), unit_rows(seed, 40, 16)
    made = [new_index(16) for new_index in IMPLEMENTATIONS.values()]
    for step, chosen in steps:
        ids = np.array(chosen, dtype=np.int64)
        if step == "search":
            answers = [each.search(pool[:3], 20, allowed=ids) for each in made]
            for answer in answers[1:]:
                assert_same_hits(answer, answers[0])
            continue
        rows = pool[chooser.integers(0, 40, ids.size)]
        known = [each.replace(ids, rows) if step == "replace" else each.remove(ids) for each in made]
        assert len(set(known)) == 1
    answers = [each.search(pool, 70) for each in made]
    for each, answer in zip(made, answers, strict=True):
        assert_same_hits(answer, answers[0])
        np.testing.assert_array_equal(each.reference_ids(), made[0].reference_ids())


def test_a_vector_finds_itself_first_with_similarity_at_most_one(new_index) -> None:
    made, rows = filled(new_index)
    hits = made.search(rows, 1)
    np.testing.assert_array_equal(hits.reference_ids[:, 0], np.arange(1, 201))
    assert hits.similarities.max() <= 1.0
    np.testing.assert_allclose(hits.similarities, 1.0, atol=1e-6)


def test_ties_come_by_ascending_id_even_where_k_cuts_them(new_index) -> None:
    made, row = new_index(16), unit_rows(3, 1, 16)
    ids = np.random.default_rng(0).permutation(np.arange(1, 301))
    made.add(ids, np.repeat(row, 300, axis=0))
    np.testing.assert_array_equal(made.search(row, 20).reference_ids[0], np.arange(1, 21))


def test_empty_index_and_k_beyond_size_are_padded(new_index) -> None:
    made = new_index(8)
    empty = made.search(unit_rows(0, 2, 8), 3)
    assert empty.counts.tolist() == [0, 0]
    assert (empty.reference_ids == PADDING_ID).all()
    assert (empty.similarities == PADDING_SIMILARITY).all()
    made.add(np.array([5, 6]), unit_rows(1, 2, 8))
    hits = made.search(unit_rows(0, 1, 8), 4)
    assert hits.counts.tolist() == [2]
    assert hits.reference_ids[0, 2:].tolist() == [PADDING_ID, PADDING_ID]


@pytest.mark.parametrize(
    "vectors",
    [
        np.full((1, 8), np.nan, dtype=np.float32),
        np.full((1, 8), np.inf, dtype=np.float32),
        np.ones((1, 8), dtype=np.float32),
        np.zeros((1, 8), dtype=np.float32),
        np.eye(8, dtype=np.float64)[:1],
        np.eye(9, dtype=np.float32)[:1],
        np.eye(8, dtype=np.float32)[0],
    ],
    ids=["nan", "infinite", "norm not one", "zero", "float64", "other dimension", "one-dimensional"],
)
def test_bad_vectors_are_refused_everywhere(new_index, vectors) -> None:
    made, _ = filled(new_index, dim=8)
    for call in (
        lambda: made.search(vectors, 5),
        lambda: made.add(np.array([900]), vectors),
        lambda: made.replace(np.array([1]), vectors),
    ):
        with pytest.raises(VectorError):
            call()
    assert len(made) == 200


@pytest.mark.parametrize("ids", [[0], [-1], [3, 3], [1, 2, 3], [[1]], [1.5]])
def test_bad_ids_are_refused(new_index, ids) -> None:
    made = new_index(4)
    with pytest.raises(VectorError):
        made.add(np.array(ids), unit_rows(0, 2 if len(ids) == 2 else 1, 4))
    assert len(made) == 0


def test_an_id_is_added_once(new_index) -> None:
    made, rows = filled(new_index)
    with pytest.raises(DuplicateReferenceError):
        made.add(np.array([500, 7]), rows[:2])
    assert len(made) == 200
    assert 500 not in made.reference_ids()


@pytest.mark.parametrize("k", [0, -1])
def test_k_is_at_least_one(new_index, k) -> None:
    made, rows = filled(new_index)
    with pytest.raises(VectorError):
        made.search(rows[:1], k)


def test_replace_moves_a_reference(new_index) -> None:
    made, rows = filled(new_index)
    moved = unit_rows(77, 1, 32)
    assert made.replace(np.array([9, 1000]), np.concatenate([moved, rows[:1]])) == 1
    assert made.search(moved, 1).reference_ids[0, 0] == 9
    assert made.search(rows[8:9], 1).reference_ids[0, 0] != 9
    assert made.search(rows[:1], 2).reference_ids[0].tolist() == [1, 1000]
    assert len(made) == 201


def test_a_removed_id_may_come_again(new_index) -> None:
    made, rows = filled(new_index)
    assert made.remove(np.array([4, 4, 9999])) == 1
    assert made.remove(np.array([4])) == 0
    made.add(np.array([4]), rows[:1])
    assert made.search(rows[:1], 2).reference_ids[0].tolist() == [1, 4]


def test_a_filter_is_exact_whatever_its_order(new_index) -> None:
    made, rows = filled(new_index)
    allowed = np.array([150, 3, 3, 77, 100000])
    hits = made.search(rows[:4], 10, allowed=allowed)
    assert hits.counts.tolist() == [3] * 4
    assert set(hits.reference_ids[0, :3].tolist()) == {3, 77, 150}
    assert made.search(rows[:1], 10, allowed=np.array([], dtype=np.int64)).counts.tolist() == [0]


def test_the_callers_arrays_stay_the_callers(new_index) -> None:
    made, rows = new_index(8), unit_rows(5, 4, 8)
    ids, before = np.arange(1, 5), rows.copy()
    made.add(ids, rows)
    rows[:], ids[:] = 0.0, 99
    assert made.search(before[:1], 1).reference_ids[0, 0] == 1
    hits = made.search(before[:1], 1)
    with pytest.raises(ValueError, match="read-only"):
        hits.reference_ids[0, 0] = 7
