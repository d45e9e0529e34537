"""How high strangers come by what there is to compare: fits the table STRANGERS of comparison/similarity.py.

    python -m training.fingerprints.strangers --shared ../shared --out out/strangers

Non-mated pairs of whole prints, their mirror images (other fingers with the statistics of real ones), rolled prints,
pieces of images and neighboring minutiae, within and across sets. For every number of minutiae the row is laid above
the least favorable set: how 1 in 100 to 1 in 10,000 strangers compare, as far as the pairs carry, with a margin; and
how fast they become fewer, from the mean excess of the highest (peaks over threshold). Prints the rows and, for each
set left out in turn, what scores state against what is measured there, and writes report.json. The shipped rows are
those of all sets in round numbers, raised where very few or very many minutiae leave the least to go by.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pieces import NEIGHBOR_COUNTS, PIECE_SIDES_PX, mirrored, neighboring, write_piece
from benchmarks.progress import track
from benchmarks.promise import Strangers, kept, lines_of
from index.records import FingerPosition, Modality, Template
from matcher.errors import ImageError, SampleError
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.comparison.evidence import EVIDENCE_COUNT, evidence
from matcher.fingerprint.comparison.local_similarity import NUMBERS
from matcher.fingerprint.comparison.prepared import PreparedFingerprint, prepare
from matcher.fingerprint.comparison.similarity import STRANGERS, log_odds
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import decode_image
from matcher.packs.store import PackStore, default_packs_folder
from training.fingerprints.prints import DEFAULT_PPI, PPI, SAME_FINGER, PrintSet, real_sets

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
    """One print to compare; mirror images have fingers of their own."""

    folder: str
    finger: tuple[str, int, bool]
    is_whole: bool
    prepared: PreparedFingerprint


@dataclass(frozen=True, eq=False)
class Pairs:
    """Non-mated pairs: log odds, the smaller number of minutiae, numbers of the sets (n, 2) and fingers (n, 2), and
    whether both prints are whole."""

    odds: NDArray[np.float64]
    counts: NDArray[np.int64]
    sets: NDArray[np.int64]
    fingers: NDArray[np.int64]
    is_whole: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    store = PackStore(default_packs_folder(os.environ))
    engine = FingerprintEngine.load(store.get("leader"), store)
    sets = real_sets(args.shared / "data" / "fingerprints", engine, args.out)
    names = [one.name for one in sets]
    shown = list(_everything(sets, args.shared / "data", engine, np.random.default_rng(0)))
    pairs = compared(shown, [*names, ROLLED], np.random.default_rng(1))
    report: dict[str, object] = {"pairs": len(pairs.odds)}
    for left_out in range(len(names)):
        rows = fitted(pairs, [number for number in range(len(names)) if number != left_out])
        involved = (pairs.sets == left_out).any(axis=1)
        report[names[left_out]] = _judged(f"without {names[left_out]}", pairs, rows, involved)
    rows = fitted(pairs, range(len(names)))
    report["rows"] = rows.tolist()
    report["shipped"] = _judged("shipped", pairs, STRANGERS, np.ones(len(pairs.odds), bool))
    print(np.array2string(rows, precision=2, suppress_small=True))
    (args.out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def compared(shown: Sequence[Shown], names: Sequence[str], rng: np.random.Generator) -> Pairs:
    """Whole prints with all others, everything else with some; no pair of one finger or of a print and its mirror."""
    numbers = {finger: number for number, finger in enumerate(sorted({one.finger for one in shown}))}
    whole = [one for one in shown if one.is_whole]
    plain = sum(not one.finger[2] for one in whole)
    found, counts, sets, fingers, kinds = [], [], [], [], []
    for number, probe in enumerate(track(shown, total=len(shown), what="compare")):
        if probe.finger[2]:
            continue
        for reference in shown[number + 1 :] if probe.is_whole else whole:
            if probe.finger[:2] == reference.finger[:2] or (probe.is_whole and not reference.is_whole):
                continue
            if not probe.is_whole and probe.folder != reference.folder and rng.random() > ACROSS / plain:
                continue
            found.append(_evidence(probe.prepared, reference.prepared))
            counts.append(min(probe.prepared.minutia_count, reference.prepared.minutia_count))
            sets.append((names.index(probe.folder), names.index(reference.folder)))
            fingers.append((numbers[probe.finger], numbers[reference.finger]))
            kinds.append(probe.is_whole)
    count = np.array(counts, np.int64)
    odds = log_odds(np.array(found, np.float64), count.astype(np.float64))
    return Pairs(odds, count, np.array(sets), np.array(fingers), np.array(kinds))


def fitted(pairs: Pairs, sets: Collection[int]) -> NDArray[np.float64]:
    """float64 (k, 3), rows as STRANGERS has them, from pairs of these sets and of rolled prints."""
    rolled = int(pairs.sets.max())
    known = np.isin(pairs.sets, [*sets, rolled]).all(axis=1)
    number = np.digitize(pairs.counts, CLASSES) - 1
    centers = np.sqrt(np.array(CLASSES[:-1]) * (np.array(CLASSES[1:]) - 1.0))
    fall = STEEPNESS * np.log(10.0) * _mean_excess(pairs.odds, pairs.counts, known, number, centers)
    place = np.full(len(centers), -np.inf)
    for row in range(len(centers)):
        here = known & (number == row)
        groups = [(here, FEWEST_EXPECTED)]
        for one in (*sets, rolled):
            groups.append((here & (pairs.sets == one).any(axis=1), FEWEST_EXPECTED))
            groups.append((here & (pairs.sets == one).all(axis=1) & pairs.is_whole, FEWEST_EXPECTED_WITHIN))
        for group, fewest in groups:
            place[row] = max(place[row], _highest(pairs.odds[group], fall[row], fewest))
    place += MARGIN * fall / 10.0
    return np.column_stack((centers, _smoothed(place, centers), fall))


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
    known: NDArray[np.bool_],
    number: NDArray[np.int64],
    centers: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Of the peaks, smooth in the number of minutiae: its logarithm is a + b ln n + c / n."""
    at, excess, weight = [], [], []
    for row in range(len(centers)):
        here = known & (number == row)
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


