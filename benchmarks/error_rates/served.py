"""Rank-1 rate through a running server: images in by gRPC, ranked candidates out, as a station would have it.

The first image of each finger or person is enrolled, every other one is identified. A reference that is refused counts
against every probe of its finger or person, and so does a probe that is refused.
"""

import argparse
import json
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.datasets import Dataset, DatasetError, ImageFile, read_dataset
from benchmarks.metrics import wilson_interval
from benchmarks.product_faces import default_pack
from benchmarks.progress import track
from benchmarks.server_process import ServerStartError, running_server
from index.records import Modality, Subject
from matcher.access.context import AccessContext
from matcher.client import MatcherClient, ServiceError
from matcher.samples import EncodedSample

ACCESS = AccessContext(operator_id="benchmark", case_number="BENCHMARK-1", purpose="measurement")
RANKS = (1, 5, 10, 20)
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Served:
    """rank: of the mate, None where it was not among the candidates or the probe was refused. reason: of a refusal."""

    rank: int | None
    duration_ms: float
    reason: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m benchmarks served`."""
    parser.add_argument("--modality", choices=("fingerprint", "face"), required=True)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="as for verification")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where served.json is written")
    parser.add_argument(
        "--pack",
        default="",
        help="default: leader; an installed face pack, else face-builtin",
    )
    parser.add_argument("--ppi", type=float, help="as for verification")
    parser.add_argument("--people", type=int, default=0, metavar="N", help="only the first N with two images or more")
    parser.add_argument("--clients", type=int, default=2, metavar="N", help="calls at a time")
    parser.add_argument("--exhaustive", action="store_true", help="compare with every reference (fingerprints)")


def run(args: argparse.Namespace) -> int:
    """Prints the rates and writes served.json; exit code 2 where the data or the server cannot be used."""
    try:
        report = _measure(args)
    except (DatasetError, ServerStartError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "served.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    datasets = [read_dataset(folder, fingerprints=args.modality == "fingerprint", ppi=args.ppi) for folder in args.data]
    references, probes = _split(datasets, limit=args.people)
    pack = args.pack or (default_pack() if args.modality == "face" else "leader")
    other = "face" if args.modality == "fingerprint" else "fingerprint"
    settings = {
        f"STATION_MATCHER_PACKS_{args.modality.upper()}": pack,
        f"STATION_MATCHER_PACKS_{other.upper()}": "",
    }
    with tempfile.TemporaryDirectory(prefix="served-") as folder:
        data_folder = Path(folder)
        with (
            running_server(data_folder / "database", data_folder / "server.log", settings) as address,
            MatcherClient(address, language="en", timeout_s=300.0, access=ACCESS) as client,
        ):
            subject_ids, refusals = _enroll(client, references, args)
            served = _in_parallel(
                lambda probe: _identify(client, probe, subject_ids, args), probes, clients=args.clients, what="identify"
            )
    return _report(pack, references, probes, served, refusals)


def _split(datasets: list[Dataset], *, limit: int) -> tuple[dict[str, ImageFile], list[tuple[str, ImageFile]]]:
    references: dict[str, ImageFile] = {}
    probes: list[tuple[str, ImageFile]] = []
    for dataset in datasets:
        for identity, rows in dataset.identities().items():
            if len(rows) < 2 or (limit and len(references) >= limit):
                continue
            key = f"{dataset.name}/{identity}"
            references[key] = dataset.files[rows[0]]
            probes += [(key, dataset.files[row]) for row in rows[1:]]
    if not probes:
        raise DatasetError("no finger or person has two images")
    return references, probes


def _enroll(
    client: MatcherClient, references: dict[str, ImageFile], args: argparse.Namespace
) -> tuple[dict[str, str], Counter[str]]:
    refusals: Counter[str] = Counter()
    lock = threading.Lock()

    def enroll_one(entry: tuple[str, ImageFile]) -> tuple[str, str]:
        key, file = entry
        try:
            answer = client.enroll([_sample(file, args)], subject=Subject("", external_id=key), access=ACCESS)
        except ServiceError as error:
            with lock:
                refusals[error.reason or error.code] += 1
            return key, ""
        return key, answer.subject_id

    found = _in_parallel(enroll_one, list(references.items()), clients=args.clients, what="enroll")
    return {key: subject_id for key, subject_id in found if subject_id}, refusals


def _identify(
    client: MatcherClient, probe: tuple[str, ImageFile], subject_ids: dict[str, str], args: argparse.Namespace
) -> Served:
    key, file = probe
    try:
        answer = client.identify(
            [_sample(file, args)], access=ACCESS, max_candidates=RANKS[-1], exhaustive=args.exhaustive
        )
    except ServiceError as error:
        return Served(None, 0.0, error.reason or error.code)
    rank = next((found.rank for found in answer.candidates if found.subject_id == subject_ids.get(key)), None)
    return Served(rank, sum(answer.stage_ms.values()))


def _sample(file: ImageFile, args: argparse.Namespace) -> EncodedSample:
    if args.modality == "face":
        # Press photographs show bystanders too; the person in question is the largest face.
        return EncodedSample(Modality.FACE, file.path.read_bytes(), largest_face=True)
    return EncodedSample(Modality.FINGERPRINT, file.path.read_bytes(), ppi=file.ppi)


def _in_parallel(work: Callable[[_Item], _Result], items: Iterable[_Item], *, clients: int, what: str) -> list[_Result]:
    items = list(items)
    with ThreadPoolExecutor(clients) as pool:
        return list(track(pool.map(work, items), total=len(items), what=what))


def _report(
    pack: str,
    references: dict[str, ImageFile],
    probes: list[tuple[str, ImageFile]],
    served: list[Served],
    refusals: Counter[str],
) -> dict[str, Any]:
    durations = sorted(answer.duration_ms for answer in served if not answer.reason)
    counts = {rank: sum(1 for answer in served if answer.rank is not None and answer.rank <= rank) for rank in RANKS}
    by_set: dict[str, list[bool]] = {}
    for (key, _), answer in zip(probes, served, strict=True):
        by_set.setdefault(key.partition("/")[0], []).append(answer.rank == 1)
    return {
        "pack": pack,
        "gallery": len(references),
        "references_refused": dict(refusals),
        "probes": len(probes),
        "probes_refused": dict(Counter(answer.reason for answer in served if answer.reason)),
        "rank": {str(rank): counts[rank] / len(probes) for rank in RANKS},
        "rank_1_interval": wilson_interval(counts[1], len(probes)),
        "rank_1_by_set": {name: sum(first) / len(first) for name, first in by_set.items()},
        "median_stage_ms": durations[len(durations) // 2] if durations else None,
    }
