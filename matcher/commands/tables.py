"""Answers on the terminal: tables of texts that came from outside, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from matcher.texts.catalog import text
from matcher.texts.unseen import is_unseen, visible

# Columns whose values are typed or copied into other commands: never cut, folded where the terminal is too narrow.
_WHOLE_COLUMNS: Final = frozenset({"column.subject", "column.external_id", "column.gallery", "column.reference"})
_SUBJECT_ID_LENGTH: Final = 32
# Where no terminal shows it, a row is one line.
_WIDEST: Final = 10_000


def cell(value: object) -> Text:
    """A value as it is: nothing in it is markup, and nothing steers the terminal."""
    return Text(visible(str(value)))


def grouped(count: float, language: str) -> str:
    """A count without its fraction, its digits in groups of three as readers of the language write them."""
    return f"{count:,.0f}".replace(",", text("search.thousands", language))


def make_table(column_codes: Sequence[str], language: str) -> Table:
    """A table without rows. column_codes: of the catalog."""
    table = Table()
    for code in column_codes:
        least = _SUBJECT_ID_LENGTH if code == "column.subject" else None
        overflow: Literal["fold", "ellipsis"] = "fold" if code in _WHOLE_COLUMNS else "ellipsis"
        table.add_column(text(code, language), overflow=overflow, min_width=least)
    return table


def add_row(table: Table, *values: object) -> None:
    """Adds a row, each value through `cell`."""
    table.add_row(*(cell(value) for value in values))


def print_table(table: Table) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDEST)
    console.print(table)


def print_json(value: object) -> None:
    """One document. Characters that steer a terminal stand as their code points, which JSON reads as the same."""
    document = json.dumps(value, ensure_ascii=False, indent=2)
    print("".join(one if one == "\n" or not is_unseen(one) else json.dumps(one)[1:-1] for one in document))
