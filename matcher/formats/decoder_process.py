"""What a decoder process does with each picture: decode it within limits of time and memory, answer or say why not."""

from __future__ import annotations

import contextlib
from typing import Any, BinaryIO

import cv2

from matcher.errors import ImageError, ResolutionError
from matcher.formats.decode import ImageLimits, decode_image
from matcher.formats.decoder_messages import message, read_message
from matcher.formats.wsq import SIGNATURE
from matcher.texts.catalog import packed


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers until the requests end. Ends by itself after a WSQ file that was refused: the reference decoder keeps
    global state, and what a damaged file left there must not meet the next one."""
    cv2.setNumThreads(1)
    _answer(answers, {"ready": True})
    while (request := read_message(requests)) is not None:
        head, image_bytes = request
        _limit_process(cpu_s=int(head["cpu_s"]), memory_bytes=int(head["memory_bytes"]))
        is_wsq = image_bytes.startswith(SIGNATURE)
        try:
            image = decode_image(
                image_bytes, ppi=head["ppi"], limits=ImageLimits(**head["limits"]), decompress_wsq=decompress_here
            )
        except (ImageError, ResolutionError) as error:
            _answer(answers, {**_told(error), "retires": is_wsq})
            if is_wsq:
                return
            continue
        _answer(
            answers,
            {
                "shape": image.pixels.shape,
                "ppi": image.ppi,
                "sha256": image.sha256,
                "ppi_fault": packed(image.ppi_fault),
            },
            image.pixels.data,
        )


def decompress_here(wsq_bytes: bytes) -> tuple[bytes, int, int]:
    """Gray pixels, width and height by the reference decoder, in this process. Raises whatever it does."""
    import _wsq  # type: ignore[import-not-found]  # noqa: PLC0415

    pixels, width, height, _ = _wsq.decompress(wsq_bytes)
    return bytes(pixels), int(width), int(height)


def _told(error: Exception) -> dict[str, Any]:
    return {"error": type(error).__name__, "message": packed(error.args[0])}


def _answer(answers: BinaryIO, head: dict[str, Any], body: memoryview | bytes = b"") -> None:
    body = memoryview(body).cast("B")
    answers.write(message({**head, "body_bytes": body.nbytes}))
    answers.write(body)
    answers.flush()


def _limit_process(*, cpu_s: int, memory_bytes: int) -> None:
    """From now on so many seconds of processor time, however busy the machine is; the kernel ends a process above."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - POSIX only

        used = resource.getrusage(resource.RUSAGE_SELF)
        spent_s = int(used.ru_utime + used.ru_stime)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (spent_s + cpu_s + 1, most))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
