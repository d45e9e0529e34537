"""The samples of one probe, worked on side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from matcher.stages import Stages

# A probe of ten fingers has work for more, but other requests want processors, too.
MOST_THREADS = 4
Answer = TypeVar("Answer")


def side_by_side(work: Callable[[int, Stages], Answer], count: int, stages: Stages) -> Sequence[Answer]:
    """work(number, stages) for every number below count, in order. Several numbers at a time where there are processors
    for it; each has stages of its own then, whose times count in `stages` as shares of the time that all of it took.

    The calling thread works, too: alone where the machine has no other thread to give. Raises what work raises, of the
    lowest number.
    """
    thread_count = min(count, os.cpu_count() or 1, MOST_THREADS)
    if thread_count < 2:
        return [work(number, stages) for number in range(count)]
    answers: list[Future[Answer]] = [Future() for _ in range(count)]
    left = iter(range(count))
    failed = threading.Event()

    with stages.beside(count) as own:

        def run() -> None:
            # Numbers are taken in order, so that whatever is below one that fails was taken before.
            while not failed.is_set() and (number := next(left, None)) is not None:
                try:
                    answers[number].set_result(work(number, own[number]))
                except BaseException as error:
                    failed.set()
                    answers[number].set_exception(error)

        helpers = _started([threading.Thread(target=run, name="sample") for _ in range(thread_count - 1)])
        run()
        for helper in helpers:
            helper.join()
    return [answer.result() for answer in answers]


def _started(threads: Sequence[threading.Thread]) -> Sequence[threading.Thread]:
    """Those that could be started."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError:
            return threads[:number]
    return threads
