"""What goes between the server and a decoder process: two lengths of 8 bytes, a JSON object, and bytes; and what does
not."""

from __future__ import annotations

import json
import os
import struct
from typing import Any, BinaryIO

LENGTHS = struct.Struct(">QQ")


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message, None where the other side is gone."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_length, body_length = LENGTHS.unpack(lengths)
    head, body = stream.read(head_length), stream.read(body_length)
    return None if len(body) < body_length else (json.loads(head), body)


def message(head: dict[str, Any]) -> bytes:
    """All but the bytes at the end, whose number is head["body_bytes"]."""
    text = json.dumps(head).encode()
    return LENGTHS.pack(len(text), int(head["body_bytes"])) + text


def without_settings() -> dict[str, str]:
    """The environment for a process that needs no secret: the settings may hold the master key."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STATION_MATCHER_")}
