"""What is written into FAISS's lists is what FAISS itself would have written; turns; the loss of votes."""

from __future__ import annotations

import threading

import faiss
import numpy as np
import pytest

from benchmarks.generated_templates import minutia_sets
from index.arrays import Float32Array
from index.vector.votes.codebook import DIM, codebook
from index.vector.votes.index import DescriptorIndex
from index.vector.votes.lists import InvertedLists
from index.vector.votes.packing import NUMBER_BITS
from index.vector.votes.turns import Turns
from matcher.fingerprint.comparison.descriptors import describe
from matcher.packs.store import PackStore

NOTHING = np.zeros((0, DIM), dtype=np.float32)


@pytest.fixture(scope="module")
def prints() -> list[Float32Array]:
    """Descriptors of generated fingers that the codebook was not trained on."""
    return [describe(minutiae)[:64] for minutiae in minutia_sets(400, seed=77)]


def row_ids(number: int, count: int) -> np.ndarray:
    """Of the descriptors of one finger."""
    return (number << NUMBER_BITS) + np.arange(count)


def filled(prints: list[Float32Array]) -> InvertedLists:
    lists = InvertedLists(codebook())
    for number, vectors in enumerate(prints):
        lists.append(*lists.encode(vectors), row_ids(number + 1, len(vectors)))
    return lists


def test_lists_answer_as_those_that_faiss_filled(prints: list[Float32Array]) -> None:
    book = codebook()
    quantizer = faiss.IndexFlatIP(DIM)
    quantizer.add(book.centroids)
    own = faiss.IndexIVFPQFastScan(quantizer, DIM, len(book.centroids), DIM // 2, 4, faiss.METRIC_INNER_PRODUCT)
    own.by_residual = False
    faiss.copy_array_to_vector(book.words.ravel(), own.pq.centroids)
    own.is_trained = True
    own.add_with_ids(
        np.concatenate(prints), np.concatenate([row_ids(number + 1, len(one)) for number, one in enumerate(prints)])
    )
    own.nprobe = 64
    for probe in prints[::80]:
        similarities, ids = own.search(probe, 100)
        found = filled(prints).search(probe, nearest_count=100, probed_count=64)
        np.testing.assert_array_equal(found[0], similarities)
        assert [set(row) for row in found[1].tolist()] == [set(row) for row in ids.tolist()]


def test_what_was_cleared_leaves_nothing_and_the_rest_as_it_was(prints: list[Float32Array]) -> None:
    lists, kept = filled(prints), {number + 1: vectors for number, vectors in enumerate(prints)}
    generator = np.random.default_rng(0)
    while kept:
        gone = generator.choice(list(kept), max(1, len(kept) // 2), replace=False)
        for number in gone.tolist():
            vectors = kept.pop(number)
            lists.clear(lists.encode(vectors)[0], row_ids(number, len(vectors)))
        for number, vectors in list(kept.items())[::40]:
            numbers, codes = lists.encode(vectors)
            of_rows, found = lists.gather(np.array([number]), np.array([len(vectors)], np.uint8), np.unique(numbers))
            np.testing.assert_array_equal(of_rows, numbers)
            np.testing.assert_array_equal(found, codes)
        assert lists.row_count == sum(len(vectors) for vectors in kept.values())
    assert lists.row_count == 0


def test_room_that_was_made_in_vain_is_given_back(prints: list[Float32Array]) -> None:
    """As where index files announce more rows than they hold, since fingers were added while they were written."""
    expected, lists = filled(prints), InvertedLists(codebook())
    lists.make_room(expected.row_counts() + 40)
    for number, vectors in enumerate(prints):
        lists.append(*lists.encode(vectors), row_ids(number + 1, len(vectors)))
    lists.trim()
    np.testing.assert_array_equal(lists.row_counts(), expected.row_counts())
    for probe in prints[::80]:
        found, wanted = (one.search(probe, nearest_count=50, probed_count=64) for one in (lists, expected))
        np.testing.assert_array_equal(found[0], wanted[0])
        assert [set(row) for row in found[1].tolist()] == [set(row) for row in wanted[1].tolist()]


def test_codes_are_overwritten_in_the_memory_that_faiss_reads(prints: list[Float32Array]) -> None:
    """FAISS keeps the block of 32 rows that the last one of a list lies in: there the place must be empty."""
    lists = filled(prints)
    numbers, _ = lists.encode(prints[1])
    lists.clear(numbers, row_ids(2, len(numbers)))
    packer, overwritten = lists._index.get_CodePacker(), 0
    for number in np.unique(numbers).tolist():
        size = lists._lists.list_size(number)
        assert size == lists.row_counts()[number]
        if size % 32:
            block = faiss.rev_swig_ptr(lists._lists.get_codes(number), -(-size // 32) * 512).reshape(-1, 512)
            ids = faiss.rev_swig_ptr(lists._lists.get_ids(number), size)
            assert 2 not in ids >> NUMBER_BITS
            assert not any(packer.unpack_1(block, place).any() for place in range(size, -(-size // 32) * 32))
            overwritten += 1
    assert overwritten


def test_votes_lose_no_mate_among_generated_strangers(prints: list[Float32Array]) -> None:
    """A bound, not equality: a print seen again, half of its minutiae gone and the others moved, leads by votes."""
    index = DescriptorIndex(DIM)
    index.add(np.arange(1, len(prints) + 1), prints)
    generator = np.random.default_rng(1)
    first = 0
    for number in range(0, len(prints), 10):
        rows = prints[number][::2] + generator.normal(scale=0.05, size=prints[number][::2].shape)
        probe = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
        first += int(index.search(probe, 5).reference_ids[0, 0] == number + 1)
    assert first == len(range(0, len(prints), 10))


def test_a_probe_without_descriptors_finds_nobody(prints: list[Float32Array]) -> None:
    index = DescriptorIndex(DIM)
    index.add(np.arange(1, 11), prints[:10])
    assert index.search(NOTHING, 3).counts[0] == 0


def test_the_pack_names_the_codebook(tmp_path: object) -> None:
    entry = PackStore(tmp_path).manifest("leader").file("codebook.npz")  # type: ignore[arg-type]
    assert entry.sha256 == codebook().digest


def test_who_wants_to_be_alone_comes_before_later_sharers() -> None:
    turns, order = Turns(), list[str]()
    shared, waiting = threading.Event(), threading.Event()

    def change() -> None:
        waiting.set()
        with turns.alone():
            order.append("change")

    def search() -> None:
        with turns.shared():
            order.append("search")

    with turns.shared():
        changer = threading.Thread(target=change)
        changer.start()
        assert waiting.wait(10)
        while not turns._waiting:
            shared.wait(0.001)
        searcher = threading.Thread(target=search)
        searcher.start()
        shared.wait(0.05)
        assert order == []
    changer.join()
    searcher.join()
    assert order == ["change", "search"]
