"""From LEADER's maps to minutiae: peaks, positions between pixels, directions, types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array
from matcher.errors import SessionError
from matcher.fingerprint.image.foreground import Window
from matcher.fingerprint.minutia_set import KIND_BIFURCATION, KIND_ENDING, MinutiaSet
from matcher.fingerprint.network.peaks_graph import PEAK_FLOOR, PEAK_WINDOW_PX
from matcher.packs.session import ModelSession
from matcher.samples import Uint8Array
from matcher.texts.catalog import told

_EXACT_OUTPUTS: Final = ("position", "blurred", "direction", "ending")
_FAST_OUTPUTS: Final = ("blurred", "row", "column", "direction", "ending")
# Two maxima nearer than this are one peak with a flat top.
_FLAT_TOP_PX: Final = 2.0
_MOST_PEAKS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Local maxima of the blurred position map and what the network says there.

    row, column: int64 (n,). direction: float32 (n, 2), cosine and sine. ending: float32 (n,) in [0, 1].
    blurred: float32 (height, width), the map itself.
    """

    row: Int64Array
    column: Int64Array
    direction: Float32Array
    ending: Float32Array
    blurred: Float32Array


def run_leader(session: ModelSession, pixels: Uint8Array) -> Peaks:
    """pixels: uint8 (height, width), sides multiples of 32. Takes either variant of the graph."""
    outputs = session.run({"image": np.ascontiguousarray(pixels)[None, None]})
    if tuple(session.output_names) == _FAST_OUTPUTS:
        blurred, row, column, direction, ending = outputs
        return Peaks(row, column, direction, ending, blurred[0, 0])
    if tuple(session.output_names) == _EXACT_OUTPUTS:
        _, blurred, direction, ending = (output[0] for output in outputs)
        row, column = _local_maxima(blurred[0])
        return Peaks(row, column, direction[:, row, column].T, ending[0, row, column], blurred[0])
    raise SessionError(told("session.leader"))


def minutiae_of(peaks: Peaks, window: Window, width_px: int, height_px: int) -> MinutiaSet:
    """Minutiae in the coordinates of the whole image; those beyond its border are dropped."""
    x_px, y_px = _between_pixels(peaks)
    x_px, y_px = x_px + window.left_px, y_px + window.top_px
    quality = peaks.blurred[peaks.row, peaks.column]
    inside = (x_px > -0.5) & (x_px < width_px - 0.5) & (y_px > -0.5) & (y_px < height_px - 0.5)
    # A direction of length zero is none.
    inside &= np.hypot(peaks.direction[:, 0], peaks.direction[:, 1]) > 0
    kept = np.flatnonzero(inside)
    kept = kept[np.argsort(-quality[kept], kind="stable")][:_MOST_PEAKS]
    kept = kept[_first_of_close(x_px[kept], y_px[kept])]
    return MinutiaSet.best_of(
        x_px=x_px[kept],
        y_px=y_px[kept],
        direction_rad=np.arctan2(peaks.direction[kept, 1], peaks.direction[kept, 0]),
        kind=np.where(peaks.ending[kept] >= 0.5, KIND_ENDING, KIND_BIFURCATION),
        quality=quality[kept],
        width_px=width_px,
        height_px=height_px,
    )


def _local_maxima(blurred: Float32Array) -> tuple[Int64Array, Int64Array]:
    largest = cv2.dilate(blurred, np.ones((PEAK_WINDOW_PX, PEAK_WINDOW_PX), dtype=np.uint8))
    row, column = np.nonzero((blurred == largest) & (blurred >= PEAK_FLOOR))
    return row.astype(np.int64), column.astype(np.int64)


def _between_pixels(peaks: Peaks) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Vertex of the parabola through the logarithms of a peak and its two neighbors, a direction at a time: exact for
    a Gaussian peak."""
    padded = np.log(np.maximum(np.pad(peaks.blurred, 1, mode="edge").astype(np.float64), 1e-6))
    row, column = peaks.row + 1, peaks.column + 1
    middle = padded[row, column]
    x_px = peaks.column + _vertex(padded[row, column - 1], middle, padded[row, column + 1])
    y_px = peaks.row + _vertex(padded[row - 1, column], middle, padded[row + 1, column])
    return x_px, y_px


def _vertex(
    before: npt.NDArray[np.float64], middle: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    curvature = before - 2 * middle + after
    offset = 0.5 * (before - after) / np.where(curvature < 0, curvature, -np.inf)
    return np.clip(offset, -0.5, 0.5)


def _first_of_close(x_px: npt.NDArray[np.float64], y_px: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """True where no earlier point lies within the top of the same peak."""
    near = np.hypot(x_px[:, None] - x_px, y_px[:, None] - y_px) < _FLAT_TOP_PX
    return np.asarray(~np.tril(near, -1).any(axis=1), dtype=np.bool_)
