"""Probes of several fingers among people: where the mate comes, and what the search loses against comparing everybody.

The fingers of the sets and their mirror images, which are other fingers to every comparison, are put together to people
of ten, others in every round, and enrolled beside generated people by the first image of each. Probes are made of the
other images: so many fingers of a person, of which none, half, all but one or all are bad: pieces of 4 to 7 mm, or the
same finger of another person. The others are prints, turned prints and pieces of 8 to 12 mm. Or one is the person's
own, of any size, and the others are fingers of nobody who is enrolled. A probe is lost where its mate comes first if
everybody is compared (`exhaustive`), and does not by default.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.datasets import DatasetError
from benchmarks.engines import Engine, default_job_count
from benchmarks.error_rates.arguments import add_dataset_arguments, add_same_argument, measured
from benchmarks.error_rates.gallery import made_probes, read_enrollment
from benchmarks.metrics import wilson_interval
from benchmarks.pieces import mirrored
from benchmarks.product_files import pack_calibration
from benchmarks.progress import track
from benchmarks.speed.start import QUALITY, WRITERS, Item, fingers, groups
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, SearchFilter, Subject, Template
from matcher.fingerprint.comparison.compare import MinutiaComparer, warm_up
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.scoring.ranking import rank_candidates
from matcher.search.searcher import Searcher
from matcher.search.settings import SearchSettings

FINGERS = 10
PROBES_A_ROUND = 38
SAMPLE_COUNTS = (2, 3, 5, 10)
CANDIDATES = 10
ALL_BUT_ONE_BAD, ONE_OWN = "all but one bad", "one their own"
BAD = {"none bad": 0.0, "half bad": 0.5, ALL_BUT_ONE_BAD: 1.0, "all bad": 1.0, ONE_OWN: 0.0}
_ENROLLED_SHARE = 0.65
_SMALL_PX = 140
_FOREIGN_SHARE = 0.3
_MEMORY_BYTES = 2 << 30  # so that comparing everybody need not read them again for each probe


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """mate: number of a person."""

    kind: str
    mate: int
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """By finger. references: its first print. own: its others, whole and in large pieces. bad: small pieces of them."""

    references: list[Template]
    own: list[list[Template]]
    bad: list[list[Template]]

    def every(self, finger: int) -> list[Template]:
        """All there are of a finger."""
        return self.own[finger] + self.bad[finger]


@dataclass(frozen=True, slots=True)
class KindResult:
    """first, exhaustive_first: probes whose mate came first by default, and if everybody is compared. listed: among the
    candidates. lost, lost_from_list: where comparing everybody has it first, or among the candidates, and the default
    has not. gained: the other way round, of the first. loss: in points, with its 95 % interval."""

    probes: int
    first: int
    listed: int
    exhaustive_first: int
    exhaustive_listed: int
    lost: int
    gained: int
    lost_from_list: int
    loss: float
    loss_interval: tuple[float, ...]
    p50_ms: float
    p95_ms: float
    p50_processor_ms: float


@dataclass(frozen=True, slots=True)
class PeopleResult:
    """Times of the default search in milliseconds."""

    people: int
    all: KindResult
    kinds: dict[str, KindResult]


@dataclass(frozen=True, slots=True)
class Outcome:
    """rank, exhaustive_rank: of the mate, 0 where it is not among the candidates."""

    rank: int
    exhaustive_rank: int
    wall_ms: float
    processor_ms: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="fingerprint")
    add_same_argument(parser)
    parser.add_argument("--people", type=int, default=10_000, metavar="N", help="generated people of ten fingers")
    parser.add_argument("--probes", type=int, default=456, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the database in DIR, or take it from there")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    if args.people < 0 or args.probes < 1:
        raise DatasetError("--people takes 0 or more, --probes 1 or more")
    crowd = read_crowd(args, engine)
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as temporary,
        EnrollmentDatabase.open(args.keep or Path(temporary) / "database") as database,
    ):
        enroll_strangers(database, args.people, engine.pack_id, args.jobs or default_job_count())
        database.warm_up()
        warm_up()
        searcher = Searcher(
            database,
            MinutiaComparer(),
            {engine.pack_id: pack_calibration(engine.pack_id)},
            settings=SearchSettings(prepared_cache_bytes=_MEMORY_BYTES),
        )
        rounds = range(-(-args.probes // PROBES_A_ROUND))
        for number in track(rounds, total=len(rounds), what="search"):
            for kind, outcome in asked(database, searcher, crowd, number):
                kinds[kind].append(outcome)
    every = [one for of_kind in kinds.values() for one in of_kind]
    people = args.people + len(made_round(crowd, 0)[0])
    result = PeopleResult(people, _of_some(every), {kind: _of_some(of_kind) for kind, of_kind in kinds.items()})
    text = json.dumps(asdict(result), indent=2)
    print(text)
    (args.out / "report.json").write_text(text + "\n", encoding="utf-8")
    return 0


def read_crowd(args: argparse.Namespace, engine: Engine) -> Crowd:
    """The fingers of all sets. Raises DatasetError."""
    enrollment = read_enrollment(args, engine)
    if len(enrollment.references) < FINGERS:
        raise DatasetError(f"people of {FINGERS} fingers need as many fingers in the sets")
    if any(sample.failed for sample in enrollment.references):
        raise DatasetError("the first image of a finger gave no template")
    own: list[list[Template]] = [[] for _ in enrollment.references]
    bad: list[list[Template]] = [[] for _ in enrollment.references]
    for sample, mate in enrollment.probes:
        if not sample.failed:
            own[mate].append(_template(sample.minutiae, engine.pack_id))
    chosen = [number for number, (sample, _) in enumerate(enrollment.probes) if not sample.failed]
    for side_px, mate, sample in made_probes(args, engine, enrollment, chosen):
        (bad if 0 < side_px < _SMALL_PX else own)[mate].append(_template(sample.minutiae, engine.pack_id))
    references = [_template(sample.minutiae, engine.pack_id) for sample in enrollment.references]
    return Crowd(
        references + [_mirrored(one) for one in references],
        own + [[_mirrored(one) for one in of_finger] for of_finger in own],
        bad + [[_mirrored(one) for one in of_finger] for of_finger in bad],
    )


def enroll_strangers(database: EnrollmentDatabase, people: int, pack_id: str, job_count: int) -> None:
    """Unless they are there. Raises DatasetError."""
    count = database.counts().subject_count
    if count == people:
        return
    if count:
        raise DatasetError(f"{count} people are enrolled in the database that was kept, not {people}")
    with ThreadPoolExecutor(WRITERS) as writers:
        made = track(fingers(FINGERS * people, pack_id, job_count=job_count), total=people, what="enroll")
        for group in groups(made, 50 * WRITERS):
            list(writers.map(lambda one: database.enroll(Subject(""), one), group))


def asked(database: EnrollmentDatabase, searcher: Searcher, crowd: Crowd, number: int) -> Iterator[tuple[str, Outcome]]:
    """The kind of each probe of a round, and what came of it. The people of the round are enrolled meanwhile."""
    people, probes = made_round(crowd, number)
    ids = [
        database.enroll(
            Subject(""),
            [NewReference(_at(crowd.references[finger], position), QUALITY) for position, finger in enumerate(person)],
        ).subject_id
        for person in people
    ]
    try:
        for probe in probes:
            wall, processor = time.perf_counter(), time.process_time()
            rank = rank_of(searcher, probe, ids[probe.mate])
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            exhaustive_rank = rank_of(searcher, probe, ids[probe.mate], exhaustive=True)
            yield probe.kind, Outcome(rank, exhaustive_rank, 1e3 * wall, 1e3 * processor)
    finally:
        for subject_id in ids:
            database.delete_subject(subject_id)


def made_round(crowd: Crowd, number: int) -> tuple[list[list[int]], list[Probe]]:
    """People, as the fingers that each has by position, and probes, one of each kind a few times over: the same ones
    in every run."""
    rng = np.random.default_rng(number)
    drawn = rng.permutation(len(crowd.references)).tolist()
    count = max(1, round(_ENROLLED_SHARE * len(drawn) / FINGERS))
    people = [drawn[FINGERS * person : FINGERS * (person + 1)] for person in range(count)]
    kinds = [(samples, bad) for samples in SAMPLE_COUNTS for bad in BAD if (samples, bad) != (2, ALL_BUT_ONE_BAD)]
    probes = []
    for samples, bad in kinds * (PROBES_A_ROUND // len(kinds)):
        mate = int(rng.integers(count))
        bad_count = min(round(BAD[bad] * samples), samples - (bad == ALL_BUT_ONE_BAD))
        templates = []
        for place, position in enumerate(rng.permutation(FINGERS)[:samples].tolist()):
            finger = people[mate][position]
            # The first is never somebody else's, so that there is a mate.
            if bad == ONE_OWN:
                chosen = _any(crowd.own[_any(drawn[FINGERS * count :], rng)] if place else crowd.every(finger), rng)
            elif place >= bad_count:
                chosen = _any(crowd.own[finger], rng)
            elif place and count > 1 and rng.random() < _FOREIGN_SHARE:
                other = people[(mate + int(rng.integers(1, count))) % count]
                chosen = _any(crowd.own[other[position]], rng)
            else:
                chosen = _any(crowd.bad[finger] or crowd.own[finger], rng)
            templates.append(_at(chosen, position))
        probes.append(Probe(f"{samples} fingers, {bad}", mate, tuple(templates)))
    return people, probes


def rank_of(searcher: Searcher, probe: Probe, subject_id: str, *, exhaustive: bool = False) -> int:
    """0 where the subject is not among the candidates."""
    outcome = searcher.search(probe.templates, where=SearchFilter(), subject_count=CANDIDATES, exhaustive=exhaustive)
    candidates = rank_candidates(outcome.sample_scores, threshold_score=0.0, max_candidates=CANDIDATES)
    return next((one.rank for one in candidates if one.subject_id == subject_id), 0)


def _of_some(outcomes: Sequence[Outcome]) -> KindResult:
    count = len(outcomes)
    lost = sum(one.exhaustive_rank == 1 != one.rank for one in outcomes)
    return KindResult(
        probes=count,
        first=sum(one.rank == 1 for one in outcomes),
        listed=sum(one.rank > 0 for one in outcomes),
        exhaustive_first=sum(one.exhaustive_rank == 1 for one in outcomes),
        exhaustive_listed=sum(one.exhaustive_rank > 0 for one in outcomes),
        lost=lost,
        gained=sum(one.rank == 1 != one.exhaustive_rank for one in outcomes),
        lost_from_list=sum(one.exhaustive_rank > 0 == one.rank for one in outcomes),
        loss=100.0 * lost / count,
        loss_interval=tuple(100.0 * side for side in wilson_interval(lost, count)),
        p50_ms=float(np.median([one.wall_ms for one in outcomes])),
        p95_ms=float(np.percentile([one.wall_ms for one in outcomes], 95)),
        p50_processor_ms=float(np.median([one.processor_ms for one in outcomes])),
    )


def _any(items: Sequence[Item], rng: np.random.Generator) -> Item:
    return items[int(rng.integers(len(items)))]


def _at(template: Template, position: int) -> Template:
    return replace(template, finger=FingerPosition(1 + position))


def _template(minutiae: bytes, pack_id: str) -> Template:
    vectors = describe(MinutiaSet.from_bytes(minutiae))
    vectors.flags.writeable = False
    return Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, pack_id, vectors, minutiae)


def _mirrored(template: Template) -> Template:
    return _template(mirrored(MinutiaSet.from_bytes(template.minutiae)).to_bytes(), template.pack_id)
