"""Comparisons between strangers, which scores are calibrated on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.arrays import Int64Array


@dataclass(frozen=True, slots=True, eq=False)
class StrangerGroup:
    """Comparisons between strangers of one group. similarities: (n,); first, second: int64 (n,), number of the person
    or finger on either side. name: for whoever reads about it."""

    name: str
    similarities: npt.NDArray[np.floating]
    first: Int64Array
    second: Int64Array
