"""ReferenceViewer: what a reference was made of, shown to an examiner; each an access of its own."""

from __future__ import annotations

import cv2
import numpy as np

from index.database import EnrollmentDatabase
from index.errors import ImageNotKeptError, ReferenceNotFoundError
from index.records import KeptImage, Modality, Reference
from matcher.access.context import AccessContext, check_comparison
from matcher.audit.entries import audited
from matcher.audit.records import AuditLog
from matcher.errors import RequestError
from matcher.extraction.engines import Engines
from matcher.extraction.probe import extract_all, sample_digests
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.results import ReferenceImage, ReferenceMinutiae
from matcher.samples import EncodedSample
from matcher.search.comparison import TemplateComparer
from matcher.stages import Stages
from matcher.texts.catalog import told

MAX_DISPLAY_SIDE_PX = 2000


class ReferenceViewer:
    """Thread safe. The audit record is on disk when a method returns or raises. Raises DatabaseError, RequestError
    and AuditError."""

    def __init__(
        self, database: EnrollmentDatabase, engines: Engines, comparer: TemplateComparer, audit: AuditLog
    ) -> None:
        self._database = database
        self._engines = engines
        self._comparer = comparer
        self._audit = audit

    def image(
        self, context: AccessContext, reference_id: int, *, for_display: bool = False, stages: Stages | None = None
    ) -> ReferenceImage:
        """The enrolled file, or a PNG of it. Raises ReferenceNotFoundError, ImageNotKeptError."""
        with audited(self._audit, "get_reference_image", context, reference_ids=(reference_id,)) as entry:
            check_comparison(context)
            reference = self._reference(reference_id)
            entry.note(subject_id=reference.subject_id)
            kept = self._database.image_of(reference_id)
            if kept is None:
                raise ImageNotKeptError("no image of this reference is kept; enroll the subject again to have one")
            stages = stages or Stages()
            content = self._displayed(kept, stages) if for_display else kept.content
            stages.check()
            audit_id = entry.finish(probe_sha256=(kept.sha256,))
        return ReferenceImage(reference, content, kept.sha256, kept.ppi, audit_id)

    def minutiae(
        self,
        context: AccessContext,
        reference_id: int,
        *,
        probe: EncodedSample | None = None,
        stages: Stages | None = None,
    ) -> ReferenceMinutiae:
        """Minutiae of a fingerprint, paired with those of a probe where there is one. Raises ReferenceNotFoundError,
        SampleError, PackError."""
        stages = stages or Stages()
        probes = [] if probe is None else [probe]
        with audited(
            self._audit,
            "get_reference_minutiae",
            context,
            reference_ids=(reference_id,),
            probe_sha256=sample_digests(probes),
        ) as entry:
            check_comparison(context)
            if any(one.modality is not Modality.FINGERPRINT for one in probes):
                raise RequestError(told("field.probe_print"), field="probe")
            reference = self._reference(reference_id)
            entry.note(subject_id=reference.subject_id)
            template = reference.template
            if template.modality is not Modality.FINGERPRINT:
                raise RequestError(told("field.face_no_minutiae"), field="reference_id")
            explanation = None
            for made in extract_all(self._engines, probes, stages, field="probe"):
                if made.template.pack_id != template.pack_id:
                    raise RequestError(told("field.other_pack"), field="reference_id")
                explanation = self._comparer.explain_templates(made.template, template)
            stages.check()
            audit_id = entry.finish(pack_ids=(template.pack_id,))
        shown = MinutiaSet.from_bytes(template.minutiae).shown()
        return ReferenceMinutiae(reference, shown, explanation, audit_id)

    def _reference(self, reference_id: int) -> Reference:
        if reference_id < 1:
            raise RequestError(told("field.reference_id"), field="reference_id")
        found = self._database.references([reference_id])
        if not found:
            raise ReferenceNotFoundError("no such reference; it may have been deleted")
        return found[0]

    def _displayed(self, kept: KeptImage, stages: Stages) -> bytes:
        """PNG. Raises ImageError where the decoder, which read it at enrollment, does not."""
        engines = self._engines
        decoded = engines.decode(kept.content, ppi=kept.ppi, limits=engines.limits, check=stages.check)
        pixels = np.ascontiguousarray(decoded.pixels)
        scale = MAX_DISPLAY_SIDE_PX / max(pixels.shape[:2])
        if scale < 1.0:
            size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        _, encoded = cv2.imencode(".png", pixels)
        return encoded.tobytes()
