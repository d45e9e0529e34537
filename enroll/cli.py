"""station-enroll: arguments to a run.

Exit codes: 0 everything is enrolled, 1 some images were refused or not sent, 2 the arguments or the manifest are
wrong, 3 the target cannot be reached, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from enroll.batch import BatchSummary, run_batch
from enroll.errors import ManifestError, TargetError
from enroll.items import Defaults, EnrollmentItem
from enroll.manifest import COLUMNS, read_backlog
from enroll.messages import text
from enroll.report import print_problems, print_summary, result_line
from enroll.target import EnrollmentTarget, ItemResult
from index.records import Modality
from matcher.access.context import AccessContext
from matcher.access.wording import ID
from matcher.client import DEFAULT_ADDRESS, ClientTls
from matcher.config import system_language

ALL_ENROLLED: Final = 0
SOME_REFUSED: Final = 1
BAD_INPUT: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130

_EXAMPLE: Final = """external_id,image,modality,finger,ppi,display_name,gallery,sex,birth_date,capture_date
001099000123,photos/0001.jpg,face,,,Nguyễn Văn Ánh,records,nam,31/12/1990,15/06/2024
001099000123,prints/0001-02.png,fingerprint,right_index,500,Nguyễn Văn Ánh,records,nam,31/12/1990,15/06/2024
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "example":
        sys.stdout.write(_EXAMPLE)
        return ALL_ENROLLED
    console = Console(stderr=True, highlight=False)
    try:
        return _check(options, console) if options.command == "check" else _run(options, console)
    except ManifestError as error:
        console.print(str(error), style="red", markup=False)
        return BAD_INPUT
    except TargetError as error:
        console.print(
            text("unreachable", options.lang, server=_target_name(options), detail=error), style="red", markup=False
        )
        console.print(text("again", options.lang), markup=False)
        return UNREACHABLE
    except KeyboardInterrupt:
        console.print(text("interrupted", options.lang), text("again", options.lang), markup=False)
        return INTERRUPTED


def _check(options: argparse.Namespace, console: Console) -> int:
    items, problems = _read(options, console)
    if problems:
        return BAD_INPUT
    subjects = len({item.external_id for item in items})
    console.print(text("checked", options.lang, rows=len(items), subjects=subjects), markup=False)
    return ALL_ENROLLED


def _run(options: argparse.Namespace, console: Console) -> int:
    items, problems = _read(options, console)
    if problems and not options.skip_bad_rows:
        return BAD_INPUT
    results_path: Path = options.results or options.path.with_name(f"{options.path.stem}-results.csv")
    target = _open_target(options)
    try:
        for gallery_id in sorted({gallery for item in items for gallery in item.galleries}):
            target.ensure_gallery(gallery_id)
        summary = _run_with_progress(items, target, results_path, options, console)
    finally:
        target.close()
    print_summary(summary, results_path, options.lang, console)
    return ALL_ENROLLED if summary.all_enrolled and not problems else SOME_REFUSED


def _read(options: argparse.Namespace, console: Console) -> tuple[list[EnrollmentItem], list[ManifestError]]:
    defaults = Defaults(
        modality=Modality(options.modality) if options.modality else None,
        ppi=options.ppi,
        galleries=tuple(options.gallery or ()),
        language=options.lang,
    )
    items, problems = read_backlog(options.path, defaults)
    print_problems(problems, options.lang, console)
    if not items and not problems:
        raise ManifestError(text("nothing", options.lang, path=options.path.name))
    return items, problems


def _run_with_progress(
    items: Sequence[EnrollmentItem],
    target: EnrollmentTarget,
    results_path: Path,
    options: argparse.Namespace,
    console: Console,
) -> BatchSummary:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(text("enrolling", options.lang), total=len(items))

        def show(result: ItemResult | None) -> None:
            progress.advance(task)
            if result is not None and not options.quiet:
                sys.stdout.write(result_line(result, options.lang) + "\n")
                sys.stdout.flush()

        return run_batch(items, target, results_path=results_path, jobs=options.jobs, on_result=show)


def _open_target(options: argparse.Namespace) -> EnrollmentTarget:
    access = AccessContext(
        operator_id=options.operator, case_number=_case_of(options), purpose=options.purpose, station_id=options.station
    )
    if options.local is not None:
        from enroll.local import LocalTarget  # noqa: PLC0415 - loads the models, which the remote path never needs

        return LocalTarget.open(
            options.local, access=access, language=options.lang, skip_duplicate_check=options.no_duplicate_check
        )
    from enroll.remote import RemoteTarget  # noqa: PLC0415 - keeps --help fast

    tls = ClientTls(options.tls_root, options.tls_certificate, options.tls_key) if options.tls_root else None
    return RemoteTarget(
        options.address,
        access=access,
        tls=tls,
        language=options.lang,
        timeout_seconds=options.timeout,
        skip_duplicate_check=options.no_duplicate_check,
    )


def _case_of(options: argparse.Namespace) -> str:
    """Enrolling compares with who is there, and every comparison has a case: the backlog itself where none is named."""
    return str(options.case) or f"backlog {options.path.resolve().name}"[: ID.characters]


def _target_name(options: argparse.Namespace) -> str:
    return str(options.address if options.local is None else options.local.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="station-enroll", description="Enroll a backlog of faces and fingerprints.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="enroll a folder or a manifest", description="Enroll a folder or manifest.")
    check = commands.add_parser("check", help="read a folder or manifest and report bad rows, sending nothing")
    commands.add_parser("example", help="print a manifest to start from")
    for command in (run, check):
        _add_reading(command)
    _add_target(run)
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help=f"a folder of images, or a .csv or .jsonl with: {', '.join(COLUMNS)}")
    parser.add_argument("--modality", choices=[modality.value for modality in Modality], help="for rows without one")
    parser.add_argument("--ppi", type=float, help="pixels per inch of fingerprints whose row and file do not say")
    parser.add_argument("--gallery", action="append", metavar="ID", help="gallery to enroll into (may be repeated)")
    parser.add_argument("--lang", choices=["vi", "en"], default=system_language(), help="language of messages")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--operator", required=True, help="who enrolls; written to the audit record")
    parser.add_argument("--purpose", default="enrollment", help="why; written to the audit record")
    parser.add_argument("--case", default="", help="case or order number; default: the name of the backlog")
    parser.add_argument("--station", default="", help="id of the station")
    parser.add_argument("--address", default=DEFAULT_ADDRESS, metavar="HOST:PORT", help="default: %(default)s")
    parser.add_argument("--tls-root", type=Path, help="PEM certificate that signed the server's")
    parser.add_argument("--tls-certificate", type=Path, help="our own certificate, for mutual TLS")
    parser.add_argument("--tls-key", type=Path, help="our own key, for mutual TLS")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one image (default: %(default)s)")
    parser.add_argument("--local", type=Path, metavar="DATA_FOLDER", help="enroll in process; the server is stopped")
    parser.add_argument("--jobs", type=int, default=max(1, min(4, os.cpu_count() or 1)), help="images at a time")
    parser.add_argument("--results", type=Path, help="results file and checkpoint (default: beside the input)")
    parser.add_argument("--skip-bad-rows", action="store_true", help="enroll the good rows of a manifest with bad ones")
    parser.add_argument("--no-duplicate-check", action="store_true", help="do not look for subjects that resemble")
    parser.add_argument("--quiet", action="store_true", help="no line an image")
