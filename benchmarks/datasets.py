"""Folders of images as data sets: which finger or person each file shows, and a fingerprint's pixels per inch."""

import re
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("bmp", "dib", "gif", "j2k", "jp2", "jpc", "jpe", "jpeg", "jpg", "jpx"),
        *("pbm", "pgm", "png", "pnm", "ppm", "ras", "tif", "tiff", "webp", "wsq"),
    )
)
PLAUSIBLE_PPI = (250.0, 1200.0)
ASSUMED_PPI = 500.0
# Sensors of the Fingerprint Verification Competitions whose images were not captured at 500 ppi, as published by
# their organizers (FVC2002, FVC2004, FVC2006); the files themselves do not say it. All other FVC sets: 500.
FVC_PPI = {("2002", "2"): 569.0, ("2004", "3"): 512.0, ("2006", "1"): 250.0, ("2006", "2"): 569.0}
FVC_NAME = re.compile(r"fvc[_-]?(20\d\d).*?db[_-]?(\d)", re.IGNORECASE)


class DatasetError(Exception):
    """The folder holds no data set that can be measured; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """identity: the finger or person. name: path below the data set. ppi: None for faces."""

    path: Path
    name: str
    identity: str
    ppi: float | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """files: sorted by identity, then in natural order, so the first of an identity is its reference."""

    name: str
    files: tuple[ImageFile, ...]

    def identities(self) -> dict[str, tuple[int, ...]]:
        """Rows of files by identity, in order."""
        rows: dict[str, list[int]] = defaultdict(list)
        for row, file in enumerate(self.files):
            rows[file.identity].append(row)
        return {identity: tuple(found) for identity, found in rows.items()}


def read_dataset(folder: Path, *, fingerprints: bool, ppi: float | None = None) -> Dataset:
    """The data set in a folder: files named FINGER_IMPRESSION.ext, or one folder per finger or person.

    ppi: of every file; when not given, see file_ppi. Raises DatasetError.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder")
    paths = sorted(
        (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")),
        key=lambda path: natural_key(str(path.relative_to(folder))),
    )
    if not paths:
        raise DatasetError(f"{folder} holds no image with one of the suffixes {' '.join(sorted(SUFFIXES))}")
    identities = _identities(folder, paths, fingerprints=fingerprints)
    name = folder.resolve().name
    fixed = ppi if ppi is not None else folder_ppi(folder)
    warned = False
    files = []
    for path, identity in zip(paths, identities, strict=True):
        resolution = None
        if fingerprints:
            resolution = fixed if fixed is not None else file_ppi(path)
            if resolution is None:
                resolution = ASSUMED_PPI
                if not warned:
                    warnings.warn(
                        f"{name}: no ppi in the files, a ppi.txt or --ppi; {ASSUMED_PPI:.0f} assumed", stacklevel=2
                    )
                    warned = True
        files.append(ImageFile(path, path.relative_to(folder).as_posix(), identity, resolution))
    files.sort(key=lambda file: (natural_key(file.identity), natural_key(file.name)))
    return Dataset(name, tuple(files))


def folder_ppi(folder: Path) -> float | None:
    """ppi.txt in the folder, else what is published of the FVC set that the folder is named after, else None."""
    note = folder / "ppi.txt"
    if note.is_file():
        try:
            stated = float(note.read_text(encoding="utf-8").split()[0])
        except (ValueError, IndexError) as error:
            raise DatasetError(f"{note} must begin with a number") from error
        if not PLAUSIBLE_PPI[0] <= stated <= PLAUSIBLE_PPI[1]:
            raise DatasetError(f"{note} states {stated} ppi, outside {PLAUSIBLE_PPI}")
        return stated
    match = FVC_NAME.search(folder.resolve().name)
    return FVC_PPI.get((match[1], match[2]), ASSUMED_PPI) if match else None


def file_ppi(path: Path) -> float | None:
    """The file's own resolution if it is a plausible one for a print; screens' 72 and 96 are not."""
    try:
        with PillowImage.open(path) as image:
            stated = image.info.get("dpi")
    except (OSError, UnidentifiedImageError, ValueError):
        return None
    if not stated:
        return None
    value = round(float(stated[0]), 1)  # PNG counts in pixels per meter: 500 ppi reads as 499.999
    return value if PLAUSIBLE_PPI[0] <= value <= PLAUSIBLE_PPI[1] else None


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sorts 2 before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text.lower()) if part]


def _identities(folder: Path, paths: list[Path], *, fingerprints: bool) -> list[str]:
    """Files directly in the folder: all before the last underscore. In subfolders: the subfolder, and for prints also
    the file's finger, where the subfolder plainly holds several impressions of several fingers."""
    by_parent: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        by_parent[path.parent].append(path)
    several = {
        parent
        for parent, files in by_parent.items()
        if fingerprints and parent != folder and _holds_several_fingers(files)
    }
    identities = []
    for path in paths:
        parent = path.parent.relative_to(folder).as_posix()
        finger = path.stem.rpartition("_")[0] or path.stem
        if path.parent == folder:
            identities.append(finger)
        else:
            identities.append(f"{parent}/{finger}" if path.parent in several else parent)
    return identities


def _holds_several_fingers(files: list[Path]) -> bool:
    fingers = [path.stem.rpartition("_")[0] for path in files]
    return all(fingers) and 1 < len(set(fingers)) < len(fingers)
