"""Which of our files a request runs through: `python -m tests.walks` prints the walks Identify, Enroll and start.

A server with fake engines over a real database, in this process; what a call of Python enters is counted, generated
code and the client's own side are not.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from index.records import FingerPosition, Subject
from tests.fakes import face, finger
from tests.service.conftest import ACCESS, Service, start_service, stop_service

CHECKOUT = Path(__file__).resolve().parent.parent
ROOMS = ("matcher", "index", "enroll")
NOT_COUNTED = ("matcher/client/",)
THUMB = FingerPosition.RIGHT_THUMB


class Walk:
    """Collects the files entered between start and stop, in every thread."""

    def __init__(self) -> None:
        self.files: set[str] = set()

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            self.files.add(frame.f_code.co_filename)

    def of(self, action: Callable[[], object]) -> tuple[str, ...]:
        """The files of our rooms that an action entered, sorted, as paths from the checkout."""
        self.files.clear()
        threading.setprofile_all_threads(self) if sys.version_info >= (3, 12) else threading.setprofile(self)
        sys.setprofile(self)
        try:
            action()
        finally:
            sys.setprofile(None)
            threading.setprofile_all_threads(None) if sys.version_info >= (3, 12) else threading.setprofile(None)
        return tuple(sorted(filter(None, map(_ours, tuple(self.files)))))


def _ours(name: str) -> str | None:
    path = Path(name)
    if not path.is_relative_to(CHECKOUT):
        return None
    told = path.relative_to(CHECKOUT).as_posix()
    return told if told.startswith(ROOMS) and not told.startswith(NOT_COUNTED) else None


def walks(folder: Path) -> dict[str, tuple[str, ...]]:
    """The three walks over a fresh database in a folder."""
    walk = Walk()
    services: list[Service] = []
    # Threads that exist are profiled from 3.12 on only: the server's first calls are made while it starts.
    start = walk.of(lambda: services.append(start_service(folder)))
    service = services[0]
    # Profiled calls are slow, and the first one compiles.
    client = service.another_client(language="en", timeout_s=300.0)

    def enroll(number: int) -> None:
        subject = Subject("", external_id=f"number-{number}", display_name=f"Name {number}")
        client.enroll([face(number), finger(number, position=THUMB)], subject=subject, access=ACCESS)

    def identify() -> None:
        probe = [face(1, impression=1), finger(1, impression=1, position=THUMB)]
        client.identify(probe, access=ACCESS)

    try:
        enrolled = walk.of(lambda: enroll(1))
        enroll(2)
        return {"Identify": walk.of(identify), "Enroll": enrolled, "start": start}
    finally:
        stop_service(service)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = walks(Path(folder) / "database")
    for name, files in found.items():
        print(f"{name}: {len(files)} files")
        for file in files:
            print(f"    {file}")


if __name__ == "__main__":
    main()
