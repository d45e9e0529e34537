"""Fingers by votes: time, memory and what the shortlist loses, in a gallery of real references and generated strangers.

The first image of each finger is its reference, every other a probe. A probe is found where its mate leads the
shortlist after full comparison. What exhaustive comparison would find is computed for the probes whose mate is not on
the shortlist; for the others the shortlist cannot lose. So `loss` is an upper bound, in points of the rank-1 rate.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import add_dataset_arguments, add_same_argument, measured
from benchmarks.error_rates.gallery import read_enrollment
from benchmarks.generated_templates import minutia_sets
from benchmarks.metrics import wilson_interval
from benchmarks.progress import track
from index.records import FingerPosition, Modality, Template
from index.vector.votes.index import DescriptorIndex
from matcher.fingerprint.comparison.compare import PreparedFingerprint, compare_many, prepare
from matcher.fingerprint.comparison.descriptors import DIM, describe
from matcher.fingerprint.minutia_set import MinutiaSet

STRANGERS_A_BATCH = 2000
SHARES = (0.5, 0.1, 0.01)


@dataclass(frozen=True, slots=True)
class DescriptorSearchResult:
    """Shares in percent; times in milliseconds of one thread; ratio_at_share: time with that share allowed over the
    time without a filter, medians of alternating searches."""

    fingers: int
    probes: int
    shortlist: int
    rank1_by_votes: float
    in_shortlist: float
    rank1: float
    rank1_interval: tuple[float, ...]
    rank1_exhaustive_at_most: float
    loss_at_most: float
    p50_ms: float
    p95_ms: float
    p50_processor_ms: float
    memory_bytes_a_finger: float
    add_ms_a_finger: float
    ratio_at_share: dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="fingerprint")
    add_same_argument(parser)
    parser.add_argument("--fingers", type=int, default=100_000, metavar="N", help="references, generated ones included")
    parser.add_argument(
        "--probes", type=int, default=0, metavar="N", help="at most so many, spread evenly (default: all)"
    )
    parser.add_argument("--shortlist", type=int, default=500, metavar="N")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    enrollment = read_enrollment(args, engine)
    gallery = _Gallery(engine.pack_id, [sample.minutiae for sample in enrollment.references], args.fingers)
    probes = [(gallery.template(sample.minutiae), mate + 1) for sample, mate in enrollment.probes if not sample.failed]
    if args.probes:
        probes = probes[:: -(-len(probes) // args.probes)]
    outcomes = [
        gallery.search(probe, mate, args.shortlist) for probe, mate in track(probes, total=len(probes), what="search")
    ]
    missing = [number for number, outcome in enumerate(outcomes) if not outcome.in_shortlist]
    would_be_found = sum(gallery.is_found_exhaustively(*probes[number]) for number in missing)
    found = sum(outcome.is_found for outcome in outcomes)
    times = np.array([outcome.wall_ms for outcome in outcomes])
    share = 100.0 / len(probes)
    result = DescriptorSearchResult(
        fingers=len(gallery.index),
        probes=len(probes),
        shortlist=args.shortlist,
        rank1_by_votes=share * sum(outcome.leads_votes for outcome in outcomes),
        in_shortlist=share * sum(outcome.in_shortlist for outcome in outcomes),
        rank1=share * found,
        rank1_interval=_percent(wilson_interval(found, len(probes))),
        rank1_exhaustive_at_most=share * (found + would_be_found),
        loss_at_most=share * would_be_found,
        p50_ms=float(np.median(times)),
        p95_ms=float(np.percentile(times, 95)),
        p50_processor_ms=float(np.median([outcome.processor_ms for outcome in outcomes])),
        memory_bytes_a_finger=gallery.index.memory_bytes / len(gallery.index),
        add_ms_a_finger=gallery.add_ms / args.fingers,
        ratio_at_share=gallery.filter_ratios([probe for probe, _ in probes[:20]], args.shortlist),
    )
    text = json.dumps(asdict(result), indent=2)
    print(text)
    (args.out / "report.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _percent(interval: Sequence[float]) -> tuple[float, ...]:
    return tuple(100.0 * side for side in interval)


@dataclass(frozen=True, slots=True)
class _Outcome:
    is_found: bool
    in_shortlist: bool
    leads_votes: bool
    wall_ms: float
    processor_ms: float


class _Gallery:
    """References 1..n are the real ones, generated strangers follow. Only minutiae are kept; they take little room."""

    def __init__(self, pack_id: str, real: list[bytes], count: int) -> None:
        self._pack_id = pack_id
        self._minutiae: list[bytes] = []
        self.index = DescriptorIndex(DIM)
        self.add_ms = 0.0
        self._add(real)
        batch: list[bytes] = []
        for minutiae in track(minutia_sets(count - len(real), seed=7), total=count - len(real), what="enroll"):
            batch.append(minutiae.to_bytes())
            if len(batch) == STRANGERS_A_BATCH:
                self._add(batch)
                batch = []
        self._add(batch)

    def template(self, minutiae: bytes) -> Template:
        vectors = describe(MinutiaSet.from_bytes(minutiae))
        return Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, self._pack_id, vectors, minutiae)

    def search(self, probe: Template, mate: int, shortlist: int) -> _Outcome:
        wall, processor = time.perf_counter(), time.thread_time()
        hits = self.index.search(probe.vectors, shortlist)
        wall, processor = time.perf_counter() - wall, time.thread_time() - processor
        ids = hits.reference_ids[0, : int(hits.counts[0])]
        similarities = compare_many(prepare(probe), [self._prepared(int(found)) for found in ids])
        order = np.lexsort((ids, -similarities))
        is_found = bool(len(ids)) and int(ids[order[0]]) == mate
        return _Outcome(is_found, mate in ids, bool(len(ids)) and ids[0] == mate, 1e3 * wall, 1e3 * processor)

    def is_found_exhaustively(self, probe: Template, mate: int) -> bool:
        prepared = prepare(probe)
        own = compare_many(prepared, [self._prepared(mate)])[0]
        for start in range(0, len(self._minutiae), STRANGERS_A_BATCH):
            ids = range(start + 1, min(start + STRANGERS_A_BATCH, len(self._minutiae)) + 1)
            similarities = compare_many(prepared, [self._prepared(found) for found in ids])
            if any(value >= own for found, value in zip(ids, similarities, strict=True) if found != mate):
                return False
        return True

    def filter_ratios(self, probes: list[Template], shortlist: int) -> dict[str, float]:
        generator = np.random.default_rng(0)
        ids = self.index.reference_ids()
        ratios = {}
        for share in SHARES:
            allowed = np.sort(generator.choice(ids, max(1, int(share * len(ids))), replace=False))
            pairs = []
            for probe in probes:
                start = time.thread_time()
                self.index.search(probe.vectors, shortlist)
                between = time.thread_time()
                self.index.search(probe.vectors, shortlist, allowed=allowed)
                pairs.append((time.thread_time() - between) / (between - start))
            ratios[f"{share:g}"] = float(np.median(pairs))
        return ratios

    def _add(self, minutiae: list[bytes]) -> None:
        vectors = [self.template(one).vectors for one in minutiae]
        first = len(self._minutiae) + 1
        start = time.thread_time()
        self.index.add(np.arange(first, first + len(vectors), dtype=np.int64), vectors)
        self.add_ms += 1e3 * (time.thread_time() - start)
        self._minutiae += minutiae

    def _prepared(self, reference_id: int) -> PreparedFingerprint:
        return prepare(self.template(self._minutiae[reference_id - 1]))
