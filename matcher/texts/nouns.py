"""Names of fingers, modalities and sexes. Numbers are those of the wire and of ISO/IEC 19794-4."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "finger.0": ("chưa rõ ngón", "finger not known"),
    "finger.1": ("ngón cái phải", "right thumb"),
    "finger.2": ("ngón trỏ phải", "right index"),
    "finger.3": ("ngón giữa phải", "right middle"),
    "finger.4": ("ngón áp út phải", "right ring"),
    "finger.5": ("ngón út phải", "right little"),
    "finger.6": ("ngón cái trái", "left thumb"),
    "finger.7": ("ngón trỏ trái", "left index"),
    "finger.8": ("ngón giữa trái", "left middle"),
    "finger.9": ("ngón áp út trái", "left ring"),
    "finger.10": ("ngón út trái", "left little"),
    "modality.0": ("chưa rõ loại", "modality not known"),
    "modality.1": ("khuôn mặt", "face"),
    "modality.2": ("vân tay", "fingerprint"),
    "sex.0": ("chưa ghi nhận", "not recorded"),
    "sex.1": ("nữ", "female"),
    "sex.2": ("nam", "male"),
}
