"""What the background does while others work: it holds no lock while it copies, and nobody waits for its end."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.durable import cache_file
from index.errors import DatabaseFullError
from index.vector.protocol import Hits
from index.vector.quantized import compactor, index, merging
from index.vector.quantized.background import Background
from index.vector.quantized.index import QuantizedIndex
from index.vector.quantized.leases import Leases
from index.vector.quantized.merge_policy import MaintenancePolicy
from index.vector.quantized.search import ProvedSearch
from index.vector.quantized.segments import Segment
from tests.contract.test_vector_index import unit_rows

DIM = 48
WAIT_S = 60.0
SMALL = MaintenancePolicy(growing_row_count=128)


class _Gate:
    """Stops the first merge that comes here until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self._open, self._real = threading.Event(), threading.Event(), merging.copy_codes
        monkeypatch.setattr(merging, "copy_codes", self._copy)

    def open(self) -> None:
        self._open.set()

    def _copy(self, *arguments: object) -> None:
        is_first = not self.reached.is_set()
        self.reached.set()
        if is_first:
            assert self._open.wait(WAIT_S)
        self._real(*arguments)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Gate]:
    made = _Gate(monkeypatch)
    yield made
    made.open()


def _wait_for_background(made: QuantizedIndex) -> None:
    assert made.wait_for_maintenance(WAIT_S)


def test_a_merge_holds_no_lock_while_it_copies(tmp_path: Path, gate: _Gate) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 700, DIM)
    made.add(np.arange(1, 601), rows[:600])
    assert gate.reached.wait(WAIT_S)
    # Each of these would hang if the merge that stands still now held what they need.
    made.add(np.arange(601, 701), rows[600:])
    made.replace(np.array([2]), rows[650:651])
    assert made.remove(np.array([1, 601])) == 2
    np.testing.assert_array_equal(made.search(rows[2:600], 1).reference_ids[:, 0], np.arange(3, 601))
    assert made.maintenance.is_running
    gate.open()
    _wait_for_background(made)
    # What changed during the merge holds after it.
    assert not np.isin(made.search(rows, 3).reference_ids, [1, 601]).any()
    assert {2, 651} == set(made.search(rows[650:651], 2).reference_ids[0].tolist())
    made.close()


def test_waiting_segments_interrupt_a_long_merge(tmp_path: Path, gate: _Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = replace(SMALL, urgent_segment_count=4)
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=policy), unit_rows(4, 1300, DIM)
    made.add(np.arange(1, 601), rows[:600])
    assert gate.reached.wait(WAIT_S)
    made.add(np.arange(601, 1301), rows[600:])
    merged_counts: list[int] = []
    real = compactor.merged

    def counting(view, folder, *, between):
        found = real(view, folder, between=between)
        merged_counts.append(view.size)
        return found

    monkeypatch.setattr(compactor, "merged", counting)
    gate.open()
    _wait_for_background(made)
    # The one that began before is not among them; this one ended within it.
    assert merged_counts[0] == 4 * 128
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], np.arange(1, 1301))
    made.close()


def test_erasing_and_closing_do_not_wait_for_a_merge_to_end(tmp_path: Path, gate: _Gate) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 600, DIM)
    made.add(np.arange(1, 601), rows)
    assert gate.reached.wait(WAIT_S)
    made.remove(np.array([5]))
    eraser = threading.Thread(target=made.erase, args=(np.array([5]),))
    eraser.start()
    while made.maintenance.interrupting_count == 0:
        assert eraser.is_alive()
        time.sleep(0.001)
    gate.open()
    eraser.join(WAIT_S)
    assert not eraser.is_alive()
    _wait_for_background(made)
    # Given up, then done: the row that was erased meanwhile is in no file.
    assert not any(rows[4].tobytes() in path.read_bytes() for path in tmp_path.iterdir())
    assert any(segment.file_name for segment in made.view.segments)
    assert not list(tmp_path.glob("*.part"))
    made.close()


def test_closing_gives_up_a_merge_and_leaves_no_part_of_it(tmp_path: Path, gate: _Gate) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 600, DIM)
    made.add(np.arange(1, 601), rows)
    assert gate.reached.wait(WAIT_S)
    closer = threading.Thread(target=made.close)
    closer.start()
    while not made.maintenance.is_closed:
        assert closer.is_alive()
        time.sleep(0.001)
    gate.open()
    closer.join(WAIT_S)
    assert not closer.is_alive()
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], np.arange(1, 601))


