"""station-matcher calibrate: score a face or fingerprint pack on a force's own photographs or prints."""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.records import Modality
from matcher.commands.packs import language_of, pack_store
from matcher.commands.parser import positive
from matcher.errors import PackError, SampleError, SessionError
from matcher.packs.store import PackStore
from matcher.texts.catalog import text
from matcher.texts.reasons import reason_of
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers

# What cannot be read is among them too, so that it is told and not passed over.
IMAGE_SUFFIXES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jfif",
        ".png",
        ".bmp",
        ".tif",
        ".tiff",
        ".webp",
        ".jp2",
        ".pgm",
        ".gif",
        ".heic",
        ".heif",
        ".wsq",
    )
)
DOUBLES_SHOWN = 20
SCORES_SHOWN = (20, 30, 40, 50, 60)
# What each group is told about: a false match rate of 1e-3.
GROUP_SCORE = 30.0


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Add `calibrate`; see packs.add_commands for the convention."""
    parser = subparsers.add_parser("calibrate", help=text("help.calibrate", language))
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help=text("help.calibrate.data", language))
    parser.add_argument("--pack", metavar="NAME", help=text("help.calibrate.pack", language))
    parser.add_argument("--groups", type=Path, metavar="CSV", help=text("help.calibrate.groups", language))
    parser.add_argument("--ppi", type=positive, metavar="PPI", help=text("help.calibrate.ppi", language))
    parser.add_argument("--dry-run", action="store_true", help=text("help.calibrate.dry_run", language))
    parser.set_defaults(run=run_calibrate)


@dataclass(frozen=True, slots=True)
class Samples:
    """templates: of what could be used; owners: number into names of each; names: of the folders; refused: images
    without a template, by what to do about them."""

    templates: tuple[Any, ...]
    owners: tuple[int, ...]
    names: tuple[str, ...]
    refused: Counter[str]


def run_calibrate(options: argparse.Namespace) -> int:
    """Measure, print, and write the site calibration that from then on takes the place of the pack's own."""
    # Engines and their arithmetic load only for this command.
    from matcher.scoring.least_favorable import (  # noqa: PLC0415
        FEWEST_COMPARISONS,
        SITE_MARGIN,
        calibrated,
        few_people_discount,
    )

    language, store = language_of(options), pack_store(options)
    name = options.pack or options.settings.packs.face
    try:
        is_face = store.manifest(name).modality is Modality.FACE
        people = _people(options.data, language)
        groups = _groups(options.groups, people, language) if options.groups else {}
        samples = _samples(people, name, store, language, ppi=None if is_face else options.ppi)
        named = [groups.get(samples.names[owner], "") for owner in samples.owners] if groups else []
        measured = (_face_strangers if is_face else _finger_strangers)(samples, named, language)
        _print_measured(samples, measured, language, is_face=is_face)
        _check_people(measured, language, is_face=is_face)
        most = max((len(group.similarities) for group in measured.groups), default=0)
        if most <= FEWEST_COMPARISONS:
            raise ValueError(text("calibrate_too_few", language, needed=FEWEST_COMPARISONS, count=most))
        # The pack's own calibration knows what a site's folders do not show: pieces of prints, people who are alike.
        floor = _with_tail(store.manifest(name).calibration)
        described = _description(measured, is_face=is_face, is_floored=bool(floor))
        discount = 0.0 if floor or not is_face else few_people_discount(measured.person_count)
        found = calibrated(
            measured.groups,
            described,
            non_mated_count=measured.comparison_count,
            known=floor,
            discount=discount,
            margin=SITE_MARGIN,
        )
        _print_protection(language, is_floored=bool(floor), discount=discount)
        _print_range(found.calibration, options.settings.search, language)
        _print_rows(_known_calibration(store, name), found.calibration, language)
        _print_groups(measured, found, language)
        if not options.dry_run:
            store.keep_site_calibration(name, found.calibration.to_toml())
            print(text("calibrate_written", language, pack=name))
    except (PackError, SessionError, OSError, ValueError) as error:
        print(text("failed", language, reason=error), file=sys.stderr)
        return 1
    return 0


def _check_people(measured: Any, language: str, *, is_face: bool) -> None:
    """Raises ValueError where there are too few of them to say anything."""
    from matcher.scoring.least_favorable import FEWEST_PEOPLE  # noqa: PLC0415

    if is_face and measured.person_count < FEWEST_PEOPLE:
        raise ValueError(text("calibrate_too_few_people", language, needed=FEWEST_PEOPLE, count=measured.person_count))


def _print_protection(language: str, *, is_floored: bool, discount: float) -> None:
    """What keeps scores from being kinder than they may be."""
    if is_floored:
        print(text("calibrate_floored", language))
    elif discount > 0.0:
        print(text("calibrate_lowered", language, discount=f"{discount:.1f}"))


def _with_tail(table: Mapping[str, Any] | None) -> dict[str, Any]:
    """The pack's calibration as shipped, by name; empty where it has none that goes on."""
    from matcher.scoring.calibration import Calibration  # noqa: PLC0415

    shipped = None if table is None else Calibration.from_table(table)
    return {"as shipped": shipped} if shipped is not None and shipped.tail is not None else {}


