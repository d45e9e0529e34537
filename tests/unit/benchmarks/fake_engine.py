"""An engine whose templates are the mean gray values of an image: enough to run every command without a model."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import Extracted, failed


class FakeEngine:
    """One vector an image: its 4 x 4 mean grays around their mean, unit length. A constant image has no template."""

    pack_id = "fake@1"
    cache_key = "test"

    def __init__(self) -> None:
        self.extracted: list[Path] = []

    def extract(self, path: Path, ppi: float | None) -> Extracted:
        self.extracted.append(path)
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        if pixels.min() == pixels.max():
            return failed(ValueError("no contrast"))
        vector = cv2.resize(pixels, (4, 4), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        vector -= vector.mean()
        return Extracted("", 50 + len(path.stem) % 50, (vector / np.linalg.norm(vector))[None])

    def prepare(self, sample: Extracted) -> NDArray[np.float32]:
        return sample.vectors[0]

    def similarities(
        self, probe: NDArray[np.float32], references: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        return np.asarray(np.stack(references) @ probe, np.float32)


def load(pack_name: str) -> FakeEngine:
    return FakeEngine()
