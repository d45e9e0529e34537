"""What a text may be: how long, of which characters, and whether it says anything.

Characters are counted in normalization form C, so that a Vietnamese name has the same length composed and decomposed;
nothing is rewritten. Refused are characters that nobody sees or that change how others are shown (Unicode categories
Cc, Cf, Cs, Co, Cn, Zl, Zp and the invisible ones that are called letters or marks): two ids that look the same must be
the same, and a text must not rewrite the line in which it is shown.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Final

from matcher.errors import RequestError
from matcher.texts.catalog import told
from matcher.texts.unseen import is_unseen, visible

_SHOWN_CHARACTERS: Final = 80
# The longest letter of Vietnamese, decomposed: a base and two marks of two bytes each.
_BYTES_PER_CHARACTER: Final = 5
_NEEDED_LETTERS: Final = 2


@dataclass(frozen=True, slots=True)
class TextLimit:
    """The most that a text may hold. characters: in normalization form C. bytes: in UTF-8, as sent."""

    characters: int

    @property
    def bytes(self) -> int:
        return self.characters * _BYTES_PER_CHARACTER


GALLERY_ID: Final = TextLimit(64)
REQUEST_ID: Final = TextLimit(128)
ID: Final = TextLimit(200)
NAME: Final = TextLimit(200)
PURPOSE: Final = TextLimit(500)
# Of a field of a record; most fields allow less.
RECORD_TEXT: Final = TextLimit(2000)


def check_text(value: str, limit: TextLimit, *, field: str) -> None:
    """Raises RequestError naming the field. Costs no more than the limit allows, however long the text is."""
    # The first comparison spares the encoding of a huge text: no character takes less than one byte.
    if len(value) > limit.bytes or len(value.encode("utf-8", "replace")) > limit.bytes:
        raise _too_long(limit, field)
    if value.isascii() and value.isprintable():
        if len(value) > limit.characters:
            raise _too_long(limit, field)
        return
    if len(unicodedata.normalize("NFC", value)) > limit.characters:
        raise _too_long(limit, field)
    for character in value:
        if is_unseen(character):
            raise RequestError(told("field.unseen", character=f"U+{ord(character):04X}"), field=field)


def is_meaningful(value: str) -> bool:
    """Whether a text has at least two letters or digits, of any script: "." and "-" are no purpose."""
    return sum(character.isalnum() and not is_unseen(character) for character in value) >= _NEEDED_LETTERS


def recorded(value: str, limit: TextLimit = PURPOSE) -> str:
    """A text as a record of a refusal holds it: itself where it is within the limit, else its beginning and a digest
    of the whole, with what nobody sees written as its code point."""
    try:
        check_text(value, limit, field="")
    except RequestError:
        encoded = value.encode("utf-8", "backslashreplace")
        digest = hashlib.sha256(encoded).hexdigest()
        return f"{visible(value[:_SHOWN_CHARACTERS])}… ({len(encoded)} bytes, SHA-256 {digest})"
    return value


def _too_long(limit: TextLimit, field: str) -> RequestError:
    return RequestError(told("field.too_long", characters=limit.characters, bytes=limit.bytes), field=field)
