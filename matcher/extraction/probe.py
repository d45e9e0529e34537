"""The samples of one probe to templates, and what to tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from index.records import FingerPosition, Modality
from matcher.errors import (
    RequestError,
    SampleError,
)
from matcher.extraction.engines import Engines, Extraction
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.results import ProbeSample
from matcher.samples import EncodedSample, FaceBox, FaceDetection
from matcher.stages import Stages
from matcher.texts.catalog import told

MAX_FINGER_COUNT = 10


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


def probe_sample(extraction: Extraction, *, with_minutiae: bool = False) -> ProbeSample:
    """What an answer tells of a sample: quality, and the face or the number of minutiae, or the minutiae themselves."""
    template, detection = extraction.template, extraction.detection
    minutiae = MinutiaSet.from_bytes(template.minutiae) if template.minutiae else None
    return ProbeSample(
        modality=template.modality,
        finger=template.finger,
        quality=extraction.quality,
        pack_id=template.pack_id,
        face=face_box(detection, extraction.face_number) if detection else None,
        landmarks_px=tuple((float(x), float(y)) for x, y in detection.landmarks_px) if detection else (),
        minutia_count=len(minutiae) if minutiae is not None else 0,
        shown=minutiae.shown() if with_minutiae and minutiae is not None else None,
    )


def face_box(detection: FaceDetection, number: int) -> FaceBox:
    left, top, right, bottom = (round(float(side)) for side in detection.box_px)
    return FaceBox(number, left, top, right - left, bottom - top)


@contextmanager
def about_sample(field: str) -> Iterator[None]:
    """Says which sample of the request an error of the block is about. field: dotted path, as "samples[1]"."""
    try:
        yield
    except SampleError as error:
        error.field = field
        raise
    except RequestError as error:
        error.field = f"{field}.{error.field}" if error.field else field
        raise


def check_probe(samples: Sequence[EncodedSample], *, field: str = "probe.samples") -> None:
    """One capture subject's samples: at most one face and ten fingers, each known position once.

    Raises RequestError naming the field.
    """
    if not samples:
        raise RequestError(told("field.no_sample"), field=field)
    if sum(sample.modality is Modality.FACE for sample in samples) > 1:
        raise RequestError(told("field.one_face"), field=field)
    fingers = [sample.finger for sample in samples if sample.modality is Modality.FINGERPRINT]
    if len(fingers) > MAX_FINGER_COUNT:
        raise RequestError(told("field.fingers", count=MAX_FINGER_COUNT), field=field)
    known = [finger for finger in fingers if finger is not FingerPosition.UNKNOWN]
    if len(known) != len(set(known)):
        raise RequestError(told("field.finger_twice"), field=field)


def sample_digests(samples: Sequence[EncodedSample]) -> tuple[str, ...]:
    """Hex SHA-256 of what each sample brought, for the audit record, also when nothing could be made of it."""
    return tuple(hashlib.sha256(sample.minutiae_template or sample.image_bytes).hexdigest() for sample in samples)
