"""The loop of a batch: read, enroll in parallel, retry, record each result as it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from enroll.errors import TargetError
from enroll.items import EnrollmentItem
from enroll.results_file import ResultsFile, finished_request_ids
from enroll.target import EnrollmentTarget, ItemResult, Outcome

# Waits between tries when the target does not answer: about a minute in all, the time a server takes to restart.
RETRY_WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """Counts a run. skipped: done by an earlier run with the same results file."""

    outcomes: Counter[Outcome]
    reasons: Counter[str]
    duplicate_count: int
    skipped: int

    @property
    def all_enrolled(self) -> bool:
        """Every image of the backlog is enrolled, now or by an earlier run."""
        return not self.outcomes[Outcome.REFUSED] and not self.outcomes[Outcome.FAILED]


@dataclass(slots=True)
class _Tally:
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    duplicate_count: int = 0
    skipped: int = 0


def run_batch(
    items: Iterable[EnrollmentItem],
    target: EnrollmentTarget,
    *,
    results_path: Path,
    jobs: int = 2,
    on_result: Callable[[ItemResult | None], None] = lambda _: None,
    retry_waits_seconds: tuple[float, ...] = RETRY_WAITS_SECONDS,
) -> BatchSummary:
    """Enroll every item that the results file does not show as done.

    on_result gets each result, None for an item that was skipped. Raises TargetError when the target stays
    unreachable; what was recorded until then is kept, and the same call goes on from there.
    """
    done = finished_request_ids(results_path)
    results_file = ResultsFile(results_path)
    tally = _Tally()

    def enroll_one(item: EnrollmentItem) -> tuple[str, ItemResult | None]:
        image_bytes = item.image_path.read_bytes()
        request_id = item.request_id(image_bytes)
        if request_id in done:
            return request_id, None
        return request_id, _enroll_with_retry(target, item, image_bytes, retry_waits_seconds)

    try:
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="enroll") as pool:
            try:
                for request_id, result in _in_flight(pool, enroll_one, items, limit=jobs * 2):
                    _count(tally, result)
                    if result is not None:
                        results_file.append(result, request_id)
                    on_result(result)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    finally:
        results_file.close()
    return BatchSummary(tally.outcomes, tally.reasons, tally.duplicate_count, tally.skipped)


def _enroll_with_retry(
    target: EnrollmentTarget, item: EnrollmentItem, image_bytes: bytes, waits_seconds: tuple[float, ...]
) -> ItemResult:
    for wait_seconds in waits_seconds:
        try:
            return target.enroll(item, image_bytes)
        except TargetError:
            time.sleep(wait_seconds)
    return target.enroll(item, image_bytes)


def _in_flight(
    pool: ThreadPoolExecutor,
    work: Callable[[EnrollmentItem], tuple[str, ItemResult | None]],
    items: Iterable[EnrollmentItem],
    *,
    limit: int,
) -> Iterator[tuple[str, ItemResult | None]]:
    """Results as they end, with at most `limit` images read ahead: a backlog does not fit into memory."""
    waiting = iter(items)
    running: set[Future[tuple[str, ItemResult | None]]] = {pool.submit(work, item) for item in islice(waiting, limit)}
    while running:
        ended, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(work, item) for item in islice(waiting, len(ended))}
        for future in ended:
            yield future.result()


def _count(tally: _Tally, result: ItemResult | None) -> None:
    if result is None:
        tally.skipped += 1
        return
    tally.outcomes[result.outcome] += 1
    tally.duplicate_count += bool(result.duplicates)
    if result.outcome in (Outcome.REFUSED, Outcome.FAILED):
        tally.reasons[f"{result.reason}: {result.detail}" if result.detail else result.reason] += 1
