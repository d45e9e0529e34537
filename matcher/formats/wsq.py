"""WSQ bytes to pixels, decoded in another process.

The decoder that the `wsq` package wraps (NIST's reference code) keeps global state and reads past its buffers on
damaged files, so it never runs inside the server: it runs in a decoder process (decoders.py), or in a child for tools
that read a few files of their own machine.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from matcher.errors import ImageTooLargeError, ImageTruncatedError
from matcher.formats.decoder_messages import without_settings
from matcher.formats.wsq_structure import SIGNATURE, check_wsq, frame_of
from matcher.samples import Uint8Array
from matcher.texts.catalog import told

__all__ = ["SIGNATURE", "Decompress", "decode_wsq"]

_WORKER: Final = Path(__file__).with_name("wsq_worker.py")
_TIMEOUT_SECONDS: Final = 20.0
_HEADER: Final = struct.Struct("<II")
# WSQ bytes to gray pixels, width and height.
Decompress = Callable[[bytes], tuple[bytes, int, int]]


def decode_wsq(
    wsq_bytes: bytes, *, max_pixels: int, decompress: Decompress | None = None
) -> tuple[Uint8Array, float | None]:
    """Gray pixels uint8 (height, width) and the ppi of the NISTCOM comment, None where it has none.

    decompress: runs the reference decoder; a process of its own does unless the caller is one that may be lost.
    Raises ImageTruncatedError for a damaged file, ImageTooLargeError above max_pixels. Thread safe.
    """
    header = frame_of(wsq_bytes)
    width, height = header.width, header.height
    if width * height > max_pixels:
        raise ImageTooLargeError(told("image.many_pixels", width=width, height=height, most=max_pixels))
    frame = check_wsq(wsq_bytes)
    try:
        content, got_width, got_height = (decompress or _decompress_in_child)(wsq_bytes)
    except ImageTruncatedError:
        raise
    except Exception as error:  # the extension raises bare exceptions of several types
        raise ImageTruncatedError(told("wsq.unreadable")) from error
    if (got_width, got_height) != (width, height) or len(content) != width * height:
        raise ImageTruncatedError(told("wsq.contradicts"))
    pixels = np.frombuffer(content, dtype=np.uint8).reshape(height, width)
    if not frame.fits(pixels):
        raise ImageTruncatedError(told("wsq.other_picture"))
    return pixels, frame.ppi


def _decompress_in_child(wsq_bytes: bytes) -> tuple[bytes, int, int]:
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and file, no shell
            [sys.executable, "-I", str(_WORKER)],
            input=wsq_bytes,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            env=without_settings(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageTruncatedError(told("wsq.time")) from error
    answer = child.stdout
    if child.returncode != 0 or len(answer) < _HEADER.size:
        raise ImageTruncatedError(told("wsq.ends"))
    return answer[_HEADER.size :], *_HEADER.unpack_from(answer)
