"""The program of a decoder process: pictures in on standard input, pixels out, one after the other (see decoders.py).

Started as a file with the folder of the project's packages as its argument, so that it runs isolated from the
environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_M_MMAP_THRESHOLD = -3  # malloc.h
_LARGE_BYTES = 256 * 1024


def main(packages_folder: str) -> int:
    """Serves until standard input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get between the answers.
    os.dup2(2, 1)
    # Read by the linear algebra libraries when they are loaded; the server's processors are not theirs.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.putenv(name, "1")
    _give_pictures_back()
    sys.path.insert(0, packages_folder)
    from matcher.formats.decoder_process import serve  # noqa: PLC0415 - the path had to be set first

    serve(requests, answers)
    return 0


def _give_pictures_back() -> None:
    """What a picture took goes back to the system with it. By itself glibc keeps ever larger pieces for the next one,
    between which little ones keep them from going back."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
