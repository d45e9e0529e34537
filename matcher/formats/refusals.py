"""A picture refused by name: the English message of the kind, and the kind for other languages."""

from __future__ import annotations

from matcher.errors import ImageKindError
from matcher.texts.pictures import TEXTS


def not_understood(kind: str, **values: object) -> ImageKindError:
    """The error to raise. kind: its text is "picture.KIND" in matcher.texts.pictures; values fill the text."""
    code = f"picture.{kind}"
    return ImageKindError(TEXTS[code][1].format(**values), code=code, values=values)
