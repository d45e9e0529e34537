"""PNG, Netpbm and BMP files written from samples, and JPEG 2000 of other depths than Pillow writes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image as PillowImage

# First row, first column, step down, step across of the seven passes.
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png_file(
    samples: np.ndarray,
    *,
    bit_count: int,
    color_type: int,
    interlaced: bool = False,
    chunks: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """samples: integers (height, width, samples a pixel)."""
    height, width, _ = samples.shape
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(_png_rows(samples[top::down, left::across], bit_count) for top, left, down, across in passes)
    header = struct.pack(">IIBBBBB", width, height, bit_count, color_type, 0, 0, int(interlaced))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _png_rows(samples: np.ndarray, bit_count: int) -> bytes:
    if not samples.size:
        return b""
    rows = samples.reshape(samples.shape[0], -1).astype(np.int64)
    bits = ((rows[:, :, np.newaxis] >> np.arange(bit_count - 1, -1, -1)) & 1).reshape(len(rows), -1)
    packed = np.packbits(bits.astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def exif_orientation(orientation: int) -> bytes:
    """The body of an eXIf chunk."""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def netpbm_file(samples: np.ndarray, *, maxval: int, is_plain: bool) -> bytes:
    """samples: integers (height, width, 1 or 3). maxval 1 makes a bitmap, in which 1 is black."""
    height, width, count = samples.shape
    kind = (1 if maxval == 1 else 2 if count == 1 else 3) + (0 if is_plain else 3)
    header = f"P{kind}\n# made here\n{width} {height}\n" + ("" if maxval == 1 else f"{maxval}\n")
    rows = samples.reshape(height, -1)
    if is_plain:
        body = "\n".join(" ".join(str(number) for number in row) for row in rows.tolist()).encode()
    elif maxval == 1:
        body = np.packbits(rows.astype(np.uint8), axis=1).tobytes()
    else:
        body = rows.astype(np.uint8 if maxval < 256 else ">u2").tobytes()
    return header.encode() + body


def bmp_file_of_32_bits(colors: np.ndarray, alpha: int) -> bytes:
    """colors: uint8 (height, width, 3) RGB. One alpha for all, in a file that says it has an alpha channel."""
    height, width, _ = colors.shape
    stored = np.dstack([colors[::-1, :, ::-1], np.full((height, width), alpha, np.uint8)]).tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(stored), 2835, 2835, 0, 0)
    header += masks + b"BGRs" + bytes(48)
    return struct.pack("<2sIHHI", b"BM", 14 + len(header) + len(stored), 0, 0, 14 + len(header)) + header + stored


def jpeg2000_file(samples: np.ndarray, bit_count: int) -> bytes:
    """samples: integers (height, width) below 2 to the power of bit_count, 9 to 16.

    Pillow writes 16 bits; of another depth only the level shift and the stated depth differ (ISO/IEC 15444-1, G.1), and
    both are changed here.
    """
    shifted = samples.astype(np.int64) + (1 << 15) - (1 << (bit_count - 1))
    buffer = io.BytesIO()
    PillowImage.fromarray(shifted.astype(np.uint16)).save(buffer, "JPEG2000", no_jp2=True)
    content = bytearray(buffer.getvalue())
    size_marker = content.index(b"\xff\x4f\xff\x51")
    assert content[size_marker + 42] == 15
    content[size_marker + 42] = bit_count - 1
    return bytes(content)