def test_merged_segments_are_held_for_the_searches_that_read_them(
    tmp_path: Path, gate: _Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the search that ends last gives back their memory, and takes as long as that takes."""
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 600, DIM)
    made.add(np.arange(1, 601), rows)
    assert gate.reached.wait(WAIT_S)
    kept = weakref.ref(made.view.segments[0].codes.high.base)
    searching, go_on, real = threading.Event(), threading.Event(), ProvedSearch.search

    def slow(*arguments):
        searching.set()
        assert go_on.wait(WAIT_S)
        return real(*arguments)

    monkeypatch.setattr(ProvedSearch, "search", slow)
    answers: list[Hits] = []
    search = threading.Thread(target=lambda: answers.append(made.search(rows[:1], 1)))
    search.start()
    assert searching.wait(WAIT_S)
    gate.open()
    while not any(segment.file_name for segment in made.view.segments):
        time.sleep(0.001)
    assert made.maintenance.is_holding
    assert not made.wait_for_maintenance(0.05)
    assert kept() is not None
    go_on.set()
    search.join(WAIT_S)
    _wait_for_background(made)
    assert answers[0].reference_ids.tolist() == [[1]]
    assert kept() is None
    assert not made.maintenance.is_holding
    made.close()


def test_segments_are_let_go_when_the_last_search_that_may_read_them_ends() -> None:
    leases = Leases()
    first, second = Segment.empty(1, DIM), Segment.empty(1, DIM)
    known = weakref.ref(first.codes.high.base), weakref.ref(second.codes.high.base)
    with leases.reading():
        with leases.reading():
            leases.retire([first])
            with leases.reading():
                leases.retire([second])
                del first, second
                leases.release()
                assert known[0]() is not None
            leases.release()
        leases.release()
        assert leases.is_holding
        assert known[0]() is not None
    leases.release()
    assert not leases.is_holding
    assert [one() for one in known] == [None, None]


def test_a_search_that_began_later_holds_nothing_older() -> None:
    leases, old = Leases(), Segment.empty(1, DIM)
    leases.retire([old])
    with leases.reading():
        leases.release()
        assert not leases.is_holding


def test_what_saving_replaces_is_given_back_too(tmp_path: Path) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 600, DIM)
    made.add(np.arange(1, 601), rows)
    made.compact()
    _wait_for_background(made)
    made.save(tmp_path)
    kept = [weakref.ref(segment.codes.high.base) for segment in made.view.segments if segment.file_name]
    for path in tmp_path.glob("segment-*.cache"):
        path.unlink()
    made.save(tmp_path)
    _wait_for_background(made)
    gc.collect()
    assert [one() for one in kept] == [None] * len(kept)
    assert kept
    made.close()


def test_a_merge_that_another_one_ends_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the file of a merge is read again, segments that wait are merged, and the disk may be full for them."""
    real = merging.map_vectors

    def map_without_room(path: Path, _between: object) -> object:
        def full() -> None:
            raise DatabaseFullError("no space is left")

        return real(path, full)

    monkeypatch.setattr(merging, "map_vectors", map_without_room)
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 600, DIM)
    made.add(np.arange(1, 601), rows)
    _wait_for_background(made)
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(made.search(rows, 1).reference_ids[:, 0], np.arange(1, 601))
    made.close()


def test_savings_that_fail_leave_no_more_than_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 100, DIM)
    made.add(np.arange(1, 101), rows)
    made.save(tmp_path, stamp="kept")

    def full(*_arguments: object, **_options: object) -> None:
        raise DatabaseFullError("no space is left")

    with monkeypatch.context() as patch:
        patch.setattr(index, "write_contents", full)
        for _ in range(4):
            with pytest.raises(DatabaseFullError):
                made.save(tmp_path, stamp="lost")
    assert len(list(tmp_path.glob("segment-*.cache"))) == 2
    assert QuantizedIndex.load(tmp_path).stamp == "kept"
    made.close()


def test_a_thread_that_cannot_be_started_fails_no_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, rows = QuantizedIndex(DIM, folder=tmp_path, policy=SMALL), unit_rows(4, 1200, DIM)

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        made.add(np.arange(1, 601), rows[:600])
    assert not made.maintenance.is_running
    made.add(np.arange(601, 1201), rows[600:])
    _wait_for_background(made)
    assert any(segment.file_name for segment in made.view.segments)
    made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own elsewhere")
def test_the_background_gives_way(tmp_path: Path) -> None:
    found: list[int] = []
    background = Background(lambda: found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
    before = os.getpriority(os.PRIO_PROCESS, 0)
    background.start()
    background.close()
    assert found == [min(19, before + 5)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_large_files_go_to_the_disk_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "SYNC_BLOCK_COUNT", 2)
    written: list[int] = []
    real = os.fsync

    def counting(handle: int) -> None:
        written.append(os.fstat(handle).st_size)
        real(handle)

    monkeypatch.setattr(cache_file.os, "fsync", counting)
    array = np.arange(5 << 18, dtype=np.int32)
    cache_file.write_cache(tmp_path / "large", kind="test", meta={}, arrays={"numbers": array})
    sizes = [size >> 20 for size in written]
    assert sizes[:2] == [2, 4]
    np.testing.assert_array_equal(cache_file.read_cache(tmp_path / "large", kind="test").arrays["numbers"], array)


def test_who_asks_while_work_is_under_way_gets_one_more_round() -> None:
    begun, go_on, rounds = threading.Event(), threading.Event(), []

    def work() -> None:
        rounds.append(len(rounds))
        begun.set()
        assert go_on.wait(WAIT_S)

    background = Background(work)
    background.start()
    assert begun.wait(WAIT_S)
    for _ in range(3):  # work may have looked around already, so that it would not see what is new
        background.start()
    go_on.set()
    background.wait_while(lambda: True, WAIT_S)
    assert rounds == [0, 1]
    background.close()
    background.start()
    assert not background.is_running
    assert rounds == [0, 1]
