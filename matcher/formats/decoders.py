"""Decoders in a few long-lived processes, with limits of time and memory; what exceeds them is killed and replaced.

A picture is bounded by its pixels before it is unpacked, but neither by that nor by its bytes is the time it takes: a
progressive JPEG passes over the whole picture as often as it says. And the libraries that unpack pictures are large and
written in C. So the server unpacks none itself.
"""

from __future__ import annotations

import json
import math
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np

from matcher import errors
from matcher.errors import ImageTruncatedError, SessionError
from matcher.formats import decoder_worker
from matcher.formats.decode import ImageLimits, decode_image
from matcher.formats.decoder_messages import LENGTHS, message, without_settings
from matcher.formats.turns import Turns
from matcher.samples import Image
from matcher.texts.catalog import told, unpacked

_PACKAGES_FOLDER: Final = Path(__file__).resolve().parents[2]
_LOOK_UP_MS: Final = 250
_READY_S: Final = 120.0
# An ordinary picture takes a tenth of it.
_ORDINARY_S: Final = 1.0
_SLOW_NICENESS: Final = 10
_CHUNK_BYTES: Final = 1 << 20
_TOLD: Final = {
    name: getattr(errors, name)
    for name in (
        "ImageError",
        "ImageEmptyError",
        "ImageFormatError",
        "ImageKindError",
        "ImageTruncatedError",
        "ImageTooLargeError",
        "ImageTooSmallError",
        "ResolutionError",
    )
}


class ImageDecoding(Protocol):
    """decode_image, wherever it runs. check: called while the caller waits; raises when nobody waits any more."""

    def __call__(
        self, image_bytes: bytes, *, ppi: float | None, limits: ImageLimits, check: Callable[[], None]
    ) -> Image: ...


def decode_in_process(
    image_bytes: bytes, *, ppi: float | None, limits: ImageLimits, check: Callable[[], None]
) -> Image:
    """For tools that read the files of their own machine."""
    check()
    return decode_image(image_bytes, ppi=ppi, limits=limits)


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """cpu_s: processor time of one picture; one of 66 megapixels takes 1 to 6 seconds. wall_s: until a process that
    neither answers nor works is given up. memory_bytes: address space of a process. picture_count: then a process is
    replaced, with whatever the libraries have lost in it."""

    cpu_s: int = 15
    wall_s: float = 60.0
    memory_bytes: int = 3 << 30
    picture_count: int = 5000


def _nobody() -> str:
    """The owner of every picture where there is one caller only."""
    return ""


