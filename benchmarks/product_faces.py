"""The face engine as a benchmark engine."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import EngineError, Extracted, failed
from benchmarks.product_files import extraction_code_key, pack_store, read_image, ready_pack
from index.records import FingerPosition, Modality, Template
from matcher.errors import MatcherError, PackError, SampleError
from matcher.face.engine import FaceEngine

# The first that is installed is taken where no pack is named.
DEFAULT_PACKS = ("face-open", "insightface-buffalo_l", "insightface-buffalo_s", "opencv-sface", "face-builtin")


def default_pack() -> str:
    """The first of DEFAULT_PACKS that is installed or lies beside the checkout."""
    store = pack_store()
    for name in DEFAULT_PACKS[:-1]:
        with contextlib.suppress(PackError):
            return ready_pack(store, name).name
    return DEFAULT_PACKS[-1]


def load(pack_name: str) -> "FaceAdapter":
    """The adapter of a face pack. Raises EngineError."""
    store = pack_store()
    try:
        return FaceAdapter(FaceEngine.load(ready_pack(store, pack_name or default_pack()), store, thread_count=1))
    except MatcherError as error:
        raise EngineError(str(error)) from error


class FaceAdapter:
    """See engines.Engine."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self.pack_id = engine.pack_id
        self.cache_key = extraction_code_key("face")

    def extract(self, path: Path, ppi: float | None) -> Extracted:
        try:
            # Press photographs show bystanders too; the person in question is the largest face.
            found = self._engine.extract(read_image(path, ppi=None), largest_face=True)
        except SampleError as error:
            return failed(error)
        return Extracted("", found.quality.score, np.asarray(found.template.vectors, np.float32))

    def template(self, sample: Extracted) -> Template:
        """The template that extract made."""
        return Template(Modality.FACE, FingerPosition.UNKNOWN, self.pack_id, sample.vectors)

    def prepare(self, sample: Extracted) -> NDArray[np.float32]:
        return sample.vectors[0]

    def similarities(
        self, probe: NDArray[np.float32], references: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        return np.asarray(np.stack(references) @ probe, np.float32)
