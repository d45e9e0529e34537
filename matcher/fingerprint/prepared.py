"""A template made ready for comparison."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.records import Float32Array, Template
from matcher.errors import PackMismatchError, TemplateFormatError
from matcher.fingerprint.descriptors import DIM
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.pairing import DESCRIPTOR_SCALE

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFingerprint:
    """Immutable, so safe to share between threads; about 5 KB.

    geometry: float32 (5, n): x, y in px at 500 ppi with y upwards, cosine and sine of the direction, quality 0-1.
    descriptors: int8 (DIM, n), unit vectors times 300, rounded.
    order_key: sorts two prints, so that a comparison does the same arithmetic whichever is the probe.
    """

    pack_id: str
    geometry: Float32Array
    descriptors: Int8Array
    order_key: bytes

    @property
    def minutia_count(self) -> int:
        return int(self.geometry.shape[1])


def prepare(template: Template) -> PreparedFingerprint:
    """Read a template's minutiae and vectors. Raises TemplateFormatError where they do not belong together."""
    return prepared_of(MinutiaSet.from_bytes(template.minutiae), template.vectors, template.pack_id)


def prepared_of(minutiae: MinutiaSet, vectors: Float32Array, pack_id: str) -> PreparedFingerprint:
    """vectors: float32 (n, DIM) of the first n minutiae, as describe gives them."""
    count = len(vectors)
    if vectors.ndim != 2 or vectors.shape[1] != DIM or count > len(minutiae) or not np.isfinite(vectors).all():
        raise TemplateFormatError("the vectors of this template do not fit its minutiae; enroll the print again")
    direction = minutiae.direction_rad[:count]
    geometry = np.stack(
        (
            minutiae.x_px[:count],
            -minutiae.y_px[:count],
            np.cos(direction),
            np.sin(direction),
            minutiae.quality[:count],
        )
    ).astype(np.float32)
    descriptors = np.ascontiguousarray(np.clip(np.rint(vectors.T * DESCRIPTOR_SCALE), -127, 127).astype(np.int8))
    geometry.setflags(write=False)
    descriptors.setflags(write=False)
    digest = hashlib.blake2b(geometry.tobytes(), digest_size=16)
    digest.update(descriptors.tobytes())
    return PreparedFingerprint(pack_id, geometry, descriptors, count.to_bytes(2, "big") + digest.digest())


def require_same_pack(probe: PreparedFingerprint, reference: PreparedFingerprint) -> None:
    """Raises PackMismatchError: templates of different packs are never compared."""
    if probe.pack_id != reference.pack_id:
        raise PackMismatchError(f"templates of packs {probe.pack_id} and {reference.pack_id} cannot be compared")
