"""Fingers by votes: time, memory and what a search loses, in a gallery of real references and generated strangers.

The first image of each finger is its reference, every other a probe; with --pieces each of these is a probe once more
turned, and in pieces. A probe is found where its mate leads after full comparison. What exhaustive comparison would
find is computed for the probes whose mate is not on the shortlist; for the others the shortlist cannot lose. So
`loss` is an upper bound, in points of the rank-1 rate.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.datasets import ImageFile
from benchmarks.engines import Engine, default_job_count
from benchmarks.error_rates.arguments import add_dataset_arguments, add_same_argument, engine_spec, measured
from benchmarks.error_rates.gallery import Enrollment, read_enrollment
from benchmarks.extraction import extract_files
from benchmarks.metrics import wilson_interval
from benchmarks.pieces import PIECE_SIDES_PX, write_piece, write_turned
from benchmarks.progress import track
from benchmarks.speed.finger_gallery import FingerGallery, Outcome
from benchmarks.template_cache import default_cache_folder
from index.records import Template
from index.vector.votes.index import DescriptorIndex, warm_up
from matcher.fingerprint.comparison.descriptors import DIM
from matcher.search.searcher import SearchSettings

SHARES = (0.5, 0.1, 0.01)
PRINTS, TURNED = "prints", "turned prints"
_TIMED_PROBES = 20


@dataclass(frozen=True, slots=True)
class KindResult:
    """Shares in percent; loss_at_most in points, with its 95 % interval. widened: of searches that looked farther."""

    probes: int
    rank1: float
    rank1_interval: tuple[float, ...]
    loss_at_most: float
    loss_interval: tuple[float, ...]
    widened: float


@dataclass(frozen=True, slots=True)
class DescriptorSearchResult:
    """Shares in percent; times in milliseconds of one thread. votes_p50_ms: processor time of the index. p50_ms,
    p95_ms: whole searches. steps: by where the search ended (shortlist.py). clear_probes: probes that one finger led
    clearly; clear_missed: those of them whose mate was not on the list then. ratio_to_exhaustive: processor time of a
    search over that of comparing everybody; ratio_to_flat_knn: that of the votes over FAISS's flat index for the same
    descriptors; ratio_at_share: of the votes with that share allowed over those without a filter, medians of
    alternating searches. memory_bytes_a_finger: of the arrays of the index; resident_bytes_a_finger: what a process
    takes for the loaded index, everything included; vector_bytes_a_finger: of the indexed descriptors in float32."""

    fingers: int
    probes: int
    shortlist: int
    rank1_by_votes: float
    in_shortlist: float
    rank1: float
    rank1_interval: tuple[float, ...]
    rank1_exhaustive_at_most: float
    loss_at_most: float
    loss_interval: tuple[float, ...]
    kinds: dict[str, KindResult]
    steps: dict[str, KindResult]
    clear_probes: int
    clear_missed: int
    votes_p50_ms: float
    p50_ms: float
    p95_ms: float
    p50_processor_ms: float
    exhaustive_ms: float
    flat_knn_ms: float
    ratio_to_exhaustive: float
    ratio_to_flat_knn: float
    memory_bytes_a_finger: float
    resident_bytes_a_finger: float
    vector_bytes_a_finger: float
    add_ms_a_finger: float
    save_s: float
    load_s: float
    ratio_at_share: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    kind: str
    template: Template
    mate: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="fingerprint")
    add_same_argument(parser)
    parser.add_argument("--fingers", type=int, default=100_000, metavar="N", help="references, generated ones included")
    parser.add_argument(
        "--probes", type=int, default=0, metavar="N", help="at most so many prints, spread evenly (default: all)"
    )
    parser.add_argument("--pieces", action="store_true", help="turned prints and pieces of 4 to 12 mm as probes too")
    parser.add_argument("--shortlist", type=int, default=500, metavar="N", help="fingers compared where none leads")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    enrollment = read_enrollment(args, engine)
    references = [sample.minutiae for sample in enrollment.references]
    gallery = FingerGallery(engine.pack_id, references, args.fingers, job_count=args.jobs or default_job_count())
    probes = _probes(args, engine, enrollment, gallery)
    settings = SearchSettings(shortlist_count=args.shortlist)
    outcomes = [
        gallery.search(probe.template, probe.mate, settings)
        for probe in track(probes, total=len(probes), what="search")
    ]
    lost = np.array([outcome.place < 0 for outcome in outcomes])
    missing = np.flatnonzero(lost).tolist()
    lost[missing] = gallery.found_exhaustively([(probes[one].template, probes[one].mate) for one in missing])
    result = _result(args, gallery, probes, outcomes, lost.tolist())
    text = json.dumps(asdict(result), indent=2)
    print(text)
    (args.out / "report.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _result(
    args: argparse.Namespace,
    gallery: FingerGallery,
    probes: Sequence[_Probe],
    outcomes: Sequence[Outcome],
    lost: Sequence[bool],
) -> DescriptorSearchResult:
    share = 100.0 / len(probes)
    found = sum(outcome.is_found for outcome in outcomes)
    clear = [outcome for outcome in outcomes if outcome.is_clear]
    timed = [probe.template for probe in probes[:: max(1, len(probes) // _TIMED_PROBES)]]
    exhaustive_ms, flat_ms = gallery.exhaustive_ms(timed), gallery.flat_ms(timed)
    processor_ms = float(np.median([outcome.processor_ms for outcome in outcomes]))
    votes_ms = float(np.median([outcome.votes_ms for outcome in outcomes]))
    save_s, load_s, resident_bytes = _through_files(gallery.index)
    kinds = sorted({probe.kind for probe in probes})
    return DescriptorSearchResult(
        fingers=len(gallery),
        probes=len(probes),
        shortlist=args.shortlist,
        rank1_by_votes=share * sum(outcome.place == 0 for outcome in outcomes),
        in_shortlist=share * sum(outcome.place >= 0 for outcome in outcomes),
        rank1=share * found,
        rank1_interval=_percent(wilson_interval(found, len(probes))),
        rank1_exhaustive_at_most=share * (found + sum(lost)),
        loss_at_most=share * sum(lost),
        loss_interval=_percent(wilson_interval(sum(lost), len(probes))),
        kinds={
            kind: _of_some([number for number, probe in enumerate(probes) if probe.kind == kind], outcomes, lost)
            for kind in kinds
        },
        steps=_by_step(outcomes, lost),
        clear_probes=len(clear),
        clear_missed=sum(outcome.place < 0 for outcome in clear),
        votes_p50_ms=votes_ms,
        p50_ms=float(np.median([outcome.wall_ms for outcome in outcomes])),
        p95_ms=float(np.percentile([outcome.wall_ms for outcome in outcomes], 95)),
        p50_processor_ms=processor_ms,
        exhaustive_ms=exhaustive_ms,
        flat_knn_ms=flat_ms,
        ratio_to_exhaustive=processor_ms / exhaustive_ms,
        ratio_to_flat_knn=votes_ms / flat_ms,
        memory_bytes_a_finger=gallery.index.memory_bytes / len(gallery.index),
        resident_bytes_a_finger=resident_bytes / len(gallery.index),
        vector_bytes_a_finger=gallery.vector_bytes / len(gallery),
        add_ms_a_finger=gallery.add_ms / len(gallery),
        save_s=save_s,
        load_s=load_s,
        ratio_at_share={f"{one:g}": gallery.filter_ratio(timed, 50, one) for one in SHARES},
    )


def _by_step(outcomes: Sequence[Outcome], lost: Sequence[bool]) -> dict[str, KindResult]:
    """By where the search ended."""
    numbers: dict[str, list[int]] = {}
    for number, outcome in enumerate(outcomes):
        step = f"reach {outcome.reach}, {'one led' if outcome.is_clear else 'none led'}"
        numbers.setdefault(step, []).append(number)
    return {step: _of_some(of_step, outcomes, lost) for step, of_step in sorted(numbers.items())}


def _of_some(numbers: Sequence[int], outcomes: Sequence[Outcome], lost: Sequence[bool]) -> KindResult:
    found, lost_count = sum(outcomes[one].is_found for one in numbers), sum(lost[one] for one in numbers)
    share = 100.0 / len(numbers)
    return KindResult(
        probes=len(numbers),
        rank1=share * found,
        rank1_interval=_percent(wilson_interval(found, len(numbers))),
        loss_at_most=share * lost_count,
        loss_interval=_percent(wilson_interval(lost_count, len(numbers))),
        widened=share * sum(outcomes[one].reach > 0 for one in numbers),
    )


def _probes(args: argparse.Namespace, engine: Engine, enrollment: Enrollment, gallery: FingerGallery) -> list[_Probe]:
    """The prints, each followed by what was made of it; what gave no template is left out."""
    chosen = [number for number, (sample, _) in enumerate(enrollment.probes) if not sample.failed]
    chosen = chosen[:: -(-len(chosen) // args.probes)] if args.probes else chosen
    probes = [
        _Probe(PRINTS, gallery.template(sample.minutiae), mate + 1)
        for sample, mate in (enrollment.probes[number] for number in chosen)
    ]
    if not args.pieces:
        return probes
    with tempfile.TemporaryDirectory() as folder:
        kinds, files, mates = [], [], []
        for number in track(chosen, total=len(chosen), what="cut"):
            for kind, file in _made_of(enrollment.probe_files[number], number, Path(folder)):
                kinds.append(kind)
                files.append(file)
                mates.append(enrollment.probes[number][1] + 1)
        samples = extract_files(
            files,
            spec=engine_spec(args),
            engine=engine,
            cache_folder=None if args.no_cache else args.cache or default_cache_folder(),
            job_count=args.jobs or default_job_count(),
        )
    made = zip(kinds, samples, mates, strict=True)
    return probes + [
        _Probe(kind, gallery.template(sample.minutiae), mate) for kind, sample, mate in made if not sample.failed
    ]


def _made_of(source: ImageFile, number: int, folder: Path) -> list[tuple[str, ImageFile]]:
    """A turned print and a piece of every size: the same in every run."""
    rng = np.random.default_rng(number)
    made = []
    path = folder / f"{number}-turned.png"
    write_turned(source.path, source.ppi, path, rng)
    made.append((TURNED, ImageFile(path, path.name, source.identity, 500.0)))
    for side in PIECE_SIDES_PX:
        path = folder / f"{number}-{side}.png"
        write_piece(source.path, source.ppi, side, path, rng)
        made.append((f"pieces of {side} px", ImageFile(path, path.name, source.identity, 500.0)))
    return made


def _through_files(index: DescriptorIndex) -> tuple[float, float, float]:
    """Seconds to save the index and to load it again, and the memory that a process takes for it then, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        index.save(Path(folder))
        save_s = time.perf_counter() - start
        # In a process of its own, where nothing that was freed before is taken for it.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            load_s, resident_bytes = pool.submit(_loaded, Path(folder)).result()
    return save_s, load_s, resident_bytes


def _loaded(folder: Path) -> tuple[float, float]:
    warm_up(DIM)
    before_bytes, start = _resident_bytes(), time.perf_counter()
    index = DescriptorIndex.load(folder)
    load_s = time.perf_counter() - start
    taken_bytes = _resident_bytes() - before_bytes
    index.close()
    return load_s, taken_bytes


def _resident_bytes() -> float:
    """Memory of this process that no file backs; NaN where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return float("nan")
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("RssAnon:"))
    return 1024.0 * int(line.split()[1])


def _percent(interval: Sequence[float]) -> tuple[float, ...]:
    return tuple(100.0 * side for side in interval)
