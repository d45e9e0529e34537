"""python -m benchmarks iso-records: another maker's minutiae records against our own reading of the same prints."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from benchmarks.metrics import wilson_interval
from benchmarks.product_files import pack_store, ready_pack
from benchmarks.progress import track
from index.records import FingerPosition
from matcher.errors import SampleError
from matcher.fingerprint.comparison.compare import PreparedFingerprint, compare, prepare
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.imported import comparable_minutiae, imported_quality
from matcher.formats.decode import decode_image
from matcher.formats.iso19794 import from_iso19794_2
from matcher.scoring.calibration import Calibration

_THRESHOLD_SCORE = 40.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=Path("../shared/data/iso/fingerjet"))
    parser.add_argument("--ppi", type=float, default=500.0)


def run(args: argparse.Namespace) -> int:
    """NAME.ist beside NAME.pgm; prints whose names differ in the first letter alone are of one finger."""
    store = pack_store()
    engine = FingerprintEngine.load(ready_pack(store, "leader"), store)
    calibration = Calibration.from_table(engine.calibration or {})
    records: dict[str, PreparedFingerprint] = {}
    prints: dict[str, PreparedFingerprint] = {}
    paths = sorted(args.folder.glob("*.pgm"))
    for path in track(paths, total=len(paths), what="prints"):
        try:
            image = decode_image(path.read_bytes(), ppi=args.ppi)
            prints[path.stem] = prepare(engine.extract(image).template)
        except SampleError as error:
            print(f"print {path.stem}: {type(error).__name__}")
        record = path.with_suffix(".ist")
        if record.exists():
            minutiae = comparable_minutiae(from_iso19794_2(record.read_bytes()))
            records[path.stem] = prepare(engine.template_from_minutiae(minutiae, FingerPosition.UNKNOWN))
            print(f"record {path.stem}: {len(minutiae)} minutiae, quality {imported_quality(minutiae).score}")
    groups = {
        "record with our reading of the same print": [
            (records[name], prints[name]) for name in records if name in prints
        ],
        "record with another print of the finger": _pairs(records, prints, is_mated=True),
        "record with another finger's print": _pairs(records, prints, is_mated=False),
        "record with a record of the same finger": _pairs(records, records, is_mated=True),
        "record with a record of another finger": _pairs(records, records, is_mated=False),
        "our readings of two fingers": _pairs(prints, prints, is_mated=False),
        "our readings of two prints of a finger": _pairs(prints, prints, is_mated=True),
    }
    print("| comparison | pairs | least similarity | most | score 40 and more | 95 % interval |")
    print("|---|---|---|---|---|---|")
    for name, pairs in groups.items():
        _print_row(name, [float(compare(one, other)) for one, other in pairs], calibration)
    return 0


def _pairs(
    ones: dict[str, PreparedFingerprint], others: dict[str, PreparedFingerprint], *, is_mated: bool
) -> list[tuple[PreparedFingerprint, PreparedFingerprint]]:
    """Of different files; where both sides are the same, each pair once."""
    names = itertools.combinations(ones, 2) if ones is others else itertools.product(ones, others)
    return [(ones[one], others[other]) for one, other in names if one != other and (one[1:] == other[1:]) == is_mated]


def _print_row(name: str, similarities: list[float], calibration: Calibration) -> None:
    if not similarities:
        return
    above = sum(calibration.score(one).value >= _THRESHOLD_SCORE for one in similarities)
    low, high = wilson_interval(above, len(similarities))
    print(
        f"| {name} | {len(similarities)} | {min(similarities):.3f} | {max(similarities):.3f} "
        f"| {above} | {100 * low:.0f}–{100 * high:.0f} % |"
    )
