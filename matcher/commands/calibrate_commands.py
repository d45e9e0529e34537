"""station-matcher calibrate: score a pack on a force's own photographs."""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matcher.commands.pack_commands import language_of, pack_store
from matcher.commands.pack_messages import text
from matcher.errors import PackError, SampleError, SessionError

if TYPE_CHECKING:
    from matcher.commands.pack_commands import Subparsers

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".jp2", ".pgm"})
DOUBLES_SHOWN = 20


def add_commands(subparsers: Subparsers) -> None:
    """Add `calibrate`; see pack_commands.add_commands for the convention."""
    parser = subparsers.add_parser("calibrate", help="re-calibrate the scores of a face pack on your own photographs")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="one folder a person, photographs in it"
    )
    parser.add_argument("--pack", metavar="NAME", help="face pack (default: the configured one)")
    parser.add_argument("--groups", type=Path, metavar="CSV", help="person_folder,group: rates within each group")
    parser.add_argument("--dry-run", action="store_true", help="measure and print, but write nothing")
    parser.set_defaults(run=run_calibrate)


@dataclass(frozen=True, slots=True)
class Photographs:
    """vectors: float32 (n, dim); subjects: int64 (n,), numbers into names; refused: photographs without a template."""

    vectors: Any
    subjects: Any
    names: tuple[str, ...]
    refused: int


def run_calibrate(options: argparse.Namespace) -> int:
    """Measure, print, and write the site calibration that from then on takes the place of the pack's own."""
    # Engines load only for this command.
    from matcher.face.calibration import calibration_rows, calibration_toml, measure_non_mated  # noqa: PLC0415

    language, store = language_of(options), pack_store(options)
    name = options.pack or options.settings.packs.face
    try:
        found = _photographs(options.data, name, options, language)
        measured = measure_non_mated(found.vectors, found.subjects)
        rows = calibration_rows(measured)
        described = (
            f"{measured.comparison_count} non-mated comparisons of {measured.person_count} people of this site, "
            f"{len(measured.doubles)} pairs of people that look like one left out"
        )
        values = {"comparisons": measured.comparison_count, "people": measured.person_count, "refused": found.refused}
        print(text("calibrate_measured", language, **values))
        for first, second in measured.doubles[:DOUBLES_SHOWN]:
            print(text("calibrate_double", language, first=found.names[first], second=found.names[second]))
        _print_against_shipped(store.get(name).calibration, rows, language)
        if options.groups:
            _print_groups(options.groups, found, rows, language)
        if not options.dry_run:
            path = store.site_calibration_path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(calibration_toml(measured, described), encoding="utf-8")
            print(text("calibrate_written", language, pack=name))
    except (PackError, SessionError, OSError, ValueError) as error:
        print(text("failed", language, reason=error), file=sys.stderr)
        return 1
    return 0


def _photographs(folder: Path, pack_name: str, options: argparse.Namespace, language: str) -> Photographs:
    import numpy as np  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    from matcher.decode import decode_image  # noqa: PLC0415
    from matcher.face.engine import FaceEngine  # noqa: PLC0415

    store = pack_store(options)
    engine = FaceEngine.load(store.get(pack_name), store)
    people = sorted(path for path in folder.iterdir() if path.is_dir())
    paths = [
        (number, path)
        for number, person in enumerate(people)
        for path in sorted(person.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
    ]
    vectors, subjects, refused = [], [], 0
    for number, path in track(paths, description=text("calibrate_reading", language), transient=True):
        try:
            made = engine.extract(decode_image(path.read_bytes()), largest_face=True)
        except SampleError:
            refused += 1
            continue
        vectors.append(made.template.vectors[0])
        subjects.append(number)
    stacked = np.stack(vectors) if vectors else np.zeros((0, engine.dim), np.float32)
    return Photographs(stacked, np.array(subjects, np.int64), tuple(path.name for path in people), refused)


def _print_against_shipped(shipped: Any, rows: list[tuple[float, float]], language: str) -> None:
    from matcher.calibrate import Calibration  # noqa: PLC0415

    own = Calibration(tuple(row[0] for row in rows), tuple(row[1] for row in rows), rows[-1][1], 1, "")
    before = None if shipped is None else Calibration.from_table(shipped)
    for score in range(20, int(own.max_score) + 1, 10):
        similarity = own.similarity_for(score)
        said = "-" if before is None else f"{before.score(similarity).value:.1f}"
        print(text("calibrate_row", language, score=score, similarity=f"{similarity:.3f}", before=said))


def _print_groups(path: Path, found: Photographs, rows: list[tuple[float, float]], language: str) -> None:
    import numpy as np  # noqa: PLC0415

    from matcher.face.calibration import group_rates  # noqa: PLC0415

    with path.open(newline="", encoding="utf-8-sig") as stream:
        group_of = {row[0]: row[1] for row in csv.reader(stream) if len(row) >= 2}
    groups = [group_of.get(found.names[number], "") for number in found.subjects.tolist()]
    score = max(row[1] for row in rows if row[1] <= 30.0)
    similarity = float(np.interp(score, [row[1] for row in rows], [row[0] for row in rows]))
    for group, (count, rate) in group_rates(found.vectors, found.subjects, groups, similarity).items():
        own = f"{-10 * np.log10(rate):.1f}" if rate > 0 else "-"
        print(text("calibrate_group", language, group=group, count=count, score=score, own=own))
