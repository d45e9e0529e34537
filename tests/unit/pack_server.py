"""A small HTTP server on 127.0.0.1 that serves one file, with Range, and misbehaves on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass
class Served:
    """content: what every path answers. cut_after_bytes: break off there. knows_range: answer 206 where asked.
    ranges: the Range headers that came, "" where a request had none."""

    content: bytes
    cut_after_bytes: int | None = None
    knows_range: bool = True
    status: int = HTTPStatus.OK
    ranges: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(content: bytes) -> Iterator[Served]:
    """Serve content until the block ends; change the Served to change the behavior."""
    served = Served(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            served.ranges.append(wanted)
            start = int(wanted[len("bytes=") :].rstrip("-")) if wanted and served.knows_range else 0
            body = served.content[start:]
            self.send_response(HTTPStatus.PARTIAL_CONTENT if start else served.status)
            self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(served.content) - 1}/{len(served.content)}")
            self.end_headers()
            self.wfile.write(body if served.cut_after_bytes is None else body[: served.cut_after_bytes])

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_port}/model.onnx"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
