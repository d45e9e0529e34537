"""A picture refused by name."""

from __future__ import annotations

from typing import Final

from matcher.errors import ImageKindError
from matcher.texts.catalog import told

# What a damaged file says of itself may have a hundred thousand numbers, and an answer's trailer 16 KiB in all.
_MOST_CHARACTERS: Final = 100


def not_understood(kind: str, **values: object) -> ImageKindError:
    """The error to raise. kind: its text is "picture.KIND" in matcher.texts.pictures; values fill the text."""
    return ImageKindError(told(f"picture.{kind}", **{name: _short(value) for name, value in values.items()}))


def _short(value: object) -> object:
    return value if not isinstance(value, str) or len(value) <= _MOST_CHARACTERS else f"{value[:_MOST_CHARACTERS]}…"
