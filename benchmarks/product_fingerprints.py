"""The fingerprint engine as a benchmark engine."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import EngineError, Extracted, failed
from benchmarks.product_files import extraction_code_key, pack_store, read_image, ready_pack
from index.records import FingerPosition, Template
from matcher.errors import MatcherError, SampleError
from matcher.fingerprint.comparison.compare import PreparedFingerprint, compare_many, prepare
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet

DEFAULT_PACK = "leader"
# Files that turn minutiae into descriptors and similarities; all others of the room decide what the minutiae are.
# Cached samples hold minutiae alone, so a change of the comparison does not make them stale.
COMPARISON_FILES = frozenset(
    (
        "alignment",
        "compare",
        "cylinders",
        "descriptor_basis",
        "descriptors",
        "engine",
        "evidence",
        "iso19794",
        "kernel",
        "local_similarity",
        "outline",
        "pairing",
        "prepared",
        "quality_messages",
        "similarity",
        "stored_prints",
        "tile",
    )
)


def load(pack_name: str) -> "FingerprintAdapter":
    """The adapter of a fingerprint pack, leader for "". Raises EngineError."""
    try:
        store = pack_store()
        pack = ready_pack(store, pack_name or DEFAULT_PACK)
        return FingerprintAdapter(FingerprintEngine.load(pack, store, thread_count=1))
    except MatcherError as error:
        raise EngineError(str(error)) from error


class FingerprintAdapter:
    """See engines.Engine."""

    def __init__(self, engine: FingerprintEngine) -> None:
        self._engine = engine
        self.pack_id = engine.pack_id
        self.cache_key = extraction_code_key("fingerprint", without=COMPARISON_FILES)

    def extract(self, path: Path, ppi: float | None) -> Extracted:
        try:
            found = self._engine.extract(read_image(path, ppi=ppi))
        except SampleError as error:
            return failed(error)
        return Extracted("", found.quality.score, np.zeros((0, 0), np.float32), found.minutiae.to_bytes())

    def template(self, sample: Extracted) -> Template:
        """The template of the minutiae that extract found."""
        return self._engine.template_from_minutiae(MinutiaSet.from_bytes(sample.minutiae), FingerPosition.UNKNOWN)

    def prepare(self, sample: Extracted) -> PreparedFingerprint:
        return prepare(self.template(sample))

    def similarities(
        self, probe: PreparedFingerprint, references: Sequence[PreparedFingerprint]
    ) -> NDArray[np.float32]:
        return np.asarray(compare_many(probe, references), np.float32)
