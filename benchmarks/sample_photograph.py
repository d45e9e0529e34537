"""One face of the photograph that the insightface package ships: an image that every installation has."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PHOTOGRAPH = Path("data") / "images" / "t1.jpg"
# The face at the left, with the margin that a passport photograph has; pixels of the photograph.
LEFT_FACE = (slice(60, 420), slice(120, 420))


def one_face() -> NDArray[np.uint8] | None:
    """uint8 (height, width, 3) BGR, or None where the package is not installed."""
    package = importlib.util.find_spec("insightface")  # finds it without importing it
    if package is None or package.origin is None:
        return None
    photograph = cv2.imread(str(Path(package.origin).parent / PHOTOGRAPH))
    return None if photograph is None else np.ascontiguousarray(photograph[LEFT_FACE]).astype(np.uint8)
