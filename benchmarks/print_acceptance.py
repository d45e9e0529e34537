"""What is taken for a print: frames, lids, text, bad skin, several fingers, a wrong ppi, and what is no print.

Every picture is made from the prints given (--data) by print_conditions. Failure to enroll: the print is refused;
doubtful: it is stored only where somebody says why. A print matches if its score against another, untouched impression
of the finger reaches 30 (FMR 1e-3). Rates with 95 % intervals (Wilson).
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import cv2
import numpy as np

from benchmarks import print_conditions as conditions
from benchmarks.card_images import card_images
from benchmarks.datasets import ImageFile, natural_key, read_dataset
from benchmarks.metrics import wilson_interval
from benchmarks.product_files import pack_store, read_image, ready_pack
from benchmarks.progress import track
from matcher.errors import QualityError, ResolutionError, SampleError
from matcher.fingerprint.comparison.compare import PreparedFingerprint, compare_many, prepare
from matcher.fingerprint.engine import FingerprintEngine
from matcher.samples import Image
from matcher.scoring.calibration import Calibration

MATCH_SCORE = 30.0
WRONG_PPI_FACTORS = (0.6, 0.65, 0.7, 1.4, 1.6, 2.0)
_TOLD = {"several_fingers", "overprinted", "wrong_ppi"}


@dataclass(slots=True)
class Tally:
    """image_count; refused: by reason; doubtful_count: stored only for a stated reason; told: by reason, refusals and
    reasons of accepted prints; matched_count: of compared_count, the finger's own other impression;
    other_matched_count: the other finger in the picture."""

    image_count: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    doubtful_count: int = 0
    told: Counter[str] = field(default_factory=Counter)
    compared_count: int = 0
    matched_count: int = 0
    other_matched_count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Print:
    """One print of the data, and another impression of the same finger, ready for comparison."""

    name: str
    image: Image
    mate: PreparedFingerprint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="folders of prints")
    parser.add_argument("--prints", type=int, default=10, metavar="N", help="prints of each folder (default 10)")
    parser.add_argument("--faces", type=Path, metavar="DIR", help="photographs of faces, as no prints")
    parser.add_argument("--palms", type=Path, nargs="+", default=[], metavar="FILE", help="ANSI/NIST-ITL files")
    parser.add_argument("--no-prints", type=int, default=200, metavar="N", help="pictures of each kind of no print")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="only tables whose rows begin so")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the tables as JSON")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="an earlier --out, to print beside")


def run(args: argparse.Namespace) -> int:
    store = pack_store()
    engine = FingerprintEngine.load(ready_pack(store, "leader"), store)
    calibration = Calibration.from_table(engine.calibration or {})
    least = calibration.similarity_for(MATCH_SCORE)
    prints = _prints(args, engine)
    tallies: dict[str, Tally] = {}
    rows = [row for row in _rows(args, prints) if not args.only or row[0].startswith(tuple(args.only))]
    for name, pictures, count in rows:
        tally = tallies[name] = Tally()
        for picture in track(pictures(), total=count, what=name):
            _count(tally, engine, picture, least)
        print(_line(name, tally), flush=True)
    report = {name: _row(tally) for name, tally in tallies.items()}
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if args.baseline:
        _print_beside(json.loads(args.baseline.read_text(encoding="utf-8")), report)
    return 0


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """image None: the ppi cannot be stated at all. mate, other: impressions of what it shows, where there are any."""

    image: Image | None
    mate: PreparedFingerprint | None = None
    other: PreparedFingerprint | None = None


_Row = tuple[str, Callable[[], Iterator[_Picture]], int]


def _prints(args: argparse.Namespace, engine: FingerprintEngine) -> list[_Print]:
    """The same number of prints from each folder, spread over fingers and impressions."""
    chosen = []
    for folder in args.data:
        files = read_dataset(folder, fingerprints=True).files
        fingers: dict[str, list[ImageFile]] = {}
        for file in files:
            fingers.setdefault(file.identity, []).append(file)
        names = sorted(fingers, key=natural_key)
        for number in range(args.prints):
            own = fingers[names[number % len(names)]]
            at = (3 * number + number // len(names)) % len(own)
            chosen.append((f"{folder.name}/{own[at].name}", own[at], own[(at + 1) % len(own)]))
    made = []
    for name, file, mate in track(chosen, total=len(chosen), what="prints"):
        template = engine.extract(read_image(mate.path, ppi=mate.ppi)).template
        made.append(_Print(name, read_image(file.path, ppi=file.ppi), prepare(template)))
    return made


def _rows(args: argparse.Namespace, prints: Sequence[_Print]) -> list[_Row]:
    def one(condition: conditions.Condition | None) -> Callable[[], Iterator[_Picture]]:
        def pictures() -> Iterator[_Picture]:
            for seed, each in enumerate(prints):
                pixels = each.image.pixels
                drawn = pixels if condition is None else condition(pixels, np.random.default_rng(seed))
                yield _Picture(Image(drawn, each.image.ppi, ""), each.mate)

        return pictures

    def stated(factor: float) -> Callable[[], Iterator[_Picture]]:
        def pictures() -> Iterator[_Picture]:
            for each in prints:
                yield _Picture(Image(each.image.pixels, (each.image.ppi or 500.0) * factor, ""), each.mate)

        return pictures

    rows: list[_Row] = [("untouched", one(None), len(prints))]
    named = {**conditions.SURROUNDINGS, **conditions.DEGRADATIONS}
    rows += [(name, one(condition), len(prints)) for name, condition in named.items()]
    rows += [(name, lambda n=name: _several(prints, n), len(prints)) for name in _SEVERAL]  # type: ignore[misc]
    rows += [(f"ppi stated {factor:g} times", stated(factor), len(prints)) for factor in WRONG_PPI_FACTORS]
    return [*rows, *_no_prints(args)]


_SEVERAL = ("two fingers that touch", "two fingers apart", "four fingers", "overprint in place", "overprint turned")


def _several(prints: Sequence[_Print], kind: str) -> Iterator[_Picture]:
    for number, first in enumerate(prints):
        same_sensor = [each for each in prints if each.name.split("/")[0] == first.name.split("/")[0]]
        at = same_sensor.index(first)
        second = same_sensor[(at + 3) % len(same_sensor)]
        pixels = [first.image.pixels, second.image.pixels]
        random = np.random.default_rng(number)
        if kind == "two fingers that touch":
            drawn = conditions.side_by_side(pixels)
        elif kind == "two fingers apart":
            drawn = conditions.side_by_side(pixels, gap_px=30)
        elif kind == "four fingers":
            four = [same_sensor[(at + step) % len(same_sensor)].image.pixels for step in range(4)]
            drawn = conditions.side_by_side(four)
        elif kind == "overprint in place":
            drawn = conditions.overprinted(*pixels)
        else:
            shift = (int(random.integers(-50, 51)), int(random.integers(-50, 51)))
            drawn = conditions.overprinted(*pixels, shift_px=shift, turn_deg=float(random.uniform(-180, 180)))
        yield _Picture(Image(drawn, first.image.ppi, ""), first.mate, second.mate)


def _no_prints(args: argparse.Namespace) -> list[_Row]:
    count = args.no_prints

    def drawn(draw: Callable[[np.random.Generator], conditions.Pixels]) -> Callable[[], Iterator[_Picture]]:
        return lambda: (_Picture(Image(draw(np.random.default_rng(seed)), 500.0, "")) for seed in range(count))

    rows: list[_Row] = [
        ("no print: text", drawn(conditions.text_page), count),
        ("no print: cloth", drawn(conditions.cloth), count),
    ]
    if args.faces:
        found = sorted(path for path in args.faces.rglob("*") if path.suffix.lower() in (".jpg", ".pgm", ".png"))
        files = found[:: max(1, len(found) // count)][:count]
        rows.append(("no print: faces", lambda: (_Picture(_enlarged(file)) for file in files), len(files)))
    pieces = [piece for path in args.palms for piece in _palm_pieces(path)]
    if pieces:
        rows.append(("no print: palms", lambda: (_Picture(piece) for piece in pieces), len(pieces)))
    return rows


def _enlarged(path: Path) -> Image:
    pixels = read_image(path, ppi=500.0).pixels
    return Image(np.asarray(cv2.resize(pixels, None, fx=2, fy=2), dtype=np.uint8), 500.0, "")


def _palm_pieces(path: Path) -> list[Image]:
    """Each palm whole, and in squares of 30 mm."""
    pieces = []
    for card in card_images(path):
        if card.record_type != 15 or card.image.ppi is None:
            continue
        pieces.append(card.image)
        height, width = card.image.pixels.shape
        side = round(30 / 25.4 * card.image.ppi)
        for top in range(0, height - side + 1, side):
            for left in range(0, width - side + 1, side):
                square = np.ascontiguousarray(card.image.pixels[top : top + side, left : left + side])
                pieces.append(Image(square, card.image.ppi, ""))
    return pieces


def _count(tally: Tally, engine: FingerprintEngine, picture: _Picture, least: float) -> None:
    tally.image_count += 1
    tally.compared_count += picture.mate is not None
    try:
        if picture.image is None:
            raise ResolutionError("not a resolution of prints")
        found = engine.extract(picture.image)
    except SampleError as error:
        reasons = error.reasons if isinstance(error, QualityError) else ()
        tally.refused[",".join(reasons) or type(error).__name__] += 1
        tally.told.update(_TOLD.intersection(reasons))
        return
    tally.doubtful_count += found.quality.is_doubtful
    tally.told.update(_TOLD.intersection(found.quality.reasons))
    probe = prepare(found.template)
    if picture.mate is not None:
        tally.matched_count += float(compare_many(probe, [picture.mate])[0]) >= least
    if picture.other is not None:
        tally.other_matched_count += float(compare_many(probe, [picture.other])[0]) >= least


def _line(name: str, tally: Tally) -> str:
    count, refused = tally.image_count, sum(tally.refused.values())
    parts = [f"{name:26} {count:4} images", f"refused {_share(refused, count)}"]
    if tally.compared_count:
        parts += [f"doubtful {tally.doubtful_count}", f"matched {tally.matched_count} of {tally.compared_count}"]
    else:
        parts += [f"accepted {_share(count - refused, count)}"]
    if tally.other_matched_count:
        parts.append(f"the other finger too {tally.other_matched_count}")
    if tally.told:
        parts.append("told " + ", ".join(f"{code} {number}" for code, number in tally.told.most_common()))
    if tally.refused:
        parts.append("refused as " + ", ".join(f"{code} {number}" for code, number in tally.refused.most_common()))
    return "; ".join(parts)


def _row(tally: Tally) -> dict[str, object]:
    return {each.name: getattr(tally, each.name) for each in fields(tally)}


def _share(part: int, whole: int) -> str:
    low, high = wilson_interval(part, whole)
    return f"{part} ({100 * part / max(whole, 1):.1f} %, {100 * low:.1f}-{100 * high:.1f})"


def _print_beside(before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> None:
    print(f"\n{'':26} refused before, after; matched before, after")
    for name, second in after.items():
        if name not in before:
            continue
        first = before[name]
        refused = [sum(row["refused"].values()) for row in (first, second)]  # type: ignore[attr-defined]
        print(f"{name:26} {refused[0]:5} {refused[1]:5} {first['matched_count']:8} {second['matched_count']:5}")
