"""Texts that people read, in Vietnamese and English: one table a room, merged here."""

from __future__ import annotations

from collections.abc import Mapping

from matcher.texts import commands, errors, notice_texts
from matcher.texts.languages import LANGUAGES

Table = Mapping[str, tuple[str, str]]


def text(code: str, language: str, **values: object) -> str:
    """The text of a code. language: "vi" or "en". values fill the named places. Raises KeyError for an unknown code,
    which only a mistake in the program can name."""
    return tables()[code][LANGUAGES.index(language)].format(**values)


def has_text(code: str) -> bool:
    return code in tables()


def tables() -> dict[str, tuple[str, str]]:
    """code -> (Vietnamese, English), of the server and its commands. Quality reasons: matcher.texts.quality."""
    merged: dict[str, tuple[str, str]] = {}
    for table in (errors.TEXTS, commands.TEXTS, notice_texts.TEXTS):
        for code, texts in table.items():
            assert merged.setdefault(code, texts) == texts, f"two rooms give {code} different texts"
    return merged
