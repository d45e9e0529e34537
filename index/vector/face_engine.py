"""Who searches faces: the setting, and what follows from it for a gallery of this size. Imports no engine."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

# Bytes of float32 vectors that FAISS reads in about 10 ms on one thread: docs/decisions/0004-face-engines.md.
FAISS_LIMIT_BYTES = 100_000 * 512 * 4


class FaceEngine(Enum):
    """The setting search.face_engine. The answers are the same, whoever searches."""

    AUTO = "auto"
    FAISS = "faiss"
    QUANTIZED = "quantized"


# Told which engine searches from now on, and among how many references.
TellEngine = Callable[[FaceEngine, int], None]


def untold(engine: FaceEngine, reference_count: int) -> None:
    """A TellEngine for who does not want to know."""


def faiss_limit(dim: int) -> int:
    """The most references of so many dimensions that AUTO leaves to FAISS."""
    return FAISS_LIMIT_BYTES // (4 * dim)


def engine_for(setting: FaceEngine, reference_count: int, dim: int) -> FaceEngine:
    """FAISS or QUANTIZED: who searches so many references."""
    if setting is not FaceEngine.AUTO:
        return setting
    return FaceEngine.FAISS if reference_count <= faiss_limit(dim) else FaceEngine.QUANTIZED
