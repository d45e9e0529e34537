"""The words of a person's name, as a search by name compares them."""

from __future__ import annotations

import unicodedata

# The one letter of Vietnamese that is no base letter with a mark.
_LETTERS = str.maketrans({"đ": "d"})


def words_of(name: str) -> tuple[str, ...]:
    """The different words of a name, each once, ascending: lower case, without diacritics, đ as d, composed or not.

    "Nguyễn Thị Hồng Đào" -> ("dao", "hong", "nguyen", "thi"). What is neither letter nor digit separates. Marks of
    other scripts are left out in the same way, of the name that is stored as of the one that is looked for.
    """
    # Twice, since lower case may bring marks of its own, as that of the Turkish capital I with a dot does.
    plain = _without_marks(_without_marks(name).casefold()).translate(_LETTERS)
    spaced = "".join(character if character.isalnum() else " " for character in plain)
    return tuple(sorted(set(spaced.split())))


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.category(character).startswith("M"))
