"""The decoder processes: the same pictures as decode_image, and limits of time and memory that stop no honest call."""

from __future__ import annotations

import io
import os
import signal
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.picture_formats.wsq_damage import generated_wsq
from index.records import Modality
from matcher.errors import (
    CanceledError,
    DeadlineError,
    ImageEmptyError,
    ImageError,
    ImageKindError,
    ImageTooLargeError,
    ImageTruncatedError,
    SessionError,
)
from matcher.extraction.engines import Engines
from matcher.formats.decode import ImageLimits, decode_image
from matcher.formats.decoders import DecoderLimits, DecoderPool
from matcher.samples import EncodedSample, Image
from matcher.server.status import status_of
from matcher.stages import Stages, never_ends
from matcher.texts.catalog import localized
from matcher.texts.reasons import error_text
from matcher.usecases.assess import Assessor
from tests.fakes import FakeFaceEngine, InMemoryAudit, png_bytes
from tests.service.conftest import ACCESS

LIMITS = ImageLimits()


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool(2) as opened:
        yield opened


def _decode(pool: DecoderPool, content: bytes, *, ppi: float | None = None, limits: ImageLimits = LIMITS) -> Image:
    return pool(content, ppi=ppi, limits=limits, check=never_ends)


def _saved(picture: PillowImage.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def _deep() -> bytes:
    samples = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)
    return _saved(PillowImage.fromarray(samples), "TIFF", dpi=(500, 500))


def _costly_jpeg() -> bytes:
    """Of few bytes and of as many scans as its size may have: seconds of work."""
    plain = _saved(PillowImage.new("L", (6000, 6000), 90), "JPEG", progressive=True)
    scan = plain[plain.index(b"\xff\xda") : -2]
    return plain[:-2] + scan * 3 + plain[-2:]


@pytest.mark.parametrize("content", [_deep(), png_bytes(3), generated_wsq()], ids=["TIFF", "PNG", "WSQ"])
def test_a_picture_is_the_same_in_another_process(pool: DecoderPool, content: bytes) -> None:
    here, there = decode_image(content, ppi=None), _decode(pool, content)
    np.testing.assert_array_equal(here.pixels, there.pixels)
    assert not there.pixels.flags.writeable
    assert (here.ppi, here.sha256, here.ppi_fault) == (there.ppi, there.sha256, there.ppi_fault)
    assert _decode(pool, content, ppi=640).ppi == 640


