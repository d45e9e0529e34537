"""What two faces have in common because both were photographed badly alike, which is no likeness of the people.

A mask, dark glasses, blur or darkness moves everybody's template the same way. One such photograph comes to lie further
from all good ones, but two of strangers come nearer to each other, by so much that a score would be up to hundreds of
times too kind. These moves lie along a few directions (`training/conditions.py` measures them), and the templates tell
by themselves which of them were moved. What two of those share along the directions is taken off their similarity. It
takes nothing but the two templates, so that it holds for whoever was enrolled earlier too.
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
_KEYS = frozenset({"center", "directions", "signs", "sign_scales", "sign_offsets", "first_sign", "sure_sign", "beyond"})
_CODED_COLUMNS: Final = 116


@dataclass(frozen=True, slots=True, eq=False)
class SharedCondition:
    """What one pack makes of bad photographs. Thread safe.

    directions: float64 (k, dim), orthonormal rows, along which bad photographs are moved. center: (k,), where good ones
    lie along them. signs: (m, dim), sign_offsets: (m,): the largest of signs @ template - sign_offsets tells how
    plainly a photograph is a bad one, in standard deviations of good ones; nothing is taken off up to first_sign,
    everything from sure_sign on. beyond: taken off two bad ones in any case, for what moved them that was not measured.
    Raises ValueError.
    """

    directions: Float64Array
    center: Float64Array
    signs: Float64Array
    sign_offsets: Float64Array
    first_sign: float
    sure_sign: float
    beyond: float

    def __post_init__(self) -> None:
        if self.directions.ndim != 2 or self.center.shape != self.directions.shape[:1]:
            raise ValueError("directions must be (k, dim), center (k,)")
        if self.signs.ndim != 2 or self.signs.shape[1] != self.directions.shape[1] or not len(self.signs):
            raise ValueError("signs must be (m, dim), m at least 1")
        if self.sign_offsets.shape != self.signs.shape[:1]:
            raise ValueError("sign_offsets must be (m,)")
        arrays = (self.directions, self.center, self.signs, self.sign_offsets)
        if not all(np.isfinite(array).all() for array in arrays) or not (
            -np.inf < self.first_sign < self.sure_sign < np.inf and 0 <= self.beyond < np.inf
        ):
            raise ValueError("all numbers must be finite, first_sign below sure_sign, beyond at 0 or above")

    @classmethod
    def from_table(cls, table: Mapping[str, Any], dim: int) -> SharedCondition:
        """The [conditions] table of a pack's manifest. dim: of its templates. Raises PackError saying what is wrong."""
        if wrong := set(table) ^ _KEYS:
            raise PackError(told("manifest.keys", name="[conditions]", keys=", ".join(sorted(wrong))))
        try:
            # Coded to a byte each, the directions are orthonormal to a percent; made so again, nothing counts twice.
            unit, triangle = np.linalg.qr(_rows(table["directions"], dim).T)
            signs = _rows(table["signs"], dim) * np.array(table["sign_scales"], np.float64)[:, np.newaxis]
            return cls(
                (unit * np.sign(np.diag(triangle))).T,
                np.array(table["center"], np.float64),
                signs,
                np.array(table["sign_offsets"], np.float64),
                float(table["first_sign"]),
                float(table["sure_sign"]),
                float(table["beyond"]),
            )
        except (AttributeError, binascii.Error, IndexError, TypeError, ValueError) as error:
            raise PackError(told("manifest.conditions", reason=error)) from error

    def to_toml(self) -> str:
        """The [conditions] table of a manifest; what is read back differs by the rounding to bytes."""
        scales = np.abs(self.signs).max(axis=1) / 127.0
        return (
            f"[conditions]\nfirst_sign = {self.first_sign:.4g}\nsure_sign = {self.sure_sign:.4g}\n"
            f"beyond = {self.beyond:.4g}\n"
            f"center = {_numbers(self.center)}\nsign_offsets = {_numbers(self.sign_offsets)}\n"
            f"sign_scales = {_numbers(scales)}\n"
            f'directions = """\n{_coded(self.directions)}"""\nsigns = """\n{_coded(self.signs)}"""\n'
        )

    def lowering(self, probe: Float32Array | Float64Array, references: Float32Array | Float64Array) -> Float64Array:
        """By how much the similarity of a probe to each reference is too high, float64 (n,), 0 or above.

        probe: (dim,); references: (n, dim); unit rows. Symmetric in the two.
        """
        one, rows = np.asarray(probe, np.float64)[np.newaxis], np.asarray(references, np.float64)
        along, beside = one @ self.directions.T - self.center, rows @ self.directions.T - self.center
        shared = (np.maximum((beside @ along.T)[:, 0], 0.0) + self.beyond) * self.badness(one)[0] * self.badness(rows)
        copies = np.clip((1.0 - (rows @ one.T)[:, 0]) / (1.0 - COPY_SIMILARITY), 0.0, 1.0)
        return np.asarray(shared * copies, np.float64)

    def badness(self, templates: Float32Array | Float64Array) -> Float64Array:
        """How far each is told to be a bad photograph, float64 (n,), 0 to 1. templates: (n, dim), unit rows."""
        plainest = (np.asarray(templates, np.float64) @ self.signs.T - self.sign_offsets).max(axis=1)
        share = (plainest - self.first_sign) / (self.sure_sign - self.first_sign)
        return np.asarray(np.clip(share, 0.0, 1.0), np.float64)


def _rows(coded: str, dim: int) -> Float64Array:
    codes = np.frombuffer(base64.b64decode("".join(coded.split()), validate=True), np.int8)
    return codes.reshape(-1, dim).astype(np.float64)


def _coded(rows: Float64Array) -> str:
    """A byte for each number, each row over its largest; in lines of base64."""
    codes = np.rint(rows * (127.0 / np.abs(rows).max(axis=1, keepdims=True))).astype(np.int8)
    text = base64.b64encode(codes.tobytes()).decode("ascii")
    return "".join(text[at : at + _CODED_COLUMNS] + "\n" for at in range(0, len(text), _CODED_COLUMNS))


def _numbers(values: Float64Array) -> str:
    return f"[{', '.join(f'{value:.5g}' for value in values.tolist())}]"
