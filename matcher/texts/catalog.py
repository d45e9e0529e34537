"""The one catalog: what people read, in Vietnamese and English, put together from the tables of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from numbers import Number
from types import MappingProxyType
from typing import Final

from matcher.texts import (
    commands,
    errors,
    face_quality,
    fingerprint_quality,
    keys,
    notices,
    packs,
    pictures,
    server,
    store,
)
from matcher.texts.languages import LANGUAGES
from matcher.texts.unseen import visible

Table = Mapping[str, tuple[str, str]]

_TABLES: Final[tuple[Table, ...]] = (
    errors.TEXTS,
    pictures.TEXTS,
    commands.TEXTS,
    packs.TEXTS,
    store.TEXTS,
    keys.TEXTS,
    face_quality.TEXTS,
    fingerprint_quality.TEXTS,
    notices.TEXTS,
    server.TEXTS,
)


def text(code: str, language: str, **values: object) -> str:
    """The text of a code. language: "vi" or "en". values fill the named places, with nothing in them that steers a
    terminal. Raises KeyError for an unknown code, which only a mistake in the program can name."""
    shown = {name: value if isinstance(value, Number) else visible(str(value)) for name, value in values.items()}
    return catalog()[code][LANGUAGES.index(language)].format(**shown)


def has_text(code: str) -> bool:
    return code in catalog()


def quality_text(code: str, language: str) -> str:
    """What a capture officer can do about a quality reason. A code without a text is shown as it is: an answer must
    not fail for want of a sentence."""
    return text(code, language) if has_text(code) else code.replace("_", " ")


@lru_cache(maxsize=1)
def catalog() -> Table:
    """code -> (Vietnamese, English), read-only."""
    merged: dict[str, tuple[str, str]] = {}
    for table in _TABLES:
        for code, texts in table.items():
            assert merged.setdefault(code, texts) == texts, f"two tables give {code} different texts"
    return MappingProxyType(merged)
