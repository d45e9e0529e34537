"""station-enroll: arguments to a run.

Exit codes: 0 everything is enrolled (check: every row can be used), 1 some rows were not enrolled; each has its line
in the results file, 2 nothing was sent: the arguments, the backlog as a whole or the results file are wrong (check:
some rows cannot be used), 3 the target cannot be reached or refuses everything, 130 stopped with Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import difflib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console

from enroll.batch import BatchStoppedError, BatchSummary, run_batch
from enroll.cells import galleries_of
from enroll.checking import check_pictures
from enroll.errors import ManifestError, ResultsError, TargetError, refusal
from enroll.items import Backlog, Defaults, EnrollmentItem, Finding
from enroll.manifest import read_backlog
from enroll.messages import backlog_text
from enroll.report import print_findings, print_reading, print_summary, progress_of, result_line, say
from enroll.results_file import finished_lines
from enroll.target import EnrollmentTarget, ItemResult
from enroll.words import COLUMNS
from index.records import Modality
from matcher.access.context import AccessContext
from matcher.access.wording import ID
from matcher.commands.client_options import add_tls_options, server_of
from matcher.commands.parser import CommandParser, checked, language_of, positive, server_address
from matcher.config import ServerSettings, load_settings
from matcher.errors import ConfigError
from matcher.texts.catalog import text

ALL_ENROLLED: Final = 0
SOME_NOT_ENROLLED: Final = 1
BAD_INPUT: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):  # a console of another encoding shows what it can
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    language = language_of(arguments)
    options = build_parser(language).parse_args(arguments)
    options.lang = getattr(options, "lang", language)
    if options.command == "example":
        sys.stdout.write(backlog_text("example", options.lang))
        return ALL_ENROLLED
    console = Console(stderr=True, highlight=False)
    try:
        return _check(options, console) if options.command == "check" else _run(options, console)
    except (ManifestError, ResultsError) as error:
        say(console, str(error), style="red")
        return BAD_INPUT
    except ConfigError as error:
        say(console, text("cli.error.ConfigError", options.lang, reason=error), style="red")
        return BAD_INPUT
    except TargetError as error:
        _say_unreachable(error, options, console)
        return UNREACHABLE
    except KeyboardInterrupt:
        say(console, backlog_text("interrupted", options.lang))
        return INTERRUPTED


def _check(options: argparse.Namespace, console: Console) -> int:
    backlog = _read(options, console)
    if not options.quick:
        with progress_of("checking", options.lang, console) as advance:
            backlog = check_pictures(backlog, jobs=options.jobs, language=options.lang, on_row=advance)
    print_findings(backlog.warnings, options.lang, console, code="warnings", shown_count=None)
    print_findings(backlog.problems, options.lang, console, code="bad_rows", shown_count=None)
    counts = {"rows": len(backlog.items), "subjects": backlog.subject_count, "bad": len(backlog.problems)}
    code = "checked_some" if backlog.problems else "checked_quickly" if options.quick else "checked"
    say(console, backlog_text(code, options.lang, **counts))
    return BAD_INPUT if backlog.problems else ALL_ENROLLED


def _run(options: argparse.Namespace, console: Console) -> int:
    options.settings = load_settings(getattr(options, "config", None))
    backlog = _read(options, console)
    results_path: Path = options.results or options.path.with_name(f"{options.path.stem}-results.csv")
    finished_lines(results_path, language=options.lang)  # a file of another kind is told before anything is sent
    print_findings(backlog.warnings, options.lang, console, code="warnings")
    if options.strict and backlog.problems:
        print_findings(backlog.problems, options.lang, console, code="bad_rows", shown_count=None)
        say(console, backlog_text("stopped_strict", options.lang))
        return BAD_INPUT
    target = _open_target(options)
    try:
        backlog = _with_galleries(backlog, target, options, console)
        print_findings(backlog.problems, options.lang, console, code="bad_rows")
        if backlog.problems:
            say(console, backlog_text("going_on", options.lang))
        return _enroll(backlog, target, results_path, options, console)
    finally:
        target.close()


def _enroll(
    backlog: Backlog, target: EnrollmentTarget, results_path: Path, options: argparse.Namespace, console: Console
) -> int:
    try:
        summary = _run_with_progress(backlog, target, results_path, options, console)
    except BatchStoppedError as stopped:
        print_summary(stopped.summary, results_path, options.lang, console)
        if isinstance(stopped.__cause__, TargetError):
            _say_unreachable(stopped.__cause__, options, console)
            return UNREACHABLE
        is_asked = isinstance(stopped.__cause__, KeyboardInterrupt)
        say(console, backlog_text("interrupted", options.lang) if is_asked else str(stopped.__cause__), style="red")
        say(console, backlog_text("again", options.lang))
        return INTERRUPTED if is_asked else SOME_NOT_ENROLLED
    print_summary(summary, results_path, options.lang, console)
    return ALL_ENROLLED if summary.all_enrolled else SOME_NOT_ENROLLED


def _read(options: argparse.Namespace, console: Console) -> Backlog:
    for gallery in options.gallery or ():
        galleries_of(gallery, options.lang)
    defaults = Defaults(
        modality=Modality(options.modality) if options.modality else None,
        ppi=options.ppi,
        galleries=tuple(options.gallery or ()),
        language=options.lang,
        pattern=options.pattern,
        ids_as_written=options.ids_as_written,
        ignored_columns=tuple(options.ignore_column or ()),
        capture_device=options.device,
    )
    with progress_of("reading", options.lang, console) as advance:
        backlog = read_backlog(options.path, defaults, on_row=advance)
    print_reading(backlog, options.lang, console)
    if not backlog.items and not backlog.problems:
        raise refusal("nothing", options.lang, path=options.path.name)
    return backlog


def _with_galleries(
    backlog: Backlog, target: EnrollmentTarget, options: argparse.Namespace, console: Console
) -> Backlog:
    """A gallery that the target does not have is made where that was asked for; else its rows cannot be used, since a
    typing error would make a new one."""
    known = target.gallery_ids()
    missing = sorted({gallery for item in backlog.items for gallery in item.galleries} - known)
    if missing and options.create_galleries:
        for gallery_id in missing:
            target.create_gallery(gallery_id)
        say(console, backlog_text("galleries_made", options.lang, names=", ".join(missing)))
        return backlog
    kept: list[EnrollmentItem] = []
    problems = list(backlog.problems)
    for item in backlog.items:
        unknown = next((gallery for gallery in item.galleries if gallery in missing), None)
        if unknown is None:
            kept.append(item)
        else:
            problems.append(_unknown_gallery(item, unknown, known, options.lang, is_folder=bool(backlog.pattern)))
    problems.sort(key=lambda finding: finding.row_number)
    return replace(backlog, items=tuple(kept), problems=tuple(problems))


def _unknown_gallery(
    item: EnrollmentItem, gallery: str, known: frozenset[str], language: str, *, is_folder: bool
) -> Finding:
    near = difflib.get_close_matches(gallery, sorted(known), n=1)
    nearest = backlog_text("nearest", language, value=near[0]) if near else ""
    return Finding(
        row_number=item.row_number,
        place=item.shown_image if is_folder else backlog_text("row", language, number=item.row_number),
        code="unknown_gallery",
        message=backlog_text("unknown_gallery", language, value=gallery, nearest=nearest),
        external_id=item.external_id,
        image=item.shown_image,
    )


def _run_with_progress(
    backlog: Backlog, target: EnrollmentTarget, results_path: Path, options: argparse.Namespace, console: Console
) -> BatchSummary:
    with progress_of("enrolling", options.lang, console) as advance, _stopping_on_signals() as stop:

        def show(result: ItemResult | None) -> None:
            advance(len(backlog.items))
            if result is not None and not options.quiet:
                sys.stdout.write(result_line(result, options.lang) + "\n")
                sys.stdout.flush()

        return run_batch(
            backlog.items,
            target,
            results_path=results_path,
            problems=backlog.problems,
            jobs=options.jobs,
            language=options.lang,
            hold_conflicts=options.hold_conflicts,
            on_result=show,
            stop=stop,
        )


@contextmanager
def _stopping_on_signals() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM, so that a run ends between two steps with a line for every row; a second one
    interrupts whatever goes on. Only the main thread may set that up."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open_target(options: argparse.Namespace) -> EnrollmentTarget:
    access = AccessContext(
        operator_id=options.operator, case_number=_case_of(options), purpose=options.purpose, station_id=options.station
    )
    if options.local is not None:
        from enroll.local import LocalTarget  # noqa: PLC0415 - loads the models, which the remote path never needs

        return LocalTarget.open(
            options.local,
            options.settings,
            access=access,
            language=options.lang,
            skip_duplicate_check=options.no_duplicate_check,
        )
    from enroll.remote import RemoteTarget  # noqa: PLC0415 - keeps --help fast

    address, tls = server_of(options)
    return RemoteTarget(
        address,
        access=access,
        tls=tls,
        language=options.lang,
        timeout_seconds=options.timeout,
        skip_duplicate_check=options.no_duplicate_check,
    )


def _case_of(options: argparse.Namespace) -> str:
    """Enrolling compares with who is there, and every comparison has a case: the backlog itself where none is named."""
    return str(options.case) or f"backlog {options.path.resolve().name}"[: ID.characters]


def _say_unreachable(error: BaseException | None, options: argparse.Namespace, console: Console) -> None:
    server = server_of(options)[0] if options.local is None else options.local.name
    is_refusal = isinstance(error, TargetError) and not error.is_retriable
    code = "target_refuses" if is_refusal else "unreachable"
    code = code if options.local is None else "target_not_opened"
    say(console, backlog_text(code, options.lang, server=server, detail=error), style="red")
    say(console, backlog_text("again", options.lang))


def build_parser(language: str) -> CommandParser:
    """The whole command line."""

    def said(code: str, **values: object) -> str:
        return backlog_text(f"help.{code}", language, **values)

    parser = CommandParser(
        prog="station-enroll", description=said("program"), epilog=said("exit_codes"), language=language
    )
    parser.add_version()
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help=said("run"), epilog=said("exit_codes"))
    check = commands.add_parser("check", help=said("check"), epilog=said("exit_codes"))
    commands.add_parser("example", help=said("example"))
    for command in (run, check):
        _add_reading(command, said)
    check.add_argument("--quick", action="store_true", help=said("quick"))
    _add_target(run, said)
    return parser


def _add_reading(parser: CommandParser, said: Callable[..., str]) -> None:
    parser.add_argument("path", type=Path, metavar="BACKLOG", help=said("path", columns=", ".join(COLUMNS)))
    parser.add_argument("--modality", choices=[modality.value for modality in Modality], help=said("modality"))
    parser.add_argument("--ppi", type=positive, metavar="PPI", help=said("ppi"))
    parser.add_argument("--gallery", action="append", metavar="GALLERY", help=said("gallery"))
    parser.add_argument("--device", default="", metavar="NAME", help=said("device"))
    parser.add_argument("--pattern", default="", help=said("pattern"))
    parser.add_argument("--ids-as-written", action="store_true", help=said("ids_as_written"))
    parser.add_argument("--ignore-column", action="append", metavar="NAME", help=said("ignore_column"))
    jobs = checked("usage.jobs", int, lambda count: 1 <= count <= 64)
    parser.add_argument(
        "--jobs", type=jobs, metavar="COUNT", default=max(1, min(4, os.cpu_count() or 1)), help=said("jobs")
    )


def _add_target(parser: CommandParser, said: Callable[..., str]) -> None:
    parser.add_argument("--operator", required=True, help=said("operator"))
    parser.add_argument("--purpose", default=backlog_text("default.purpose", parser.language), help=said("purpose"))
    parser.add_argument("--case", default="", help=said("case"))
    parser.add_argument("--station", default="", help=said("station"))
    default = ServerSettings().address
    said_address = text("option.address", parser.language, default=default)
    parser.add_argument("--address", type=server_address, metavar="HOST:PORT", help=said_address)
    add_tls_options(parser)
    parser.add_argument("--timeout", type=positive, default=60.0, metavar="SECONDS", help=said("timeout"))
    parser.add_argument("--local", type=Path, metavar="DATA_FOLDER", help=said("local"))
    parser.add_argument("--results", type=Path, metavar="FILE", help=said("results"))
    parser.add_argument("--create-galleries", action="store_true", help=said("create_galleries"))
    parser.add_argument("--hold-conflicts", action="store_true", help=said("hold_conflicts"))
    parser.add_argument("--strict", action="store_true", help=said("strict"))
    # The default since bad rows no longer end a run; kept so that old scripts run.
    parser.add_argument("--skip-bad-rows", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--no-duplicate-check", action="store_true", help=said("no_duplicate_check"))
    parser.add_argument("--quiet", action="store_true", help=said("quiet"))
