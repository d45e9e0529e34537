"""A folder of images to a backlog, by the names of folders and files.

Without a stated pattern the first folder level is the person, whatever lies below it. Files directly in the folder are
a person each, but only where no name looks like one of several images of somebody; else the pattern has to be stated.
Every file is accounted for: an item, a problem with its name, or told to be no image.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from enroll.cells import birth_year_of, clean_text, external_id_of, finger_of, galleries_of, modality_of, sex_of
from enroll.errors import ManifestError, refusal
from enroll.image_files import begins_like_picture, check_file
from enroll.items import Backlog, Defaults, EnrollmentItem, Finding
from enroll.messages import backlog_text
from enroll.pattern import PathPattern
from enroll.printable import printable
from enroll.words import finger_of_word, folded, modality_of_word
from index.records import FingerPosition, Modality
from matcher.texts.catalog import system_reason

# What is meant as a picture, readable or not: the decoder decides, and what it refuses is named.
PICTURE_SUFFIXES: Final = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".jp2",
        ".j2k", ".jpf", ".jpx", ".jpc", ".wsq", ".pgm", ".ppm", ".pnm", ".pbm", ".heic", ".heif", ".avif",
        ".gif", ".pdf", ".psd", ".svg", ".ico", ".tga", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw",
        ".jxl", ".mpo", ".jxr", ".an2", ".eft", ".nist", ".mp4", ".mov",
    }
)  # fmt: skip
_BY_FOLDER: Final = "{external_id}/**/*.{ext}"
_BY_FILE: Final = "{external_id}.{ext}"
# A name that ends in a number, or in a finger or side, may be one of several images of a person.
_NUMBERED: Final = re.compile(r"^.+(?:[_\-. ]\(?[0-9]{1,5}\)?|\([0-9]{1,5}\))$")
_VIEW_WORDS: Final = frozenset(
    {"front", "left", "right", "profile", "side", "trai", "phai", "thang", "nghieng", "truoc"}
)
_SHOWN_NAMES: Final = 8
_MOST_FINGER_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class _Found:
    """A picture file. name: relative path with /. fault: why it cannot be used, if that shows already."""

    path: Path
    name: str
    fault: ManifestError | None = None


def read_folder(folder: Path, defaults: Defaults, *, on_row: Callable[[int], None] = lambda _: None) -> Backlog:
    """on_row: called once for each picture, with the number of all. Raises ManifestError where the folder
    does not say who is who."""
    language = defaults.language
    found, passed_over = _pictures_of(folder, language)
    pattern = PathPattern.parse(defaults.pattern, language) if defaults.pattern else None
    is_flat = bool(found) and all("/" not in file.name for file in found)
    if pattern is None:
        _check_says_who([file for file in found if file.fault is None], is_flat=is_flat, defaults=defaults)
    items: list[EnrollmentItem] = []
    problems: list[Finding] = []
    for number, file in enumerate(found, start=1):
        on_row(len(found))
        try:
            if file.fault is not None:
                raise file.fault
            check_file(file.path, language)
            items.append(_item(number, file, pattern, defaults, is_flat=is_flat))
        except ManifestError as error:
            shown = printable(file.name)
            problems.append(Finding(number, shown, error.code, str(error), image=shown))
    notes = [_listed("passed_over", passed_over, language)] if passed_over else []
    empty = _folders_without(found, folder)
    if empty and not is_flat:
        notes.append(_listed("empty_folders", empty, language))
    used = pattern.text if pattern is not None else _BY_FILE if is_flat else _BY_FOLDER
    return Backlog(tuple(items), tuple(problems), notes=tuple(notes), pattern=used)


def _pictures_of(folder: Path, language: str) -> tuple[list[_Found], list[str]]:
    """Picture files in order of their names, and the names of what is none."""
    found: list[_Found] = []
    passed_over: list[str] = []
    for path, name, fault in _walk(folder, language):
        if fault is not None:
            found.append(_Found(path, name, fault))
        elif not _is_picture(path):
            passed_over.append(printable(name))
        elif not _is_text(name):
            found.append(_Found(path, name, refusal("bad_file_name", language)))
        else:
            found.append(_Found(path, name))
    return sorted(found, key=lambda file: file.name), sorted(passed_over)


def _is_picture(path: Path) -> bool:
    """By its name, or by how it begins. What macOS and Office leave beside a file is none."""
    if path.name.startswith((".", "~$")):
        return False
    return path.suffix.lower() in PICTURE_SUFFIXES or begins_like_picture(path)


def _walk(folder: Path, language: str) -> Iterator[tuple[Path, str, ManifestError | None]]:
    faults: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=faults.append):
        here = Path(parent)
        for name in list(folders):
            if name.startswith("."):
                folders.remove(name)
                yield here / name, _relative(here / name, folder) + "/", None
            elif (here / name).is_symlink():
                yield here / name, _relative(here / name, folder), refusal("linked_folder", language)
        for name in names:
            yield here / name, _relative(here / name, folder), None
    for error in faults:
        path = Path(os.fsdecode(error.filename or folder))
        yield path, _relative(path, folder), refusal("unreadable_folder", language, detail=system_reason(error))


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _folders_without(found: list[_Found], folder: Path) -> list[str]:
    """First-level folders in which no picture lies."""
    used = {file.name.partition("/")[0] for file in found}
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:  # told as a folder that cannot be read
        return []
    return sorted(printable(name) for name in names if name not in used)


def _listed(code: str, names: list[str], language: str) -> str:
    shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
    return backlog_text(code, language, count=len(names), names=shown)


def _check_says_who(found: list[_Found], *, is_flat: bool, defaults: Defaults) -> None:
    if is_flat:
        if defaults.modality is None and found:
            raise refusal("needs_modality", defaults.language)
        stems = [PurePosixPath(file.name).stem for file in found]
        unclear = next((stem for stem in stems if _may_be_one_of_several(stem)), None)
        if unclear is not None:
            raise refusal("needs_pattern", defaults.language, name=unclear)
        return
    for file in found:
        first, _, rest = file.name.partition("/")
        if rest and (modality_of_word(first) is not None or _named_finger(first) is not None):
            raise refusal("level_not_person", defaults.language, name=first)


def _may_be_one_of_several(stem: str) -> bool:
    """A name that ends in a number, a view or a finger."""
    words = folded(stem).split()
    is_view = len(words) > 1 and words[-1] in _VIEW_WORDS
    ends = (" ".join(words[-length:]) for length in range(2, min(len(words), _MOST_FINGER_WORDS + 1)))
    return bool(_NUMBERED.match(stem)) or is_view or any(_named_finger(end) is not None for end in ends)


def _named_finger(value: str) -> FingerPosition | None:
    """A finger by name, not by a bare number, which may be anything."""
    return None if re.fullmatch(r"[0-9]+", value.strip()) else finger_of_word(value)


def _item(
    number: int, file: _Found, pattern: PathPattern | None, defaults: Defaults, *, is_flat: bool
) -> EnrollmentItem:
    language = defaults.language
    if pattern is not None:
        cells = pattern.match(file.name)
        if cells is None:
            raise refusal("no_match", language, pattern=pattern.text)
    elif is_flat:
        cells = {"external_id": PurePosixPath(file.name).stem}
    elif "/" not in file.name:
        raise refusal("beside_folders", language)
    else:
        cells = _cells_by_folder(file.name, defaults.modality, language)
    return _item_of_cells(number, file, cells, defaults)


def _cells_by_folder(name: str, stated: Modality | None, language: str) -> dict[str, str]:
    """A folder below the person may name modality or finger; a file named after a finger is that finger, and the rest
    are faces."""
    person, *folders, file_name = PurePosixPath(name).parts
    cells = {"external_id": person}
    modality = stated
    for folder in folders:
        named = _named_finger(folder)
        if named is not None:
            cells["finger"] = str(int(named))
        elif modality is None:
            modality = modality_of_word(folder)
    finger = _finger_of_stem(PurePosixPath(file_name).stem, is_print=modality is Modality.FINGERPRINT)
    if finger is not None and "finger" not in cells:
        cells["finger"] = str(int(finger))
    if modality is Modality.FACE and cells.get("finger"):
        # Stated for all, or by a folder: a photograph named after a side is a face, one named after a finger is not.
        if stated is None:
            raise refusal("face_has_finger", language, value=file_name)
        del cells["finger"]
    modality = modality or (Modality.FINGERPRINT if cells.get("finger") else Modality.FACE)
    return cells | {"modality": modality.value}


def _finger_of_stem(stem: str, *, is_print: bool) -> FingerPosition | None:
    """right_index, right_index_2 (a second impression), finger-07; a bare number only where prints are meant."""
    words = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem))
    if re.fullmatch(r"[0-9]+", words):
        return finger_of_word(words) if is_print else None
    for form in (words, re.sub(r" [0-9]{1,3}$", "", words)):
        named = finger_of_word(form)
        if named is not None:
            return named
    return None


def _item_of_cells(number: int, file: _Found, cells: dict[str, str], defaults: Defaults) -> EnrollmentItem:
    language = defaults.language
    cells = {name: clean_text(name, value, language) for name, value in cells.items()}
    finger = finger_of(cells.get("finger", ""), language)
    if cells.get("modality"):
        modality = modality_of(cells["modality"], language)
    else:
        named = Modality.FINGERPRINT if finger is not FingerPosition.UNKNOWN else None
        modality = defaults.modality or named or Modality.FACE
    if modality is Modality.FACE and finger is not FingerPosition.UNKNOWN:
        raise refusal("face_has_finger", language, value=cells["finger"])
    return EnrollmentItem(
        row_number=number,
        external_id=external_id_of(unicodedata.normalize("NFC", cells.get("external_id", "")), language),
        image_path=file.path,
        modality=modality,
        finger=finger,
        ppi=defaults.ppi if modality is Modality.FINGERPRINT else None,
        display_name=cells.get("display_name", ""),
        galleries=galleries_of(cells.get("gallery", ""), language) or defaults.galleries,
        sex=sex_of(cells.get("sex", ""), language),
        birth_year=birth_year_of(cells.get("birth_date", ""), language),
        image_name=file.name,
        capture_device=defaults.capture_device,
    )
