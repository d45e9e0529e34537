"""A photograph, as it is and changed, to templates of the one person whom it shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.face_conditions import Condition
from benchmarks.product_files import ready_pack
from matcher.errors import SampleError
from matcher.face.engine import FaceEngine, FaceExtraction
from matcher.packs.store import PackStore
from matcher.samples import FaceDetection, Image


@dataclass(frozen=True, slots=True, eq=False)
class FaceLook:
    """template: float32 (dim,), unit length. quality: 0-100."""

    template: NDArray[np.float32]
    quality: int
    face: FaceDetection


class FaceLooker:
    """One face pack, looking at photographs."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine

    @classmethod
    def load(cls, pack_name: str, store: PackStore) -> "FaceLooker":
        """Raises PackError and SessionError."""
        return cls(FaceEngine.load(ready_pack(store, pack_name), store, thread_count=1))

    def look(self, pixels: NDArray[np.uint8]) -> FaceLook | None:
        """The largest face; None where none is found, or none that can be used."""
        found = self._extracted(pixels)
        return None if found is None else FaceLook(found.template.vectors[0], found.quality.score, found.detection)

    def changed(
        self,
        pixels: NDArray[np.uint8],
        face: FaceDetection,
        condition: Condition,
        rng: np.random.Generator | None = None,
    ) -> FaceLook | None:
        """The same face under a condition; None where it is not found there any more. rng: see Condition.on."""
        look = self.look(condition.on(pixels, face, rng))
        if look is None:
            return None
        left, top, right, bottom = face.box_px.tolist()
        eyes = look.face.landmarks_px[:2].mean(axis=0).tolist()
        # Otherwise it is another face, now the largest that is to be seen.
        return look if left < eyes[0] < right and top < eyes[1] < bottom else None

    def _extracted(self, pixels: NDArray[np.uint8]) -> FaceExtraction | None:
        try:
            return self._engine.extract(Image(pixels, None, ""), largest_face=True)
        except SampleError:
            return None
