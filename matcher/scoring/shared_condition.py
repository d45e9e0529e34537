"""What two faces have in common because both were photographed badly alike, which is no likeness of the people.

A mask, dark glasses, blur or darkness moves everybody's template the same way. One such photograph is further from all
good ones, but two of strangers come nearer to each other, by so much that a score would be up to hundreds of times too
kind. These moves lie along a few directions (`training/conditions.py` measures them): what two templates share along
them is taken off their similarity. It needs nothing but the two templates, so it holds for whoever was enrolled
earlier too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.errors import PackError
from matcher.texts.catalog import told

Float64Array = npt.NDArray[np.float64]

COPY_SIMILARITY: Final = 0.95
"""From here to 1 less and less is taken off: so near are copies of one photograph, whatever it shows, and a copy that
is enrolled as somebody else must be found however large the gallery."""
_KEYS = frozenset({"allowance", "center", "directions"})


@dataclass(frozen=True, slots=True, eq=False)
class SharedCondition:
    """Directions of one pack. Thread safe.

    directions: float64 (k, dim), orthonormal rows. center: (k,), where good photographs lie along them. allowance: what
    two good photographs may share without losing anything, in units of similarity. Raises ValueError.
    """

    directions: Float64Array
    center: Float64Array
    allowance: float

    def __post_init__(self) -> None:
        if self.directions.ndim != 2 or self.center.shape != self.directions.shape[:1]:
            raise ValueError("directions must be (k, dim), center (k,)")
        if not (np.isfinite(self.directions).all() and np.isfinite(self.center).all() and self.allowance >= 0):
            raise ValueError("directions, center and allowance must be finite, allowance at 0 or above")

    @classmethod
    def from_table(cls, table: Mapping[str, Any], dim: int) -> SharedCondition:
        """The [conditions] table of a pack's manifest. dim: of its templates. Raises PackError saying what is wrong."""
        if wrong := set(table) ^ _KEYS:
            raise PackError(told("manifest.keys", name="[conditions]", keys=", ".join(sorted(wrong))))
        try:
            center = np.array([float(value) for value in table["center"]])
            codes = np.frombuffer(base64.b64decode(table["directions"], validate=True), np.int8)
            directions = codes.reshape(len(center), dim).astype(np.float64)
            # Coded to a byte each, they are orthonormal to a percent; made so again, nothing counts twice.
            unit, triangle = np.linalg.qr(directions.T)
            return cls((unit * np.sign(np.diag(triangle))).T, center, float(table["allowance"]))
        except (binascii.Error, TypeError, ValueError) as error:
            raise PackError(told("manifest.conditions", reason=error)) from error

    def to_toml(self) -> str:
        """The [conditions] table of a manifest."""
        codes = np.rint(self.directions * (127.0 / np.abs(self.directions).max(axis=1, keepdims=True))).astype(np.int8)
        center = ", ".join(f"{value:.4f}" for value in self.center.tolist())
        coded = base64.b64encode(codes.tobytes()).decode("ascii")
        return f'[conditions]\nallowance = {self.allowance:.4g}\ncenter = [{center}]\ndirections = "{coded}"\n'

    def lowering(self, probe: Float32Array | Float64Array, references: Float32Array | Float64Array) -> Float64Array:
        """By how much the similarity of a probe to each reference is too high, float64 (n,), 0 or above.

        probe: (dim,); references: (n, dim); unit rows. Symmetric in the two.
        """
        rows, one = np.asarray(references, np.float64), np.asarray(probe, np.float64)
        along, beside = self.directions @ one - self.center, rows @ self.directions.T - self.center
        shared = np.maximum(beside @ along - self.allowance, 0.0)
        copies = np.clip((1.0 - rows @ one) / (1.0 - COPY_SIMILARITY), 0.0, 1.0)
        return np.asarray(shared * copies, np.float64)
