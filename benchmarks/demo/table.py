"""The ranked candidates of every search as tables, with what a score means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.demo.searches import Line, SearchOutcome


def score_meaning(score: float, *, extrapolated: bool) -> str:
    """How often a comparison of two strangers reaches the score, in words."""
    one_in = 10 ** (max(0.0, score) / 10)
    rounded = f"{one_in:,.0f}" if one_in < 100 else f"{float(f'{one_in:.2g}'):,.0f}"
    return f"{'about ' if extrapolated else ''}1 of {rounded} strangers reach it"


def print_outcomes(outcomes: Sequence[SearchOutcome], out_folder: Path, console: Console) -> None:
    """One table with a section a search, the count of mates ranked first, and where the pictures are."""
    table = Table(title="Ranked candidates: leads for an examiner, never an identification", title_justify="left")
    for heading in ("search", "rank", "subject", "score", "what the score means", ""):
        table.add_column(heading, justify="right" if heading in ("rank", "score") else "left")
    for outcome in outcomes:
        for number, line in enumerate(outcome.lines[:3]):
            label = f"{outcome.search.person.external_id}, {outcome.search.label}" if number == 0 else ""
            table.add_row(label, *_cells(line), end_section=number == len(outcome.lines[:3]) - 1)
        if not outcome.lines:
            table.add_row(
                f"{outcome.search.person.external_id}, {outcome.search.label}", "", "no candidate", end_section=True
            )
    console.print(table)
    first_count = sum(outcome.mate_is_first for outcome in outcomes)
    durations = sorted(outcome.duration_ms for outcome in outcomes)
    console.print(
        f"{first_count} of {len(outcomes)} mates were ranked first "
        f"(gallery of {outcomes[0].gallery_size if outcomes else 0}, "
        f"median {durations[len(durations) // 2] if durations else 0:.0f} ms a search)."
    )
    console.print(f"Pictures, one a search: {out_folder / 'pictures'}", markup=False)


def _cells(line: Line) -> tuple[str, str, str, str, str]:
    score = f"{line.score:.1f}{'*' if line.score_extrapolated else ''}"
    mark = "mate" if line.is_mated else ""
    if line.above_threshold:
        mark = f"{mark} above threshold".strip()
    return (
        str(line.rank),
        line.external_id,
        score,
        score_meaning(line.score, extrapolated=line.score_extrapolated),
        mark,
    )
