"""How long a real server process takes from its start to SERVING: from its index files, and from the store alone.

The database is made here, of generated vectors and templates, through the product's own door. Its files were written
just before, so they are read from memory rather than from a cold disk.
"""

from __future__ import annotations

import argparse
import json
import secrets
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

from benchmarks.engines import default_job_count
from benchmarks.product_files import pack_store, ready_pack
from benchmarks.progress import track
from benchmarks.server_process import running_server
from benchmarks.speed.search_sets import make_set
from benchmarks.speed.strangers import float_vectors, strangers
from benchmarks.speed.ten_fingers import ten_finger_ms
from index.database import EnrollmentDatabase
from index.folder import remove_caches
from index.keys.master_key import KEY_BYTES, MasterKey
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.fingerprint.comparison.compare import warm_up

FACES_A_SUBJECT = 4
FINGERS_A_SUBJECT = 10
WRITERS = 16
QUALITY = 80
ASKED_PEOPLE = 11  # of whom the first, with whom much is read for the first time, is not counted
START_LIMIT_S = 3600.0
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class StartResult:
    """Seconds by the wall clock from starting the process to the first SERVING answer of its health service.
    ten_fingers_ms: one search with ten fingers of a person who is on record, fused, extraction aside: the median by the
    wall clock. from_store_s: None where it was not wanted."""

    faces: int
    fingers: int
    is_encrypted: bool
    store_bytes: int
    enroll_s: float
    ten_fingers_ms: float
    from_cache_s: float
    from_store_s: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--fingers", type=int, default=100_000, metavar="N")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="where the database is made (default: a temporary one)"
    )
    parser.add_argument("--plain", action="store_true", help="without encryption at rest, which is on as shipped")
    parser.add_argument("--cache-only", action="store_true", help="no start from the store alone: minutes at a million")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes that make fingers (default: cores)")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="start-benchmark-", dir=args.work) as folder:
        result = _measure(Path(folder), args)
    text = json.dumps(asdict(result), indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _measure(folder: Path, args: argparse.Namespace) -> StartResult:
    face_pack, finger_pack = (ready_pack(pack_store(), name) for name in ("face-builtin", "leader"))
    database_folder = folder / "database"
    master = None if args.plain else MasterKey(secrets.token_bytes(KEY_BYTES))
    begin = time.perf_counter()
    jobs = args.jobs or default_job_count()
    references = chain(
        fingers(args.fingers, finger_pack.pack_id, job_count=jobs), faces(args.faces, face_pack.pack_id, face_pack.dim)
    )
    total = -(-args.faces // FACES_A_SUBJECT) + -(-args.fingers // FINGERS_A_SUBJECT)
    asked: list[tuple[str, list[Template]]] = []
    with EnrollmentDatabase.open(database_folder, master_key=master) as database:
        with ThreadPoolExecutor(WRITERS) as writers:
            # A bounded number of subjects at a time: a million templates do not fit in memory twice.
            for group in groups(track(references, total=total, what="enroll"), 50 * WRITERS):
                receipts = writers.map(lambda one: database.enroll(Subject(""), one), group)
                for receipt, one in zip(receipts, group, strict=True):
                    # Fingers come first; of few, faces follow before there are enough people.
                    if one[0].template.modality is Modality.FINGERPRINT and len(asked) < ASKED_PEOPLE:
                        asked.append((receipt.subject_id, [reference.template for reference in one]))
        enroll_s = time.perf_counter() - begin
        database.warm_up()
        warm_up()
        ten_fingers_ms = float(np.median(ten_finger_ms(database, asked)[1:])) if args.fingers else float("nan")
    settings = {"STATION_MATCHER_PACKS_FACE": "face-builtin", "STATION_MATCHER_PACKS_FINGERPRINT": "leader"}
    if master is not None:
        settings["STATION_MATCHER_STORAGE_MASTER_KEY"] = master.key.hex()
    from_cache_s = _start_s(database_folder, folder / "cache.log", settings)
    from_store_s = None
    if not args.cache_only:
        remove_caches(database_folder)
        from_store_s = _start_s(database_folder, folder / "store.log", settings)
    store_bytes = sum(path.stat().st_size for path in database_folder.iterdir() if path.is_file())
    return StartResult(
        args.faces, args.fingers, master is not None, store_bytes, enroll_s, ten_fingers_ms, from_cache_s, from_store_s
    )


def _start_s(database_folder: Path, log: Path, settings: dict[str, str]) -> float:
    begin = time.perf_counter()
    with ExitStack() as stack:
        stack.enter_context(running_server(database_folder, log, settings, start_limit_s=START_LIMIT_S))
        return time.perf_counter() - begin


def faces(count: int, pack_id: str, dim: int) -> Iterator[list[NewReference]]:
    rows = chain.from_iterable(make_set("identities", size=count, dim=dim, probe_count=2, seed=1).blocks())
    templates = (Template(Modality.FACE, FingerPosition.UNKNOWN, pack_id, _frozen(row[None])) for row in rows)
    return _subjects(templates, FACES_A_SUBJECT)


def fingers(count: int, pack_id: str, *, job_count: int = 1) -> Iterator[list[NewReference]]:
    made = strangers(count, pack_id=pack_id, seed=7, job_count=job_count)
    templates = (
        Template(
            Modality.FINGERPRINT,
            FingerPosition(1 + number % FINGERS_A_SUBJECT),
            pack_id,
            float_vectors(one.codes),
            one.minutiae,
        )
        for number, one in enumerate(made)
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
