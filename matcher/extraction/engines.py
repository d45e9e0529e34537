"""Sample to Template: the stages in order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from index.records import FingerPosition, Modality, Template
from matcher.errors import ImageTooLargeError, ModalityError, PackNotReadyError, ResolutionError
from matcher.face.engine import FaceExtraction
from matcher.fingerprint.imported import comparable_minutiae, imported_quality
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import ImageLimits
from matcher.formats.decoders import ImageDecoding, decode_in_process
from matcher.formats.iso19794 import single_view
from matcher.samples import EncodedSample, FaceDetection, Image, PointPx, Quality
from matcher.stages import Stages
from matcher.texts.catalog import told

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

    def extract(
        self,
        image: Image,
        *,
        finger: FingerPosition = FingerPosition.UNKNOWN,
        region_px: Sequence[PointPx] = (),
    ) -> ExtractedFingerprint: ...

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
    """The packs that are loaded, None where one is not, and who decodes for them. Thread safe."""

    face: FaceExtracting | None
    fingerprint: FingerprintExtracting | None
    limits: ImageLimits = field(default_factory=ImageLimits)
    decode: ImageDecoding = decode_in_process

    def pack_id(self, modality: Modality) -> str:
        """Pack that makes the templates of a modality. Raises PackNotReadyError."""
        engine = self.face if modality is Modality.FACE else self.fingerprint
        if engine is None:
            raise PackNotReadyError(told("pack.none_ready", modality=told(modality.value)))
        return engine.pack_id

    def pack_ids(self) -> tuple[str, ...]:
        """Every loaded pack."""
        return tuple(engine.pack_id for engine in (self.face, self.fingerprint) if engine is not None)

    def extract(self, sample: EncodedSample, *, stages: Stages | None = None) -> Extraction:
        """Raises SampleError, RequestError (no such face number), PackNotReadyError, SessionError."""
        stages = stages or Stages()
        self.pack_id(sample.modality)
        if sample.modality is Modality.FACE:
            return self._extract_face(self._decoded_face(sample, stages), sample, stages)
        return self._extract_fingerprint(sample, stages)

    def detect_faces(self, sample: EncodedSample, *, stages: Stages | None = None) -> tuple[FaceDetection, ...]:
        """Every face of the image, largest first. Raises ImageError, PackNotReadyError, SessionError."""
        assert sample.modality is Modality.FACE
        if self.face is None:
            raise PackNotReadyError(told("pack.none_ready", modality=told("face")))
        stages = stages or Stages()
        image = self._decoded(sample, stages)
        return self._detect(image, stages)

    def extract_with_faces(
        self, sample: EncodedSample, *, stages: Stages
    ) -> tuple[Extraction, tuple[FaceDetection, ...]]:
        """As extract, with every face of a picture of faces, largest first; none of a fingerprint."""
        self.pack_id(sample.modality)
        if sample.modality is not Modality.FACE or self.face is None:
            return self._extract_fingerprint(sample, stages), ()
        image = self._decoded_face(sample, stages)
        return self._extract_face(image, sample, stages), self._detect(image, stages)

    def _detect(self, image: Image, stages: Stages) -> tuple[FaceDetection, ...]:
        assert self.face is not None
        with stages.stage("extract_face"):
            return self.face.detect(image)

    def _decoded(self, sample: EncodedSample, stages: Stages) -> Image:
        """Within what one request may cost in all."""
        with stages.stage("decode"):
            if stages.decoded_pixel_count >= self.limits.max_request_pixels:
                raise ImageTooLargeError(told("image.many_together", most=self.limits.max_request_pixels))
            image = self.decode(sample.image_bytes, ppi=sample.ppi, limits=self.limits, check=stages.check)
            stages.decoded_pixel_count += image.pixels.shape[0] * image.pixels.shape[1]
        return image

    def _decoded_face(self, sample: EncodedSample, stages: Stages) -> Image:
        if sample.minutiae_template:
            raise ModalityError(told("fits.template_face"))
        if sample.finger is not FingerPosition.UNKNOWN:
            raise ModalityError(told("fits.finger_face"))
        if sample.region_px:
            raise ModalityError(told("fits.region_face"))
        return self._decoded(sample, stages)

    def _extract_face(self, image: Image, sample: EncodedSample, stages: Stages) -> Extraction:
        assert self.face is not None
        with stages.stage("extract_face"):
            made = self.face.extract(image, face_number=sample.face_number, largest_face=sample.largest_face)
        stages.keep("extract.template", made.template)
        return Extraction(made.template, made.quality, image.sha256, made.detection, made.face_number)

    def _extract_fingerprint(self, sample: EncodedSample, stages: Stages) -> Extraction:
        assert self.fingerprint is not None
        if sample.face_number or sample.largest_face:
            raise ModalityError(told("fits.face_finger"))
        if sample.minutiae_template and sample.region_px:
            raise ModalityError(told("fits.region_template"))
        if sample.minutiae_template:
            return self._import_template(sample, stages)
        image = self._decoded(sample, stages)
        if image.ppi is None:
            raise ResolutionError(image.ppi_fault or told("ppi.missing"))
        if not SMALLEST_PPI <= image.ppi <= LARGEST_PPI:
            raise ResolutionError(
                told("ppi.outside", ppi=f"{image.ppi:.0f}", least=f"{SMALLEST_PPI:.0f}", most=f"{LARGEST_PPI:.0f}")
            )
        with stages.stage("extract_fingerprint"):
            made = self.fingerprint.extract(image, finger=sample.finger, region_px=sample.region_px)
        stages.keep("extract.template", made.template)
        return Extraction(made.template, made.quality, image.sha256)

    def _import_template(self, sample: EncodedSample, stages: Stages) -> Extraction:
        assert self.fingerprint is not None
        with stages.stage("extract_fingerprint"):
            view = single_view(sample.minutiae_template)
            _check_position(sample.finger, view.finger)
            minutiae = comparable_minutiae(view.minutiae)
            template = self.fingerprint.template_from_minutiae(minutiae, sample.finger)
        digest = hashlib.sha256(sample.minutiae_template).hexdigest()
        return Extraction(template, imported_quality(minutiae), digest)


def _check_position(stated: FingerPosition, of_record: FingerPosition) -> None:
    """A record that says nothing agrees with everything; what it says alone narrows no search, for makers differ in
    what they write when they do not know."""
    if FingerPosition.UNKNOWN not in (stated, of_record) and stated is not of_record:
        raise ModalityError(
            told("fits.position", recorded=told(f"finger.{int(of_record)}"), stated=told(f"finger.{int(stated)}"))
        )
