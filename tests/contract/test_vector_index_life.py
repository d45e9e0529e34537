"""Add, replace and remove while searches run: what was acknowledged is what every later search sees."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.errors import DatabaseFullError
from index.vector import face_engine
from index.vector.exact import ExactIndex
from index.vector.face_engine import FaceEngine
from index.vector.face_search import FaceSearch
from index.vector.faiss_flat import FlatSearch
from index.vector.kernels.simd import best_instruction
from index.vector.protocol import VectorIndex
from index.vector.quantized import index
from index.vector.quantized.index import QuantizedIndex
from index.vector.quantized.merge_policy import MaintenancePolicy
from index.vector.quantized.scan import scanner
from index.vector.quantized.search import ProvedSearch, ScanPolicy
from tests.contract.test_vector_index import assert_same_hits, unit_rows

DIM = 48
THREAD_JOIN_S = 120.0
# Segments of 128 rows, so that a few hundred references are merged many times.
SMALL = MaintenancePolicy(growing_row_count=128)
IN_PARTS = ScanPolicy(parallel_group_count=1)
NEW_INDEX: dict[str, Callable[[Path], VectorIndex]] = {
    "exact": lambda _: ExactIndex(DIM),
    "faiss": lambda _: QuantizedIndex(DIM, searcher=FlatSearch(), policy=SMALL),
    "faiss on disk": lambda folder: QuantizedIndex(DIM, folder=folder, searcher=FlatSearch(), policy=SMALL),
    "crossing the limit": lambda folder: QuantizedIndex(
        DIM, folder=folder, searcher=FaceSearch(FaceEngine.AUTO), policy=SMALL
    ),
    "quantized": lambda _: QuantizedIndex(DIM, policy=SMALL),
    "quantized on disk, two threads": lambda folder: QuantizedIndex(
        DIM, folder=folder, thread_count=2, policy=SMALL, scan_policy=IN_PARTS
    ),
}


@pytest.fixture(params=list(NEW_INDEX))
def made(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    return NEW_INDEX[request.param](tmp_path)


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred references cross the limit of FAISS."""
    monkeypatch.setattr(face_engine, "FAISS_LIMIT_BYTES", 4 * DIM * 250)


def run_together(workers: list[Callable[[], None]]) -> None:
    """Run every worker in a thread of its own and raise the first error of any."""
    errors: list[BaseException] = []

    def guarded(worker: Callable[[], None]) -> None:
        try:
            worker()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(THREAD_JOIN_S)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("rounds", [pytest.param(12, id="short"), pytest.param(300, id="full", marks=pytest.mark.soak)])
def test_acknowledged_changes_are_seen_by_every_later_search(made: VectorIndex, rounds: int) -> None:
    """Each writer owns ids and knows what must be found; readers check lists while all of it goes on."""
    per_writer = 150
    stop = threading.Event()
    stable_rows = unit_rows(99, 64, DIM)
    made.add(np.arange(1, 65), stable_rows)

    def writer(number: int) -> None:
        first = 1000 * number
        rows = unit_rows(number, per_writer, DIM)
        ids = np.arange(first, first + per_writer)
        for turn in range(rounds):
            made.add(ids, rows)
            np.testing.assert_array_equal(made.search(rows[:5], 1).reference_ids[:, 0], ids[:5])
            moved = np.roll(rows, turn + 1, axis=0)
            assert made.replace(ids, moved) == per_writer
            np.testing.assert_array_equal(made.search(moved[:5], 1).reference_ids[:, 0], ids[:5])
            assert made.remove(ids) == per_writer
            found = made.search(rows[:5], 20).reference_ids
            assert not np.isin(found, ids).any()

    def reader() -> None:
        while not stop.is_set():
            hits = made.search(stable_rows[:8], 40)
            np.testing.assert_array_equal(hits.reference_ids[:, 0], np.arange(1, 9))
            for row, count in zip(hits.reference_ids, hits.counts, strict=True):
                assert np.unique(row[:count]).size == count
            assert (np.diff(hits.similarities, axis=1) <= 0).all()

    readers = [threading.Thread(target=reader) for _ in range(2)]
    for thread in readers:
        thread.start()
    try:
        run_together([lambda number=number: writer(number) for number in (1, 2, 3)])
    finally:
        stop.set()
        for thread in readers:
            thread.join(THREAD_JOIN_S)
    np.testing.assert_array_equal(made.reference_ids(), np.arange(1, 65))


def test_a_replaced_reference_is_never_absent_and_never_double(made: VectorIndex) -> None:
    old, new = unit_rows(1, 2, DIM)
    made.add(np.arange(2, 300), unit_rows(2, 298, DIM))
    made.add(np.array([1]), old[None, :])
    stop = threading.Event()

    def swapper() -> None:
        for turn in range(300):
            made.replace(np.array([1]), (new if turn % 2 == 0 else old)[None, :])
        stop.set()

    def reader() -> None:
        while not stop.is_set():
            hits = made.search(np.stack([old, new]), 299)
            for row, similarities in zip(hits.reference_ids, hits.similarities, strict=True):
                assert (row == 1).sum() == 1
                assert similarities[row == 1][0] > 0.999 or similarities[row == 1][0] == pytest.approx(
                    old @ new, abs=1e-5
                )

    run_together([swapper, reader, reader])


