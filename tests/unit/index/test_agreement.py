"""Votes that agree in place put a finger before those that have more of them; where minutiae lie is kept and erased."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.arrays import Float32Array, UInt32Array
from index.errors import VectorError
from index.vector.protocol import Hits
from index.vector.votes.index import DescriptorIndex
from index.vector.votes.minutia_places import places_of
from index.vector.votes.places import PlaceTable
from matcher.search.shortlist import shortlist
from tests.unit.fingerprint.compared_prints import made_up, moved

DIM, COUNT = 64, 12
MATE, DOUBLE = 7, 8


def descriptors(seed: int, count: int = COUNT, noise: float = 0.0) -> Float32Array:
    rows = np.random.default_rng(seed).normal(size=(count, DIM))
    rows += noise * np.random.default_rng(seed + 1000).normal(size=rows.shape)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def places(seed: int, turn: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)) -> UInt32Array:
    return places_of(moved(made_up(seed, COUNT), turn, shift).to_bytes(), COUNT)


@pytest.fixture(scope="module")
def index() -> DescriptorIndex:
    """DOUBLE has descriptors nearer to those of MATE's other print than MATE has, and other places."""
    made = DescriptorIndex(DIM)
    ids = np.arange(1, 301)
    near = [descriptors(MATE if one == DOUBLE else one, noise=0.35 if one == MATE else 0.3) for one in ids.tolist()]
    made.add(ids, near, [places(one) for one in ids.tolist()])
    return made


@pytest.mark.parametrize("reach", [0, 1, 2])
@pytest.mark.parametrize(("turn", "shift"), [(0.0, (0.0, 0.0)), (0.7, (250.0, 40.0)), (-2.0, (350.0, 450.0))])
def test_votes_that_agree_come_before_more_votes(
    index: DescriptorIndex, turn: float, shift: tuple[float, float], reach: int
) -> None:
    probe = descriptors(MATE)
    assert index.search(probe, 2).reference_ids.tolist() == [[DOUBLE, MATE]]
    hits = index.shortlist(probe, places(MATE, turn, shift), 5, reach=reach)
    assert hits.reference_ids[0, 0] == MATE
    assert hits.similarities[0, 0] > 1.5 * hits.similarities[0, 1] > 0
    assert not hits.proved[0]


def test_without_places_the_votes_decide(index: DescriptorIndex) -> None:
    hits = index.shortlist(descriptors(MATE), places_of(b"", COUNT), 2, reach=0)
    assert hits.reference_ids.tolist() == [[DOUBLE, MATE]]


def test_a_filter_and_a_list_that_holds_everybody(index: DescriptorIndex) -> None:
    allowed = np.array([3, DOUBLE, 50], dtype=np.int64)
    hits = index.shortlist(descriptors(MATE), places(MATE), 2, reach=1, allowed=allowed)
    assert hits.reference_ids[0, 0] == DOUBLE
    assert set(hits.reference_ids[0].tolist()) <= set(allowed.tolist())
    everybody = index.shortlist(descriptors(MATE), places(MATE), 3, reach=1, allowed=allowed)
    assert sorted(everybody.reference_ids[0].tolist()) == allowed.tolist()
    assert everybody.proved[0]


@pytest.mark.parametrize("left_out", [[], [MATE]])
def test_a_finger_leads_only_before_those_too_whom_the_filter_leaves_out(
    index: DescriptorIndex, left_out: list[int]
) -> None:
    allowed = np.setdiff1d(np.array([DOUBLE, MATE, *range(50, 110)]), left_out)

    def ask(count: int, reach: int) -> Hits:
        return index.shortlist(descriptors(MATE), places(MATE), count, reach=reach, allowed=allowed)

    found = shortlist(ask, kept_count=1, clear_count=5, longest_count=6)
    assert found.reach == (2 if left_out else 0)
    assert len(found.reference_ids) == (6 if left_out else 5)
    assert found.reference_ids[0] == (DOUBLE if left_out else MATE)


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize("reach", [0, 1, 2])
def test_scores_are_numbers_also_where_everything_is_among_the_nearest(size: int, reach: int) -> None:
    made = DescriptorIndex(DIM)
    ids = np.arange(1, size + 1)
    made.add(
        ids,
        [descriptors(one, 1 + one % COUNT) for one in ids.tolist()],
        [places(one)[: 1 + one % COUNT] for one in ids.tolist()],
    )
    for seed in range(100, 110):
        for k in (1, size, 500):
            # Strangers: the product of most descriptors is as often below 0 as above.
            hits = made.shortlist(descriptors(seed), places(seed), k, reach=reach)
            found = hits.similarities[0, : hits.counts[0]]
            assert ((found >= 0) & (found <= 1)).all()
            assert (np.diff(found) <= 0).all()


