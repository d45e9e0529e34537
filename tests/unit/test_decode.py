"""decode_image through its public door, on files made here in every supported format."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL.TiffImagePlugin import IFDRational

from benchmarks.picture_formats.wsq_damage import DAMAGES, generated_wsq, unnoticed
from matcher.errors import (
    ImageEmptyError,
    ImageError,
    ImageFormatError,
    ImageKindError,
    ImageTooLargeError,
    ImageTooSmallError,
    ResolutionError,
)
from matcher.formats.decode import ImageLimits, decode_image
from matcher.formats.wsq_blocks import band_sizes
from matcher.formats.wsq_structure import check_wsq
from matcher.server.status import error_text


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
    half = PillowImage.new("RGBA", (40, 40), (0, 0, 0, 255))
    half.paste((0, 0, 0, 0), (0, 0, 20, 40))
    pixels = decode_image(_encode(half, "PNG")).pixels
    assert pixels[:, :20].min() == 255
    assert pixels[:, 20:].max() == 0


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


@pytest.mark.parametrize("dpi", [(500, 1000), (0, 0), (1, 3), (10**9, 10**9)])
def test_a_resolution_that_is_of_no_use_stops_no_face_and_no_print_with_a_ppi(dpi: tuple[int, int]) -> None:
    content = _encode(_gray(), "TIFF", resolution_unit=2, x_resolution=dpi[0], y_resolution=dpi[1])
    assert decode_image(content, ppi=500).ppi == 500
    assert decode_image(content, ppi=500).ppi_fault == ""
    image = decode_image(content)
    assert image.ppi is None
    assert ("square pixels" in image.ppi_fault) == (dpi == (500, 1000))


@pytest.mark.parametrize(
    ("unit", "stated", "ppi"),
    [(2, 500, 500.0), (3, 200, 508.0), (None, 500, 500.0), (1, 500, None)],
    ids=["inch", "centimeter", "no unit: inches by default", "no absolute unit"],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_resolution(file_format: str, unit: int | None, stated: int, ppi: float | None) -> None:
    exif = PillowImage.Exif()
    exif[0x011A] = exif[0x011B] = IFDRational(stated)
    if unit is not None:
        exif[0x0128] = unit
    content = _encode(_gray(), file_format, exif=exif)
    if file_format == "JPEG":
        # As cameras write it: no JFIF segment before the Exif one.
        assert content[2:4] == b"\xff\xe0"
        content = content[:2] + content[20:]
    assert decode_image(content).ppi == (None if ppi is None else pytest.approx(ppi))


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
    with pytest.raises(ImageKindError, match="Floating point"):
        decode_image(_encode(PillowImage.fromarray(nan), "TIFF"))
    with pytest.raises(ImageKindError, match="several pages"):
        decode_image(_encode(_gray(), "TIFF", save_all=True, append_images=[_gray()]))


def test_a_small_page_is_a_thumbnail_only_where_it_shows_the_same() -> None:
    smooth = PillowImage.fromarray(np.tile(np.arange(80, dtype=np.uint8) * 3, (60, 1)))
    for small in (smooth.resize((40, 30)), smooth.resize((16, 12))):
        content = _encode(smooth, "TIFF", save_all=True, append_images=[small])
        np.testing.assert_array_equal(decode_image(content).pixels, np.asarray(smooth))
        first = _encode(small, "TIFF", save_all=True, append_images=[smooth])
        np.testing.assert_array_equal(decode_image(first).pixels, np.asarray(smooth))
    for other in (smooth.resize((40, 30)).rotate(180), smooth.resize((40, 20)), smooth.resize((60, 45))):
        with pytest.raises(ImageKindError, match="several pages"):
            decode_image(_encode(smooth, "TIFF", save_all=True, append_images=[other]))


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded() -> None:
    plain = _encode(PillowImage.new("L", (2000, 2000)), "JPEG", progressive=True)
    scan = plain[plain.index(b"\xff\xda") : -2]
    with pytest.raises(ImageKindError, match="scans"):
        decode_image(plain[:-2] + scan * 500 + plain[-2:])


def test_the_samples_as_stored_are_bounded_too() -> None:
    deep = PillowImage.fromarray(_ramp().astype(np.uint16))
    limits = ImageLimits(max_sample_bytes=60 * 80)
    assert decode_image(_encode(_gray(), "TIFF"), limits=limits).pixels.shape == (60, 80)
    for file_format in ("TIFF", "PNG", "JPEG2000"):
        with pytest.raises(ImageTooLargeError, match="bytes of pixels"):
            decode_image(_encode(deep, file_format), limits=limits)


def test_what_is_not_understood_is_named_in_vietnamese_too() -> None:
    nan = np.full((40, 40), np.nan, dtype=np.float32)
    with pytest.raises(ImageKindError) as refused:
        decode_image(_encode(PillowImage.fromarray(nan), "TIFF"))
    assert error_text(refused.value, "vi").startswith("Ảnh số thực")
    assert error_text(refused.value, "en").startswith("Floating point")


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


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_wsq_is_a_named_error_and_no_other_picture(kind: str) -> None:
    found = list(unnoticed(generated_wsq(), DAMAGES[kind], 8, seed=3))
    if kind in ("one bit flipped", "one byte deleted"):
        # A few coefficients of other values: no rule of the format is broken.
        assert all(difference < 2.0 for difference in found)
        assert len(found) < 6
    else:
        assert not found


def test_wsq_without_a_stated_resolution_has_none() -> None:
    whole = generated_wsq()
    assert whole[2:4] == b"\xff\xa8"
    length = int.from_bytes(whole[4:6])
    assert decode_image(whole).ppi == 500
    assert decode_image(whole[:2] + whole[4 + length :]).ppi is None


@settings(max_examples=40, deadline=None)
@given(width=st.integers(65, 300), height=st.integers(65, 300))
def test_wsq_bands_fill_every_size(width: int, height: int) -> None:
    random = np.random.default_rng(width * height)
    noise = random.integers(0, 256, (height, width), dtype=np.uint8)
    frame = check_wsq(_encode(PillowImage.fromarray(noise), "WSQ"))
    assert (frame.width, frame.height) == (width, height)
    assert sum(band_sizes(width, height)) == width * height


def test_blank_and_flat_wsq_is_read() -> None:
    for level in (0, 128, 255):
        flat = PillowImage.new("L", (200, 160), level)
        flat.putpixel((100, 80), 255 - level)
        assert np.abs(decode_image(_encode(flat, "WSQ")).pixels.astype(int) - level).mean() < 2
