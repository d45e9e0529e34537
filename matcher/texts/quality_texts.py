"""Texts of quality reasons, which stand beside the code that finds the reasons."""

from __future__ import annotations

from typing import Final

from matcher.extract import IMPORTED_REASON

_OWN: Final[dict[str, tuple[str, str]]] = {
    IMPORTED_REASON: (
        "Mẫu được nhập từ hệ thống khác; không có ảnh để đánh giá.",
        "The template was imported; there is no image to judge.",
    ),
}


def reason_text(code: str, language: str) -> str:
    """What a capture officer can do about a quality reason, in "vi" or "en"."""
    texts = _OWN.get(code)
    return texts[0 if language == "vi" else 1] if texts else code.replace("_", " ")
