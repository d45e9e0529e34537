"""Templates as the bytes that the store keeps.

Face vectors are kept as float32, bit for bit. The many vectors of a fingerprint are kept as one signed byte a
component: each row is scaled so that its largest component is 127, rounded, and made a unit vector again when it is
read. The scale itself need not be kept, since rows have unit length. With d components of similar size the angle
between a row and its stored form is about 1/(127*sqrt(12)) times the ratio of largest to root-mean-square component:
0.4 to 0.8 degrees. Reading and storing again changes no byte.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from index.arrays import Float32Array, Int8Array
from index.checks import checked_vectors
from index.errors import DatabaseDamagedError, VectorError
from index.records import FingerPosition, Modality, Template

FLOAT32 = "float32"
INT8 = "int8"
ENCODING_OF = {Modality.FACE: FLOAT32, Modality.FINGERPRINT: INT8}


def check_template(template: Template) -> None:
    """Raise VectorError unless the template can be stored and searched: finite rows of unit norm, one for a face."""
    vectors = template.vectors
    if vectors.shape[0] == 0 or vectors.shape[1] == 0:
        raise VectorError("a template without vectors cannot be enrolled; it would never be found")
    if template.modality is Modality.FACE and vectors.shape[0] != 1:
        raise VectorError("a face template has exactly one vector")
    if "@" not in template.pack_id:
        raise VectorError("pack_id must be name@version")
    checked_vectors(vectors, vectors.shape[1])


def encode_vectors(vectors: Float32Array, encoding: str) -> bytes:
    """vectors float32 (n, dim), unit rows -> bytes, row by row."""
    if encoding == FLOAT32:
        return bytes(vectors.astype("<f4", copy=False).tobytes())
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return bytes(np.rint(vectors * (np.float32(127.0) / largest)).astype(np.int8).tobytes())


def decode_vectors(content: bytes, dim: int, encoding: str) -> Float32Array:
    """bytes -> float32 (n, dim), unit rows. Raises DatabaseDamagedError when the length does not fit."""
    item_bytes = 4 if encoding == FLOAT32 else 1
    if not content or len(content) % (dim * item_bytes):
        raise DatabaseDamagedError("a stored template has the wrong length; restore a backup")
    if encoding == FLOAT32:
        return np.frombuffer(content, dtype="<f4").astype(np.float32, copy=False).reshape(-1, dim)
    rows = np.frombuffer(content, dtype=np.int8).reshape(-1, dim).astype(np.float32)
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows


def decode_codes(content: bytes, dim: int) -> Int8Array:
    """What encode_vectors made of the vectors of a fingerprint, int8 (n, dim), read-only. Raises DatabaseDamagedError
    when the length does not fit."""
    if not content or len(content) % dim:
        raise DatabaseDamagedError("a stored template has the wrong length; restore a backup")
    return np.frombuffer(content, dtype=np.int8).reshape(-1, dim)


@contextlib.contextmanager
def damage_named() -> Iterator[None]:
    """A block that hands decoded vectors to an index, which refuses none that were stored: DatabaseDamagedError."""
    try:
        yield
    except VectorError as error:
        raise DatabaseDamagedError("a stored template is damaged; restore a backup") from error


def decode_template(
    *, modality: Modality, pack_id: str, dim: int, encoding: str, finger: int, vectors: bytes, minutiae: bytes
) -> Template:
    """The template that was stored."""
    return Template(
        modality=modality,
        finger=FingerPosition(finger),
        pack_id=pack_id,
        vectors=decode_vectors(vectors, dim, encoding),
        minutiae=minutiae,
    )
