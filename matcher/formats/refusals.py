"""A picture refused by name."""

from __future__ import annotations

from matcher.errors import ImageKindError
from matcher.texts.catalog import told


def not_understood(kind: str, **values: object) -> ImageKindError:
    """The error to raise. kind: its text is "picture.KIND" in matcher.texts.pictures; values fill the text."""
    return ImageKindError(told(f"picture.{kind}", **values))
