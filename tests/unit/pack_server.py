"""A small HTTP server on 127.0.0.1 that serves files, with Range, and misbehaves on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass
class Served:
    """content: what every path answers, unless files says what each path does (others are not found).
    cut_after_bytes: break off there. knows_range: answer 206 where asked. ranges: the Range headers that came, "" where
    a request had none; paths: what was asked for. address: of a file, folder: of the server."""

    content: bytes
    cut_after_bytes: int | None = None
    knows_range: bool = True
    status: int = HTTPStatus.OK
    ranges: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    files: Mapping[str, bytes] | None = None
    address: str = ""
    folder: str = ""


@contextmanager
def serving(content: bytes = b"", *, files: Mapping[str, bytes] | None = None) -> Iterator[Served]:
    """Serve content, or files by their path, until the block ends; change the Served to change the behavior."""
    served = Served(content, files=files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            served.ranges.append(wanted)
            served.paths.append(self.path)
            content = served.content if served.files is None else served.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            start = int(wanted[len("bytes=") :].rstrip("-")) if wanted and served.knows_range else 0
            body = content[start:]
            self.send_response(HTTPStatus.PARTIAL_CONTENT if start else served.status)
            self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            self.wfile.write(body if served.cut_after_bytes is None else body[: served.cut_after_bytes])

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    served.folder = f"http://127.0.0.1:{server.server_port}"
    served.address = f"{served.folder}/model.onnx"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
