"""WSQ bytes to pixels, decoded in a child process.

The decoder that the `wsq` package wraps (NIST's reference code) keeps global state and reads past its buffers on
damaged files, so it never runs inside the server: a child that crashes or hangs costs one request, not the service.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np

from matcher.errors import ImageTooLargeError, ImageTruncatedError
from matcher.samples import Uint8Array

SIGNATURE: Final = b"\xff\xa0"
_WORKER: Final = Path(__file__).with_name("wsq_worker.py")
_TIMEOUT_SECONDS: Final = 20.0
_HEADER: Final = struct.Struct("<III")


def frame_size(wsq_bytes: bytes) -> tuple[int, int]:
    """(width, height) in px from the start-of-frame marker (IAFIS-IC-0110); ImageTruncatedError without one."""
    position = 2
    while position + 10 <= len(wsq_bytes):
        marker, length = wsq_bytes[position : position + 2], int.from_bytes(wsq_bytes[position + 2 : position + 4])
        if marker == b"\xff\xa2":
            height, width = struct.unpack(">HH", wsq_bytes[position + 6 : position + 10])
            return width, height
        if marker[0] != 0xFF or length < 2:
            break
        position += 2 + length
    raise ImageTruncatedError("The WSQ file has no frame header: it is damaged. Export it again from its source.")


def decode_wsq(wsq_bytes: bytes, *, max_pixels: int) -> tuple[Uint8Array, float | None]:
    """Gray pixels uint8 (height, width) and the ppi of the NISTCOM comment, None where it has none.

    Raises ImageTruncatedError for a damaged file, ImageTooLargeError above max_pixels. Thread safe.
    """
    width, height = frame_size(wsq_bytes)
    if width * height > max_pixels:
        raise ImageTooLargeError(f"The image has {width}×{height} pixels; send at most {max_pixels} pixels.")
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and file, no shell
            [sys.executable, "-I", str(_WORKER)],
            input=wsq_bytes,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageTruncatedError("The WSQ file could not be decoded in time: it is damaged.") from error
    answer = child.stdout
    if child.returncode != 0 or len(answer) < _HEADER.size:
        raise ImageTruncatedError("The WSQ file is damaged or ends too early. Export it again from its source.")
    got_width, got_height, ppi = _HEADER.unpack_from(answer)
    if (got_width, got_height) != (width, height) or len(answer) != _HEADER.size + width * height:
        raise ImageTruncatedError("The WSQ file contradicts its own header: it is damaged.")
    pixels = np.frombuffer(answer, dtype=np.uint8, offset=_HEADER.size).reshape(height, width)
    return pixels, float(ppi) if ppi else None
