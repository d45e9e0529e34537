"""The loop of a batch: read, enroll in parallel, retry, record each result as it ends.

One bad row never ends a run. What ends it is a target that does not answer at all, or that answers several images in a
row with nothing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from enroll.errors import ManifestError, ResultsError, TargetError
from enroll.image_files import read_image
from enroll.items import EnrollmentItem, Finding
from enroll.messages import backlog_text
from enroll.record_check import RecordCheck
from enroll.results_file import Line, ResultsFile, finished_lines, line_of, line_of_problem
from enroll.target import EnrollmentTarget, ItemResult, Outcome

# Waits between tries when the target does not answer: about a minute in all, the time a server takes to restart.
RETRY_WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
# So many images one after the other without an answer are not the fault of the images.
MOST_UNANSWERED: Final = 3
_SECONDS_BETWEEN_LOOKS: Final = 0.2
_EXPLAINED: Final = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.UNUSABLE})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """Counts of a run, each row of the backlog once. skipped: of the enrolled, those that an earlier run had done.
    notices: how many rows have each notice. conflict_count: rows that differ from the record of their external id."""

    outcomes: Counter[Outcome]
    reasons: Counter[str]
    duplicate_count: int
    notices: Counter[str]
    conflict_count: int
    skipped: int

    @property
    def all_enrolled(self) -> bool:
        """Every row of the backlog is enrolled, now or by an earlier run."""
        return self.outcomes.total() == self.outcomes[Outcome.ENROLLED] + self.outcomes[Outcome.ALREADY]


class BatchStoppedError(Exception):
    """The run ended early: summary of what was done until then; __cause__ says why."""

    def __init__(self, summary: BatchSummary) -> None:
        super().__init__("the run ended early")
        self.summary = summary


@dataclass(frozen=True, slots=True)
class _Ended:
    """One image: its result, or the line of an earlier run."""

    item: EnrollmentItem
    line: Line
    result: ItemResult | None


class _Record:
    """The lines of the run, one for each row. Taking a result twice is taking it once, so that a run can be stopped
    between any two steps."""

    def __init__(self, results_file: ResultsFile, problem_lines: dict[int, Line]) -> None:
        self._results_file = results_file
        self._lines = dict(problem_lines)
        self._skipped: set[int] = set()

    def take(self, ended: _Ended) -> None:
        """The line of an image, on file when this returns."""
        if ended.item.row_number in self._lines:
            return
        self._lines[ended.item.row_number] = ended.line
        if ended.result is None:
            self._skipped.add(ended.item.row_number)
        else:
            self._results_file.append(ended.line)

    def finish(self, items: Sequence[EnrollmentItem]) -> BatchSummary:
        """Rows whose turn did not come get their line too, and the file its final form. Raises ResultsError."""
        self._results_file.finish(self._all_lines(items))
        return self.summary(items)

    def summary(self, items: Sequence[EnrollmentItem]) -> BatchSummary:
        lines = self._all_lines(items)
        told = (line for line in lines if Outcome(line["outcome"]) in _EXPLAINED)
        return BatchSummary(
            Counter(Outcome(line["outcome"]) for line in lines),
            Counter(": ".join(part for part in (line["reason"], line["detail"]) if part) for line in told),
            duplicate_count=sum(bool(line["duplicates"]) for line in lines),
            conflict_count=sum(bool(line["warning"]) for line in lines),
            notices=Counter(line["notices"] for line in lines if line["notices"]),
            skipped=len(self._skipped),
        )

    def _all_lines(self, items: Sequence[EnrollmentItem]) -> list[Line]:
        """In the order of the backlog."""
        waiting = {item.row_number: line_of(ItemResult(item, Outcome.NOT_SENT)) for item in items}
        lines = waiting | self._lines
        return [lines[number] for number in sorted(lines)]


def run_batch(
    items: Sequence[EnrollmentItem],
    target: EnrollmentTarget,
    *,
    results_path: Path,
    problems: Sequence[Finding] = (),
    jobs: int = 2,
    language: str = "vi",
    hold_conflicts: bool = False,
    on_result: Callable[[ItemResult | None], None] = lambda _: None,
    stop: threading.Event | None = None,
    retry_waits_seconds: tuple[float, ...] = RETRY_WAITS_SECONDS,
) -> BatchSummary:
    """Enroll every item that the results file does not show as done; items and problems each get one line there.

    hold_conflicts: rows that differ from the record of their external id are not sent. on_result gets each result,
    None for an item that was skipped. stop: set it to end the run as an interrupt does.

    Raises ResultsError before anything is sent; BatchStoppedError when the target stays unreachable, the run is
    interrupted or the file can no longer be written. The file then has a line for every row, as far as it can be
    written, and the same call goes on from there.
    """
    done = finished_lines(results_path, language=language)
    problem_lines = {finding.row_number: line_of_problem(finding) for finding in problems}
    results_file = ResultsFile(results_path, [*done.values(), *problem_lines.values()], language=language)
    record = _Record(results_file, problem_lines)
    worker = _Worker(target, done, language, retry_waits_seconds, RecordCheck(target, language, hold=hold_conflicts))
    stopped: BaseException | None = None
    try:
        _enroll_all(worker, items, record, jobs=jobs, on_result=on_result, stop=stop or threading.Event())
    except (TargetError, ResultsError, KeyboardInterrupt) as error:
        stopped = error
    except BaseException:
        record.finish(items)
        raise
    try:
        summary = record.finish(items)
    except ResultsError as error:  # the disk is full, say: what was enrolled stays enrolled
        raise BatchStoppedError(record.summary(items)) from (stopped or error)
    if stopped is not None:
        raise BatchStoppedError(summary) from stopped
    return summary


def _enroll_all(
    worker: _Worker,
    items: Sequence[EnrollmentItem],
    record: _Record,
    *,
    jobs: int,
    on_result: Callable[[ItemResult | None], None],
    stop: threading.Event,
) -> None:
    """Results as they end, with few images read ahead: a backlog does not fit into memory. What is under way when the
    run has to stop is waited for and taken, since the target may have enrolled it."""
    ended: set[Future[_Ended]] = set()
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="enroll") as pool:
        waiting = iter(items)
        running = {pool.submit(worker.enroll, item) for item in islice(waiting, jobs * 2)}
        try:
            while running:
                ended, running = wait(running, timeout=_SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
                if stop.is_set():
                    raise KeyboardInterrupt
                running |= {pool.submit(worker.enroll, item) for item in islice(waiting, len(ended))}
                for future in ended:
                    record.take(future.result())
                    on_result(future.result().result)
        except BaseException:
            worker.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            for future in _finished(running | ended):
                record.take(future.result())
            raise


def _finished(futures: set[Future[_Ended]]) -> Iterator[Future[_Ended]]:
    return (future for future in futures if not future.cancelled() and future.exception() is None)


class _Worker:
    """Enrolls one item at a time; called from several threads."""

    def __init__(
        self,
        target: EnrollmentTarget,
        done: dict[str, Line],
        language: str,
        waits_seconds: tuple[float, ...],
        record_check: RecordCheck,
    ) -> None:
        self._target = target
        self._done = done
        self._language = language
        self._waits_seconds = waits_seconds
        self._record_check = record_check
        self._stopping = threading.Event()
        self._unanswered_count = 0
        self._lock = threading.Lock()

    def stop(self) -> None:
        """No further try, and no waiting for one."""
        self._stopping.set()

    def enroll(self, item: EnrollmentItem) -> _Ended:
        """The result of one image. Raises TargetError where the target answers nobody."""
        try:
            image_bytes = read_image(item.image_path, self._language)
        except ManifestError as error:
            result = ItemResult(item, Outcome.UNUSABLE, reason=error.code, detail=str(error))
            return _Ended(item, line_of(result), result)
        request_id = item.request_id(image_bytes)
        for known_id in (request_id, item.former_request_id(image_bytes)):
            if known_id in self._done:
                here = {"row": str(item.row_number), "image": item.shown_image}
                return _Ended(item, self._done[known_id] | here, None)
        result = self._enroll_read(item, image_bytes)
        return _Ended(item, line_of(result, request_id), result)

    def _enroll_read(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        try:
            warning = self._with_retries(lambda: self._record_check.differences(item))
            if warning and self._record_check.holds(warning):
                result = ItemResult(item, Outcome.UNUSABLE, reason="held", detail=backlog_text("held", self._language))
            else:
                result = self._with_retries(lambda: self._target.enroll(item, image_bytes))
        except TargetError as error:
            return self._unanswered(item, error)
        except Exception as error:  # one row's surprise is that row's failure, and stands in its line
            return ItemResult(item, Outcome.FAILED, reason="unexpected", detail=f"{type(error).__name__}: {error}")
        with self._lock:
            self._unanswered_count = 0
        return replace(result, warning=" ".join(filter(None, (warning, result.warning))))

    def _with_retries(self, call: Callable[[], T]) -> T:
        for try_number, wait_seconds in enumerate(self._waits_seconds, start=1):
            try:
                return call()
            except TargetError as error:
                is_last = error.try_count is not None and try_number >= error.try_count
                if is_last or not error.is_retriable or self._stopping.wait(wait_seconds):
                    raise
        return call()

    def _unanswered(self, item: EnrollmentItem, error: TargetError) -> ItemResult:
        """The image is passed over where the target as a whole still answers, unless it has passed over others."""
        if self._stopping.is_set() or not error.is_retriable or not self._target.is_serving():
            raise error
        with self._lock:
            self._unanswered_count += 1
            if self._unanswered_count >= MOST_UNANSWERED:
                raise error
        detail = backlog_text("not_answered", self._language, detail=error)
        return ItemResult(item, Outcome.FAILED, reason="not_answered", detail=detail)
