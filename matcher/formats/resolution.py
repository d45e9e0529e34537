"""The resolution that a picture file states, and whether prints may rely on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# Below this a file states an aspect ratio, not a scanning resolution (TIFF's default is 1 × 1); above, nonsense.
_LEAST_PPI, _MOST_PPI = 30.0, 100_000.0
_NO_UNIT, INCH, _CENTIMETER = 1, 2, 3
_CM_AN_INCH: Final = 2.54


@dataclass(frozen=True, slots=True)
class FileResolution:
    """Pixels per inch across and down, as stated; any float."""

    across_ppi: float
    down_ppi: float

    @classmethod
    def of_exif(cls, across: float, down: float, unit: int) -> FileResolution | None:
        """From XResolution, YResolution and ResolutionUnit of TIFF 6.0 and Exif, whose default is the inch."""
        if unit == _NO_UNIT:
            return None
        scale = _CM_AN_INCH if unit == _CENTIMETER else 1.0
        return cls(across * scale, down * scale)

    @property
    def is_telling(self) -> bool:
        sides = (self.across_ppi, self.down_ppi)
        return all(math.isfinite(side) and _LEAST_PPI <= side <= _MOST_PPI for side in sides)

    @property
    def is_square(self) -> bool:
        return abs(self.across_ppi - self.down_ppi) <= 0.01 * max(self.across_ppi, self.down_ppi)

    @property
    def ppi(self) -> float:
        return (self.across_ppi + self.down_ppi) / 2
