"""A template made ready for comparison."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.arrays import Float32Array
from index.records import Template
from matcher.errors import PackMismatchError, TemplateFormatError
from matcher.fingerprint.comparison.descriptors import DIM, Int8Array, codes_of, described_count
from matcher.fingerprint.comparison.outline import outline_of
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.texts.catalog import told

LANE_COUNT: Final = 16
"""Arrays that inner loops run over are padded to a multiple of this, so that no loop has a remainder."""
FAR_PX: Final = 1.0e6

X, Y, COSINE, SINE, QUALITY, SCALE = range(6)
"""Rows of the geometry array."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFingerprint:
    """Immutable, so safe to share between threads; about 5 KB.

    codes: int8 (DIM, n), the descriptors as codes_of gives them, one column a minutia.
    geometry: float32 (6, padded n): x, y in px at 500 ppi with y upwards, cosine and sine of the direction, quality
        0-1, and 1 / norm of the code. Padding lies FAR_PX away and has no direction.
    outline: float32 (3, h): half planes a x + b y <= c around the minutiae, see outline.py.
    """

    pack_id: str
    codes: Int8Array
    geometry: Float32Array
    outline: Float32Array

    @property
    def minutia_count(self) -> int:
        return int(self.codes.shape[1])

    @property
    def order_key(self) -> bytes:
        """Sorts two prints, so that a comparison does the same arithmetic whichever is the probe; see is_before."""
        digest = hashlib.blake2b(self.geometry.tobytes(), digest_size=16)
        digest.update(self.codes.tobytes())
        return self.minutia_count.to_bytes(2, "big") + digest.digest()


def is_before(first: PreparedFingerprint, second: PreparedFingerprint) -> bool:
    """Whether first.order_key <= second.order_key; most pairs are decided without digests."""
    counts = first.minutia_count, second.minutia_count
    return first.order_key <= second.order_key if counts[0] == counts[1] else counts[0] < counts[1]


def prepare(template: Template) -> PreparedFingerprint:
    """Read a template's minutiae and vectors. Raises TemplateFormatError where they do not belong together."""
    minutiae = MinutiaSet.from_bytes(template.minutiae)
    vectors = template.vectors
    count = len(vectors)
    if vectors.shape[1] != DIM or count != described_count(minutiae) or not _are_directions(vectors):
        raise TemplateFormatError(told("record.vectors"))
    codes = np.ascontiguousarray(codes_of(vectors).T) if count else np.zeros((DIM, 0), dtype=np.int8)
    geometry = _geometry(minutiae, codes)
    outline = outline_of(geometry[X, :count], geometry[Y, :count])
    for array in (codes, geometry, outline):
        array.setflags(write=False)
    return PreparedFingerprint(template.pack_id, codes, geometry, outline)


def require_same_pack(probe: PreparedFingerprint, reference: PreparedFingerprint) -> None:
    """Raises PackMismatchError: templates of different packs are never compared."""
    if probe.pack_id != reference.pack_id:
        raise PackMismatchError(told("pack.mismatch", probe=probe.pack_id, reference=reference.pack_id))


def _are_directions(vectors: Float32Array) -> bool:
    return bool(np.isfinite(vectors).all() and (np.abs(vectors).max(axis=1, initial=0.0) > 0.0).all())


def _geometry(minutiae: MinutiaSet, codes: Int8Array) -> Float32Array:
    count = codes.shape[1]
    geometry = np.zeros((6, -(-count // LANE_COUNT) * LANE_COUNT), dtype=np.float32)
    geometry[(X, Y), count:] = FAR_PX
    geometry[X, :count] = minutiae.x_px[:count]
    geometry[Y, :count] = -minutiae.y_px[:count]
    geometry[COSINE, :count] = np.cos(minutiae.direction_rad[:count])
    geometry[SINE, :count] = np.sin(minutiae.direction_rad[:count])
    geometry[QUALITY, :count] = minutiae.quality[:count]
    geometry[SCALE, :count] = 1.0 / np.sqrt(np.sum(codes.astype(np.float32) ** 2, axis=0))
    return geometry
