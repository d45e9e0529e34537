"""The numbers that descriptors are sorted and coded by, trained once and shipped; no station trains.

`codebook.npz` holds them, training/fingerprints/codebook.py makes it from generated prints. The manifest of the
fingerprint pack names its SHA-256, and so do the index files: codes mean nothing without the codebook that made them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from index.arrays import Float32Array

CODEBOOK_PATH: Final = Path(__file__).with_name("codebook.npz")
DIM: Final = 64
PART_DIM: Final = 2
WORD_COUNT: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """centroids: float32 (lists, DIM), unit rows; a descriptor lies in the list of the nearest. words: float32
    (DIM / PART_DIM, WORD_COUNT, PART_DIM), what each part of a descriptor is rounded to. digest: SHA-256, hex."""

    centroids: Float32Array
    words: Float32Array
    digest: str


@lru_cache(maxsize=1)
def codebook() -> Codebook:
    """The one that is shipped."""
    content = CODEBOOK_PATH.read_bytes()
    with np.load(CODEBOOK_PATH) as arrays:
        centroids, words = arrays["centroids"].astype(np.float32), arrays["words"].astype(np.float32)
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    return Codebook(centroids, words, hashlib.sha256(content).hexdigest())
