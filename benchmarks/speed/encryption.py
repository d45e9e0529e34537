"""What encryption at rest costs: the same database plain and encrypted, by turns, and the ratio of their times.

Enrolling, opening from index files and from the store, and searching, in this process and through the product's own
door. Processor time of all threads, but for whole enrollments, whose waits for the disk count too. Of the rounds the
fastest counts, since what else the machine does only adds. The files were written just before,
so they are read from memory rather than from a cold disk. `store` is the bare database, to which templates come ready
made; `enroll` is one finger through the use case, from its picture to the audit record, its image kept where the
database is encrypted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks.product_files import pack_store, ready_pack
from benchmarks.progress import track
from benchmarks.speed.identify import enroll_work
from benchmarks.speed.search_sets import make_set
from benchmarks.speed.start import FACES_A_SUBJECT, FINGERS_A_SUBJECT, WRITERS, faces, fingers, groups
from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.records import Modality, Subject

MASTER = MasterKey(bytes(range(32)))
CANDIDATES = 20
PROBES = 40
ENROLLMENTS = 40


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: of one whole enrollment (median), of storing everything, of opening from index files and from the store,
    of one search of all faces (the fastest)."""

    enroll_s: float
    store_s: float
    from_cache_s: float
    from_store_s: float
    search_s: float
    folder_bytes: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=int, default=100_000, metavar="N")
    parser.add_argument("--fingers", type=int, default=10_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where databases are made (default: a temporary one)")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    rounds: dict[str, list[Times]] = {"plain": [], "encrypted": []}
    for number in range(args.rounds):
        # Each goes first as often as the other, so that neither has the warmer machine.
        for name in ("plain", "encrypted") if number % 2 == 0 else ("encrypted", "plain"):
            with tempfile.TemporaryDirectory(prefix="encryption-benchmark-", dir=args.work) as folder:
                master = MASTER if name == "encrypted" else None
                rounds[name].append(_measure(Path(folder) / "database", args.faces, args.fingers, master))
    best = {name: _best(times) for name, times in rounds.items()}
    ratios = {
        name.removesuffix("_s"): getattr(best["encrypted"], name) / getattr(best["plain"], name)
        for name in ("enroll_s", "store_s", "from_cache_s", "from_store_s", "search_s", "folder_bytes")
    }
    result = {
        "faces": args.faces,
        "fingers": args.fingers,
        **{f"ratio_{name}": ratio for name, ratio in ratios.items()},
        **{f"{name}_{key}": value for name, times in best.items() for key, value in asdict(times).items()},
    }
    text = json.dumps(result, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _best(times: list[Times]) -> Times:
    return Times(**{name: min(asdict(one)[name] for one in times) for name in asdict(times[0])})


def _measure(folder: Path, face_count: int, finger_count: int, master: MasterKey | None) -> Times:
    face_pack, finger_pack = (ready_pack(pack_store(), name) for name in ("face-builtin", "leader"))
    references = chain(faces(face_count, face_pack.pack_id, face_pack.dim), fingers(finger_count, finger_pack.pack_id))
    total = -(-face_count // FACES_A_SUBJECT) + -(-finger_count // FINGERS_A_SUBJECT)
    store_s = 0.0
    with EnrollmentDatabase.open(folder, master_key=master) as database, ThreadPoolExecutor(WRITERS) as writers:
        database.warm_up()
        for number, group in enumerate(groups(track(references, total=total, what="enroll"), 50 * WRITERS)):
            named = [(Subject("", f"{number}-{place}", f"Nguyễn Văn {place}"), one) for place, one in enumerate(group)]
            begin = time.process_time()
            for _ in writers.map(lambda one: database.enroll(*one), named):
                pass
            store_s += time.process_time() - begin
    probes = np.concatenate(
        list(make_set("identities", size=PROBES, dim=face_pack.dim, probe_count=2, seed=2).blocks())
    )[:PROBES]
    opened: list[EnrollmentDatabase] = []
    from_cache_s = _seconds(lambda: opened.append(EnrollmentDatabase(folder, master_key=master)))
    (database,) = opened
    search_s = float("inf")
    for _ in range(3):
        for probe in probes:
            query = np.ascontiguousarray(probe[None])
            found = _seconds(lambda q=query: database.search(Modality.FACE, face_pack.pack_id, q, CANDIDATES))  # type: ignore[misc]
            search_s = min(search_s, found)
    database.close()
    folder_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder / "cache")
    from_store_s = _seconds(lambda: opened.append(EnrollmentDatabase(folder, master_key=master)))
    opened[-1].close()
    with enroll_work(folder.with_name("whole"), master) as enroll:
        enroll()
        enroll_s = float(np.median([_seconds(enroll, time.perf_counter) for _ in range(ENROLLMENTS)]))
    return Times(enroll_s, store_s, from_cache_s, from_store_s, search_s, folder_bytes)


def _seconds(action: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    begin = clock()
    action()
    return clock() - begin
