"""`python -m tests.service.attacker KIND ADDRESS`: one station at 127.0.0.2 that does a server harm until it is killed.

Prints a line when it has begun. Its pictures and calls are all well formed: nothing tells them from honest ones but
their cost.
"""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import grpc
from PIL import Image

from index.records import Modality, Subject
from matcher.client import MatcherClient, ServiceError, enroll_message
from matcher.samples import EncodedSample
from tests.fakes import face
from tests.service.processes import ACCESS

HOST = "127.0.0.2"
IDENTIFY = "/biometrics.v1.MatchingService/Identify"
BATCH = "/biometrics.v1.EnrollmentService/BatchEnroll"
SILENCE_S = 3600.0


def relayed(address: str) -> str:
    """An address whose connections arrive at the server as those of HOST."""
    host, _, port = address.rpartition(":")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(1 << 16):
                target.sendall(content)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while True:
            near = listener.accept()[0]
            try:
                far = socket.create_connection((host, int(port)), source_address=(HOST, 0))
            except OSError:
                near.close()
                continue
            for ends in ((near, far), (far, near)):
                threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"


def costly_jpeg() -> bytes:
    """A few hundred kilobytes, and as many scans of 36 megapixels as a picture may have: seconds of work."""
    written = io.BytesIO()
    Image.new("L", (6000, 6000), 90).save(written, "JPEG", progressive=True)
    plain = written.getvalue()
    scan = plain[plain.index(b"\xff\xda") : -2]
    return plain[:-2] + scan * 3 + plain[-2:]


def blank_png(side_px: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (side_px, side_px)).save(written, "PNG")
    return written.getvalue()


def declared_png() -> bytes:
    """Says that it has a gigabyte of pixels."""
    plain = blank_png(64)
    head = b"IHDR" + (32768).to_bytes(4, "big") * 2 + plain[24:29]
    return plain[:12] + head + zlib.crc32(head).to_bytes(4, "big") + plain[33:]


def _silent(_: object = None) -> Iterator[bytes]:
    time.sleep(SILENCE_S)
    yield from ()


def half_open(address: str) -> None:
    """Calls that begin and send nothing; those that are ended begin again."""
    _keep_up(address, lambda channel: channel.stream_unary(IDENTIFY).future(_silent()), 200)


def idle_streams(address: str) -> None:
    """Batch streams that send nothing, or one item and then nothing."""
    item = enroll_message([face(200)], subject=Subject("", "attacker"), access=ACCESS)
    from protos.biometrics.v1 import enrollment_service_pb2 as pb

    first = pb.BatchEnrollRequest(item_id="1", enrollment=item).SerializeToString()

    def one_item() -> Iterator[bytes]:
        yield first
        yield from _silent()

    _keep_up(address, lambda channel: channel.stream_stream(BATCH)(one_item()), 24)


def idle_connections(address: str) -> None:
    host, _, port = address.rpartition(":")
    opened: list[socket.socket] = []
    began = False
    while True:
        while len(opened) < 700:
            with suppress(OSError):
                opened.append(socket.create_connection((host, int(port)), source_address=(HOST, 0), timeout=1.0))
                opened[-1].setblocking(False)
        kept = []
        for one in opened:
            try:
                is_open = one.recv(1 << 12) != b""
            except BlockingIOError:
                is_open = True
            except OSError:
                is_open = False
            kept.append(one) if is_open else one.close()
        opened = kept
        if not began:
            began = _begun()
        time.sleep(0.2)


def slow_pictures(address: str) -> None:
    _call_all_the_time(address, lambda: [costly_jpeg()], 16)


def blank_pictures(address: str) -> None:
    """66 megapixels each, a few to a call."""
    _call_all_the_time(address, lambda: [blank_png(8100)] * 4, 16)


def declared_pictures(address: str) -> None:
    _call_all_the_time(address, lambda: [declared_png()] * 20, 16)


def flood(address: str) -> None:
    _call_all_the_time(address, lambda: [face(3).image_bytes], 64)


def _call_all_the_time(address: str, make: Callable[[], list[bytes]], caller_count: int) -> None:
    samples = [EncodedSample(Modality.FACE, content, largest_face=True) for content in make()]
    near = relayed(address)

    def attack(_: int) -> None:
        with MatcherClient(near, timeout_s=30.0, access=ACCESS) as client:
            while True:
                try:
                    client.assess(samples)
                except ServiceError:
                    time.sleep(0.05)

    with ThreadPoolExecutor(caller_count) as pool:
        running = [pool.submit(attack, number) for number in range(caller_count)]
        time.sleep(2.0)
        _begun()
        for task in running:
            task.result()


def _keep_up(address: str, begin: Callable[[grpc.Channel], Any], count: int) -> None:
    with grpc.insecure_channel(relayed(address), options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        calls = [begin(channel) for _ in range(count)]
        time.sleep(1.0)
        _begun()
        while True:
            calls = [begin(channel) if call.done() else call for call in calls]
            time.sleep(0.1)


def _begun() -> bool:
    print("begun", flush=True)
    return True


KINDS: dict[str, Callable[[str], None]] = {
    attack.__name__: attack
    for attack in (
        half_open,
        idle_streams,
        idle_connections,
        slow_pictures,
        blank_pictures,
        declared_pictures,
        flood,
    )
}

if __name__ == "__main__":
    # The attacker's own work is not what is measured.
    os.nice(19)
    KINDS[sys.argv[1]](sys.argv[2])
