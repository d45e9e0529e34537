"""How long a real server process takes from its start to SERVING: from its index files, and from the store alone.

The database is made here, of generated vectors and templates, through the product's own door. Its files were written
just before, so they are read from memory rather than from a cold disk.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.generated_templates import minutia_sets
from benchmarks.product_files import pack_store, ready_pack
from benchmarks.progress import track
from benchmarks.server_process import running_server
from benchmarks.speed.search_sets import make_set
from index.database import EnrollmentDatabase
from index.folder import remove_caches
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.fingerprint.comparison.descriptors import describe

FACES_A_SUBJECT = 4
FINGERS_A_SUBJECT = 10
WRITERS = 16
QUALITY = 80
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class StartResult:
    """Seconds by the wall clock from starting the process to the first SERVING answer of its health service."""

    faces: int
    fingers: int
    store_bytes: int
    enroll_s: float
    from_cache_s: float
    from_store_s: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--fingers", type=int, default=100_000, metavar="N")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="where the database is made (default: a temporary one)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="start-benchmark-", dir=args.work) as folder:
        result = _measure(Path(folder), args.faces, args.fingers)
    text = json.dumps(asdict(result), indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _measure(folder: Path, face_count: int, finger_count: int) -> StartResult:
    face_pack, finger_pack = (ready_pack(pack_store(), name) for name in ("face-builtin", "leader"))
    database_folder = folder / "database"
    begin = time.perf_counter()
    references = chain(faces(face_count, face_pack.pack_id, face_pack.dim), fingers(finger_count, finger_pack.pack_id))
    total = -(-face_count // FACES_A_SUBJECT) + -(-finger_count // FINGERS_A_SUBJECT)
    with EnrollmentDatabase.open(database_folder) as database, ThreadPoolExecutor(WRITERS) as writers:
        # A bounded number of subjects at a time: a million templates do not fit in memory twice.
        for group in groups(track(references, total=total, what="enroll"), 50 * WRITERS):
            list(writers.map(lambda one: database.enroll(Subject(""), one), group))
    enroll_s = time.perf_counter() - begin
    settings = {"STATION_MATCHER_PACKS_FACE": "face-builtin", "STATION_MATCHER_PACKS_FINGERPRINT": "leader"}
    from_cache_s = _start_s(database_folder, folder / "cache.log", settings)
    remove_caches(database_folder)
    from_store_s = _start_s(database_folder, folder / "store.log", settings)
    store_bytes = sum(path.stat().st_size for path in database_folder.iterdir() if path.is_file())
    return StartResult(face_count, finger_count, store_bytes, enroll_s, from_cache_s, from_store_s)


def _start_s(database_folder: Path, log: Path, settings: dict[str, str]) -> float:
    begin = time.perf_counter()
    with ExitStack() as stack:
        stack.enter_context(running_server(database_folder, log, settings))
        return time.perf_counter() - begin


def faces(count: int, pack_id: str, dim: int) -> Iterator[list[NewReference]]:
    rows = chain.from_iterable(make_set("identities", size=count, dim=dim, probe_count=2, seed=1).blocks())
    templates = (Template(Modality.FACE, FingerPosition.UNKNOWN, pack_id, _frozen(row[None])) for row in rows)
    return _subjects(templates, FACES_A_SUBJECT)


def fingers(count: int, pack_id: str) -> Iterator[list[NewReference]]:
    templates = (
        Template(
            Modality.FINGERPRINT,
            FingerPosition(1 + number % FINGERS_A_SUBJECT),
            pack_id,
            _frozen(describe(minutiae)),
            minutiae.to_bytes(),
        )
        for number, minutiae in enumerate(minutia_sets(count, seed=7))
    )
    return _subjects(templates, FINGERS_A_SUBJECT)


def _subjects(templates: Iterable[Template], references_each: int) -> Iterator[list[NewReference]]:
    for group in groups(templates, references_each):
        yield [NewReference(template, QUALITY) for template in group]


def groups(items: Iterable[Item], count: int) -> Iterator[list[Item]]:
    left = iter(items)
    while group := list(islice(left, count)):
        yield group


def _frozen(vectors: np.ndarray) -> np.ndarray:
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    vectors.flags.writeable = False
    return vectors
