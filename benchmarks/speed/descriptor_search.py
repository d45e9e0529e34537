"""Fingers by votes: time, memory and what a search loses, in a gallery of real references and generated strangers.

The first image of each finger is its reference, every other a probe; with --pieces each of these is a probe once more
turned, and in pieces. A probe is found where its mate leads after full comparison. One whose mate is on the shortlist
loses nothing: full comparison is the same, whoever else is compared. Whether exhaustive comparison would put the mate
first is computed for the others, as far as one on the list is not more similar already. So `loss` is an upper bound, in
points of the rank-1 rate.

Times are of some hundred searches, one at a time; the others, which count for the loss alone, run side by side.
Exhaustive comparison is timed with 40 probes and a sample of the references.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.engines import Engine, default_job_count
from benchmarks.error_rates.arguments import add_dataset_arguments, add_same_argument, measured
from benchmarks.error_rates.gallery import Enrollment, made_probes, read_enrollment
from benchmarks.metrics import wilson_interval
from benchmarks.speed.finger_gallery import FingerGallery, Outcome, made_gallery
from index.records import Template
from index.vector.votes.index import DescriptorIndex, warm_up
from matcher.fingerprint.comparison.descriptors import DIM
from matcher.search.settings import SearchSettings

SHARES = (0.5, 0.1, 0.01)
PRINTS, TURNED = "prints", "turned prints"
_TIMED_PROBES = 300
_EXHAUSTIVE_PROBES = 40
_HALVES = ("of fingers that the search was tuned on", "of the other fingers")


@dataclass(frozen=True, slots=True)
class KindResult:
    """Shares in percent; loss_at_most in points, with its 95 % interval. lost: probes. widened: of searches that looked
    farther. p50_processor_ms, p95_processor_ms: of those that were timed; None of none."""

    probes: int
    lost: int
    rank1: float
    rank1_interval: tuple[float, ...]
    loss_at_most: float
    loss_interval: tuple[float, ...]
    widened: float
    p50_processor_ms: float | None
    p95_processor_ms: float | None


@dataclass(frozen=True, slots=True)
class DescriptorSearchResult:
    """Shares in percent; times in milliseconds of one thread, medians and percentiles of timed_probes searches.
    allowed: references that every search may find; without a filter all. exhaustive_ms: of comparing these.
    votes_p50_ms: processor time of the index. p50_ms, p95_ms: whole searches. steps: by where the search ended
    (shortlist.py). halves: by finger. clear_probes: probes that one finger led clearly; clear_missed: those of them
    whose mate was not on the list then. ratio_to_exhaustive: processor time of a search over that of comparing
    everybody, the median of exhaustive_probes; ratio_to_flat_knn: that of the votes over FAISS's flat index for the
    same descriptors; ratio_at_share: of the votes with that share allowed over those without a filter, medians of
    alternating searches. memory_bytes_a_finger: of the arrays of the index; resident_bytes_a_finger: what a process
    takes for the loaded index, everything included; vector_bytes_a_finger: of the indexed descriptors in float32."""

    fingers: int
    allowed: int
    probes: int
    timed_probes: int
    exhaustive_probes: int
    shortlist: int
    rank1_by_votes: float
    in_shortlist: float
    rank1: float
    rank1_interval: tuple[float, ...]
    rank1_exhaustive_at_most: float
    lost: int
    loss_at_most: float
    loss_interval: tuple[float, ...]
    kinds: dict[str, KindResult]
    steps: dict[str, KindResult]
    halves: dict[str, KindResult]
    clear_probes: int
    clear_missed: int
    votes_p50_ms: float
    p50_ms: float
    p95_ms: float
    p50_processor_ms: float
    p95_processor_ms: float
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


@dataclass(frozen=True, slots=True, eq=False)
class _Searched:
    probe: _Probe
    outcome: Outcome
    is_lost: bool
    is_timed: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="fingerprint")
    add_same_argument(parser)
    parser.add_argument("--fingers", type=int, default=100_000, metavar="N", help="references, generated ones included")
    parser.add_argument(
        "--probes", type=int, default=0, metavar="N", help="at most so many prints, spread evenly (default: all)"
    )
    parser.add_argument("--pieces", action="store_true", help="turned prints and pieces of 4 to 12 mm as probes too")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="leave the gallery in DIR, or take it from there (4 kB a finger)"
    )
    parser.add_argument("--shortlist", type=int, default=500, metavar="N", help="fingers compared where none leads")
    parser.add_argument(
        "--allowed", type=int, metavar="N", help="references, mates among them, that a filter lets every search see"
    )


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    enrollment = read_enrollment(args, engine)
    references = [sample.minutiae for sample in enrollment.references]
    job_count = args.jobs or default_job_count()
    gallery = made_gallery(engine.pack_id, references, args.fingers, job_count=job_count, kept=args.keep)
    probes = _probes(args, engine, enrollment, gallery)
    settings = SearchSettings(shortlist_count=args.shortlist)
    allowed = None if args.allowed is None else gallery.some(args.allowed, len(references))
    pairs = [(probe.template, probe.mate) for probe in probes]
    timed = _spread(len(pairs), _TIMED_PROBES)
    others = sorted(set(range(len(pairs))) - set(timed))
    outcomes: dict[int, Outcome] = {}
    for chosen, side_by_side in ((timed, 1), (others, job_count)):
        found = gallery.search_all([pairs[one] for one in chosen], settings, job_count=side_by_side, allowed=allowed)
        outcomes |= dict(zip(chosen, found, strict=True))
    missing = [one for one in range(len(pairs)) if outcomes[one].place < 0]
    leads = gallery.would_lead(
        [pairs[one] for one in missing],
        [outcomes[one].best for one in missing],
        job_count=job_count,
        allowed=allowed,
    )
    lost = {one for one, is_lost in zip(missing, leads.tolist(), strict=True) if is_lost}
    searches = [_Searched(probe, outcomes[one], one in lost, is_timed=one in timed) for one, probe in enumerate(probes)]
    # Not args.allowed, of which there may be fewer, or more mates.
    result = _result(args, gallery, searches, len(gallery) if allowed is None else len(allowed))
    text = json.dumps(asdict(result), indent=2)
    print(text)
    (args.out / "report.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _result(
    args: argparse.Namespace, gallery: FingerGallery, searches: Sequence[_Searched], allowed: int
) -> DescriptorSearchResult:
    count = len(searches)
    share = 100.0 / count
    outcomes = [one.outcome for one in searches]
    timed = [one.outcome for one in searches if one.is_timed]
    found, lost = sum(one.is_found for one in outcomes), sum(one.is_lost for one in searches)
    clear = [one for one in outcomes if one.is_clear]
    compared = [searches[one].probe.template for one in _spread(count, _EXHAUSTIVE_PROBES)]
    exhaustive_ms = gallery.exhaustive_ms(compared) * allowed / len(gallery)
    flat_ms = gallery.flat_ms(compared)
    processor_ms, slow_processor_ms = np.percentile([one.processor_ms for one in timed], [50, 95]).tolist()
    votes_ms = float(np.median([one.votes_ms for one in timed]))
    save_s, load_s, resident_bytes = _through_files(gallery.index)
    return DescriptorSearchResult(
        fingers=len(gallery),
        allowed=allowed,
        probes=count,
        timed_probes=len(timed),
        exhaustive_probes=len(compared),
        shortlist=args.shortlist,
        rank1_by_votes=share * sum(one.place == 0 for one in outcomes),
        in_shortlist=share * sum(one.place >= 0 for one in outcomes),
        rank1=share * found,
        rank1_interval=_percent(wilson_interval(found, count)),
        rank1_exhaustive_at_most=share * (found + lost),
        lost=lost,
        loss_at_most=share * lost,
        loss_interval=_percent(wilson_interval(lost, count)),
        kinds=_by(searches, lambda one: one.probe.kind),
        steps=_by(searches, lambda one: _step(one.outcome)),
        halves=_by(searches, lambda one: _HALVES[(one.probe.mate - 1) % 2]),
        clear_probes=len(clear),
        clear_missed=sum(one.place < 0 for one in clear),
        votes_p50_ms=votes_ms,
        p50_ms=float(np.median([one.wall_ms for one in timed])),
        p95_ms=float(np.percentile([one.wall_ms for one in timed], 95)),
        p50_processor_ms=processor_ms,
        p95_processor_ms=slow_processor_ms,
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
        ratio_at_share={f"{one:g}": gallery.filter_ratio(compared, 50, one) for one in SHARES},
    )


def _spread(count: int, wanted: int) -> list[int]:
    """At most so many of count, evenly."""
    return list(range(0, count, max(1, -(-count // wanted))))


def _step(outcome: Outcome) -> str:
    """Where the search ended."""
    return f"reach {outcome.reach}, {'one led' if outcome.is_clear else 'none led'}"


def _by(searches: Sequence[_Searched], name: Callable[[_Searched], str]) -> dict[str, KindResult]:
    groups: dict[str, list[_Searched]] = {}
    for one in searches:
        groups.setdefault(name(one), []).append(one)
    return {group: _of_some(of_group) for group, of_group in sorted(groups.items())}


def _of_some(searches: Sequence[_Searched]) -> KindResult:
    found, lost = sum(one.outcome.is_found for one in searches), sum(one.is_lost for one in searches)
    share = 100.0 / len(searches)
    times = [one.outcome.processor_ms for one in searches if one.is_timed]
    median_ms, slow_ms = np.percentile(times, [50, 95]).tolist() if times else (None, None)
    return KindResult(
        probes=len(searches),
        lost=lost,
        rank1=share * found,
        rank1_interval=_percent(wilson_interval(found, len(searches))),
        loss_at_most=share * lost,
        loss_interval=_percent(wilson_interval(lost, len(searches))),
        widened=share * sum(one.outcome.reach > 0 for one in searches),
        p50_processor_ms=median_ms,
        p95_processor_ms=slow_ms,
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
    return probes + [
        _Probe(f"pieces of {side_px} px" if side_px else TURNED, gallery.template(sample.minutiae), mate + 1)
        for side_px, mate, sample in made_probes(args, engine, enrollment, chosen)
    ]


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
