"""Text from outside, made safe for where it is shown: a terminal, and a spreadsheet."""

from __future__ import annotations

from typing import Final

from matcher.texts.unseen import is_unseen

# What Excel, LibreOffice and Google Sheets take for the beginning of a formula, also in full width (OWASP, "CSV
# Injection").
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def printable(value: str) -> str:
    """The same text with every control or invisible character written out, as in \\x1b or \\u200b."""
    return "".join(_escaped(character) if is_unseen(character) else character for character in value)


def spreadsheet_cell(value: str) -> str:
    """The text as a cell that no spreadsheet runs: one that looks like a formula begins with an apostrophe."""
    shown = printable(value)
    # Spaces before it do not keep every spreadsheet from reading a formula.
    return f"'{shown}" if value.lstrip(" ").startswith(_FORMULA_STARTS) else shown


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
