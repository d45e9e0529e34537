"""Two engines, one answer: who searches depends on the setting and the size, and nothing else does."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from index.vector import face_engine
from index.vector.exact import ExactIndex
from index.vector.face_engine import FaceEngine, engine_for, faiss_limit
from index.vector.face_search import FaceSearch
from index.vector.faiss_flat import FlatSearch
from index.vector.quantized.index import QuantizedIndex
from index.vector.quantized.merge_policy import MaintenancePolicy
from index.vector.quantized.search import ProvedSearch
from tests.contract.test_vector_index import assert_same_hits, unit_rows

DIM, LIMIT = 40, 300
WAIT_S = 60.0
SMALL = MaintenancePolicy(growing_row_count=128)
Told = list[tuple[FaceEngine, int]]


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_engine, "FAISS_LIMIT_BYTES", 4 * DIM * LIMIT)


def _prepared(folder: Path, setting: FaceEngine = FaceEngine.AUTO) -> tuple[QuantizedIndex, Told]:
    FaceSearch(FaceEngine.QUANTIZED).prepare(0, DIM)
    return _made(folder, setting)


def _made(folder: Path, setting: FaceEngine = FaceEngine.AUTO) -> tuple[QuantizedIndex, Told]:
    told: Told = []
    searcher = FaceSearch(setting, tell=lambda engine, count: told.append((engine, count)))
    return QuantizedIndex(DIM, folder=folder, searcher=searcher, policy=SMALL), told


def test_the_limit_counts_bytes() -> None:
    assert faiss_limit(DIM) == LIMIT
    assert faiss_limit(2 * DIM) == LIMIT // 2
    assert engine_for(FaceEngine.AUTO, LIMIT, DIM) is FaceEngine.FAISS
    assert engine_for(FaceEngine.AUTO, LIMIT + 1, DIM) is FaceEngine.QUANTIZED
    for setting in (FaceEngine.FAISS, FaceEngine.QUANTIZED):
        assert {engine_for(setting, count, DIM) for count in (0, LIMIT, 10 * LIMIT)} == {setting}


def test_a_gallery_changes_its_engine_in_both_directions_and_says_so(tmp_path: Path) -> None:
    made, told = _prepared(tmp_path)
    rows = unit_rows(1, 400, DIM)
    made.add(np.arange(1, LIMIT + 1), rows[:LIMIT])
    made.search(rows[:3], 5)
    made.search(rows[:3], 5)
    assert told == [(FaceEngine.FAISS, LIMIT)]
    made.add(np.arange(LIMIT + 1, 401), rows[LIMIT:])
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], np.arange(1, 401))
    assert told[1:] == [(FaceEngine.QUANTIZED, 400)]
    made.remove(np.arange(1, 201))
    np.testing.assert_array_equal(made.search(rows[200:], 1).reference_ids[:, 0], np.arange(201, 401))
    assert told[2:] == [(FaceEngine.FAISS, 200)]
    made.close()


@pytest.mark.parametrize("setting", [FaceEngine.FAISS, FaceEngine.QUANTIZED])
def test_a_setting_holds_whatever_the_size(tmp_path: Path, setting: FaceEngine) -> None:
    made, told = _prepared(tmp_path, setting)
    rows = unit_rows(1, 2 * LIMIT, DIM)
    made.search(rows[:1], 1)
    made.add(np.arange(1, 2 * LIMIT + 1), rows)
    made.search(rows[:1], 1)
    assert told == [(setting, 0)]
    made.close()


def test_faiss_goes_on_until_the_scan_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, prepared = threading.Event(), threading.Event(), threading.Event()

    def prepare(_self: ProvedSearch) -> None:
        begun.set()
        assert go_on.wait(WAIT_S)
        prepared.set()

    monkeypatch.setattr(ProvedSearch, "prepare", prepare)
    monkeypatch.setattr(ProvedSearch, "is_prepared", property(lambda _: prepared.is_set()))
    made, told = _made(tmp_path)
    rows = unit_rows(1, 2 * LIMIT, DIM)
    made.add(np.arange(1, 2 * LIMIT + 1), rows)
    expected = np.arange(1, 2 * LIMIT + 1)
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], expected)
    assert begun.wait(WAIT_S)
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], expected)
    go_on.set()
    assert prepared.wait(WAIT_S)
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], expected)
    assert told == [(FaceEngine.FAISS, 2 * LIMIT), (FaceEngine.QUANTIZED, 2 * LIMIT)]
    made.close()


@pytest.mark.parametrize("count", [LIMIT - 20, LIMIT + 20])
def test_files_of_either_engine_serve_the_other(tmp_path: Path, count: int) -> None:
    rows, queries = unit_rows(1, count, DIM), unit_rows(2, 6, DIM)
    made, _ = _prepared(tmp_path)
    made.add(np.arange(1, count + 1), rows)
    made.remove(np.arange(3, count, 11))
    made.compact()
    made.save(tmp_path, stamp="kept")
    expected = made.search(queries, 25)
    made.close()
    for setting in FaceEngine:
        loaded = QuantizedIndex.load(tmp_path, searcher=FaceSearch(setting), policy=SMALL)
        assert loaded.stamp == "kept"
        assert_same_hits(loaded.search(queries, 25), expected)
        loaded.add(np.array([9000]), queries[:1])
        assert loaded.search(queries[:1], 1).reference_ids[0, 0] == 9000
        loaded.close()


def test_what_float32_cannot_tell_apart_is_ordered_in_float64() -> None:
    """Rows whose similarities differ by less than a float32 sum errs, with exact ties among them."""
    center = unit_rows(1, 1, 256)
    rows = (center + 3e-6 * unit_rows(2, 700, 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[350:] = rows[:350]
    ids = np.random.default_rng(3).permutation(np.arange(1, 701))
    oracle = ExactIndex(256)
    made = [oracle, *(QuantizedIndex(256, searcher=searcher) for searcher in (FlatSearch(), None))]
    for each in made:
        each.add(ids, rows)
    expected = oracle.search(center, 30)
    exact = np.float64(rows) @ np.float64(center[0])
    assert not np.array_equal(ids[np.argsort(-(rows @ center[0]), kind="stable")[:30]], expected.reference_ids[0])
    assert np.ptp(np.sort(exact)[-40:]) < 256 * 2.0**-24
    for each in made[1:]:
        assert_same_hits(each.search(center, 30), expected)


def test_faiss_searches_the_rows_where_they_lie(tmp_path: Path) -> None:
    """No copy, so that nothing of an erased vector is left with FAISS."""
    rows = unit_rows(1, 200, DIM)
    made = QuantizedIndex(DIM, folder=tmp_path, searcher=FlatSearch(), policy=SMALL)
    made.add(np.arange(1, 201), rows)
    view = made.view
    made.remove(np.array([7, 190]))
    before = FlatSearch().search(view, rows[[6, 189]], 1, None)
    np.testing.assert_array_equal(before.reference_ids[:, 0], [7, 190])
    made.erase(np.array([7, 190]))
    # A search of the moment before finds zeros where the vectors were.
    after = FlatSearch().search(view, rows[[6, 189]], 200, None)
    for row, similarities in zip(after.reference_ids, after.similarities, strict=True):
        assert similarities[np.isin(row, [7, 190])].tolist() == [0.0, 0.0]
    made.close()


def test_one_thread_searches_whatever_faiss_is_told_elsewhere(tmp_path: Path) -> None:
    """Else each request would start a thread for every processor."""
    import faiss

    rows = unit_rows(1, 64, DIM)
    made = QuantizedIndex(DIM, searcher=FlatSearch(), policy=SMALL)
    made.add(np.arange(1, 65), rows)
    faiss.omp_set_num_threads(4)
    try:
        made.search(rows[:1], 1)
        assert faiss.omp_get_max_threads() == 1
    finally:
        faiss.omp_set_num_threads(1)
