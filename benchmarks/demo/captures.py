"""The images of the demonstration: what is enrolled, and other captures of the same people as probes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.generated_prints import impression, master_print
from index.records import FingerPosition

Pixels = npt.NDArray[np.uint8]

PEOPLE_COUNT: Final = 6
FINGERS: Final = (FingerPosition.RIGHT_INDEX, FingerPosition.LEFT_THUMB)
FINGERPRINT_PPI: Final = 500.0
# How much of the box's side is kept around a face that is cut out of the group photograph.
_FACE_MARGIN: Final = 0.3


@dataclass(frozen=True, slots=True)
class FaceAlteration:
    """How a probe differs from the enrolled photograph. rotation_deg, scale factor, gain of light, JPEG quality."""

    rotation_deg: float
    scale: float
    gain: float
    jpeg_quality: int


ALTERATIONS: Final = (
    FaceAlteration(4.0, 0.85, 1.15, 70),
    FaceAlteration(-5.0, 1.2, 0.8, 60),
    FaceAlteration(3.0, 0.7, 0.9, 75),
    FaceAlteration(-3.0, 1.4, 1.2, 55),
    FaceAlteration(6.0, 0.9, 0.75, 65),
    FaceAlteration(-6.0, 1.1, 1.1, 50),
)


def sample_photograph() -> Pixels:
    """The group photograph of the insightface package: uint8 (height, width, 3) BGR, six faces."""
    package = importlib.util.find_spec("insightface")  # found, not imported: importing it costs a second
    if package is None or package.origin is None:
        raise FileNotFoundError("The insightface package is not installed. Run: make setup")
    path = Path(package.origin).parent / "data" / "images" / "t1.jpg"
    photograph = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photograph is None:
        raise FileNotFoundError("The installed insightface package has no sample photograph (data/images/t1.jpg).")
    return np.asarray(photograph, dtype=np.uint8)


def cut_face(photograph: Pixels, box_xywh_px: tuple[int, int, int, int]) -> Pixels:
    """The part of the photograph around one face. box: x, y, width, height."""
    x, y, width, height = box_xywh_px
    margin = int(_FACE_MARGIN * max(width, height))
    top, left = max(0, y - margin), max(0, x - margin)
    return np.ascontiguousarray(photograph[top : y + height + margin, left : x + width + margin])


def altered(face: Pixels, alteration: FaceAlteration) -> bytes:
    """Another capture of a face: turned, scaled, lit otherwise and compressed again. JPEG bytes."""
    height, width = face.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), alteration.rotation_deg, alteration.scale)
    turn[:, 2] *= alteration.scale
    size = (round(width * alteration.scale), round(height * alteration.scale))
    turn[:, 2] += (np.array(size) - np.array((width, height)) * alteration.scale) / 2
    turned = cv2.warpAffine(face, turn, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    lit = np.clip(turned.astype(np.float32) * alteration.gain, 0, 255).astype(np.uint8)
    return encode_jpeg(lit, quality=alteration.jpeg_quality)


def finger_captures(person_number: int, finger: FingerPosition) -> Iterator[bytes]:
    """First the print to enroll, then a probe of the same generated finger. PNG bytes, 500 ppi."""
    master = master_print(1_000 * person_number + int(finger))
    for capture_number in (1, 2):
        yield encode_png(impression(master, capture_number))


def encode_png(pixels: Pixels) -> bytes:
    """PNG bytes of uint8 pixels."""
    return cv2.imencode(".png", pixels)[1].tobytes()


def encode_jpeg(pixels: Pixels, *, quality: int) -> bytes:
    """JPEG bytes of uint8 pixels; quality 1-100."""
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
