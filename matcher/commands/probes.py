"""What a search is made with, from the command line: FILE, or KIND=FILE, to a sample."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index.records import FingerPosition, Modality
from matcher.commands.parser import positive, positive_count
from matcher.errors import RequestError
from matcher.formats.iso19794 import FORMAT_ID
from matcher.samples import EncodedSample
from matcher.texts.catalog import system_reason, text, told
from matcher.texts.languages import LANGUAGES

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser

FACE: Final = "face"
# A finger whose position is not known.
FINGER: Final = "finger"


@dataclass(frozen=True, slots=True)
class Probe:
    """A file of the command line and the sample made of it."""

    path: Path
    sample: EncodedSample


def add_sample_options(parser: CommandParser) -> None:
    """FILE... and what has to be known of the files."""
    said = parser.language
    parser.add_argument("files", nargs="+", metavar="FILE", help=text("help.search.files", said))
    parser.add_argument("--kind", metavar="KIND", help=text("help.search.kind", said))
    parser.add_argument("--ppi", type=positive, metavar="PPI", help=text("help.search.ppi", said))
    parser.add_argument(
        "--face-number", type=positive_count, default=0, metavar="NUMBER", help=text("help.search.face_number", said)
    )
    parser.add_argument("--largest-face", action="store_true", help=text("help.search.largest_face", said))
    parser.add_argument("--station", default="", help=text("option.station", said))


def probes_of(files: list[str], options: argparse.Namespace) -> list[Probe]:
    """The samples of FILE or KIND=FILE. Raises RequestError, each cause by its name."""
    return [_probe(given, options) for given in files]


def finger_of(word: str) -> FingerPosition | None:
    """1 to 10, the name of a position as right_index, or its name in any of our languages; None for anything else."""
    plain = word.strip().lower().replace("_", " ").replace("-", " ")
    if plain.isascii() and plain.isdigit():
        return FingerPosition(int(plain)) if 1 <= int(plain) <= 10 else None
    return next((one for one in FingerPosition if one and plain in _names(one)), None)


def finger_position(word: str) -> FingerPosition:
    """A `type` of an argument."""
    found = finger_of(word)
    if found is None:
        raise argparse.ArgumentTypeError("usage.finger")
    return found


def _names(finger: FingerPosition) -> set[str]:
    return {finger.name.lower().replace("_", " "), *(text(f"finger.{int(finger)}", one) for one in LANGUAGES)}


def _probe(given: str, options: argparse.Namespace) -> Probe:
    kind, separator, name = given.partition("=")
    # A file that is there under the whole name is meant, whatever its name looks like.
    if not separator or Path(given).exists():
        kind, name = options.kind or "", given
    path = Path(name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(told("search.unreadable", file=name, reason=system_reason(error))) from error
    sample = replace(_sample(kind, content, name, options), station_id=options.station)
    return Probe(path, sample)


def _sample(kind: str, content: bytes, name: str, options: argparse.Namespace) -> EncodedSample:
    is_template = content.startswith(FORMAT_ID)
    if kind.lower() in {FACE, *(text("face", one) for one in LANGUAGES)} and not is_template:
        return EncodedSample(Modality.FACE, content, face_number=options.face_number, largest_face=options.largest_face)
    is_any_finger = kind.lower() == FINGER or (is_template and not kind)
    finger = FingerPosition.UNKNOWN if is_any_finger else finger_of(kind)
    if finger is None or not (kind or is_template):
        raise RequestError(told("search.kind_wrong" if kind else "search.kind_missing", file=name, kind=kind))
    if is_template:
        return EncodedSample(Modality.FINGERPRINT, finger=finger, minutiae_template=content)
    return EncodedSample(Modality.FINGERPRINT, content, finger=finger, ppi=options.ppi)
