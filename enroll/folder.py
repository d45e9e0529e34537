"""A folder of images to enrollment items, by the names of folders and files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from enroll.cells import parse_finger
from enroll.errors import ManifestError
from enroll.items import Defaults, EnrollmentItem
from enroll.messages import text
from index.records import FingerPosition, Modality

IMAGE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".jp2", ".j2k", ".wsq", ".pgm"}
)


def read_folder(folder: Path, defaults: Defaults) -> list[EnrollmentItem]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    return [_item_of_file(number, path, folder, defaults) for number, path in enumerate(paths, start=1)]


def _item_of_file(number: int, path: Path, folder: Path, defaults: Defaults) -> EnrollmentItem:
    """A folder a person: the folder names the subject, a file named after a finger is that finger, the rest are
    faces. Files directly in the folder: the subject is the name before the last underscore (FINGER_IMPRESSION)."""
    in_person_folder = path.parent != folder
    finger = FingerPosition.UNKNOWN
    modality = defaults.modality
    if in_person_folder and modality is not Modality.FACE:
        named = parse_finger(re.sub(r"^finger[_-]?", "", path.stem.lower()).split(".")[0])
        if named is not None and (modality is Modality.FINGERPRINT or not path.stem.isdecimal()):
            finger, modality = named, Modality.FINGERPRINT
        modality = modality or Modality.FACE
    if modality is None:
        raise ManifestError(text("needs_modality", defaults.language))
    return EnrollmentItem(
        row_number=number,
        external_id=path.parent.name if in_person_folder else (path.stem.rpartition("_")[0] or path.stem),
        image_path=path,
        modality=modality,
        finger=finger,
        ppi=defaults.ppi,
        galleries=defaults.galleries,
    )
