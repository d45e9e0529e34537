"""Texts that people read, in Vietnamese and English: one table a room, merged here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matcher.errors import ConfigError
from matcher.texts import cli_texts, error_texts, notice_texts

Table = Mapping[str, tuple[str, str]]

LANGUAGES: Final = ("vi", "en")
DEFAULT_LANGUAGE: Final = "vi"


def text(code: str, language: str, **values: object) -> str:
    """The text of a code. language: "vi" or "en". values fill the named places. Raises KeyError for an unknown code,
    which only a mistake in the program can name."""
    return tables()[code][LANGUAGES.index(language)].format(**values)


def has_text(code: str) -> bool:
    return code in tables()


def tables() -> dict[str, tuple[str, str]]:
    """code -> (Vietnamese, English), of the server and its commands. Quality reasons: matcher.texts.quality_texts."""
    merged: dict[str, tuple[str, str]] = {}
    for table in (error_texts.TEXTS, cli_texts.TEXTS, notice_texts.TEXTS):
        for code, texts in table.items():
            assert merged.setdefault(code, texts) == texts, f"two rooms give {code} different texts"
    return merged


def preferred_language(accept_language: str, *, default: str = DEFAULT_LANGUAGE) -> str:
    """The language of an accept-language header (RFC 9110) or a LANG variable that we have; `default` otherwise."""
    if default not in LANGUAGES:
        raise ConfigError("the default language must be vi or en")
    best, best_weight = default, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().replace("_", "-").partition("-")[0].partition(".")[0]
        weight = _weight(parameter)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
