"""decode_image through its public door, on files made here in every supported format."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from matcher.errors import (
    ImageEmptyError,
    ImageError,
    ImageFormatError,
    ImageTooLargeError,
    ImageTooSmallError,
    ImageTruncatedError,
    ResolutionError,
)
from matcher.formats.decode import ImageLimits, decode_image


def _ramp(width: int = 80, height: int = 60) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return ((columns * 2 + rows) % 256).astype(np.uint8)


def _encode(picture: PillowImage.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def _gray() -> PillowImage.Image:
    return PillowImage.fromarray(_ramp())


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "JPEG2000"])
def test_lossless_gray_comes_back_exactly(file_format: str) -> None:
    image = decode_image(_encode(_gray(), file_format))
    assert image.pixels.dtype == np.uint8
    assert not image.pixels.flags.writeable
    np.testing.assert_array_equal(image.pixels, _ramp())


@pytest.mark.parametrize(("file_format", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"quality": 95})])
def test_lossy_formats_stay_close(file_format: str, options: dict[str, object]) -> None:
    smooth = PillowImage.fromarray(np.tile(np.arange(80, dtype=np.uint8) * 3, (60, 1)))
    pixels = decode_image(_encode(smooth, file_format, **options)).pixels
    gray = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    assert np.abs(gray.astype(float) - np.asarray(smooth)).max() < 12


def test_wsq_decodes_with_its_ppi() -> None:
    import wsq  # noqa: F401 - registers the encoder with Pillow

    image = decode_image(_encode(PillowImage.fromarray(_ramp(256, 256)), "WSQ"))
    assert image.pixels.shape == (256, 256)
    assert image.ppi == 500
    assert np.abs(image.pixels.astype(int) - _ramp(256, 256)).mean() < 12


def test_color_is_bgr() -> None:
    red = PillowImage.new("RGB", (40, 40), (255, 0, 0))
    assert decode_image(_encode(red, "PNG")).pixels[0, 0].tolist() == [0, 0, 255]


def test_cmyk_and_palette_become_color() -> None:
    cmyk = decode_image(_encode(PillowImage.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG", quality=95))
    blue, green, red = cmyk.pixels[20, 20].astype(int)
    assert red > 200 > 60 > max(blue, green)
    palette = PillowImage.new("RGB", (40, 40), (10, 200, 30)).convert("P", palette=PillowImage.Palette.ADAPTIVE)
    assert decode_image(_encode(palette, "PNG")).pixels.shape == (40, 40, 3)


def test_transparency_lies_on_white() -> None:
    image = decode_image(_encode(PillowImage.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"))
    assert image.pixels.min() == 255


def test_sixteen_bit_is_scaled_by_value() -> None:
    deep = PillowImage.fromarray(_ramp().astype(np.uint16) * 257)
    np.testing.assert_array_equal(decode_image(_encode(deep, "PNG")).pixels, _ramp())
    np.testing.assert_array_equal(decode_image(_encode(deep, "TIFF")).pixels, _ramp())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = np.zeros((40, 60), dtype=np.uint8)
    upright[:20, :30] = 255  # the light quarter is at the top left of the upright picture
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = PillowImage.fromarray(upright)
    if undo is not None:
        stored = stored.transpose(PillowImage.Transpose(undo))
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    image = decode_image(_encode(stored, "PNG", exif=exif))
    assert image.pixels.shape == (40, 60)
    assert image.pixels[5, 5] == 255
    assert image.pixels[35, 55] == 0


def test_ppi_from_file_request_and_nowhere() -> None:
    with_ppi = _encode(_gray(), "PNG", dpi=(500, 500))
    assert decode_image(with_ppi).ppi == pytest.approx(500, abs=0.1)
    assert decode_image(with_ppi, ppi=1000).ppi == 1000
    assert decode_image(_encode(_gray(), "PNG")).ppi is None
    assert decode_image(_encode(_gray(), "TIFF", dpi=(1, 1))).ppi is None


def test_unequal_resolution_is_refused() -> None:
    with pytest.raises(ImageFormatError, match="square pixels"):
        decode_image(_encode(_gray(), "PNG", dpi=(500, 1000)))


@pytest.mark.parametrize("ppi", [0.0, -500.0, float("nan"), float("inf")])
def test_impossible_ppi_is_refused(ppi: float) -> None:
    with pytest.raises(ResolutionError):
        decode_image(_encode(_gray(), "PNG"), ppi=ppi)


def test_empty_small_large_and_unknown() -> None:
    with pytest.raises(ImageEmptyError):
        decode_image(b"")
    with pytest.raises(ImageTooSmallError):
        decode_image(_encode(PillowImage.new("L", (1, 1)), "PNG"))
    with pytest.raises(ImageFormatError):
        decode_image(b"%PDF-1.7 not an image")
    with pytest.raises(ImageFormatError):
        decode_image(_encode(_gray(), "GIF"))
    with pytest.raises(ImageTooLargeError):
        decode_image(_encode(_gray(), "PNG"), limits=ImageLimits(max_bytes=100))
    with pytest.raises(ImageTooLargeError):
        decode_image(_encode(_gray(), "PNG"), limits=ImageLimits(max_pixels=1000))


def test_a_picture_of_a_64_megapixel_phone_is_read_and_its_heic_is_told() -> None:
    large = decode_image(_encode(PillowImage.new("1", (9248, 6936)), "PNG", compress_level=1))
    assert large.pixels.shape == (6936, 9248)
    with pytest.raises(ImageFormatError, match="HEIC pictures of phones as JPEG"):
        decode_image(b"\x00\x00\x00\x18ftypheic" + bytes(500))


def test_bomb_is_refused_by_its_header() -> None:
    bomb = bytearray(_encode(PillowImage.new("1", (16, 16)), "BMP"))
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    with pytest.raises(ImageTooLargeError):
        decode_image(bytes(bomb))


def test_nan_and_several_pages_are_refused() -> None:
    nan = np.full((40, 40), np.nan, dtype=np.float32)
    with pytest.raises(ImageFormatError):
        decode_image(_encode(PillowImage.fromarray(nan), "TIFF"))
    with pytest.raises(ImageFormatError, match="several pages"):
        decode_image(_encode(_gray(), "TIFF", save_all=True, append_images=[_gray()]))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP", "JPEG2000", "BMP"])
def test_half_a_file_is_truncated(file_format: str) -> None:
    noise = PillowImage.fromarray(np.random.default_rng(1).integers(0, 256, (128, 128), dtype=np.uint8))
    whole = _encode(noise, file_format)
    with pytest.raises(ImageError):
        decode_image(whole[: len(whole) // 2])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_never_raise_anything_else(draw: st.DataObject) -> None:
    file_format = draw.draw(st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP", "JPEG2000", "BMP"]))
    damaged = bytearray(_encode(_gray(), file_format))
    for _ in range(draw.draw(st.integers(1, 8))):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    try:
        image = decode_image(bytes(damaged), limits=ImageLimits(max_pixels=1_000_000))
    except ImageError:
        return
    assert image.pixels.dtype == np.uint8


def test_damaged_wsq_is_a_named_error_and_no_crash() -> None:
    import wsq  # noqa: F401 - registers the encoder with Pillow

    whole = _encode(PillowImage.fromarray(_ramp(256, 256)), "WSQ")
    random = np.random.default_rng(7)
    outcomes = set()
    for _ in range(25):
        damaged = bytearray(whole)
        for position in random.integers(2, len(damaged), 20):
            damaged[position] = random.integers(0, 256)
        try:
            decode_image(bytes(damaged))
            outcomes.add("decoded")
        except ImageError:
            outcomes.add("refused")
    assert "refused" in outcomes
    with pytest.raises(ImageTruncatedError):
        decode_image(whole[:40])
