"""How the paths of a folder are read: a pattern such as '{external_id}/{finger}.{ext}'."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from enroll.errors import refusal
from enroll.words import FINGER_PATTERN, bare

# Places that are columns of a manifest, and places for what is not looked at.
_COLUMN_PLACES: Final = ("external_id", "display_name", "modality", "finger", "gallery", "sex", "birth_date")
_OTHER_PLACES: Final = ("any", "ext")
_PLACE: Final = re.compile(r"\{(?P<name>[^{}]*)\}|(?P<rest>\*\*/|\*)|(?P<brace>[{}])")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """text: as stated. A place matches within one folder or file name; {finger} only what names a finger; {any} and *
    anything; **/ any number of folders. Of several ways to match, {external_id} takes as much as it can."""

    text: str
    _regex: re.Pattern[str] = field(repr=False)

    @classmethod
    def parse(cls, text: str, language: str) -> PathPattern:
        """Raises ManifestError for a place that is not known, and without {external_id}."""
        stated = unicodedata.normalize("NFC", text.strip().replace("\\", "/"))
        complete = stated if re.search(r"\{ext\}$|\.[^/{}.]+$|\*$", stated) else stated + ".{ext}"
        parts: list[str] = []
        seen: set[str] = set()
        end = 0
        for place in _PLACE.finditer(complete):
            parts.append(re.escape(bare(complete[end : place.start()])))
            parts.append(_place_regex(place, seen, text, language))
            end = place.end()
        parts.append(re.escape(bare(complete[end:])))
        if "external_id" not in seen:
            raise _wrong(text, language)
        return cls(complete, re.compile("".join(parts)))

    def match(self, path: str) -> dict[str, str] | None:
        """Cells by column from a relative path with /, or None where it does not match."""
        composed = unicodedata.normalize("NFC", path)
        plain = bare(composed)  # one character for one, so that places in it are places in the path
        found = self._regex.fullmatch(plain)
        if found is None:
            return None
        return {name: composed[found.start(name) : found.end(name)] for name in found.groupdict()}


def _place_regex(place: re.Match[str], seen: set[str], text: str, language: str) -> str:
    if place["rest"]:
        return "(?:[^/]+/)*" if place["rest"] == "**/" else "[^/]*"
    name = place["name"]
    if place["brace"] or name not in (*_COLUMN_PLACES, *_OTHER_PLACES) or name in seen:
        raise _wrong(place[0], language)
    if name == "any":
        return "[^/]*"
    if name == "ext":
        return "[^/.]+"
    seen.add(name)
    return f"(?P<finger>{FINGER_PATTERN})" if name == "finger" else f"(?P<{name}>[^/]+)"


def _wrong(detail: str, language: str) -> Exception:
    known = ", ".join(f"{{{name}}}" for name in (*_COLUMN_PLACES, *_OTHER_PLACES))
    return refusal("bad_pattern", language, detail=detail, known=known)
