"""Group commit: every item is carried out once and answered after its group, whatever befalls the waiting threads."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from index.durable.group_commit import GroupCommit
from index.errors import DatabaseFullError


class _Runner:
    """Doubles numbers; refuses negative ones, and whole groups while it is full."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.is_full = False
        self.running_count = 0

    def __call__(self, group) -> None:
        self.running_count += 1
        assert self.running_count == 1, "two groups at a time"
        self.may_go.wait()
        try:
            if self.is_full:
                raise DatabaseFullError("full")
            for ticket in group:
                if ticket.item < 0:
                    ticket.error = ValueError("negative")
                ticket.result = 2 * ticket.item
            self.groups.append([ticket.item for ticket in group])
        finally:
            self.running_count -= 1


@pytest.fixture
def runner() -> _Runner:
    return _Runner()


def _waiting(groups: GroupCommit[int], count: int) -> None:
    while groups.pending_count < count:
        time.sleep(0.001)


def test_every_item_is_done_once_and_answered_with_its_own_result(runner):
    groups = GroupCommit[int](runner, max_group_count=7)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(groups.submit, range(500))) == [2 * number for number in range(500)]
    done = [number for group in runner.groups for number in group]
    assert sorted(done) == list(range(500))
    assert max(len(group) for group in runner.groups) <= 7


def test_those_who_wait_go_together_in_the_order_they_came(runner):
    groups = GroupCommit[int](runner, max_group_count=100)
    runner.may_go.clear()
    with ThreadPoolExecutor(12) as threads:
        first = threads.submit(groups.submit, 0)
        while not runner.running_count:
            time.sleep(0.001)
        others = []
        for number in range(1, 11):
            others.append(threads.submit(groups.submit, number))
            _waiting(groups, number)
        runner.may_go.set()
        assert [future.result() for future in [first, *others]] == [2 * number for number in range(11)]
    assert runner.groups == [[0], list(range(1, 11))]


def test_errors_reach_those_they_belong_to(runner):
    groups = GroupCommit[int](runner, max_group_count=100)
    with pytest.raises(ValueError, match="negative"):
        groups.submit(-1)
    assert groups.submit(1) == 2
    runner.is_full = True
    with ThreadPoolExecutor(4) as threads:
        errors = [threads.submit(groups.submit, number).exception() for number in range(4)]
    assert all(isinstance(error, DatabaseFullError) for error in errors)
    assert len({id(error) for error in errors}) == 4
    runner.is_full = False
    assert groups.submit(1) == 2


def test_nothing_runs_while_somebody_is_alone(runner):
    groups = GroupCommit[int](runner, max_group_count=100)
    with ThreadPoolExecutor(1) as threads:
        with groups.alone():
            future = threads.submit(groups.submit, 1)
            time.sleep(0.05)
            assert not future.done()
        assert future.result() == 2


class _InterruptedError(BaseException):
    pass


@pytest.mark.parametrize("chosen", [False, True], ids=["while others work", "when it is to work for others"])
def test_an_interrupted_thread_holds_nobody_up(runner, chosen):
    """The main thread waits and is interrupted, as by Ctrl-C; its item is carried out and the others go on."""

    def interrupt(_number: int, _frame: object) -> None:
        raise _InterruptedError

    groups = GroupCommit[int](runner, max_group_count=1 if chosen else 100)
    runner.may_go.clear()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with ThreadPoolExecutor(3) as threads:
            first = threads.submit(groups.submit, 1)
            while not runner.running_count:
                time.sleep(0.001)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(_InterruptedError):
                groups.submit(2)
            third = threads.submit(groups.submit, 3)
            _waiting(groups, 2)
            runner.may_go.set()
            assert first.result(timeout=10) == 2
            assert third.result(timeout=10) == 6
    finally:
        signal.signal(signal.SIGALRM, before)
    assert sorted(number for group in runner.groups for number in group) == [1, 2, 3]