class DecoderPool:
    """An ImageDecoding in worker_count processes, and up to as many more while one owner holds all of them (Turns).
    Thread safe. Close it, or use it in a with statement."""

    def __init__(
        self, worker_count: int, *, limits: DecoderLimits | None = None, owner: Callable[[], str] = _nobody
    ) -> None:
        """Starts the processes, whose imports take a second, and does not wait for them. One more than the workers is
        ready for whoever would wait for the pictures of another. owner: whose picture the calling thread decodes."""
        self.limits = limits or DecoderLimits()
        self._turns = Turns(worker_count)
        self._owner = owner
        self._idle_count = worker_count + 1
        self._lock = threading.Lock()
        self._is_closed = False
        self._idle = [_Decoder() for _ in range(self._idle_count)]
        self._busy: set[_Decoder] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every process, also those at work."""
        with self._lock:
            self._is_closed = True
            idle, busy = [*self._idle], [*self._busy]
            self._idle.clear()
        for decoder in busy:
            decoder.end()  # whoever uses it gives it back, and then nothing of it is held
        for decoder in idle:
            decoder.kill()

    def __call__(
        self, image_bytes: bytes, *, ppi: float | None, limits: ImageLimits, check: Callable[[], None]
    ) -> Image:
        """As decode_image; raises what check does, and SessionError where no process can be started."""
        check()
        if not image_bytes or len(image_bytes) > limits.max_bytes:
            return decode_image(image_bytes, ppi=ppi, limits=limits)  # which says so
        with self._turns.taken(self._owner(), check):
            decoder = self._take()
            is_kept = False
            try:
                answer, pixels = decoder.ask(image_bytes, self._request(ppi, limits), self.limits.wall_s, check)
                is_used_up = decoder.asked_count >= self.limits.picture_count
                is_kept = not (answer.get("retires", False) or decoder.is_slowed or is_used_up)
            finally:
                self._give_back(decoder, is_kept=is_kept)
        return _image(answer, pixels)

    def process_ids(self) -> tuple[int, ...]:
        """Of the processes that wait for work."""
        with self._lock:
            return tuple(decoder.process_id for decoder in self._idle)

    def _request(self, ppi: float | None, limits: ImageLimits) -> dict[str, Any]:
        return {
            "ppi": ppi,
            "limits": asdict(limits),
            "cpu_s": self.limits.cpu_s,
            "memory_bytes": self.limits.memory_bytes,
        }

    def _take(self) -> _Decoder:
        with self._lock:
            if self._is_closed:
                raise SessionError(told("session.decoders_closed"))
            decoder = self._idle.pop() if self._idle else _Decoder()
            if not decoder.is_alive:  # ended by somebody else while nobody used it
                decoder.kill()
                decoder = _Decoder()
            self._busy.add(decoder)
        return decoder

    def _give_back(self, decoder: _Decoder, *, is_kept: bool) -> None:
        with self._lock:
            self._busy.discard(decoder)
            if is_kept and not self._is_closed and len(self._idle) < self._idle_count:
                self._idle.append(decoder)
                return
        decoder.kill()
        with self._lock:
            # Started now, so that nobody waits for its imports; those that are ready go before it.
            if not self._is_closed and len(self._idle) + len(self._busy) < self._idle_count:
                self._idle.insert(0, _Decoder())


class _Decoder:
    """One process; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file, no shell
            [sys.executable, "-I", decoder_worker.__file__, str(_PACKAGES_FOLDER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=without_settings(),
            bufsize=0,
            start_new_session=True,  # a Ctrl-C at the terminal is the server's to answer
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self._is_ready = False
        self._slow_after = math.inf
        self.is_slowed = False
        self.asked_count = 0

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, image_bytes: bytes, request: dict[str, Any], wall_s: float, check: Callable[[], None]
    ) -> tuple[dict[str, Any], bytearray]:
        """Raises ImageTruncatedError where the process is gone or too slow, and what check does."""
        self._await_ready(check)
        self.asked_count += 1
        until = time.monotonic() + wall_s
        self._slow_after = time.monotonic() + _ORDINARY_S
        try:
            self._write(message({**request, "body_bytes": len(image_bytes)}), until, check)
            self._write(image_bytes, until, check)
            return self._read_message(until, check)
        except (EOFError, BrokenPipeError, TimeoutError) as error:
            raise ImageTruncatedError(told("image.costly")) from error

    def end(self) -> None:
        """Ends the process; its user is told as if it had failed."""
        self._process.kill()

    def kill(self) -> None:
        """Ends the process and everything that is held of it. Safe to call twice."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _await_ready(self, check: Callable[[], None]) -> None:
        if self._is_ready:
            return
        try:
            self._read_message(time.monotonic() + _READY_S, check)
        except (EOFError, TimeoutError) as error:
            raise SessionError(told("session.decoder_start")) from error
        self._is_ready = True

    def _write(self, content: bytes, until: float, check: Callable[[], None]) -> None:
        rest = memoryview(content)
        while rest:
            self._wait(self._to, select.POLLOUT, until, check)
            try:
                rest = rest[os.write(self._to, rest[:_CHUNK_BYTES]) :]
            except BlockingIOError:
                continue

    def _read_message(self, until: float, check: Callable[[], None]) -> tuple[dict[str, Any], bytearray]:
        head_bytes, body_bytes = LENGTHS.unpack(self._read(LENGTHS.size, until, check))
        head = json.loads(bytes(self._read(head_bytes, until, check)))
        return head, self._read(body_bytes, until, check)

    def _read(self, byte_count: int, until: float, check: Callable[[], None]) -> bytearray:
        content = bytearray(byte_count)
        view, done = memoryview(content), 0
        while done < byte_count:
            self._wait(self._from, select.POLLIN, until, check)
            try:
                got = os.readv(self._from, [view[done : done + _CHUNK_BYTES]])
            except BlockingIOError:
                continue
            if got == 0:
                raise EOFError
            done += got
        return content

    def _wait(self, descriptor: int, event: int, until: float, check: Callable[[], None]) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        while not poll.poll(_LOOK_UP_MS):
            check()
            if time.monotonic() > self._slow_after and not self.is_slowed:
                self._slow_down()
            if time.monotonic() > until:
                raise TimeoutError

    def _slow_down(self) -> None:
        """Costly pictures wait for ordinary ones where the processors do not do for all. It cannot be taken back."""
        self.is_slowed = True
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _SLOW_NICENESS)


def _image(answer: dict[str, Any], pixels: bytearray) -> Image:
    if "error" in answer:
        raise _TOLD[answer["error"]](unpacked(answer["message"]))
    array = np.frombuffer(pixels, np.uint8).reshape(answer["shape"])
    array.setflags(write=False)
    return Image(array, answer["ppi"], answer["sha256"], unpacked(answer["ppi_fault"]))
