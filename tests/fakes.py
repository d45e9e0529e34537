"""Stand-ins for what a test does not test: engines that read an identity out of the pixels, an audit log in memory.

A fake sample is a gray PNG. Pixel (0, 0) is the identity, (0, 1) the number of faces shown, (0, 2) the quality; the
rest is noise, so two images of one identity differ.
"""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from index.arrays import Float32Array
from index.records import FingerPosition, Modality, StoredPrint, Template
from matcher.audit.chain import ChainPoint
from matcher.audit.checkpoint import Checkpoint
from matcher.audit.records import AuditEvent, AuditRecord
from matcher.errors import AuditError, NoFaceError, NoFingerprintError, RequestError, SeveralFacesError
from matcher.face.engine import FaceExtraction
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import EncodedSample, FaceBox, FaceDetection, Image, PointPx, Quality
from matcher.scoring.calibration import Calibration

FACE_PACK_ID = "fake-face@1"
FINGERPRINT_PACK_ID = "fake-finger@1"
NOTHING = 255
DOUBTFUL = 77
"""A quality above every floor that is doubtful all the same."""
DIM = 64
SIDE_PX = 48
# A straight line from similarity to score: 0.4, which strangers do not reach, is score 0, 1.0 is score 100.
CALIBRATION = Calibration((0.4, 1.0), (0.0, 100.0), 90.0, 1000, "made up for tests")


def png_bytes(identity: int, *, impression: int = 0, face_count: int = 1, quality: int = 80) -> bytes:
    """A fake sample. identity NOTHING shows neither face nor print."""
    seed = identity * 1000 + impression
    pixels = np.random.default_rng(seed).integers(0, 256, size=(SIDE_PX, SIDE_PX), dtype=np.uint8)
    pixels[0, :3] = (identity, face_count, quality)
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def face(identity: int, *, impression: int = 0, face_count: int = 1, quality: int = 80, **said: Any) -> EncodedSample:
    content = png_bytes(identity, impression=impression, face_count=face_count, quality=quality)
    return EncodedSample(Modality.FACE, content, **said)


def finger(
    identity: int,
    *,
    position: FingerPosition = FingerPosition.RIGHT_INDEX,
    impression: int = 0,
    quality: int = 80,
    ppi: float | None = 500.0,
    region_px: tuple[PointPx, ...] = (),
) -> EncodedSample:
    content = png_bytes(identity, impression=impression, quality=quality)
    return EncodedSample(Modality.FINGERPRINT, content, finger=position, ppi=ppi, region_px=region_px)


@dataclass
class FakeFaceEngine:
    """delay_s: how long an extraction takes. may_go: while it is not set, extractions wait for it. running and
    most_running count calls inside the engine."""

    delay_s: float = 0.0
    may_go: threading.Event = field(default_factory=threading.Event)
    pack_id: str = FACE_PACK_ID
    dim: int = DIM
    running: int = 0
    most_running: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.may_go.set()

    def detect(self, image: Image) -> tuple[FaceDetection, ...]:
        identity, face_count = _pixel(image, 0), _pixel(image, 1)
        return tuple(_detection(number) for number in range(0 if identity == NOTHING else face_count))

    def extract(self, image: Image, *, face_number: int = 0, largest_face: bool = False) -> FaceExtraction:
        with self._lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            time.sleep(self.delay_s)
            assert self.may_go.wait(300), "nobody let the engine go on"
            faces = self.detect(image)
            if not faces:
                raise NoFaceError("no face was found")
            if face_number > len(faces):
                raise RequestError("no such face", field="face_number")
            if len(faces) > 1 and not face_number and not largest_face:
                boxes = tuple(FaceBox(number, 10 * number, 5, 20, 20) for number in range(1, len(faces) + 1))
                raise SeveralFacesError(f"{len(faces)} faces were found", boxes)
            # A second face in the picture is another person.
            identity = _pixel(image, 0) + 100 * (max(face_number, 1) - 1)
            vector = _vector(identity, image.sha256, self.dim)[np.newaxis]
            template = Template(Modality.FACE, FingerPosition.UNKNOWN, self.pack_id, vector)
            crop = np.zeros((112, 112, 3), dtype=np.uint8)
            return FaceExtraction(template, _quality(image), faces[max(face_number, 1) - 1], crop, max(face_number, 1))
        finally:
            with self._lock:
                self.running -= 1


@dataclass
class FakeFingerprintEngine:
    """regions: of the samples that were extracted."""

    pack_id: str = FINGERPRINT_PACK_ID
    regions: list[object] = field(default_factory=list)

    def extract(self, image: Image, *, finger: FingerPosition = FingerPosition.UNKNOWN, region_px: object = ()) -> Any:
        self.regions.append(region_px)
        identity = _pixel(image, 0)
        if identity == NOTHING:
            raise NoFingerprintError("no ridge pattern was found")
        vectors = np.stack([_vector(identity * 10 + part, image.sha256) for part in range(4)])
        minutiae = fake_minutiae()
        template = Template(Modality.FINGERPRINT, finger, self.pack_id, vectors, minutiae.to_bytes())
        return SimpleNamespace(template=template, minutiae=minutiae, quality=_quality(image))

    def template_from_minutiae(self, minutiae: MinutiaSet, finger: FingerPosition) -> Template:
        identity = int(minutiae.x_px[0]) if len(minutiae) else 0
        vectors = np.stack([_vector(identity * 10 + part, "imported") for part in range(4)])
        return Template(Modality.FINGERPRINT, finger, self.pack_id, vectors, minutiae.to_bytes())


