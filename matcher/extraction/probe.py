"""The samples of one probe to templates, and what to tell of them."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.audit.entries import about_sample
from matcher.errors import FaceBox
from matcher.extraction.engines import Engines, Extraction
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.results import ProbeSample
from matcher.samples import EncodedSample, FaceDetection
from matcher.stages import Stages


def extract_all(
    engines: Engines, samples: Sequence[EncodedSample], stages: Stages, *, field: str = "probe.samples"
) -> tuple[Extraction, ...]:
    """One extraction a sample, in order. Raises what Engines.extract does; the error's field names the sample.

    field: path of the repeated field of the request.
    """
    extractions = []
    for number, sample in enumerate(samples):
        with about_sample(f"{field}[{number}]"):
            extractions.append(engines.extract(sample, stages=stages))
    return tuple(extractions)


def probe_sample(extraction: Extraction) -> ProbeSample:
    """What an answer tells of a sample: quality, and the face or the number of minutiae."""
    template, detection = extraction.template, extraction.detection
    return ProbeSample(
        modality=template.modality,
        finger=template.finger,
        quality=extraction.quality,
        pack_id=template.pack_id,
        face=face_box(detection, extraction.face_number) if detection else None,
        landmarks_px=tuple((float(x), float(y)) for x, y in detection.landmarks_px) if detection else (),
        minutia_count=len(MinutiaSet.from_bytes(template.minutiae)) if template.minutiae else 0,
    )


def face_box(detection: FaceDetection, number: int) -> FaceBox:
    left, top, right, bottom = (round(float(side)) for side in detection.box_px)
    return FaceBox(number, left, top, right - left, bottom - top)
