"""What a benchmark sees of the product: an image file to an extracted sample, two samples to a similarity.

The product itself is called in product_fingerprints.py and product_faces.py alone.
"""

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Modality -> module with load(pack_name) -> Engine; imported when asked for, since each loads a model runtime.
ADAPTERS = {"fingerprint": "benchmarks.product_fingerprints", "face": "benchmarks.product_faces"}


class EngineError(Exception):
    """The product cannot be measured: a pack is missing or unknown; the message says what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """One sample's template, or why there is none.

    failure: name of the error class, "" if a template was made. quality: 0-100, -1 if unknown.
    vectors: float32 (1, dim) of a face, (0, 0) for a finger. minutiae: serialized MinutiaSet of a finger.
    """

    failure: str
    quality: int
    vectors: NDArray[np.float32]
    minutiae: bytes = b""

    @property
    def failed(self) -> bool:
        return bool(self.failure)


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What a worker process needs to load an engine. modality: "face" or "fingerprint". pack: "" for the default."""

    modality: str
    pack: str = ""


class Engine(Protocol):
    """A loaded pack. extract is called in worker processes, prepare and similarities in the parent."""

    pack_id: str
    cache_key: str

    def extract(self, path: Path, ppi: float | None) -> Extracted: ...

    def prepare(self, sample: Extracted) -> object:
        """A template made ready for comparison."""

    def similarities(self, probe: object, references: Sequence[object]) -> NDArray[np.float32]:
        """float32 (n,), higher is more similar."""


def load_engine(spec: EngineSpec) -> Engine:
    """The engine of a spec. Raises EngineError."""
    if spec.modality not in ADAPTERS:
        raise EngineError(f"unknown modality {spec.modality!r}: one of {', '.join(ADAPTERS)}")
    engine: Engine = importlib.import_module(ADAPTERS[spec.modality]).load(spec.pack)
    return engine


def failed(error: Exception) -> Extracted:
    """The sample of an image that the product refused."""
    return Extracted(type(error).__name__, -1, np.zeros((0, 0), np.float32))


def default_job_count() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
