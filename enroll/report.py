"""What a run prints: a line an image, and the counts with the reasons at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from enroll.batch import BatchSummary
from enroll.errors import ManifestError
from enroll.messages import text
from enroll.target import ItemResult, Outcome

_SHOWN_PROBLEM_COUNT: Final = 20


def result_line(result: ItemResult, language: str) -> str:
    """One line for one image, without any name of a subject."""
    item = result.item
    words = [item.image_path.name, text(result.outcome.value, language)]
    if result.outcome in (Outcome.ENROLLED, Outcome.ALREADY):
        words.append(f"→ {result.subject_id} #{result.reference_id} Q{result.quality}")
    else:
        words.append(result.detail or result.reason)
    if result.duplicates:
        words.append(f"[{text('duplicate', language)}]")
    return "  ".join(words)


def print_problems(problems: Sequence[ManifestError], language: str, console: Console) -> None:
    """Rows of a manifest that cannot be used."""
    if not problems:
        return
    console.print(text("bad_rows", language, count=len(problems)), style="red", markup=False)
    for problem in problems[:_SHOWN_PROBLEM_COUNT]:
        console.print(f"  {text('row', language, number=problem.row_number)}: {problem}", markup=False)
    if len(problems) > _SHOWN_PROBLEM_COUNT:
        console.print("  …")


def print_summary(summary: BatchSummary, results_path: Path, language: str, console: Console) -> None:
    """Counts, reasons and where the results are."""
    if summary.skipped:
        console.print(text("resume", language, count=summary.skipped), markup=False)
    counts = {outcome.value: summary.outcomes[outcome] for outcome in Outcome}
    console.print(text("summary", language, **counts), markup=False)
    if summary.reasons:
        console.print(text("reasons", language), markup=False)
        for reason, count in summary.reasons.most_common():
            console.print(f"  {count} × {reason}", markup=False)
    if summary.duplicate_count:
        console.print(text("duplicates", language, count=summary.duplicate_count), markup=False)
    console.print(text("results", language, path=results_path), markup=False)
