"""station-matcher calibrate: score a pack on a force's own photographs."""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.durable.files import write_atomically
from matcher.commands.packs import language_of, pack_store
from matcher.errors import PackError, SampleError, SessionError
from matcher.packs.store import PackStore
from matcher.texts.catalog import text
from matcher.texts.reasons import reason_of
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.packs import Subparsers

# What cannot be read is among them too, so that it is told and not passed over.
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".jp2", ".pgm", ".gif", ".heic", ".heif"}
)
DOUBLES_SHOWN = 20


def add_commands(subparsers: Subparsers) -> None:
    """Add `calibrate`; see packs.add_commands for the convention."""
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
    """vectors: float32 (n, dim); subjects: int64 (n,), numbers into names; refused: photographs without a template,
    by what to do about them."""

    vectors: Any
    subjects: Any
    names: tuple[str, ...]
    refused: Counter[str]


def run_calibrate(options: argparse.Namespace) -> int:
    """Measure, print, and write the site calibration that from then on takes the place of the pack's own."""
    # Engines load only for this command.
    from matcher.face.non_mated import (  # noqa: PLC0415
        FEWEST_COMPARISONS,
        calibration_rows,
        calibration_toml,
        measure_non_mated,
    )

    language, store = language_of(options), pack_store(options)
    name = options.pack or options.settings.packs.face
    try:
        people = _people(options.data, language)
        groups = _groups(options.groups, people, language) if options.groups else {}
        found = _photographs(people, name, store, language)
        measured = measure_non_mated(found.vectors, found.subjects)
        _print_measured(found, measured, language)
        if measured.comparison_count <= FEWEST_COMPARISONS:
            count = measured.comparison_count
            raise ValueError(text("calibrate_too_few", language, needed=FEWEST_COMPARISONS, count=count))
        rows = calibration_rows(measured)
        _print_range(rows[-1][1], options.settings.search, language)
        _print_rows(_known_calibration(store, name), rows, language)
        _print_groups(groups, found, measured.doubles, rows, language)
        if not options.dry_run:
            described = (
                f"{measured.comparison_count} non-mated comparisons of {measured.person_count} people of this site, "
                f"{len(measured.doubles)} pairs of people that look like one left out"
            )
            write_atomically(store.site_calibration_path(name), calibration_toml(measured, described).encode())
            print(text("calibrate_written", language, pack=name))
    except (PackError, SessionError, OSError, ValueError) as error:
        print(text("failed", language, reason=error), file=sys.stderr)
        return 1
    return 0


def _people(folder: Path, language: str) -> dict[str, list[Path]]:
    """Photographs by name of the person's folder. Raises ValueError where there are none."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    people = {
        person.name: sorted(path for path in person.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
        for person in folders
    }
    if not any(people.values()):
        raise ValueError(text("calibrate_no_people", language))
    return people


def _groups(path: Path, people: Mapping[str, object], language: str) -> dict[str, str]:
    """Group by name of the person's folder. Raises OSError, and ValueError where no line names a folder."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        first_line = stream.readline()
        stream.seek(0)
        # Where the comma is the decimal mark, spreadsheets separate by semicolons.
        delimiter = ";" if ";" in first_line and "," not in first_line else ","
        rows = [row for row in csv.reader(stream, delimiter=delimiter) if len(row) >= 2]
    groups = {row[0].strip(): row[1].strip() for row in rows if row[0].strip() in people}
    if not groups:
        raise ValueError(text("calibrate_no_group", language))
    return groups


def _photographs(people: Mapping[str, list[Path]], pack_name: str, store: PackStore, language: str) -> Photographs:
    import numpy as np  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    from matcher.face.engine import FaceEngine  # noqa: PLC0415
    from matcher.formats.decode import decode_image  # noqa: PLC0415

    engine = FaceEngine.load(store.manifest(pack_name), store)
    paths = [(number, path) for number, photographs in enumerate(people.values()) for path in photographs]
    vectors, subjects, refused = [], [], Counter[str]()
    for number, path in track(paths, description=text("calibrate_reading", language), transient=True):
        try:
            made = engine.extract(decode_image(path.read_bytes()), largest_face=True)
        except SampleError as error:
            refused[text(reason_of(error), language)] += 1
            continue
        vectors.append(made.template.vectors[0])
        subjects.append(number)
    stacked = np.stack(vectors) if vectors else np.zeros((0, engine.dim), np.float32)
    return Photographs(stacked, np.array(subjects, np.int64), tuple(people), refused)


def _print_measured(found: Photographs, measured: Any, language: str) -> None:
    values = {
        "comparisons": measured.comparison_count,
        "people": measured.person_count,
        "refused": found.refused.total(),
    }
    print(text("calibrate_measured", language, **values))
    for reason, count in found.refused.most_common():
        print(visible(f"    {count}: {reason}"))
    for first, second in measured.doubles[:DOUBLES_SHOWN]:
        print(text("calibrate_double", language, first=found.names[first], second=found.names[second]))


def _print_range(max_score: float, search: Any, language: str) -> None:
    """How far the scores hold, and what that means for the thresholds that the settings ask for."""
    from matcher.face.non_mated import people_needed  # noqa: PLC0415
    from matcher.scoring.scores import largest_gallery, threshold_score  # noqa: PLC0415

    gallery = largest_gallery(search.target_fpir, max_score)
    values = {"max_score": max_score, "one_in": round(10 ** (max_score / 10)), "fpir": search.target_fpir}
    print(text("calibrate_range", language, **values, gallery=gallery))
    needed = threshold_score(search.target_fmr, 1)
    if needed > max_score:
        print(text("calibrate_short", language, score=round(needed, 1), people=people_needed(needed)))


def _known_calibration(store: PackStore, name: str) -> Any:
    """What the pack scored with until now; None where it had no calibration, or a damaged one."""
    from matcher.scoring.calibration import Calibration  # noqa: PLC0415

    try:
        table = store.get(name).calibration
        return None if table is None else Calibration.from_table(table)
    except PackError:
        return None


def _print_rows(before: Any, rows: list[tuple[float, float]], language: str) -> None:
    from matcher.scoring.calibration import Calibration  # noqa: PLC0415

    own = Calibration(tuple(row[0] for row in rows), tuple(row[1] for row in rows), rows[-1][1], 1, "")
    for score in range(20, int(own.max_score) + 1, 10):
        similarity = own.similarity_for(score)
        said = "-" if before is None else f"{before.score(similarity).value:.1f}"
        print(text("calibrate_row", language, score=score, similarity=f"{similarity:.3f}", before=said))


def _print_groups(
    group_of: Mapping[str, str],
    found: Photographs,
    doubles: tuple[tuple[int, int], ...],
    rows: list[tuple[float, float]],
    language: str,
) -> None:
    import numpy as np  # noqa: PLC0415

    from matcher.face.non_mated import group_rates  # noqa: PLC0415

    groups = [group_of.get(found.names[number], "") for number in found.subjects.tolist()]
    score = max(row[1] for row in rows if row[1] <= 30.0)
    similarity = float(np.interp(score, [row[1] for row in rows], [row[0] for row in rows]))
    rates = group_rates(found.vectors, found.subjects, groups, similarity, doubles=doubles)
    for group, (count, rate) in rates.items():
        code = "calibrate_group" if rate > 0 else "calibrate_group_unknown"
        own = f"{-10 * np.log10(rate):.1f}" if rate > 0 else ""
        print(text(code, language, group=group, count=count, score=score, own=own))
