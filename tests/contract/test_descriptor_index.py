"""What the descriptor index promises: votes, life of references, filters, files."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.arrays import Float32Array
from index.durable.cache_file import read_cache, write_cache
from index.errors import CacheFileError, DatabaseFullError, DuplicateReferenceError, VectorError
from index.vector.votes.chunk import CHUNK_ROW_COUNT
from index.vector.votes.files import CHUNK_KIND, LIST_NAME
from index.vector.votes.index import NEAREST_COUNT, STORED_LIMIT, DescriptorIndex

DIM = 64


def finger(seed: int, count: int = 30) -> Float32Array:
    """Descriptors of a finger that nobody has, float32 (count, DIM), unit rows."""
    return unit(np.random.default_rng(seed).normal(size=(count, DIM)))


def unit(rows: np.ndarray) -> Float32Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def seen_again(seed: int, noise: float = 0.06) -> Float32Array:
    """Another print of the same finger: noise about as long as half the vector, a third of the minutiae lost."""
    rows = finger(seed)[::-1][:20]
    return unit(rows + noise * np.random.default_rng(seed + 10**6).normal(size=rows.shape))


def filled(count: int) -> DescriptorIndex:
    index = DescriptorIndex(DIM)
    index.add(np.arange(1, count + 1), [finger(seed) for seed in range(1, count + 1)])
    return index


def test_the_mate_has_the_most_votes() -> None:
    index = filled(400)
    for seed in range(1, 400, 37):
        hits = index.search(seen_again(seed), 5)
        assert hits.reference_ids[0, 0] == seed
        assert hits.similarities[0, 0] > 3 * hits.similarities[0, 1]
        assert not hits.proved[0]


def test_votes_are_about_those_of_an_exhaustive_count() -> None:
    """Against the same rule in plain NumPy on the vectors themselves: the order of those that stand out is equal, and
    rounding takes at most a fifth of their votes, of directions as random as no print has them."""
    count, nearest = 60, NEAREST_COUNT
    index = filled(count)
    rows = np.concatenate([finger(seed) for seed in range(1, count + 1)])
    owners = np.repeat(np.arange(1, count + 1), 30)
    # A probe made of three fingers in falling parts.
    probe = np.concatenate([finger(7)[:12], finger(21)[:8], finger(50)[:4]])
    votes = np.zeros(count + 1)
    for similarities in probe.astype(np.float64) @ rows.T.astype(np.float64):
        order = np.argsort(-similarities)[:nearest]
        for owner in set(owners[order].tolist()):
            best = similarities[order][owners[order] == owner].max()
            votes[owner] += (best - similarities[order[-1]]) / len(probe)
    hits = index.search(probe, 3)
    assert hits.reference_ids[0].tolist() == np.argsort(-votes)[:3].tolist() == [7, 21, 50]
    np.testing.assert_allclose(hits.similarities[0], np.sort(votes)[::-1][:3], rtol=0.2)


def test_k_that_covers_everyone_names_everyone() -> None:
    hits = filled(12).search(seen_again(3), 20)
    assert hits.counts[0] == 12
    assert hits.proved[0]
    assert sorted(hits.reference_ids[0, :12].tolist()) == list(range(1, 13))
    assert hits.reference_ids[0, 12:].tolist() == [-1] * 8


def test_equal_fingers_are_ordered_by_id() -> None:
    index = DescriptorIndex(DIM)
    index.add(np.array([9, 4, 6]), [finger(1), finger(1), finger(1)])
    index.add(np.arange(100, 130), [finger(seed) for seed in range(100, 130)])
    assert index.search(finger(1), 3).reference_ids[0].tolist() == [4, 6, 9]


def test_an_empty_index_finds_nothing() -> None:
    hits = DescriptorIndex(DIM).search(finger(1), 3)
    assert hits.counts[0] == 0
    assert hits.reference_ids.tolist() == [[-1, -1, -1]]


def test_only_allowed_references_are_found_and_vote() -> None:
    index = filled(300)
    allowed = np.array([5, 17, 250, 999], dtype=np.int64)
    hits = index.search(seen_again(17), 3, allowed=allowed)
    assert hits.reference_ids[0].tolist()[0] == 17
    assert set(hits.reference_ids[0].tolist()) <= set(allowed.tolist())
    assert index.search(seen_again(18), 300, allowed=allowed).counts[0] == 3
    assert index.search(seen_again(18), 3, allowed=np.empty(0, dtype=np.int64)).counts[0] == 0


def test_a_filter_that_is_used_again_follows_removals_and_additions() -> None:
    index = filled(300)
    allowed = np.array([5, 17, 250, 999], dtype=np.int64)
    allowed.setflags(write=False)
    for _ in range(2):
        assert index.search(seen_again(17), 3, allowed=allowed).reference_ids[0, 0] == 17
    index.remove(np.array([17]))
    assert 17 not in index.search(seen_again(17), 3, allowed=allowed).reference_ids[0]
    index.add(np.array([999]), [finger(17)])
    assert index.search(seen_again(17), 3, allowed=allowed).reference_ids[0, 0] == 999


def test_a_filter_does_not_starve_the_votes() -> None:
    """The nearest descriptors are counted among the allowed: a mate is found however many others lie nearer."""
    index = DescriptorIndex(DIM)
    index.add(np.arange(1, 301), [unit(finger(1) + 0.02 * finger(seed)) for seed in range(1, 301)])
    index.add(np.arange(301, 401), [finger(seed) for seed in range(301, 401)])
    allowed = np.arange(301, 401)
    probe = unit(finger(1)[:20] + 0.9 * finger(333)[:20])
    assert index.search(probe, 1, allowed=allowed).reference_ids[0, 0] == 333


def test_removed_references_are_gone_and_the_others_stay() -> None:
    index = filled(200)
    assert index.remove(np.array([3, 60, 7777])) == 2
    assert len(index) == 198
    assert 3 not in index.search(finger(3), 200).reference_ids[0]
    assert index.search(finger(61), 1).reference_ids[0, 0] == 61
    assert index.reference_ids().tolist() == [seed for seed in range(1, 201) if seed not in (3, 60)]


def test_removal_survives_compaction() -> None:
    index = filled(300)
    index.remove(np.arange(1, 261))
    assert index.memory_bytes < 60 * 30 * 40
    assert index.search(seen_again(270), 1).reference_ids[0, 0] == 270
    index.add(np.array([500]), [finger(500)])
    assert index.search(seen_again(500), 1).reference_ids[0, 0] == 500
    assert index.remove(np.array([270])) == 1
    assert index.search(seen_again(270), 41).counts[0] == 40


def test_removals_find_their_chunks_after_empty_ones_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.vector.votes.chunk.CHUNK_FINGER_COUNT", 3)
    index = filled(12)
    index.remove(np.array([1, 2, 3, 7, 8, 9]))
    # Saving drops what is empty.
    index.save(tmp_path)
    index.add(np.array([20]), [finger(20)])
    assert index.remove(np.array([-5, 0, 1, 5, 11, 10**6])) == 2
    assert index.reference_ids().tolist() == [4, 6, 10, 12, 20]
    index.save(tmp_path)
    loaded = DescriptorIndex.load(tmp_path)
    assert loaded.remove(np.array([4, 12, 20])) == 3
    assert loaded.reference_ids().tolist() == [6, 10]
    assert len(loaded) == 2
    for seed, is_there in ((6, True), (10, True), (4, False), (11, False)):
        assert (seed in loaded.search(finger(seed), 1).reference_ids) is is_there


def test_fingers_fill_several_chunks() -> None:
    index = DescriptorIndex(DIM)
    count = CHUNK_ROW_COUNT // STORED_LIMIT * 2 + 10
    pool = [finger(seed, STORED_LIMIT) for seed in range(50)]
    generator = np.random.default_rng(0)
    index.add(np.arange(1, count + 1), [pool[int(number)] for number in generator.integers(0, 50, count)])
    index.add(np.array([count + 1]), [finger(10**5, STORED_LIMIT + 40)])
    assert len(index) == count + 1
    assert index.search(finger(10**5, STORED_LIMIT), 1).reference_ids[0, 0] == count + 1


@pytest.mark.parametrize(
    "vectors",
    [
        np.full((3, DIM), np.nan, dtype=np.float32),
        np.ones((3, DIM), dtype=np.float32),
        finger(1).astype(np.float64),
        finger(1)[:, :32],
        finger(1)[:0],
    ],
)
def test_unusable_vectors_are_refused_and_nothing_is_added(vectors: np.ndarray) -> None:
    index = filled(3)
    with pytest.raises(VectorError):
        index.add(np.array([10, 11]), [finger(10), vectors])
    assert index.reference_ids().tolist() == [1, 2, 3]
    if len(vectors):
        with pytest.raises(VectorError):
            index.search(vectors, 1)


def test_an_id_is_added_once() -> None:
    index = filled(3)
    with pytest.raises(DuplicateReferenceError):
        index.add(np.array([9, 2]), [finger(9), finger(2)])
    assert index.reference_ids().tolist() == [1, 2, 3]
    with pytest.raises(VectorError):
        index.search(finger(1), 0)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    index = filled(250)
    index.remove(np.array([40]))
    index.save(tmp_path, stamp="first")
    index.add(np.array([900]), [finger(900)])
    index.save(tmp_path, stamp="second")
    loaded = DescriptorIndex.load(tmp_path)
    assert loaded.stamp == "second"
    assert loaded.reference_ids().tolist() == index.reference_ids().tolist()
    for seed in (5, 200, 900):
        mine, theirs = index.search(seen_again(seed), 9), loaded.search(seen_again(seed), 9)
        assert mine.reference_ids.tolist() == theirs.reference_ids.tolist()
        assert mine.similarities.tolist() == theirs.similarities.tolist()
    loaded.add(np.array([901]), [finger(901)])
    assert loaded.search(seen_again(901), 1).reference_ids[0, 0] == 901


def test_erasing_takes_removed_codes_out_of_the_files_and_adds_nothing(tmp_path: Path) -> None:
    index = filled(20)
    index.save(tmp_path, stamp="kept")
    index.add(np.array([50]), [finger(50)])
    index.remove(np.array([7]))
    before = DescriptorIndex.load(tmp_path)
    assert 7 in before.reference_ids()
    index.erase(np.array([7]))
    after = DescriptorIndex.load(tmp_path)
    assert after.stamp == "kept"
    assert after.reference_ids().tolist() == [seed for seed in range(1, 21) if seed != 7]
    (chunk_file,) = tmp_path.glob("*.chunk")
    arrays = read_cache(chunk_file, kind=CHUNK_KIND).arrays
    # Nor finger 50, which this stamp does not know.
    assert arrays["reference_ids"].tolist() == [seed for seed in range(1, 21) if seed != 7]
    assert len(arrays["codes"]) == len(arrays["lists"]) == 19 * 30
    index.save(tmp_path, stamp="next")
    assert DescriptorIndex.load(tmp_path).reference_ids().tolist() == index.reference_ids().tolist()


def _ids_in_files(folder: Path) -> set[int]:
    contents = [read_cache(path, kind=CHUNK_KIND) for path in folder.glob("*.chunk")]
    return {int(one) for found in contents for one in found.arrays["reference_ids"]}


def test_an_erasure_that_failed_is_done_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = filled(20)
    index.save(tmp_path)
    index.remove(np.array([7]))
    with monkeypatch.context() as patch:
        patch.setattr("index.vector.votes.files.write_cache", _without_room)
        with pytest.raises(DatabaseFullError):
            index.erase(np.array([7]))
    assert 7 in _ids_in_files(tmp_path)
    index.erase(np.array([7]))
    assert _ids_in_files(tmp_path) == set(range(1, 21)) - {7}
    assert 8 in DescriptorIndex.load(tmp_path).reference_ids()


@pytest.mark.parametrize("saved_before", [True, False])
def test_what_a_failed_saving_left_is_erased_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved_before: bool
) -> None:
    index = filled(20)
    if saved_before:
        index.save(tmp_path)
        index.add(np.array([21]), [finger(21)])
    with monkeypatch.context() as patch:
        # The chunks are written, their list is not.
        patch.setattr(
            "index.vector.votes.files.write_cache",
            lambda path, **options: (_without_room if path.name == LIST_NAME else write_cache)(path, **options),
        )
        with pytest.raises(DatabaseFullError):
            index.save(tmp_path)
    assert 7 in _ids_in_files(tmp_path)
    index.remove(np.array([7]))
    index.erase(np.array([7]))
    assert 7 not in _ids_in_files(tmp_path)
    index.save(tmp_path)
    np.testing.assert_array_equal(DescriptorIndex.load(tmp_path).reference_ids(), index.reference_ids())


def _without_room(*_arguments: object, **_options: object) -> None:
    raise DatabaseFullError("no space is left")


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    filled(5).save(tmp_path)
    for path in list(tmp_path.iterdir()):
        content = path.read_bytes()
        for place in range(0, len(content), max(1, len(content) // 40)):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(CacheFileError):
                DescriptorIndex.load(tmp_path)
        path.write_bytes(content[:-1])
        with pytest.raises(CacheFileError):
            DescriptorIndex.load(tmp_path)
        path.unlink()
        with pytest.raises(CacheFileError):
            DescriptorIndex.load(tmp_path)
        path.write_bytes(content)
    assert len(DescriptorIndex.load(tmp_path)) == 5


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 40)),
            st.tuples(st.just("remove"), st.integers(1, 40)),
            st.tuples(st.just("search"), st.integers(1, 40)),
        ),
        max_size=40,
    )
)
def test_any_life_equals_a_set_of_ids(steps: list[tuple[str, int]]) -> None:
    index, present = DescriptorIndex(DIM), set[int]()
    for step, reference_id in steps:
        ids = np.array([reference_id])
        if step == "add" and reference_id not in present:
            index.add(ids, [finger(reference_id, 1 + reference_id % 7)])
            present.add(reference_id)
        elif step == "remove":
            assert index.remove(ids) == (reference_id in present)
            present.discard(reference_id)
        else:
            hits = index.search(finger(reference_id, 1 + reference_id % 7), 40)
            assert set(hits.reference_ids[0, : int(hits.counts[0])].tolist()) == present
            if reference_id in present and len(present) > 1 and reference_id % 7:
                assert hits.reference_ids[0, 0] == reference_id
    assert index.reference_ids().tolist() == sorted(present)


def test_searches_beside_additions_and_removals_see_whole_fingers() -> None:
    index = filled(150)
    failures: list[str] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            hits = index.search(seen_again(75), 3)
            found = hits.reference_ids[0, : int(hits.counts[0])]
            if found[0] != 75 or (found < 1).any():
                failures.append(f"found {found.tolist()}")

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for round_ in range(30):
            ids = np.arange(1000 + 10 * round_, 1010 + 10 * round_)
            index.add(ids, [finger(int(seed)) for seed in ids])
            assert index.search(seen_again(int(ids[0])), 1).reference_ids[0, 0] == ids[0]
            index.remove(ids)
            assert index.search(seen_again(int(ids[0])), 1).reference_ids[0, 0] != ids[0]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
