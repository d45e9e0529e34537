"""Tables on the terminal, of texts that came from outside."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from matcher.texts.catalog import text
from matcher.texts.unseen import visible


def cell(value: object) -> Text:
    """A value as it is: nothing in it is markup, and nothing steers the terminal."""
    return Text(visible(str(value)))


def make_table(column_codes: Sequence[str], language: str) -> Table:
    """A table without rows. column_codes: of the catalog."""
    return Table(*(text(code, language) for code in column_codes))


def add_row(table: Table, *values: object) -> None:
    """Adds a row, each value through `cell`."""
    table.add_row(*(cell(value) for value in values))


def print_table(table: Table) -> None:
    Console().print(table)