class FakeComparer:
    """Mean cosine of the four vectors; counts the references it compared."""

    def __init__(self) -> None:
        self.compared_count = 0

    def prepare(self, template: Template) -> Float32Array:
        return template.vectors

    def prepare_stored(self, prints: Sequence[StoredPrint]) -> list[Float32Array]:
        rows = [one.codes.astype(np.float32) for one in prints]
        return [one / np.linalg.norm(one, axis=1, keepdims=True) for one in rows]

    def compare_many(self, probe: Float32Array, references: Sequence[Float32Array]) -> Float32Array:
        self.compared_count += len(references)
        return np.array([max(float((probe * other).sum() / 4), 0.0) for other in references], dtype=np.float32)

    def explain(self, probe: Float32Array, reference: Float32Array) -> Any:
        pairs = np.array([[0, 0], [1, 1]], dtype=np.int32)
        return SimpleNamespace(pairs=pairs, rotation_rad=0.5, translation_px=(3.0, 4.0))


class InMemoryAudit:
    """An AuditLog. is_broken: every append raises AuditError from now on."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.is_broken = False
        self._lock = threading.Lock()

    def append(self, event: AuditEvent) -> AuditRecord:
        with self._lock:
            if self.is_broken:
                raise AuditError("the audit record could not be written")
            sequence = len(self.records) + 1
            record = AuditRecord(str(sequence), sequence, datetime.now(UTC), event, "", "")
            self.records.append(record)
            return record

    def completed(self, event: AuditEvent) -> AuditEvent:
        return event

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(ChainPoint(len(self.records)), "0" * 64)

    def recorded(self, change_ids: AbstractSet[str], *, since_bytes: int) -> AbstractSet[str]:
        return change_ids & {event.change_id for event in self.events}

    def changes_since(self, offset_bytes: int) -> AbstractSet[str]:
        return {event.change_id for event in self.events if event.change_id} if offset_bytes else frozenset()

    @property
    def events(self) -> list[AuditEvent]:
        return [record.event for record in self.records]


def record_minutiae(first_x_px: int) -> MinutiaSet:
    """As many as an ordinary print has, all over it; the x of the first tells an imported template's identity."""
    rows, columns = (grid.ravel() for grid in np.mgrid[:6, :6])
    return MinutiaSet.best_of(
        x_px=np.where(rows + columns == 0, first_x_px, 40 * columns + 90),
        y_px=50 * rows + 20,
        direction_rad=0.3 * columns + rows,
        kind=np.ones(36, dtype=np.uint8),
        quality=np.linspace(0.9, 0.7, 36),
        width_px=400,
        height_px=400,
    )


def few_minutiae(count: int, *, at_one_point: bool = False) -> MinutiaSet:
    """So many sure minutiae, along a line or within a pixel."""
    numbers = np.arange(count)
    return MinutiaSet.best_of(
        x_px=numbers % 2 + 100.0 if at_one_point else 20.0 * numbers + 30,
        y_px=numbers % 3 * 0.5 + 100.0 if at_one_point else 17.0 * (numbers % 4) + 30,
        direction_rad=0.5 * numbers,
        kind=np.ones(count, dtype=np.uint8),
        quality=np.full(count, 0.96),
        width_px=300,
        height_px=300,
    )


def fake_minutiae(first_x_px: int = 10) -> MinutiaSet:
    """Four minutiae on a square; the x of the first tells an imported template's identity."""
    return MinutiaSet.best_of(
        x_px=np.array([first_x_px, 100, 100, 10], dtype=np.float64),
        y_px=np.array([10, 10, 100, 100], dtype=np.float64),
        direction_rad=np.array([0.0, 1.0, 2.0, 3.0]),
        kind=np.array([1, 2, 1, 2], dtype=np.uint8),
        quality=np.array([0.9, 0.8, 0.7, 0.6]),
        width_px=200,
        height_px=200,
    )


def _vector(identity: int, digest: str, dim: int = DIM) -> Float32Array:
    """Close to the identity's own direction, not on it."""
    own = np.random.default_rng(identity).normal(size=dim)
    seed = int(hashlib.sha256(digest.encode()).hexdigest()[:8], 16)
    noisy = own / np.linalg.norm(own) + np.random.default_rng(seed).normal(size=dim) * 0.03
    return (noisy / np.linalg.norm(noisy)).astype(np.float32)


def _pixel(image: Image, column: int) -> int:
    """What a gray fake sample says there; a color image says its blue."""
    return int(np.ravel(image.pixels[0, column])[0])


def _quality(image: Image) -> Quality:
    score = min(_pixel(image, 2), 100)
    if score == DOUBTFUL:
        return Quality(score, ("few_ridges",), is_doubtful=True)
    return Quality(score, ("too_dark",) if score < 50 else ())


def _detection(number: int) -> FaceDetection:
    box = np.array([10 * number, 5, 10 * number + 20, 25], dtype=np.float32)
    return FaceDetection(box, np.zeros((5, 2), dtype=np.float32), 0.9)
