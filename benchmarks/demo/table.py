"""The ranked candidates of every search as tables, with what a score means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.demo.searches import Line, SearchOutcome

# Beyond a stranger in a thousand million, numbers say nothing that anybody measured.
_LARGEST_SAID: Final = 90


def score_meaning(score: float, *, extrapolated: bool) -> str:
    """How often a comparison of two strangers reaches the score, in words."""
    if score > _LARGEST_SAID:
        return f"fewer than 1 of {10 ** (_LARGEST_SAID // 10):,} strangers reach it, by extrapolation"
    one_in = 10 ** (max(0.0, score) / 10)
    rounded = f"{one_in:,.0f}" if one_in < 100 else f"{float(f'{one_in:.2g}'):,.0f}"
    return f"{'about ' if extrapolated else ''}1 of {rounded} strangers reach it"


def print_outcomes(outcomes: Sequence[SearchOutcome], out_folder: Path, console: Console) -> None:
    """One table with a section a search, what became of mates and strangers, and where the pictures are."""
    table = Table(title="Ranked candidates: leads for an examiner, never an identification", title_justify="left")
    for heading in ("search", "rank", "subject", "score", "what the score means", ""):
        table.add_column(heading, justify="right" if heading in ("rank", "score") else "left")
    for outcome in outcomes:
        for number, line in enumerate(outcome.lines):
            label = f"{outcome.search.person.external_id}, {outcome.search.label}" if number == 0 else ""
            table.add_row(label, *_cells(line), end_section=number == len(outcome.lines) - 1)
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
    console.print(EXTRAPOLATED_TEXT)
    console.print(strangers_text(outcomes))
    console.print(GENERATED_TEXT)
    console.print(
        f"Pictures, one for each candidate listed, mates and strangers: {out_folder / 'pictures'}", markup=False
    )


EXTRAPOLATED_TEXT: Final = (
    "* beyond what was measured on strangers: extrapolated.\n* vượt quá mức đã đo trên người lạ: ngoại suy."
)
GENERATED_TEXT: Final = (
    "Every fingerprint here is GENERATED, no real person's; numbers in a picture lead from a minutia to its pair.\n"
    "Mọi vân tay ở đây đều do máy tạo, không phải của người thật; mỗi số trong hình chỉ một cặp đặc điểm."
)


def strangers_text(outcomes: Sequence[SearchOutcome]) -> str:
    """How many false candidates are listed, how high they scored and how many passed the threshold; two languages."""
    strangers = [line for outcome in outcomes for line in outcome.strangers]
    if not strangers:
        return "No stranger is listed.\nKhông có người lạ nào trong danh sách."
    above_count = sum(line.above_threshold for line in strangers)
    highest = max(line.score for line in strangers)
    count = "none" if above_count == 0 else str(above_count)
    count_vi = "không ai" if above_count == 0 else str(above_count)
    return (
        f"{len(strangers)} strangers are listed as false candidates, the highest with score {highest:.1f}; "
        f"{count} above the threshold.\n"
        f"{len(strangers)} người lạ có trong danh sách (ứng viên sai), điểm cao nhất {highest:.1f}; "
        f"{count_vi} vượt ngưỡng."
    )


def _cells(line: Line) -> tuple[str, str, str, str, str]:
    score = f"{line.score:.1f}{'*' if line.score_extrapolated else ''}"
    mark = "mate" if line.is_mated else "stranger"
    if line.above_threshold:
        mark = f"{mark}, above threshold"
    return (
        str(line.rank),
        line.external_id,
        score,
        score_meaning(line.score, extrapolated=line.score_extrapolated),
        mark,
    )
