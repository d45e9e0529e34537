"""Malformed requests, made from well-formed ones: seeded, so that a failure can be repeated."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from index.records import FingerPosition, Modality, Subject
from matcher.access.context import AccessContext
from matcher.client import access_message, enroll_message, sample_message
from matcher.formats.iso19794 import to_iso19794_2
from matcher.samples import EncodedSample
from protos.biometrics.v1 import matching_service_pb2
from tests.fakes import fake_minutiae, png_bytes

IDENTIFY = "/biometrics.v1.MatchingService/Identify"
ENROLL = "/biometrics.v1.EnrollmentService/Enroll"
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "JPEG2000")
_ACCESS = AccessContext("operator-7", "case-12", "test of malformed input")


def real_images(fingerprints_folder: Path | None, faces_folder: Path | None) -> list[bytes]:
    """A few real images in every format, small enough to be changed thousands of times."""
    originals: list[PillowImage.Image] = []
    if fingerprints_folder is not None:
        for name in ("fvc2002_db1_b", "fvc2004_db3_b"):
            originals.append(PillowImage.open(sorted((fingerprints_folder / name).glob("*.tif"))[0]).convert("L"))
    if faces_folder is not None:
        originals.append(PillowImage.open(sorted((faces_folder / "lfw_dev").rglob("*.jpg"))[0]).convert("RGB"))
    if not originals:
        originals.append(PillowImage.open(io.BytesIO(png_bytes(1))))
    encoded = []
    for original in originals:
        for image_format in FORMATS:
            buffer = io.BytesIO()
            original.save(buffer, format=image_format)
            encoded.append(buffer.getvalue())
    return encoded


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """One way of many to spoil bytes."""
    kind = int(random.integers(0, 9))
    place = int(random.integers(0, max(len(content), 1)))
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[place:]
    if kind == 2:
        return b""
    if kind == 3:
        return random.bytes(place + 1)
    spoiled = bytearray(content)
    if kind == 4:  # single bits anywhere
        for _ in range(int(random.integers(1, 30))):
            spoiled[int(random.integers(0, len(spoiled)))] ^= 1 << int(random.integers(0, 8))
    elif kind == 5:  # the head, where sizes and types stand
        for _ in range(int(random.integers(1, 12))):
            spoiled[int(random.integers(0, min(len(spoiled), 64)))] = int(random.integers(0, 256))
    elif kind == 6:  # a run of one byte
        spoiled[place : place + int(random.integers(1, 400))] = bytes([int(random.integers(0, 256))]) * 100
    elif kind == 7:  # large numbers where numbers may stand
        value = int(random.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65535]))
        spoiled[place : place + 4] = struct.pack(str(random.choice(["<I", ">I"])), value)
    else:  # two parts change places
        spoiled = spoiled[place:] + spoiled[:place]
    return bytes(spoiled)


def malformed_requests(images: Sequence[bytes], count: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """(method, message bytes), count of them."""
    random = np.random.default_rng(seed)
    record = to_iso19794_2(fake_minutiae())
    for _ in range(count):
        content = damaged(images[int(random.integers(0, len(images)))], random)
        kind = int(random.integers(0, 10))
        modality = Modality.FACE if random.random() < 0.4 else Modality.FINGERPRINT
        is_finger = modality is Modality.FINGERPRINT
        sample = EncodedSample(
            modality,
            content,
            finger=FingerPosition(int(random.integers(0, 11))) if is_finger else FingerPosition.UNKNOWN,
            ppi=float(random.choice([500.0, 300.0, 1200.0, 1.0, 1e300])) if is_finger else None,
            largest_face=not is_finger,
        )
        if kind == 0:
            sample = EncodedSample(Modality.FINGERPRINT, minutiae_template=damaged(record, random) or b"F")
        if kind in (1, 2):
            message = enroll_message([sample], subject=Subject("", "never"), access=_ACCESS).SerializeToString()
            yield ENROLL, message
            continue
        request = matching_service_pb2.IdentifyRequest(access=access_message(_ACCESS))
        request.probe.samples.append(sample_message(sample))
        if kind == 3:
            request.probe.samples[0].modality = int(random.integers(-5, 200))  # type: ignore[assignment]
            request.probe.samples[0].finger_position = int(random.integers(-5, 200))  # type: ignore[assignment]
            request.max_candidates = int(random.integers(-(2**31), 2**31))
            request.target_fpir = float(random.choice([float("nan"), float("inf"), -1.0, 1e-300]))
        if kind == 4:
            request.probe.samples[0].image.ppi = float(random.choice([float("nan"), float("-inf"), -500.0, 1e9]))
            request.probe.samples[0].capture_time.seconds = int(random.integers(-(2**62), 2**62))
            request.probe.samples[0].face_number = int(random.integers(-(2**31), 2**31))
        serialized = request.SerializeToString()
        yield IDENTIFY, damaged(serialized, random) if kind == 5 else serialized
