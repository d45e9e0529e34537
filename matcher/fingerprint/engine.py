"""A fingerprint pack, loaded: image to minutiae to template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from index.records import FingerPosition, Modality, Template
from matcher.errors import PackError
from matcher.fingerprint.comparison.compare import warm_up
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.image.foreground import Foreground
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.minutiae import FingerprintExtractor
from matcher.fingerprint.network.build import GRAPH_VERSION, build_leader_graph
from matcher.packs.session import OnnxSession
from matcher.packs.store import ModelPack, PackStore
from matcher.samples import Image, PointPx, Quality
from matcher.texts.catalog import told

# Pixels of the largest ordinary print (640 x 480 and more). The maps of the network take over 1 GB a megapixel.
LARGE_PRINT_COUNT: Final = 400_000
WEIGHTS_NAME: Final = "LEADER.weights.h5"


@dataclass(frozen=True, slots=True, eq=False)
class FingerprintResult:
    """What one print gave. foreground: as the extractor's FingerprintExtraction describes it."""

    template: Template
    minutiae: MinutiaSet
    quality: Quality
    foreground: Foreground


class FingerprintEngine:
    """One fingerprint pack, loaded. Thread safe; keep one and share it. pack_id: "name@version"."""

    def __init__(self, pack: ModelPack, extractor: FingerprintExtractor) -> None:
        self.pack = pack
        self._extractor = extractor

    @classmethod
    def load(
        cls,
        pack: ModelPack,
        pack_store: PackStore,
        *,
        thread_count: int = 1,
        device: str = "cpu",
        allow_cpu_fallback: bool = False,
    ) -> FingerprintEngine:
        """Open the network, built from the pack's weights at the first load, and ready the comparison's machine code.

        Raises PackError (missing, damaged, not a fingerprint pack) and SessionError.
        """
        if pack.modality is not Modality.FINGERPRINT:
            raise PackError(told("pack.no_fingerprint_pack", name=pack.name))
        graph = pack_store.derived(
            pack.name, WEIGHTS_NAME, build_leader_graph, derived_name=f"leader-fast-v{GRAPH_VERSION}.onnx"
        )
        session = OnnxSession(
            graph,
            thread_count=thread_count,
            device=device,
            allow_cpu_fallback=allow_cpu_fallback,
            large_input_count=LARGE_PRINT_COUNT,
        )
        warm_up()
        return cls(pack, FingerprintExtractor(session))

    @property
    def pack_id(self) -> str:
        return self.pack.pack_id

    @property
    def calibration(self) -> Mapping[str, Any] | None:
        """The [calibration] table of the manifest; matcher.scoring.calibration.Calibration.from_table reads it."""
        return self.pack.calibration

    def extract(
        self,
        image: Image,
        *,
        finger: FingerPosition = FingerPosition.UNKNOWN,
        region_px: Sequence[PointPx] = (),
    ) -> FingerprintResult:
        """Minutiae, quality and template of one print; region_px: as EncodedSample has it. Raises what
        FingerprintExtractor.extract does."""
        found = self._extractor.extract(image, region_px=region_px)
        template = self.template_from_minutiae(found.minutiae, finger)
        return FingerprintResult(template, found.minutiae, found.quality, found.foreground)

    def template_from_minutiae(self, minutiae: MinutiaSet, finger: FingerPosition) -> Template:
        """The template of minutiae from elsewhere, for example of an ISO/IEC 19794-2 record."""
        return Template(Modality.FINGERPRINT, finger, self.pack_id, describe(minutiae), minutiae.to_bytes())
