"""Reembedder: templates of a second pack, made of the images on record beside those of the first, while serving."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Final

import numpy as np

from index.arrays import Float64Array
from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError
from index.receipts import ReembeddingCounts
from index.records import KeptImage, Modality, NewReference, Reference
from matcher.access.context import AccessContext
from matcher.audit.changes import ChangeLedger
from matcher.audit.entries import changing
from matcher.errors import NoFaceError, RequestError, SampleError
from matcher.extraction.engines import Engines
from matcher.samples import EncodedSample, FaceDetection, PointPx
from matcher.texts.catalog import told
from matcher.texts.reasons import reason_of

# Who a record of the audit log names where nobody asked: the service, told so by its settings.
ITSELF: Final = AccessContext("station-matcher", "", "reembed")
# One commit and one audit record for so many.
_BATCH_COUNT: Final = 20
_IMAGE_DAMAGED: Final = "ERROR_REASON_IMAGE_DAMAGED"

# Detectors draw boxes of one face differently; those of two persons share less.
_SAME_FACE_SHARE: Final = 0.3

Report = Callable[[ReembeddingCounts], None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """made: (original id, new reference). failed: (original id, reason)."""

    made: list[tuple[int, NewReference]]
    failed: list[tuple[int, str]]


class Reembedder:
    """One modality. May be stopped and started anew at any time: what was made is in the store, the rest is still to
    do. Not thread safe; beside it everything else goes on."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        engines: Engines,
        changes: ChangeLedger,
        *,
        modality: Modality,
        share: float,
    ) -> None:
        """engines: with the second pack for the modality. share: of one processor's time, above 0, at most 1."""
        self._database = database
        self._engines = engines
        self._changes = changes
        self._modality = modality
        self._share = share

    @property
    def pack_id(self) -> str:
        return self._engines.pack_id(self._modality)

    def counts(self) -> ReembeddingCounts:
        """How far it has come."""
        return self._database.reembedding_counts(self._modality, self.pack_id)

    def run(self, stop: Event, report: Report) -> ReembeddingCounts:
        """Until every image was tried, or until stop. report: after each batch. Raises DatabaseError, AuditError,
        SessionError."""
        last_id, counts = 0, self.counts()
        while not stop.is_set():
            originals = self._database.without_counterpart(
                self._modality, self.pack_id, after_id=last_id, limit=_BATCH_COUNT
            )
            if not originals:
                break
            batch = self._made_of(self._database.references(originals), stop)
            self._keep(batch)
            last_id = originals[-1]
            # Counting all anew takes long in a large store.
            made, failed = len(batch.made), len(batch.failed)
            waiting = max(counts.waiting_count - made - failed, 0)
            counts = replace(counts, done_count=counts.done_count + made, waiting_count=waiting)
            report(counts)
        return self.counts()

    def _made_of(self, references: Sequence[Reference], stop: Event) -> _Batch:
        batch = _Batch([], [])
        for reference in references:
            if stop.is_set():
                break
            begin = time.monotonic()
            try:
                image = self._database.image_of(reference.reference_id)
            except DatabaseDamagedError:
                batch.failed.append((reference.reference_id, _IMAGE_DAMAGED))
                continue
            if image is None:
                continue  # deleted meanwhile
            try:
                batch.made.append((reference.reference_id, self._template_of(reference, image)))
            except (SampleError, RequestError) as error:
                batch.failed.append((reference.reference_id, reason_of(error)))
            took = time.monotonic() - begin
            stop.wait(took * (1.0 / self._share - 1.0))
        return batch

    def _template_of(self, reference: Reference, image: KeptImage) -> NewReference:
        sample = self._sample_of(reference, image)
        made = self._engines.extract(sample)
        return NewReference(
            made.template,
            made.quality.score,
            sample_sha256=reference.sample_sha256,
            station_id=reference.station_id,
            capture_time=reference.capture_time,
            capture_device=reference.capture_device,
        )

    def _sample_of(self, reference: Reference, image: KeptImage) -> EncodedSample:
        """Raises NoFaceError where this pack finds no face where the first one found it."""
        part, finger = image.part, reference.template.finger
        whole = EncodedSample(self._modality, image.content, finger=finger, ppi=image.ppi)
        if self._modality is not Modality.FACE:
            return replace(whole, region_px=part.region_px)
        if not part.region_px:
            return replace(whole, face_number=part.face_number, largest_face=part.largest_face)
        return replace(whole, face_number=_number_of_face_at(part.region_px, self._engines.detect_faces(whole)))

    def _keep(self, batch: _Batch) -> None:
        if not batch.made and not batch.failed:
            return
        with changing(self._changes, "reembed", ITSELF, pack_ids=(self.pack_id,)) as entry:
            self._database.add_counterparts(
                self.pack_id, batch.made, batch.failed, owed=entry.owes(lambda ids: {"reference_ids": ids})
            )
            entry.finish()


def _number_of_face_at(corners: Sequence[PointPx], faces: Sequence[FaceDetection]) -> int:
    """From 1. Raises NoFaceError."""
    meant = np.array(corners, dtype=np.float64).ravel()
    shares = [_shared(meant, np.asarray(face.box_px, dtype=np.float64)) for face in faces]
    if not shares or max(shares) < _SAME_FACE_SHARE:
        raise NoFaceError(told("face.none"))
    return 1 + shares.index(max(shares))


def _shared(one: Float64Array, other: Float64Array) -> float:
    """Area of the intersection of two boxes (x1, y1, x2, y2) over that of their union."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    both = float(np.prod(np.maximum(sides, 0.0)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - both
    return both / union if union > 0.0 else 0.0
