"""What a run prints: how the backlog was read, a line for each image, and the counts with the reasons at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from enroll.batch import BatchSummary
from enroll.items import Backlog, Finding
from enroll.messages import backlog_text
from enroll.printable import printable
from enroll.target import ItemResult, Outcome

_SHOWN_COUNT: Final = 20
_SHOWN_EXAMPLES: Final = 5
# Where there is no terminal to draw a bar on.
_SECONDS_BETWEEN_LINES: Final = 5.0


def say(console: Console, line: str, *, style: str | None = None) -> None:
    """One line as it is: nothing in it is markup or an emoji's name, moves the cursor or is broken."""
    console.print(printable(line), style=style, markup=False, emoji=False, soft_wrap=True)


def result_line(result: ItemResult, language: str) -> str:
    """One line for one image, without any name of a subject."""
    item = result.item
    words = [f"{item.row_number}  {item.shown_image}", backlog_text(result.outcome.value, language)]
    if result.outcome in (Outcome.ENROLLED, Outcome.ALREADY):
        words.append(f"→ {result.subject_id} #{result.reference_id} Q{result.quality}")
    else:
        words.append(result.detail or result.reason)
    if result.duplicates:
        words.append(f"[{backlog_text('duplicate', language)}]")
    if result.notices:
        words.append(f"[{backlog_text('noticed', language)}]")
    if result.warning:
        words.append(f"[{backlog_text('differs', language)}]")
    return printable("  ".join(words))


def print_reading(backlog: Backlog, language: str, console: Console) -> None:
    """How a folder was read, with examples, and what was passed over: before anything is sent."""
    if backlog.pattern and backlog.items:
        say(console, backlog_text("layout", language, pattern=backlog.pattern))
        for item in backlog.items[:_SHOWN_EXAMPLES]:
            values = {
                "path": item.shown_image,
                "external_id": item.external_id,
                "modality": item.modality.value,
                "finger": f" {item.finger.name.lower()}" if item.finger else "",
            }
            say(console, backlog_text("layout_example", language, **values))
        say(console, backlog_text("layout_count", language, rows=len(backlog.items), subjects=backlog.subject_count))
    for note in backlog.notes:
        say(console, note)


def print_findings(
    findings: Sequence[Finding], language: str, console: Console, *, code: str, shown_count: int | None = _SHOWN_COUNT
) -> None:
    """Rows that cannot be used ("bad_rows") or should be looked at ("warnings"). shown_count None: every one."""
    if not findings:
        return
    say(console, backlog_text(code, language, count=len(findings)), style="red" if code == "bad_rows" else "yellow")
    for finding in findings[:shown_count]:
        named = f" ({finding.image})" if finding.image and finding.image != finding.place else ""
        say(console, f"  {finding.place}{named}: {finding.message}")
    if shown_count is not None and len(findings) > shown_count:
        say(console, f"  {backlog_text('more', language, count=len(findings) - shown_count)}")


def print_summary(summary: BatchSummary, results_path: Path, language: str, console: Console) -> None:
    """Counts, reasons and where the results are."""
    if summary.skipped:
        say(console, backlog_text("resume", language, count=summary.skipped))
    counts = {outcome.value: summary.outcomes[outcome] for outcome in Outcome}
    say(console, backlog_text("summary", language, total=summary.outcomes.total(), **counts))
    if summary.reasons:
        say(console, backlog_text("reasons", language))
        for reason, count in summary.reasons.most_common(_SHOWN_COUNT):
            say(console, f"  {count} × {reason}")
        if len(summary.reasons) > _SHOWN_COUNT:
            say(console, f"  {backlog_text('more', language, count=len(summary.reasons) - _SHOWN_COUNT)}")
    if summary.duplicate_count:
        say(console, backlog_text("duplicates", language, count=summary.duplicate_count))
    if summary.notices:
        say(console, backlog_text("notices", language, count=summary.notices.total()))
        for notice, count in summary.notices.most_common(_SHOWN_COUNT):
            say(console, f"  {count} × {notice}")
    if summary.conflict_count:
        say(console, backlog_text("conflicts", language, count=summary.conflict_count))
    say(console, backlog_text("results", language, path=results_path))


@contextmanager
def progress_of(code: str, language: str, console: Console) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line every few seconds elsewhere; the block calls what it gets once for each row, with the
    number of all rows."""
    if not console.is_terminal:
        yield _Lines(code, language, console).advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=code == "reading") as progress:
        task = progress.add_task(backlog_text(code, language), total=None)
        yield lambda total: progress.update(task, total=total, advance=1)


class _Lines:
    def __init__(self, code: str, language: str, console: Console) -> None:
        self._code, self._language, self._console = code, language, console
        self._done = 0
        self._last_time = time.monotonic()

    def advance(self, total: int) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last_time >= _SECONDS_BETWEEN_LINES:
            self._last_time = now
            what = backlog_text(self._code, self._language)
            say(self._console, backlog_text("progress", self._language, what=what, done=self._done, total=total))
