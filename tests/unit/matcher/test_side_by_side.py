"""Samples of one probe side by side: answers in order, errors of the first, times that add up to those of the clock."""

from __future__ import annotations

import threading
import time

import pytest

from matcher.errors import DeadlineError
from matcher.search.side_by_side import MOST_THREADS, side_by_side
from matcher.stages import Stages


@pytest.fixture(params=[1, 4], ids=["one processor", "four"])
def processors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("os.cpu_count", lambda: request.param)
    return int(request.param)


def test_answers_come_in_the_order_of_the_samples(processors: int) -> None:
    stages = Stages()

    def work(number: int, own: Stages) -> int:
        with own.stage("search"):
            return number * number

    start = time.perf_counter()
    assert list(side_by_side(work, 12, stages)) == [number * number for number in range(12)]
    elapsed_ms = 1000.0 * (time.perf_counter() - start)
    assert set(stages.milliseconds) == {"search"}
    # Threads side by side measure more than the clock does; the request is told what it waited for.
    assert 0.0 <= stages.milliseconds["search"] <= elapsed_ms


def test_samples_are_worked_on_at_the_same_time_where_there_are_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = threading.Barrier(2)
    # Each waits for the other: one after the other this would never end.
    side_by_side(lambda _number, _own: together.wait(timeout=60.0), 2, Stages())


def test_nobody_works_on_for_a_request_whose_time_is_over(processors: int) -> None:
    def over() -> None:
        raise DeadlineError("the deadline is over")

    def work(number: int, own: Stages) -> int:
        with own.stage("search"):
            return number

    with pytest.raises(DeadlineError):
        side_by_side(work, 5, Stages(check=over))


def test_the_first_that_fails_is_told_and_what_was_not_begun_is_left(processors: int) -> None:
    begun: list[int] = []

    def work(number: int, _: Stages) -> int:
        begun.append(number)
        if number >= 2:
            raise ValueError(str(number))
        return number

    with pytest.raises(ValueError, match="2"):
        side_by_side(work, 100, Stages())
    assert len(begun) <= 2 + MOST_THREADS


@pytest.mark.parametrize("startable", [0, 1])
def test_where_no_thread_can_be_started_the_work_is_done_all_the_same(
    startable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    start, left = threading.Thread.start, [startable]

    def refuse(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(side_by_side(lambda number, _: 2 * number, 7, Stages())) == [0, 2, 4, 6, 8, 10, 12]
