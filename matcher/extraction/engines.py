"""Sample to Template: the stages in order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from index.records import FingerPosition, Modality, Template
from matcher.errors import ModalityError, PackNotReadyError, ResolutionError
from matcher.face.engine import FaceExtraction
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import ImageLimits, decode_image
from matcher.formats.iso19794 import from_iso19794_2
from matcher.samples import IMPORTED_REASON, EncodedSample, FaceDetection, Image, Quality
from matcher.stages import Stages

SMALLEST_PPI, LARGEST_PPI = 250.0, 1200.0


class FaceExtracting(Protocol):
    """The part of FaceEngine that a request needs. Thread safe."""

    @property
    def pack_id(self) -> str: ...

    def detect(self, image: Image) -> tuple[FaceDetection, ...]: ...

    def extract(self, image: Image, *, face_number: int = 0, largest_face: bool = False) -> FaceExtraction: ...


class ExtractedFingerprint(Protocol):
    """What a fingerprint engine makes of one print."""

    @property
    def template(self) -> Template: ...

    @property
    def minutiae(self) -> MinutiaSet: ...

    @property
    def quality(self) -> Quality: ...


class FingerprintExtracting(Protocol):
    """The part of FingerprintEngine that a request needs. Thread safe."""

    @property
    def pack_id(self) -> str: ...

    def extract(self, image: Image, *, finger: FingerPosition = FingerPosition.UNKNOWN) -> ExtractedFingerprint: ...

    def template_from_minutiae(self, minutiae: MinutiaSet, finger: FingerPosition) -> Template: ...


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """What one sample gave. sha256: hex digest of the bytes that were sent. detection, face_number: faces only; the
    number from 1 by size."""

    template: Template
    quality: Quality
    sha256: str
    detection: FaceDetection | None = None
    face_number: int = 1


@dataclass(frozen=True, slots=True)
class Engines:
    """The packs that are loaded, None where one is not. Thread safe."""

    face: FaceExtracting | None
    fingerprint: FingerprintExtracting | None
    limits: ImageLimits = field(default_factory=ImageLimits)

    def pack_id(self, modality: Modality) -> str:
        """Pack that makes the templates of a modality. Raises PackNotReadyError."""
        engine = self.face if modality is Modality.FACE else self.fingerprint
        if engine is None:
            raise PackNotReadyError(f"no {modality.value} pack is ready; run: station-matcher doctor")
        return engine.pack_id

    def pack_ids(self) -> tuple[str, ...]:
        """Every loaded pack."""
        return tuple(engine.pack_id for engine in (self.face, self.fingerprint) if engine is not None)

    def extract(self, sample: EncodedSample, *, stages: Stages | None = None) -> Extraction:
        """Raises SampleError, RequestError (no such face number), PackNotReadyError, SessionError."""
        stages = stages or Stages()
        self.pack_id(sample.modality)
        if sample.modality is Modality.FACE:
            return self._extract_face(sample, stages)
        return self._extract_fingerprint(sample, stages)

    def detect_faces(self, sample: EncodedSample) -> tuple[FaceDetection, ...]:
        """Every face of the image, largest first. Raises ImageError, PackNotReadyError, SessionError."""
        assert sample.modality is Modality.FACE
        if self.face is None:
            raise PackNotReadyError("no face pack is ready; run: station-matcher doctor")
        return self.face.detect(decode_image(sample.image_bytes, ppi=sample.ppi, limits=self.limits))

    def _extract_face(self, sample: EncodedSample, stages: Stages) -> Extraction:
        assert self.face is not None
        if sample.minutiae_template:
            raise ModalityError("a minutiae template belongs to a fingerprint, not to a face")
        if sample.finger is not FingerPosition.UNKNOWN:
            raise ModalityError("a face has no finger position; leave it unset")
        with stages.stage("decode"):
            image = decode_image(sample.image_bytes, ppi=sample.ppi, limits=self.limits)
        with stages.stage("extract_face"):
            made = self.face.extract(image, face_number=sample.face_number, largest_face=sample.largest_face)
        stages.keep("extract.template", made.template)
        return Extraction(made.template, made.quality, image.sha256, made.detection, made.face_number)

    def _extract_fingerprint(self, sample: EncodedSample, stages: Stages) -> Extraction:
        assert self.fingerprint is not None
        if sample.face_number or sample.largest_face:
            raise ModalityError("a face selection does not fit a fingerprint; leave it unset")
        if sample.minutiae_template:
            return self._import_template(sample, stages)
        with stages.stage("decode"):
            image = decode_image(sample.image_bytes, ppi=sample.ppi, limits=self.limits)
        if image.ppi is None:
            raise ResolutionError("the print states no resolution: send its ppi with the image")
        if not SMALLEST_PPI <= image.ppi <= LARGEST_PPI:
            raise ResolutionError(
                f"{image.ppi:.0f} ppi is outside {SMALLEST_PPI:.0f} to {LARGEST_PPI:.0f}: "
                "scan again or send the right ppi with the image"
            )
        with stages.stage("extract_fingerprint"):
            made = self.fingerprint.extract(image, finger=sample.finger)
        stages.keep("extract.template", made.template)
        return Extraction(made.template, made.quality, image.sha256)

    def _import_template(self, sample: EncodedSample, stages: Stages) -> Extraction:
        assert self.fingerprint is not None
        with stages.stage("extract_fingerprint"):
            minutiae = from_iso19794_2(sample.minutiae_template)
            template = self.fingerprint.template_from_minutiae(minutiae, sample.finger)
        score = round(100.0 * float(np.mean(minutiae.quality))) if len(minutiae) else 0
        digest = hashlib.sha256(sample.minutiae_template).hexdigest()
        return Extraction(template, Quality(score, (IMPORTED_REASON,)), digest)
