"""The samples of one probe, worked on side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from matcher.stages import Stages

# A probe of ten fingers has work for more, but other requests want processors, too.
MOST_THREADS = 4
Answer = TypeVar("Answer")


def side_by_side(work: Callable[[int, Stages], Answer], count: int, stages: Stages) -> Sequence[Answer]:
    """work(number, stages) for every number below count, in order. Several numbers at a time where there are processors
    for it; each has stages of its own then, whose times count in `stages` as shares of the time that all of it took.

    Raises what work raises, of the lowest number.
    """
    thread_count = min(count, os.cpu_count() or 1, MOST_THREADS)
    if thread_count < 2:
        return [work(number, stages) for number in range(count)]
    with stages.beside(count) as own, ThreadPoolExecutor(thread_count, "sample") as threads:
        return list(threads.map(work, range(count), own))
