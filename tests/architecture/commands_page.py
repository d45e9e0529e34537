"""The reference of both programs, made of their parsers: `python -m tests.architecture.commands_page` writes it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from enroll.cli import build_parser as enroll_parser
from matcher.commands.main import build_parser as matcher_parser
from matcher.commands.parser import CommandParser
from matcher.texts.languages import LANGUAGES

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
# By language: name of the page, and the texts around what the parsers say.
PAGES: Final = {"en": DOCS / "commands.md", "vi": DOCS / "commands.vi.md"}
_WORDS: Final = {
    "en": (
        "Commands",
        "argument",
        "meaning",
        "required",
        "Every command also takes `--help`, `--lang` and `--config`.",
    ),
    "vi": ("Các lệnh", "tham số", "ý nghĩa", "bắt buộc", "Lệnh nào cũng nhận `--help`, `--lang` và `--config`."),
}
# Of every command: told once.
_EVERYWHERE: Final = ("help", "lang", "config")
_MADE: Final = "<!-- Made of the parsers: python -m tests.architecture.commands_page -->"


def page(language: str) -> str:
    """Markdown, one section a command."""
    title, *_, common = _WORDS[language]
    lines = [f"# {title}", _MADE, "", common, ""]
    for parser in (matcher_parser(language), enroll_parser(language)):
        lines += [f"## {parser.prog}", f"{parser.description}", "", f"{parser.epilog}", "", *_table(parser, language)]
        for command in parser.every_command():
            lines += [f"### {command.prog}", _sentence(command.description or ""), "", *_table(command, language)]
    return "\n".join(lines).rstrip() + "\n"


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."


def _table(parser: CommandParser, language: str) -> list[str]:
    _, argument, meaning, required, _ = _WORDS[language]
    rows = [
        _row(one, required)
        for one in parser.arguments
        if one.dest not in _EVERYWHERE or (one.dest == "config" and parser.commands)
    ]
    return [f"| {argument} | {meaning} |", "|---|---|", *rows, ""] if rows else []


def _row(action: argparse.Action, required: str) -> str:
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    value = action.metavar or ("\\|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    shown = f"`{value}`" if action.nargs != 0 else ""
    said = (action.help or "") % {"default": action.default}
    mark = f" ({required})" if action.required and action.option_strings else ""
    return f"| {' '.join(part for part in (names, shown) if part)} | {said}{mark} |"


if __name__ == "__main__":
    for language in LANGUAGES:
        PAGES[language].write_text(page(language), encoding="utf-8")