@pytest.mark.parametrize("setting", list(FaceEngine))
def test_a_long_mixed_life_equals_the_oracle(tmp_path: Path, setting: FaceEngine) -> None:
    """Random changes, with filters, saves and reloads in between, against the oracle after each."""
    chooser = np.random.default_rng(5)
    oracle: VectorIndex = ExactIndex(DIM)
    made = QuantizedIndex(DIM, folder=tmp_path, searcher=FaceSearch(setting), policy=SMALL)
    next_id, queries = 1, unit_rows(3, 4, DIM)
    for turn in range(60):
        alive = oracle.reference_ids()
        count = int(chooser.integers(1, 90))
        rows = unit_rows(100 + turn, count, DIM)
        ids = np.arange(next_id, next_id + count)
        next_id += count
        for each in (oracle, made):
            each.add(ids, rows)
        gone = chooser.choice(alive, min(alive.size, int(chooser.integers(0, 70))), replace=False)
        changed = np.setdiff1d(chooser.choice(oracle.reference_ids(), 10, replace=False), gone)
        for each in (oracle, made):
            each.remove(gone)
            each.replace(changed, rows[: changed.size] if changed.size <= count else unit_rows(turn, changed.size, DIM))
        if turn % 13 == 12:
            made.save(tmp_path)
            made = QuantizedIndex.load(tmp_path, searcher=FaceSearch(setting), policy=SMALL)
        np.testing.assert_array_equal(made.reference_ids(), oracle.reference_ids())
        allowed = oracle.reference_ids()[:: 1 + turn % 7]
        assert_same_hits(made.search(queries, 25), oracle.search(queries, 25))
        assert_same_hits(made.search(queries, 25, allowed=allowed), oracle.search(queries, 25, allowed=allowed))
    made.compact()
    assert len(list(tmp_path.glob("segment-*"))) < 20


def test_too_many_candidates_are_completed_exhaustively() -> None:
    center = unit_rows(1, 1, 64)
    rows = center + 1e-3 * unit_rows(2, 3000, 64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    made, oracle = QuantizedIndex(64, scan_policy=ScanPolicy(candidate_capacity=50)), ExactIndex(64)
    for each in (made, oracle):
        each.add(np.arange(1, 3001), rows)
        each.remove(np.arange(1, 3001, 3))
    queries = np.concatenate([center, unit_rows(9, 2, 64)])
    allowed = np.arange(1, 3001, 2)
    hits = made.search(queries, 10, allowed=allowed)
    assert_same_hits(hits, oracle.search(queries, 10, allowed=allowed))
    assert hits.proved.tolist()[0] is False


def test_a_merge_without_room_on_the_disk_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise DatabaseFullError("no space is left")

    monkeypatch.setattr("index.vector.quantized.merging.write_segment", full)
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 1200, DIM)
    for start in range(0, 1200, 100):
        made.add(np.arange(start + 1, start + 101), rows[start : start + 100])
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], np.arange(1, 1201))


def test_an_unfinished_add_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    made, rows = QuantizedIndex(DIM, policy=SMALL), unit_rows(4, 400, DIM)
    made.add(np.arange(1, 101), rows[:100])
    real, calls = index.Segment.append, []

    def failing(segment, ids, vectors) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        real(segment, ids, vectors)

    monkeypatch.setattr(index.Segment, "append", failing)
    with pytest.raises(MemoryError):
        made.add(np.arange(101, 401), rows[100:])
    monkeypatch.undo()
    assert len(made) == 100
    made.add(np.arange(101, 401), rows[100:])
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], np.arange(1, 401))


def test_an_old_search_keeps_its_moment() -> None:
    """A view taken before removals and merges still answers as it did then."""
    made, rows = QuantizedIndex(DIM, policy=SMALL), unit_rows(4, 600, DIM)
    made.add(np.arange(1, 601), rows)
    view = made.view
    before = made.search(rows[:3], 30)
    made.remove(np.arange(1, 500))
    made.compact()
    after = ProvedSearch(best_instruction()).search(view, rows[:3], 30, None)
    assert_same_hits(after, before)
    assert len(made) == 101


def test_writers_wait_for_a_background_that_falls_behind(tmp_path: Path) -> None:
    policy = replace(SMALL, waiting_segment_count=6, wait_s=THREAD_JOIN_S)
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=policy), unit_rows(4, 4000, DIM)
    for start in range(0, 4000, 200):
        made.add(np.arange(start + 1, start + 201), rows[start : start + 200])
        in_memory = sum(1 for segment in made.view.segments if not segment.file_name)
        assert in_memory <= 6 + 3
    deadline = time.monotonic() + THREAD_JOIN_S
    while made.maintenance.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    np.testing.assert_array_equal(made.search(rows[:50], 1).reference_ids[:, 0], np.arange(1, 51))


def test_mapped_and_read_only_vectors_need_no_second_compilation(tmp_path: Path) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 1000, DIM)
    made.add(np.arange(1, 1001), rows)
    made.compact()
    assert {bool(segment.file_name) for segment in made.view.segments} == {True, False}
    frozen = rows.copy()
    frozen.setflags(write=False)
    for queries in (rows[:1], frozen[:1], frozen[:9]):
        made.search(queries, 3)
        made.search(queries, 3, allowed=np.arange(1, 500))
    scan, _ = scanner(best_instruction())
    assert len(scan.signatures) == 1


def test_a_closed_index_leaves_its_folder_alone(tmp_path: Path) -> None:
    made, rows = (
        QuantizedIndex(DIM, folder=tmp_path, thread_count=2, policy=SMALL, scan_policy=IN_PARTS),
        unit_rows(4, 1000, DIM),
    )
    for start in range(0, 1000, 50):
        made.add(np.arange(start + 1, start + 51), rows[start : start + 50])
    made.close()
    before = sorted(path.name for path in tmp_path.iterdir())
    made.remove(np.arange(1, 900))
    made.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == before
