"""Image files: found by the path that a backlog gives, read within limits, tried with the decoder of the server."""

from __future__ import annotations

import os
import stat
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Final

from enroll.errors import ManifestError, refusal
from enroll.items import EnrollmentItem
from index.records import Modality
from matcher.errors import ResolutionError, SampleError
from matcher.fingerprint.image.resolution import LEAST_PPI, MOST_PPI
from matcher.formats.decode import ImageLimits, decode_image
from matcher.texts.catalog import system_reason, told
from matcher.texts.reasons import error_text

MOST_FILE_BYTES: Final = ImageLimits().max_bytes
_MIB: Final = 1024 * 1024
# What files are that were meant as pictures but are none that the service reads: the first bytes, and where they lie.
_OTHER_KINDS: Final = (
    (0, b"%PDF", "PDF"),
    (0, b"GIF8", "GIF"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyp", "MP4/MOV"),
    (0, b"PK\x03\x04", "ZIP/Office"),
    (0, b"\xd0\xcf\x11\xe0", "Office"),
    (0, b"8BPS", "PSD"),
    (0, b"\x00\x05\x16\x07", "AppleDouble (._)"),
    (0, b"<", "HTML/XML"),
    (0, b"version https://git-lfs", "Git LFS"),
)


_PICTURE_KINDS: Final = (
    (0, b"\xff\xd8\xff"),
    (0, b"\x89PNG"),
    (0, b"BM"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (8, b"WEBP"),
    (4, b"jP  "),
    (0, b"\xff\x4f\xff\x51"),
    (0, b"\xff\xa0\xff"),
    (0, b"P5"),
    (0, b"P6"),
)


class ImageFolder:
    """The files below the folder of a manifest, by the paths that people write: with backslashes, with letters
    composed or decomposed, in other capitals. Not thread safe; keeps the listing of each folder."""

    def __init__(self, folder: Path, language: str) -> None:
        self._folder = folder
        self._language = language
        self._root = folder.resolve()
        self._listings: dict[Path, list[str]] = {}
        self._is_inside: dict[Path, bool] = {}

    def find(self, value: str) -> Path:
        """The file of a cell. Raises ManifestError: not there, outside the folder, or several that it may mean."""
        for form in dict.fromkeys((value, value.replace("\\", "/"))):
            path = self._exact(form) or self._alike(form)
            if path is not None:
                return path
        self._check_inside(self._folder / value.replace("\\", "/"), value)
        raise refusal("no_file", self._language, value=value)

    def _exact(self, value: str) -> Path | None:
        path = self._folder / value
        try:
            is_link = stat.S_ISLNK(path.lstat().st_mode)
        except (OSError, ValueError):  # not there, or a name that the file system does not take
            return None
        self._check_inside(path, value, is_link=is_link)
        return path

    def _check_inside(self, path: Path, value: str, *, is_link: bool = True) -> None:
        """Links are followed; a loop of them is told when the file is read."""
        if path.parent not in self._is_inside:
            self._is_inside[path.parent] = path.parent.resolve().is_relative_to(self._root)
        is_inside = self._is_inside[path.parent]
        if is_link:
            with suppress(OSError, RuntimeError, ValueError):
                is_inside = path.resolve().is_relative_to(self._root)
        if not is_inside or path.name == "..":
            raise refusal("outside", self._language, value=value)

    def _alike(self, value: str) -> Path | None:
        path = self._folder
        for part in value.split("/"):
            if part in ("", "."):
                continue
            if part == "..":
                return None
            names = self._names_like(path, part)
            if len(names) > 1:
                raise refusal("ambiguous_file", self._language, value=value, names=", ".join(names))
            if not names:
                return None
            path /= names[0]
        self._check_inside(path, value)
        return path

    def _names_like(self, folder: Path, wanted: str) -> list[str]:
        """One name where one is the same text; else all that differ in capitals alone."""
        listing = self._listing(folder)
        for form in (_as_is, _composed, _caseless):
            found = [name for name in listing if form(name) == form(wanted)]
            if found:
                return found
        return []

    def _listing(self, folder: Path) -> list[str]:
        if folder not in self._listings:
            try:
                self._listings[folder] = sorted(os.listdir(folder))
            except OSError:
                self._listings[folder] = []
        return self._listings[folder]


def _as_is(name: str) -> str:
    return name


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _caseless(name: str) -> str:
    return _composed(name).casefold()


def begins_like_picture(path: Path) -> bool:
    """Whether a file begins as the pictures do that the service reads, whatever its name ends in."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    return any(start[place:].startswith(kind) for place, kind in _PICTURE_KINDS)


def check_file(path: Path, language: str) -> None:
    """Whether it can be read and sent, without opening it. Raises ManifestError."""
    try:
        status = path.stat()
    except (OSError, RuntimeError) as error:
        raise _unreadable(error, language) from error
    if not stat.S_ISREG(status.st_mode):
        raise refusal("not_regular", language)
    if status.st_size == 0:
        raise refusal("empty_file", language)
    if status.st_size > MOST_FILE_BYTES:
        size, most = f"{status.st_size / _MIB:.1f}", MOST_FILE_BYTES // _MIB
        raise refusal("large_file", language, size=size, most=most)
    if not os.access(path, os.R_OK):
        raise refusal("unreadable_file", language, detail=told("system.EACCES"))


def read_image(path: Path, language: str) -> bytes:
    """The bytes, 1 to MOST_FILE_BYTES of them. Raises ManifestError."""
    check_file(path, language)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(error, language) from error
    if not content:
        raise refusal("empty_file", language)
    return content


def check_picture(item: EnrollmentItem, image_bytes: bytes, language: str) -> None:
    """Decodes the picture as the server would. Raises ManifestError with what the server would say."""
    try:
        image = decode_image(image_bytes, ppi=item.ppi)
        if item.modality is Modality.FINGERPRINT and not (image.ppi and LEAST_PPI <= image.ppi <= MOST_PPI):
            raise ResolutionError(
                told(
                    "ppi.of_row" if image.ppi else "ppi.of_no_row",
                    ppi=f"{image.ppi or 0:.0f}",
                    least=LEAST_PPI,
                    most=MOST_PPI,
                )
            )
    except SampleError as error:
        detail = error_text(error, language)
        kind = next((name for place, start, name in _OTHER_KINDS if image_bytes[place:].startswith(start)), "")
        if kind:
            raise refusal("other_kind", language, kind=kind, detail=detail) from error
        raise refusal("image_fault", language, detail=detail) from error


def _unreadable(error: Exception, language: str) -> ManifestError:
    detail = system_reason(error) if isinstance(error, OSError) else told("system.ELOOP")
    return refusal("unreadable_file", language, detail=detail)
