"""Characters that nobody sees or that steer how others are shown: how they are told apart and made visible.

Whatever came from outside goes through `visible` before a terminal or `LogFormatter` before a log shows it: an escape
sequence would rewrite the screen, a line end would forge a line.
"""

from __future__ import annotations

import logging
import unicodedata
from datetime import datetime
from typing import Final

_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties) outside these categories, and the blank braille pattern.
_UNSEEN_RANGES: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)


def is_unseen(character: str) -> bool:
    """Whether nobody sees the character, or it steers how others are shown."""
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return False
    return unicodedata.category(character) in _UNSEEN_CATEGORIES or any(
        first <= code <= last for first, last in _UNSEEN_RANGES
    )


def visible(value: str) -> str:
    """A text in which what nobody sees stands as its code point, "\\u202e"."""
    return "".join(_code_point(character) if is_unseen(character) else character for character in value)


def _code_point(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


class LogFormatter(logging.Formatter):
    """The one form of log lines: nothing in them steers a terminal, and a line that goes on is set in, so that no
    message can pass for a line of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """ISO 8601 with the offset of the local time, so that lines of two machines can be put in order."""
        return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        return "\n    ".join(visible(line) for line in super().format(record).split("\n"))