def _judged(name: str, pairs: Pairs, rows: NDArray[np.float64], chosen: NDArray[np.bool_]) -> dict[str, object]:
    at, known = np.log(np.clip(pairs.counts, rows[0, 0], rows[-1, 0])), np.log(rows[:, 0])
    score = 20.0 + 10.0 * (pairs.odds - np.interp(at, known, rows[:, 1])) / np.interp(at, known, rows[:, 2])
    every = Strangers(score, pairs.fingers)
    groups = {"all": chosen, "whole": chosen & pairs.is_whole}
    for low, high in ((3, 6), (6, 9), (9, 13), (13, 18), (18, 25), (25, 40), (40, 60), (60, 161)):
        groups[f"minutiae {low} to {high - 1}"] = chosen & (pairs.counts >= low) & (pairs.counts < high)
    found = {group: kept(every.only(rows_of)) for group, rows_of in groups.items() if rows_of.any()}
    for group, scores in found.items():
        print("\n".join(lines_of(f"{name}, {group}", scores)), flush=True)
    return {group: [asdict(one) for one in scores] for group, scores in found.items()}


def _everything(
    sets: Sequence[PrintSet], folder: Path, engine: FingerprintEngine, rng: np.random.Generator
) -> Iterator[Shown]:
    """Whole prints first, so that each meets all."""
    plain = [(one.name, _finger(one.name, finger), minutiae) for one in sets for finger, minutiae in _prints_of(one)]
    plain += [(ROLLED, (ROLLED, finger), minutiae) for finger, minutiae in _rolled(folder / "nist_itl", engine)]
    for is_mirror in (False, True):
        for name, finger, minutiae in plain:
            made = mirrored(minutiae) if is_mirror else minutiae
            yield Shown(name, (*finger, is_mirror), is_whole=True, prepared=_prepared(made))
    for name, finger, minutiae in plain:
        for count in NEIGHBOR_COUNTS:
            near = neighboring(minutiae, count, rng)
            if near is not None:
                yield Shown(name, (*finger, False), is_whole=False, prepared=_prepared(near))
    yield from _pieces(folder / "fingerprints", engine, rng)


def _prints_of(prints: PrintSet) -> Iterator[tuple[int, MinutiaSet]]:
    return zip(prints.fingers, prints.minutiae, strict=True)


def _finger(name: str, finger: int) -> tuple[str, int]:
    """The one finger that two sets share has one name."""
    return min(SAME_FINGER) if (name, finger) in SAME_FINGER else (name, finger)


def _pieces(folder: Path, engine: FingerprintEngine, rng: np.random.Generator) -> Iterator[Shown]:
    paths = sorted(folder.glob("*/*.tif"))
    with tempfile.TemporaryDirectory() as scratch:
        piece = Path(scratch) / "piece.png"
        for path in track(paths, total=len(paths), what="pieces"):
            for side in rng.choice(PIECE_SIDES_PX, PIECES_OF_A_PRINT, replace=False).tolist():
                write_piece(path, PPI.get(path.parent.name, DEFAULT_PPI), side, piece, rng)
                try:
                    found = engine.extract(decode_image(piece.read_bytes(), ppi=500.0)).minutiae
                except SampleError:
                    continue
                finger = _finger(path.parent.name, int(path.stem.partition("_")[0]))
                yield Shown(path.parent.name, (*finger, False), is_whole=False, prepared=_prepared(found))


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
