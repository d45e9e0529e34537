"""Nouns in flight: what enters and what the stages hand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from index.records import FingerPosition, Modality

# A minutiae template brings no image to judge; its minutiae bring the quality their maker gave them.
IMPORTED_REASON = "imported_template"


Uint8Array = npt.NDArray[np.uint8]
PointPx = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A decoded, upright image.

    pixels: uint8 (height, width, 3) BGR or (height, width) gray, read-only.
    ppi: pixels per inch, None when neither the file nor the request states it, or the file states it in vain.
    sha256: hex digest of the encoded bytes.
    ppi_fault: why what the file states is of no use, "" where there is nothing to tell.
    """

    pixels: Uint8Array
    ppi: float | None
    sha256: str
    ppi_fault: str = ""


@dataclass(frozen=True, slots=True)
class EncodedSample:
    """One sample as it arrives: encoded image bytes and what the sender says of them.

    ppi: overrides the file's own value; required for a fingerprint whose file has none.
    face_number: which face to take where there are several, numbered from 1 as SeveralFacesError does;
    0 means that there must be exactly one. largest_face: take the largest instead of failing.
    minutiae_template: an ISO/IEC 19794-2 record instead of an image (fingerprints).
    region_px: corners of a polygon in pixels of the upright image, x from the left, y from the top: what lies outside
    is not looked at (fingerprints). Empty: the whole image.
    capture_device: the camera or scanner, as the force names it.
    """

    modality: Modality
    image_bytes: bytes = b""
    finger: FingerPosition = FingerPosition.UNKNOWN
    ppi: float | None = None
    capture_time: datetime | None = None
    station_id: str = ""
    face_number: int = 0
    largest_face: bool = False
    minutiae_template: bytes = b""
    region_px: tuple[PointPx, ...] = ()
    capture_device: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """score: 0-100, higher is better. reasons: codes, worst first; their texts are in matcher.texts.catalog.
    is_doubtful: good enough for a probe, but stored only where somebody says why."""

    score: int
    reasons: tuple[str, ...] = ()
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FaceDetection:
    """box_px: float32 (4,) x1 y1 x2 y2. landmarks_px: float32 (5, 2), left eye, right eye, nose, left and right
    mouth corner, left as the viewer sees it. detection_score: 0-1. Pixels of the upright image."""

    box_px: Float32Array
    landmarks_px: Float32Array
    detection_score: float


@dataclass(frozen=True, slots=True)
class FaceBox:
    """One of several faces. number from 1, largest first; x, y, width, height in pixels of the upright image."""

    number: int
    x_px: int
    y_px: int
    width_px: int
    height_px: int
