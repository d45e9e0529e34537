"""What the documentation must not forget."""

from __future__ import annotations

import re
import typing
from dataclasses import fields
from pathlib import Path

import pytest

from matcher.commands.main import build_parser
from matcher.config import Settings
from matcher.texts.languages import LANGUAGES
from tests.architecture.commands_page import PAGES, page

DOCS = Path(__file__).resolve().parents[2] / "docs"
KEYS = [
    f"{section}.{entry.name}"
    for section, kind in typing.get_type_hints(Settings).items()
    for entry in fields(kind)
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_documented(key: str) -> None:
    assert f"`{key}`" in (DOCS / "service.md").read_text(encoding="utf-8")


def test_every_command_is_documented() -> None:
    pages = [path for path in [*DOCS.glob("*.md"), DOCS.parent / "README.md"] if path not in PAGES.values()]
    written = "".join(path.read_text(encoding="utf-8") for path in pages)
    undocumented = {command for command in build_parser("en").commands if f"station-matcher {command}" not in written}
    assert not undocumented


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reference_of_the_commands_is_that_of_the_parsers(language: str) -> None:
    assert PAGES[language].read_text(encoding="utf-8") == page(language), "run tests.architecture.commands_page"


_PATH = re.compile(r"`((?:matcher|index|enroll|protos|benchmarks|training|tests|docs)/[\w./-]*)`")


def _written() -> list[Path]:
    return [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]


@pytest.mark.parametrize("page", _written(), ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = set(_PATH.findall(page.read_text(encoding="utf-8")))
    # NAME stands for the name of a pack; the old names of a decision record are history.
    missing = {path for path in named if "NAME" not in path and not (DOCS.parent / path).exists()}
    assert not missing