def test_refusals_come_through_by_class_and_name(pool: DecoderPool) -> None:
    whole = generated_wsq()
    refusals: list[tuple[bytes, type[ImageError]]] = [
        (b"", ImageEmptyError),
        (b"GIF89a", ImageKindError),
        (_deep()[:-300], ImageTruncatedError),
        (whole[: len(whole) // 2], ImageTruncatedError),
        (whole[:4000] + bytes(64) + whole[4064:], ImageTruncatedError),
    ]
    for content, kind in refusals:
        with pytest.raises(kind) as refusal:
            _decode(pool, content)
        assert type(refusal.value) is kind
    with pytest.raises(ImageKindError) as named:
        _decode(pool, b"GIF89a")
    assert localized(named.value, "vi").startswith("Không hỗ trợ loại tệp GIF.")
    assert _decode(pool, whole).ppi == 500


def test_calls_side_by_side_get_their_own_pictures(pool: DecoderPool) -> None:
    contents = [png_bytes(identity) for identity in range(12)]
    with ThreadPoolExecutor(6) as threads:
        images = list(threads.map(lambda content: _decode(pool, content), contents))
    for content, image in zip(contents, images, strict=True):
        np.testing.assert_array_equal(image.pixels, decode_image(content).pixels)


@pytest.mark.parametrize("limits", [DecoderLimits(cpu_s=-1), DecoderLimits(wall_s=0.1)], ids=["processor", "clock"])
def test_work_without_end_is_ended_and_the_process_replaced(limits: DecoderLimits) -> None:
    costly = _costly_jpeg()
    with DecoderPool(1, limits=limits) as pool:
        with pytest.raises(ImageTruncatedError, match="limits of time and memory"):
            _decode(pool, costly)
        pool.limits = DecoderLimits()
        assert _decode(pool, png_bytes(2)).pixels.shape


def test_a_picture_that_needs_too_much_memory_is_refused() -> None:
    bomb = _saved(PillowImage.new("RGBA", (7000, 7000)), "PNG", compress_level=1)
    with DecoderPool(1, limits=DecoderLimits(memory_bytes=700 << 20)) as pool:
        with pytest.raises((ImageTooLargeError, ImageTruncatedError), match="memory"):
            _decode(pool, bomb)
        assert _decode(pool, png_bytes(2)).pixels.shape


def test_nobody_waits_longer_than_they_want() -> None:
    """check lets the call begin and ends it at the first look while the process still works."""
    look_count = 0

    def check() -> None:
        nonlocal look_count
        look_count += 1
        if look_count > 1:
            raise DeadlineError("the time allowed for the request is over")

    costly = _costly_jpeg()
    with DecoderPool(1) as pool:
        _decode(pool, png_bytes(1))
        with pytest.raises(DeadlineError):
            pool(costly, ppi=None, limits=LIMITS, check=check)
        assert _decode(pool, png_bytes(2)).pixels.shape


def test_a_process_that_was_ended_is_replaced_without_a_refusal() -> None:
    with DecoderPool(1) as pool:
        _decode(pool, png_bytes(1))
        for process_id in pool.process_ids():
            os.kill(process_id, signal.SIGKILL)
            # Ended and not waited for yet: that is the pool's to do.
            os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOWAIT)
        assert _decode(pool, png_bytes(2)).pixels.shape
    with pytest.raises(SessionError):
        _decode(pool, png_bytes(2))


def test_a_process_that_unpacks_pictures_knows_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them may be the master key."""
    monkeypatch.setenv("STATION_MATCHER_STORAGE_MASTER_KEY", "ab" * 32)
    with DecoderPool(1) as pool:
        _decode(pool, png_bytes(1))
        for process_id in pool.process_ids():
            environment = Path(f"/proc/{process_id}/environ").read_bytes()
            assert b"PATH=" in environment
            assert b"STATION_MATCHER_" not in environment


def test_a_process_is_replaced_after_so_many_pictures() -> None:
    with DecoderPool(1, limits=DecoderLimits(picture_count=2)) as pool:
        first = pool.process_ids()
        for number in range(4):
            content = png_bytes(number)
            image = _decode(pool, content)
            np.testing.assert_array_equal(image.pixels, decode_image(content).pixels)
            assert len(pool.process_ids()) == len(first) == 2
        assert not set(first) & set(pool.process_ids())


def test_costly_pictures_of_one_owner_hold_up_no_other() -> None:
    owners: dict[int, str] = {}
    costly = _costly_jpeg()
    begun, stop = threading.Event(), threading.Event()

    def check() -> None:
        if stop.is_set():
            raise CanceledError("over")

    with (
        ThreadPoolExecutor(8) as threads,
        DecoderPool(1, owner=lambda: owners.get(threading.get_ident(), "honest")) as pool,
    ):

        def attack() -> None:
            owners[threading.get_ident()] = "attacker"
            begun.set()
            while not stop.is_set():
                with suppress(ImageError, CanceledError):
                    pool(costly, ppi=None, limits=LIMITS, check=check)

        attacks = [threads.submit(attack) for _ in range(3)]
        begun.wait()
        try:
            for number in range(5):
                assert _decode(pool, png_bytes(number)).pixels.shape
                assert not any(task.done() for task in attacks)
        finally:
            stop.set()


def test_what_a_damaged_picture_says_of_itself_is_quoted_in_part() -> None:
    """A TIFF whose bits to a sample are said a hundred thousand times, which no answer could carry."""
    samples = np.zeros((48, 48), dtype=np.uint8)
    content = bytearray(_saved(PillowImage.fromarray(samples), "TIFF"))
    many = 100_000
    entry = content.index(b"\x02\x01\x03\x00\x01\x00\x00\x00")
    content[entry + 4 : entry + 12] = struct.pack("<II", many, len(content))
    content += bytes([8, 0, 7, 0]) * (many // 2)
    with pytest.raises(ImageError) as refusal:
        decode_image(bytes(content))
    for language in ("vi", "en"):
        assert len(error_text(refusal.value, language)) < 600
    assert status_of(refusal.value, language="vi").ByteSize() < 4096


def test_one_request_has_a_budget_of_pixels() -> None:
    samples = [EncodedSample(Modality.FACE, png_bytes(identity)) for identity in range(1, 9)]
    engines = Engines(FakeFaceEngine(), None, ImageLimits(max_request_pixels=6 * 48 * 48))
    result = Assessor(engines, InMemoryAudit(), quality_floors={}).assess(samples, ACCESS, stages=Stages())
    # Each is decoded once, for its template and for all its faces.
    assert [assessment.usable for assessment in result.assessments] == [*[True] * 6, *[False] * 2]
    refused = result.assessments[-1].error
    assert isinstance(refused, ImageTooLargeError)
    assert "in several requests" in str(refused)
    assert refused.__traceback__ is None
