"""How high strangers come by what there is to compare: fits WEIGHTS and STRANGERS of comparison/similarity.py.

    python -m training.fingerprints.strangers --shared ../shared --out out/strangers

Non-mated pairs of whole prints, their mirror images (other fingers with the statistics of real ones), rolled prints,
pieces of images and neighboring minutiae, within and across sets; mated pairs within sets. First the weights, by
logistic regression. Then, for every number of minutiae, a row that is laid above the least favorable set: how 1 in 100
to 1 in 10,000 strangers compare, as far as the pairs carry, with a margin; and how fast they become fewer, from the
mean excess of the highest (peaks over threshold). For each set left out in turn, weights and rows come from the others,
and what scores state is printed against what is measured there. What ships are the weights and rows of all sets, to two
decimals. Writes report.json and, for whoever wants to try another model, pairs.npz.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.other_hand import OtherHands
from benchmarks.pieces import NEIGHBOR_COUNTS, PIECE_SIDES_PX, mirrored, neighboring, write_piece
from benchmarks.progress import track
from benchmarks.promise import Strangers, broken, kept, lines_of
from index.records import FingerPosition, Modality, Template
from matcher.errors import ImageError, SampleError
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.comparison.evidence import EVIDENCE_COUNT, evidence
from matcher.fingerprint.comparison.local_similarity import NUMBERS
from matcher.fingerprint.comparison.prepared import PreparedFingerprint, prepare
from matcher.fingerprint.comparison.similarity import BIAS, STRANGERS, WEIGHTS, terms
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import decode_image
from matcher.packs.store import PackStore, default_packs_folder
from training.fingerprints.prints import DEFAULT_PPI, PPI, SAME_FINGER, PrintSet, print_order, real_sets
from training.fingerprints.weights import Weights, fit

CLASSES = (4, 5, 6, 7, 8, 9, 11, 13, 16, 20, 25, 32, 40, 50, 64, 90, 161)
"""Minutiae of the smaller print, from one to below the next."""
ROLLED = "rolled"
PIECES_OF_A_PRINT = 4
ACROSS = 60
"""Whole prints of other sets that a piece or a few neighbors meet; of mirror images half as many."""
MARGIN = 3.0
"""Score that each row is raised by beyond the least favorable set: a set never seen may be less favorable still."""
PEAKS = 0.997
STEEPNESS = 0.9
"""Of the mean excess above PEAKS: farther up strangers fall off faster."""
FEWEST_EXPECTED, FEWEST_EXPECTED_WITHIN = 8.0, 20.0
LARGEST_SIDE_PX = 1100
"""A larger image of a ten-print card shows several fingers."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One print to compare, or a piece of it; mirror images have fingers of their own. number: of the print in its
    folder."""

    folder: str
    finger: tuple[str, int, bool]
    number: int
    is_whole: bool
    prepared: PreparedFingerprint


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs: terms (n, k), whether they are mated, the smaller number of minutiae, numbers of the sets (n, 2) and of
    the fingers (n, 2), and whether both prints are whole."""

    terms: NDArray[np.float64]
    is_mated: NDArray[np.bool_]
    counts: NDArray[np.int64]
    sets: NDArray[np.int64]
    fingers: NDArray[np.int64]
    is_whole: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_]) -> Pairs:
        return Pairs(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def involving(self, number: int) -> NDArray[np.bool_]:
        return np.asarray((self.sets == number).any(axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, metavar="NPZ", help="fit to the pairs that an earlier run wrote")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    names = sorted(folder.name for folder in (args.shared / "data" / "fingerprints").iterdir())
    if args.pairs:
        with np.load(args.pairs) as stored:
            pairs = Pairs(**stored)
    else:
        pairs = _collected(args.shared / "data", names, args.out)
        np.savez(args.out / "pairs.npz", **{one.name: getattr(pairs, one.name) for one in fields(pairs)})
    _report(pairs, names, args.out)


def _collected(folder: Path, names: Sequence[str], out: Path) -> Pairs:
    store = PackStore(default_packs_folder(os.environ))
    engine = FingerprintEngine.load(store.get("leader"), store)
    sets = real_sets(folder / "fingerprints", engine, out)
    shown = list(_everything(sets, folder, engine, np.random.default_rng(0)))
    return compared(shown, [*names, ROLLED], np.random.default_rng(1))


def _report(pairs: Pairs, names: Sequence[str], out: Path) -> None:
    report: dict[str, object] = {"pairs": len(pairs.counts)}
    for left_out in range(len(names)):
        weights, rows = fitted(pairs.only(~pairs.involving(left_out)), len(names))
        report[names[left_out]] = _judged(
            f"without {names[left_out]}", pairs.only(pairs.involving(left_out)), weights, rows
        )
    weights, rows = fitted(pairs, len(names))
    report["weights"], report["rows"] = asdict(weights), rows.tolist()
    report["shipped"] = _judged("shipped", pairs, Weights(tuple(WEIGHTS.tolist()), BIAS), STRANGERS)
    print(np.array2string(np.array([*weights.values, weights.bias]), precision=2, suppress_small=True))
    print(np.array2string(rows, precision=2, suppress_small=True))
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def compared(shown: Sequence[Shown], names: Sequence[str], rng: np.random.Generator) -> Pairs:
    """Whole prints with all others, everything else with some; of one finger only two prints of a set."""
    hands = OtherHands(
        {f"{first[0]}/{first[1]}": f"{second[0]}/{second[1]}" for first, second in [sorted(SAME_FINGER)]}
    )
    excluded = _Excluded(hands)
    numbers = {finger: number for number, finger in enumerate(sorted({one.finger for one in shown}))}
    whole = [one for one in shown if one.is_whole]
    plain = sum(not one.finger[2] for one in whole)
    found, counts, sets, fingers, kinds = [], [], [], [], []
    for number, probe in enumerate(track(shown, total=len(shown), what="compare")):
        if probe.finger[2]:
            continue
        for reference in shown[number + 1 :] if probe.is_whole else whole:
            if (probe.is_whole and not reference.is_whole) or excluded(probe, reference):
                continue
            if not probe.is_whole and probe.folder != reference.folder and rng.random() > ACROSS / plain:
                continue
            found.append(_evidence(probe.prepared, reference.prepared))
            counts.append(min(probe.prepared.minutia_count, reference.prepared.minutia_count))
            sets.append((names.index(probe.folder), names.index(reference.folder)))
            fingers.append((numbers[probe.finger], numbers[reference.finger]))
            kinds.append(probe.is_whole)
    count, both = np.array(counts, np.int64), np.array(fingers)
    described = terms(np.array(found, np.float64), count.astype(np.float64))
    return Pairs(described, both[:, 0] == both[:, 1], count, np.array(sets), both, np.array(kinds))


@dataclass(frozen=True, slots=True)
class _Excluded:
    hands: OtherHands

    def __call__(self, probe: Shown, reference: Shown) -> bool:
        """One print and a piece of it, one finger in two sets, and a mirror image with what it may resemble."""
        if probe.finger == reference.finger:
            return probe.folder != reference.folder or probe.number == reference.number
        # Rolled fingers are all of one person.
        mine, theirs = (
            (one.finger[0], ROLLED if one.folder == ROLLED else str(one.finger[1])) for one in (probe, reference)
        )
        return reference.finger[2] and self.hands.may_be(mine, theirs)


def fitted(pairs: Pairs, rolled: int) -> tuple[Weights, NDArray[np.float64]]:
    """Weights, and float64 (k, 3), rows as STRANGERS has them. rolled: the number of the set of rolled prints."""
    weights = fit(pairs.terms, pairs.is_mated)
    strangers = pairs.only(~pairs.is_mated)
    odds = weights.log_odds(strangers.terms)
    number = np.digitize(strangers.counts, CLASSES) - 1
    centers = np.sqrt(np.array(CLASSES[:-1]) * (np.array(CLASSES[1:]) - 1.0))
    fall = STEEPNESS * np.log(10.0) * _mean_excess(odds, strangers.counts, number, centers)
    place = np.full(len(centers), -np.inf)
    for row in range(len(centers)):
        here = number == row
        groups = [(here, FEWEST_EXPECTED)]
        for one in range(rolled + 1):
            groups.append((here & strangers.involving(one), FEWEST_EXPECTED))
            within = here & (strangers.sets == one).all(axis=1) & strangers.is_whole
            groups.append((within, FEWEST_EXPECTED_WITHIN))
        for group, fewest in groups:
            place[row] = max(place[row], _highest(odds[group], fall[row], fewest))
    place += MARGIN * fall / 10.0
    return weights, np.column_stack((centers, _smoothed(place, centers), fall))


def _highest(odds: NDArray[np.float64], fall: float, fewest: float) -> float:
    """The lowest place of 1 in 100 at which a line with this fall lies above all that the pairs tell."""
    best = -np.inf
    for score in (20.0, 25.0, 30.0, 35.0, 40.0):
        if len(odds) * 10.0 ** (-score / 10.0) < fewest:
            break
        best = max(best, float(np.quantile(odds, 1.0 - 10.0 ** (-score / 10.0))) - fall * (score - 20.0) / 10.0)
    return best


def _mean_excess(
    odds: NDArray[np.float64],
    counts: NDArray[np.int64],
    number: NDArray[np.int64],
    centers: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Of the peaks, smooth in the number of minutiae: its logarithm is a + b ln n + c / n."""
    at, excess, weight = [], [], []
    for row in range(len(centers)):
        here = number == row
        if here.sum() < 5000:
            continue
        limit = np.quantile(odds[here], PEAKS)
        peaks = odds[here & (odds > limit)] - limit
        at.append(float(counts[here].mean()))
        excess.append(float(np.log(peaks.mean())))
        weight.append(np.sqrt(len(peaks)))
    curve = np.linalg.lstsq(_terms(np.array(at)) * np.array(weight)[:, None], np.array(excess) * weight, rcond=None)[0]
    return np.asarray(np.exp(_terms(np.clip(centers, at[0], at[-1])) @ curve))


def _terms(count: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack((np.ones_like(count), np.log(count), 1.0 / count))


def _smoothed(place: NDArray[np.float64], centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Never lower for fewer minutiae, nor, from 40 on, for more."""
    turn = int(np.argmax(centers > 40))
    falling = np.maximum.accumulate(place[: turn + 1][::-1])[::-1]
    return np.concatenate((falling, np.maximum.accumulate(np.concatenate((falling[-1:], place[turn + 1 :])))[1:]))


def _judged(name: str, pairs: Pairs, weights: Weights, rows: NDArray[np.float64]) -> dict[str, object]:
    """What scores state of strangers against what is measured, and what mates reach."""
    at, known = np.log(np.clip(pairs.counts, rows[0, 0], rows[-1, 0])), np.log(rows[:, 0])
    odds = weights.log_odds(pairs.terms)
    score = 20.0 + 10.0 * (odds - np.interp(at, known, rows[:, 1])) / np.interp(at, known, rows[:, 2])
    groups = {"all": np.ones(len(score), bool), "whole": pairs.is_whole}
    for low, high in ((3, 6), (6, 9), (9, 13), (13, 18), (18, 25), (25, 40), (40, 60), (60, 161)):
        groups[f"minutiae {low} to {high - 1}"] = (pairs.counts >= low) & (pairs.counts < high)
    every = Strangers(score, pairs.fingers)
    found = {group: kept(every.only(chosen & ~pairs.is_mated)) for group, chosen in groups.items()}
    mates = {group: _mates(score[chosen & pairs.is_mated]) for group, chosen in groups.items()}
    for group, scores in found.items():
        print("\n".join(lines_of(f"{name}, {group}", scores)), flush=True)
        print(f"{name}, {group}: mates " + ", ".join(f"{what} {value:g}" for what, value in mates[group].items()))
    print(f"{name}: broken {', '.join(broken(found)) or 'nowhere'}", flush=True)
    return {"strangers": {group: [asdict(one) for one in scores] for group, scores in found.items()}, "mates": mates}


def _mates(score: NDArray[np.float64]) -> dict[str, float]:
    if not len(score):
        return {"pairs": 0}
    reach = {f"reach {one} %": round(100.0 * float((score >= one).mean()), 2) for one in (40, 60, 90)}
    return {"pairs": len(score), "median": round(float(np.median(score)), 1), **reach}


def _everything(
    sets: Sequence[PrintSet], folder: Path, engine: FingerprintEngine, rng: np.random.Generator
) -> Iterator[Shown]:
    """Whole prints first, so that each meets all."""
    plain = [
        (one.name, _finger(one.name, finger), number, minutiae)
        for one in sets
        for number, (finger, minutiae) in enumerate(zip(one.fingers, one.minutiae, strict=True))
    ]
    rolled = _rolled(folder / "nist_itl", engine)
    plain += [(ROLLED, (ROLLED, finger), number, minutiae) for number, (finger, minutiae) in enumerate(rolled)]
    for is_mirror in (False, True):
        for name, finger, number, minutiae in plain:
            made = mirrored(minutiae) if is_mirror else minutiae
            yield Shown(name, (*finger, is_mirror), number, is_whole=True, prepared=_prepared(made))
    for name, finger, number, minutiae in plain:
        for count in NEIGHBOR_COUNTS:
            near = neighboring(minutiae, count, rng)
            if near is not None:
                yield Shown(name, (*finger, False), number, is_whole=False, prepared=_prepared(near))
    yield from _pieces(folder / "fingerprints", engine, rng)


def _finger(name: str, finger: int) -> tuple[str, int]:
    """The one finger that two sets share has one name."""
    return min(SAME_FINGER) if (name, finger) in SAME_FINGER else (name, finger)


def _pieces(folder: Path, engine: FingerprintEngine, rng: np.random.Generator) -> Iterator[Shown]:
    # Numbered as real_sets has them.
    paths = [
        (number, path)
        for one in sorted(folder.iterdir())
        for number, path in enumerate(sorted(one.glob("*.tif"), key=print_order))
    ]
    with tempfile.TemporaryDirectory() as scratch:
        piece = Path(scratch) / "piece.png"
        for number, path in track(paths, total=len(paths), what="pieces"):
            for side in rng.choice(PIECE_SIDES_PX, PIECES_OF_A_PRINT, replace=False).tolist():
                write_piece(path, PPI.get(path.parent.name, DEFAULT_PPI), side, piece, rng)
                try:
                    found = engine.extract(decode_image(piece.read_bytes(), ppi=500.0)).minutiae
                except SampleError:
                    continue
                finger = _finger(path.parent.name, int(path.stem.partition("_")[0]))
                yield Shown(path.parent.name, (*finger, False), number, is_whole=False, prepared=_prepared(found))


def _rolled(folder: Path, engine: FingerprintEngine) -> Iterator[tuple[int, MinutiaSet]]:
    """Single fingers of the one ten-print card, from its Type-14 records (ANSI/NIST-ITL 1, traditional encoding)."""
    content = (folder / "type-14-tpcard-nqm.an2").read_bytes()
    for start in re.finditer(rb"14\.001:(\d+)\x1d", content):
        record = content[start.start() : start.start() + int(start[1])]
        finger = re.search(rb"\x1d14\.013:(\d+)", record)
        image = record.partition(b"\x1d14.999:")[2][:-1]
        try:
            decoded = decode_image(image, ppi=500.0)
            if finger is not None and max(decoded.pixels.shape) < LARGEST_SIDE_PX:
                # Codes 11 and 12 are the plain thumbs.
                yield {11: 1, 12: 6}.get(int(finger[1]), int(finger[1])), engine.extract(decoded).minutiae
        except (ImageError, SampleError):
            continue


def _prepared(minutiae: MinutiaSet) -> PreparedFingerprint:
    template = Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, "fit@0", describe(minutiae), minutiae.to_bytes())
    return prepare(template)


def _evidence(first: PreparedFingerprint, second: PreparedFingerprint) -> NDArray[np.float32]:
    a, b = (first, second) if first.order_key <= second.order_key else (second, first)
    found = np.zeros(EVIDENCE_COUNT, dtype=np.float32)
    evidence(a.codes, b.codes, a.geometry, b.geometry, a.outline, b.outline, NUMBERS, found)
    return found


if __name__ == "__main__":
    main()