def test_what_was_saved_agrees_as_before(index: DescriptorIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    loaded = DescriptorIndex.load(tmp_path)
    for seed in (MATE, 40, 299):
        probe = descriptors(seed), places(seed, 0.4, (200.0, 30.0)), 300
        before, after = index.shortlist(*probe, reach=1), loaded.shortlist(*probe, reach=1)
        np.testing.assert_array_equal(after.reference_ids, before.reference_ids)
        np.testing.assert_array_equal(after.similarities, before.similarities)


def test_places_of_removed_fingers_are_overwritten_and_the_others_stay() -> None:
    made = DescriptorIndex(DIM)
    made.add(np.arange(1, 41), [descriptors(one) for one in range(1, 41)], [places(one) for one in range(1, 41)])
    generator, left = np.random.default_rng(0), set(range(1, 41))
    while len(left) > 3:
        gone = generator.choice(sorted(left), len(left) // 3, replace=False)
        left -= set(gone.tolist())
        made.remove(gone.astype(np.int64))
        held = set(made._placed.table.tolist())
        assert not any(held & set(places(one).tolist()) for one in gone.tolist())
        for one in left:
            hits = made.shortlist(descriptors(one), places(one, 0.3, (100.0, 10.0)), 2, reach=0)
            assert hits.reference_ids[0, 0] == one
            assert made._placed.gather(np.array([one])).tolist() == places(one).tolist()


def test_each_descriptor_needs_its_place(index: DescriptorIndex) -> None:
    with pytest.raises(VectorError):
        index.shortlist(descriptors(1), places(1)[:-1], 2, reach=0)
    with pytest.raises(VectorError):
        DescriptorIndex(DIM).add(np.array([1]), [descriptors(1)], [places(1)[:-1]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.integers(1, 64)), max_size=60))
def test_the_table_holds_what_was_put_in_last(steps: list[tuple[bool, int, int]]) -> None:
    table, known = PlaceTable(), dict[int, list[int]]()
    for number, (adds, reference_id, count) in enumerate(steps):
        if reference_id in known:
            table.clear(np.array([reference_id]))
            del known[reference_id]
        if adds:
            known[reference_id] = [1000 * number + 1 + one for one in range(count)]
            table.add(np.array([reference_id]), np.array([count], np.uint8), np.array(known[reference_id], np.uint32))
        ids = np.array(list(known), dtype=np.int64)
        assert table.gather(ids).tolist() == [one for of_one in known.values() for one in of_one]
        assert set(np.unique(table.table).tolist()) - {0} == {one for of_one in known.values() for one in of_one}


def test_places_are_those_of_the_minutiae() -> None:
    minutiae = made_up(3, 80)
    found = places_of(minutiae.to_bytes(), 50)
    assert np.abs((found >> 20) - minutiae.x_px[:50]).max() <= 0.5
    assert np.abs((found >> 8 & 4095) - minutiae.y_px[:50]).max() <= 0.5
    off = (found & 255) * (2 * np.pi / 256) - minutiae.direction_rad[:50]
    assert np.abs((off + np.pi) % (2 * np.pi) - np.pi).max() <= np.pi / 256 + 1e-3


@pytest.mark.parametrize("minutiae", [b"", b"m", made_up(1, 4).to_bytes(), made_up(1, 9).to_bytes()[:-1]])
def test_bytes_that_are_no_minutiae_say_nothing(minutiae: bytes) -> None:
    assert places_of(minutiae, 5).tolist() == [0] * 5
