"""The minutiae of one print: the domain type and its compact bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.errors import TemplateFormatError
from matcher.results import Minutia, ShownPrint
from matcher.samples import Uint8Array
from matcher.texts.catalog import told

MAX_MINUTIAE: Final = 255
"""A full print holds about 150; ISO/IEC 19794-2 counts them in one byte."""
MAX_SIDE_PX: Final = 4095
"""At 500 ppi 208 mm, more than a whole hand; what 1/16 px in 16 bits can hold."""

KIND_OTHER: Final = 0
KIND_ENDING: Final = 1
KIND_BIFURCATION: Final = 2

VERSION: Final = 1
_HEADER = struct.Struct("<BBHH")  # version, count, width_px, height_px
_ROW = np.dtype([("x", "<u2"), ("y", "<u2"), ("direction_kind", "<u2"), ("quality", "u1")])
HEADER_BYTES: Final = _HEADER.size
ROW_BYTES: Final = _ROW.itemsize
STEPS_A_PX: Final = 16
DIRECTION_STEPS: Final = 1 << 14
QUALITY_STEPS: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class MinutiaSet:
    """Minutiae of one print at 500 ppi, best first; at most 255. Immutable, so safe to share between threads.

    x_px, y_px: float32 (n,), x to the right, y down, origin at the center of the top left pixel,
        0 <= x <= width_px - 1, fractions are meaningful.
    direction_rad: float32 (n,) in [0, 2 pi), counter-clockwise from the x axis as ISO/IEC 19794-2 draws it (y up): in
        the image the direction is the vector (cos d, -sin d). A ridge ending points along the ridge that ends, a
        bifurcation into the valley between its branches.
    kind: uint8 (n,), 0 other, 1 ridge ending, 2 bifurcation.
    quality: float32 (n,) in [0, 1], falling.
    width_px, height_px: size of the image at 500 ppi, 1 to 4095.
    Raises ValueError where an array breaks this.
    """

    x_px: Float32Array
    y_px: Float32Array
    direction_rad: Float32Array
    kind: Uint8Array
    quality: Float32Array
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        count = self.x_px.shape[0]
        for name, dtype in _FIELD_DTYPES.items():
            given = getattr(self, name)
            if given.shape != (count,) or given.dtype != dtype:
                raise ValueError(f"MinutiaSet.{name} must be {dtype} of shape ({count},)")
            frozen = given.copy()
            frozen.setflags(write=False)
            object.__setattr__(self, name, frozen)
        if count > MAX_MINUTIAE:
            raise ValueError(f"a MinutiaSet holds at most {MAX_MINUTIAE} minutiae, not {count}")
        if not (1 <= self.width_px <= MAX_SIDE_PX and 1 <= self.height_px <= MAX_SIDE_PX):
            raise ValueError(f"MinutiaSet sides must be 1 to {MAX_SIDE_PX} pixels")
        _require_range("x_px", self.x_px, 0.0, self.width_px - 1)
        _require_range("y_px", self.y_px, 0.0, self.height_px - 1)
        _require_range("direction_rad", self.direction_rad, 0.0, float(np.nextafter(np.float32(2 * np.pi), 0.0)))
        _require_range("quality", self.quality, 0.0, 1.0)
        _require_range("kind", self.kind, KIND_OTHER, KIND_BIFURCATION)
        if bool((np.diff(self.quality) > 0).any()):
            raise ValueError("MinutiaSet rows must be sorted by falling quality")

    def __len__(self) -> int:
        return int(self.x_px.shape[0])

    @classmethod
    def best_of(
        cls,
        *,
        x_px: npt.NDArray[np.floating],
        y_px: npt.NDArray[np.floating],
        direction_rad: npt.NDArray[np.floating],
        kind: npt.NDArray[np.integer],
        quality: npt.NDArray[np.floating],
        width_px: int,
        height_px: int,
    ) -> MinutiaSet:
        """Sort by falling quality, keep the best 255, wrap directions and round everything to what the bytes hold.

        Positions up to half a pixel outside the image are moved onto its edge. Ties keep reading order (y, then x),
        so that the same minutiae in another order make the same set.
        """
        grid = _to_rows(
            np.clip(x_px, 0.0, width_px - 1), np.clip(y_px, 0.0, height_px - 1), direction_rad, kind, quality
        )
        order = np.lexsort((grid["x"], grid["y"], -grid["quality"].astype(np.int16)))[:MAX_MINUTIAE]
        return cls._from_rows(grid[order], width_px, height_px)

    def only(self, kept: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> MinutiaSet:
        """Those that kept names, by bool (n,) or by numbers in the order wanted; the image stays the same."""
        return MinutiaSet(
            x_px=self.x_px[kept],
            y_px=self.y_px[kept],
            direction_rad=self.direction_rad[kept],
            kind=self.kind[kept],
            quality=self.quality[kept],
            width_px=self.width_px,
            height_px=self.height_px,
        )

    def shown(self) -> ShownPrint:
        """For an overlay, in this order."""
        rows = zip(
            self.x_px.tolist(),
            self.y_px.tolist(),
            np.degrees(self.direction_rad).tolist(),
            self.kind.tolist(),
            self.quality.tolist(),
            strict=True,
        )
        return ShownPrint(tuple(Minutia(*row) for row in rows), self.width_px, self.height_px)

    def to_bytes(self) -> bytes:
        """6 bytes of header and 7 a minutia: position to 1/16 px, direction to 0.022 degrees, quality to 1/255."""
        header = _HEADER.pack(VERSION, len(self), self.width_px, self.height_px)
        return header + _to_rows(self.x_px, self.y_px, self.direction_rad, self.kind, self.quality).tobytes()

    @classmethod
    def from_bytes(cls, packed: bytes) -> MinutiaSet:
        """Read what to_bytes wrote; reading and writing again gives the same bytes. TemplateFormatError if damaged."""
        if len(packed) < _HEADER.size:
            raise TemplateFormatError(told("record.cut"))
        version, count, width_px, height_px = _HEADER.unpack_from(packed)
        if version != VERSION:
            raise TemplateFormatError(told("record.format", version=version, known=VERSION))
        if len(packed) != _HEADER.size + count * _ROW.itemsize:
            raise TemplateFormatError(told("record.stated_length"))
        try:
            return cls._from_rows(np.frombuffer(packed, dtype=_ROW, offset=_HEADER.size), width_px, height_px)
        except ValueError as error:
            raise TemplateFormatError(told("record.damaged", reason=error)) from error

    @classmethod
    def _from_rows(cls, rows: npt.NDArray[np.void], width_px: int, height_px: int) -> MinutiaSet:
        direction = (rows["direction_kind"] >> 2).astype(np.float64) * (2 * np.pi / DIRECTION_STEPS)
        return cls(
            x_px=(rows["x"] / STEPS_A_PX).astype(np.float32),
            y_px=(rows["y"] / STEPS_A_PX).astype(np.float32),
            direction_rad=direction.astype(np.float32),
            kind=(rows["direction_kind"] & 3).astype(np.uint8),
            quality=(rows["quality"] / QUALITY_STEPS).astype(np.float32),
            width_px=width_px,
            height_px=height_px,
        )


_FIELD_DTYPES: Final = {
    "x_px": np.dtype(np.float32),
    "y_px": np.dtype(np.float32),
    "direction_rad": np.dtype(np.float32),
    "kind": np.dtype(np.uint8),
    "quality": np.dtype(np.float32),
}


def _require_range(name: str, given: Float32Array | Uint8Array, lowest: float, highest: float) -> None:
    # Written so that NaN fails too.
    if not bool(((given >= lowest) & (given <= highest)).all()):
        raise ValueError(f"MinutiaSet.{name} must lie in [{lowest:g}, {highest:g}]")


def _to_rows(
    x_px: npt.NDArray[np.floating],
    y_px: npt.NDArray[np.floating],
    direction_rad: npt.NDArray[np.floating],
    kind: npt.NDArray[np.integer],
    quality: npt.NDArray[np.floating],
) -> npt.NDArray[np.void]:
    if not all(bool(np.isfinite(given).all()) for given in (x_px, y_px, direction_rad, quality)):
        raise ValueError("minutiae must be finite numbers")
    rows = np.empty(len(x_px), dtype=_ROW)
    rows["x"] = np.rint(np.asarray(x_px, np.float64) * STEPS_A_PX)
    rows["y"] = np.rint(np.asarray(y_px, np.float64) * STEPS_A_PX)
    steps = np.rint(np.asarray(direction_rad, np.float64) * (DIRECTION_STEPS / (2 * np.pi))).astype(np.int64)
    rows["direction_kind"] = ((steps % DIRECTION_STEPS) << 2) | np.asarray(kind, np.int64)
    rows["quality"] = np.rint(np.clip(np.asarray(quality, np.float64), 0.0, 1.0) * QUALITY_STEPS)
    return rows
