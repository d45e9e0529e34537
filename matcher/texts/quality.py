"""Texts of quality reasons: the tables of the rooms that find the reasons, together."""

from __future__ import annotations

from typing import Final

from matcher.samples import IMPORTED_REASON
from matcher.texts.face_quality import TEXTS as FACE_TEXTS
from matcher.texts.fingerprint_quality import QUALITY_MESSAGES as FINGERPRINT_TEXTS

_OWN: Final[dict[str, tuple[str, str]]] = {
    IMPORTED_REASON: (
        "Mẫu được nhập từ hệ thống khác; không có ảnh để đánh giá.",
        "The template was imported; there is no image to judge.",
    ),
}
QUALITY_TEXTS: Final[dict[str, tuple[str, str]]] = {**FACE_TEXTS, **FINGERPRINT_TEXTS, **_OWN}


def reason_text(code: str, language: str) -> str:
    """What a capture officer can do about a quality reason, in "vi" or "en". A code without a text is shown as it
    is: an answer must not fail for want of a sentence."""
    texts = QUALITY_TEXTS.get(code)
    return texts[0 if language == "vi" else 1] if texts else code.replace("_", " ")
