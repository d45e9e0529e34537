"""station-matcher index verify | rebuild | mend | compile: whether the indexes hold what the store holds, mending
either, and compiling what searches them."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from index.backup.backup import mend
from index.database import EnrollmentDatabase
from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine
from matcher.assembly.compiling import compiling
from matcher.audit.verification import verify_audit_log
from matcher.commands.store_options import (
    StageBars,
    add_folder_option,
    add_key_option,
    audit_file_of,
    data_folder_of,
    key_of,
    keys_of,
    language_of,
    opened_database,
    reporting,
)
from matcher.errors import AuditError
from matcher.fingerprint.comparison.compare import warm_up as warm_up_comparison
from matcher.texts.catalog import index_told, localized, text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Add `index` to the parser. All but compile need the server to be stopped: it holds the database."""
    actions = subparsers.add_parser("index", help=text("help.index", language)).add_subparsers(dest="index_action")
    verify = actions.add_parser("verify", help=text("help.index.verify", language))
    rebuild = actions.add_parser("rebuild", help=text("help.index.rebuild", language))
    for parser, run in ((verify, run_verify), (rebuild, run_rebuild)):
        add_folder_option(parser)
        parser.set_defaults(run=reporting(run))
    mend = actions.add_parser("mend", help=text("help.index.mend", language))
    mend.add_argument("file", type=Path, metavar="FILE", help=text("option.backup_file", language))
    add_folder_option(mend)
    add_key_option(mend, may_do_without=True)
    mend.set_defaults(run=reporting(run_mend))
    verify.add_argument("--thorough", action="store_true", help=text("option.thorough", language))
    compile_ = actions.add_parser("compile", help=text("help.index.compile", language))
    compile_.set_defaults(run=run_compile)


def run_verify(options: argparse.Namespace) -> int:
    """Print every problem; 1 where there is one. The index is verified as the next start would use it."""
    language = language_of(options)
    with (
        StageBars(language) as bars,
        opened_database(options, progress=bars.report) as database,
    ):
        bars.show("verify", 0, 1)
        report = database.verify()
        problems = [text("index.problem", language, problem=index_told(problem)) for problem in report.problems]
        if options.thorough:
            problems += _thorough(options, database, bars)
    if not problems:
        print(text("index.whole", language, subjects=report.subject_count, references=report.reference_count))
        if options.thorough:
            print(text("index.every_byte", language))
        return 0
    for problem in problems:
        print(problem, file=sys.stderr)
    print(text("index.mend", language), file=sys.stderr)
    return 1


def _thorough(options: argparse.Namespace, database: EnrollmentDatabase, bars: StageBars) -> list[str]:
    """What is wrong with the rest of the bytes, in the language of the options; with the audit log too."""
    language = language_of(options)
    found = [
        text(f"thorough.{problem.code}", language, count=problem.count, said=problem.said)
        for problem in database.inspect(bars.report)
    ]
    bars.show("audit", 0, 1)
    path = audit_file_of(options, data_folder_of(options))
    if path.exists() or database.log_head:
        try:
            checked = verify_audit_log(path, noted=database.log_head)
            if not checked.ok:
                found.append(text("thorough.audit", language, said=checked.first_broken_record))
        except AuditError as error:
            found.append(localized(error, language))
    bars.show("audit", 1, 1)
    return found


def run_mend(options: argparse.Namespace) -> int:
    """Print which references are whole again, and 1 where some are not."""
    language = language_of(options)
    folder = data_folder_of(options)
    mended = mend(options.file, folder, key=key_of(options), master_key=keys_of(options).master)
    ids, left = mended.reference_ids, mended.left_reference_ids
    print(text("index.mended", language, count=len(ids), ids=", ".join(map(str, ids)) or "-"))
    if mended.row_count:
        print(text("index.mended_rows", language, count=mended.row_count))
    if left:
        print(text("index.not_mended", language, count=len(left), ids=", ".join(map(str, left))), file=sys.stderr)
    for row in mended.left_rows:
        print(text("index.not_mended_row", language, row=row), file=sys.stderr)
    return 1 if left or mended.left_rows else 0


def run_compile(options: argparse.Namespace) -> int:
    """Compile, in the folder where the server will look for it, and print how long it took."""
    language, begin_s = language_of(options), time.monotonic()
    with StageBars(language) as bars:
        bars.show("compile", 0, 1)
        with compiling(lambda: None):
            warm_up_comparison()
        SearchEngines(FaceEngine.QUANTIZED).warm_up([(0, 1)])
        bars.show("compile", 1, 1)
    print(text("index.compiled", language, seconds=round(time.monotonic() - begin_s, 1)))
    return 0


def run_rebuild(options: argparse.Namespace) -> int:
    """Build every index from the store alone and write its files."""
    language = language_of(options)
    with (
        StageBars(language) as bars,
        opened_database(options, progress=bars.report, use_cache=False) as database,
    ):
        report = database.verify(thorough=False)
        database.save()
    for problem in report.problems:
        print(text("index.problem", language, problem=index_told(problem)), file=sys.stderr)
    if report.ok:
        print(text("index.rebuilt", language))
    return 0 if report.ok else 1