def _description(measured: Any, *, is_face: bool, is_floored: bool) -> str:
    what = "people" if is_face else "fingers"
    count = measured.person_count if is_face else measured.finger_count
    return (
        f"{measured.comparison_count} non-mated comparisons of {count} {what} of this site, the least favorable of "
        f"{len(measured.groups)} groups{' and of the pack as shipped' if is_floored else ''}; {len(measured.doubles)} "
        f"pairs of {what} that look like one left out"
    )


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


def _samples(
    people: Mapping[str, list[Path]], pack_name: str, store: PackStore, language: str, *, ppi: float | None
) -> Samples:
    from matcher.formats.decode import decode_image  # noqa: PLC0415

    extract = _extractor(pack_name, store)
    paths = [(number, path) for number, images in enumerate(people.values()) for path in images]
    templates, owners, refused = [], [], Counter[str]()
    for number, path in _tracked(paths, text("calibrate_reading", language)):
        try:
            templates.append(extract(decode_image(path.read_bytes(), ppi=ppi)))
        except SampleError as error:
            refused[text(reason_of(error), language)] += 1
            continue
        owners.append(number)
    return Samples(tuple(templates), tuple(owners), tuple(people), refused)


def _extractor(pack_name: str, store: PackStore) -> Any:
    """Image to template, of the pack. Raises PackError and SessionError."""
    pack = store.manifest(pack_name)
    if pack.modality is Modality.FACE:
        from matcher.face.engine import FaceEngine  # noqa: PLC0415

        faces = FaceEngine.load(pack, store)
        return lambda image: faces.extract(image, largest_face=True).template
    from matcher.fingerprint.engine import FingerprintEngine  # noqa: PLC0415

    prints = FingerprintEngine.load(pack, store)
    return lambda image: prints.extract(image).template


def _face_strangers(samples: Samples, named: list[str], _language: str) -> Any:
    import numpy as np  # noqa: PLC0415

    from matcher.face.non_mated import compare_strangers  # noqa: PLC0415

    vectors = [template.vectors[0] for template in samples.templates]
    stacked = np.stack(vectors) if vectors else np.zeros((0, 1), np.float32)
    return compare_strangers(stacked, np.array(samples.owners, np.int64), named=named)


def _finger_strangers(samples: Samples, named: list[str], language: str) -> Any:
    from matcher.fingerprint.calibration import compare_strangers  # noqa: PLC0415

    return compare_strangers(
        samples.templates,
        samples.owners,
        named=named,
        following=lambda numbers: _tracked(numbers, text("calibrate_comparing", language)),
    )


def _tracked(items: Iterable[Any], description: str) -> Iterable[Any]:
    from rich.progress import track  # noqa: PLC0415

    return track(items, description=description, transient=True)


def _print_measured(samples: Samples, measured: Any, language: str, *, is_face: bool) -> None:
    values = {"comparisons": measured.comparison_count, "refused": samples.refused.total()}
    if is_face:
        print(text("calibrate_measured", language, **values, people=measured.person_count))
    else:
        print(text("calibrate_measured_fingers", language, **values, fingers=measured.finger_count))
    for reason, count in samples.refused.most_common():
        print(visible(f"    {count}: {reason}"))
    for first, second in measured.doubles[:DOUBLES_SHOWN]:
        print(text("calibrate_double", language, first=samples.names[first], second=samples.names[second]))


def _print_range(calibration: Any, search: Any, language: str) -> None:
    """How far the scores are measured, and what that means for the thresholds that the settings ask for."""
    from matcher.scoring.scores import largest_gallery, threshold_score  # noqa: PLC0415

    measured = calibration.measured_score
    values = {"score": round(measured, 1), "one_in": round(10 ** (measured / 10)), "fpir": search.target_fpir}
    gallery = largest_gallery(search.target_fpir, measured)
    print(text("calibrate_range", language, **values, gallery=gallery, end=round(calibration.max_score)))
    needed = threshold_score(search.target_fmr, 1)
    if needed > measured:
        print(text("calibrate_short", language, score=round(needed, 1)))


def _known_calibration(store: PackStore, name: str) -> Any:
    """What the pack scored with until now; None where it had no calibration, or a damaged one."""
    from matcher.scoring.calibration import Calibration  # noqa: PLC0415

    try:
        table = store.get(name).calibration
        return None if table is None else Calibration.from_table(table)
    except PackError:
        return None


def _print_rows(before: Any, calibration: Any, language: str) -> None:
    for score in SCORES_SHOWN:
        similarity = calibration.similarity_for(score)
        code = "calibrate_row" if score <= calibration.measured_score else "calibrate_row_extrapolated"
        said = "-" if before is None else f"{before.score(similarity).value:.1f}"
        print(text(code, language, score=score, similarity=f"{similarity:.3f}", before=said))


def _print_groups(measured: Any, found: Any, language: str) -> None:
    """What each group would be scored by itself, the least favorable first."""
    similarity = found.calibration.similarity_for(GROUP_SCORE)
    counts = {group.name: len(group.similarities) for group in measured.groups}
    own = {name: one.score(similarity).value for name, one in found.by_group.items()}
    for name in sorted(counts, key=lambda one: own.get(one, 1000.0)):
        if name in own:
            values = {"own": f"{own[name]:.1f}", "score": round(GROUP_SCORE)}
            print(text("calibrate_group", language, group=name, count=counts[name], **values))
        else:
            print(text("calibrate_group_unknown", language, group=name, count=counts[name]))
