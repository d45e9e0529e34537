"""station-matcher index verify | rebuild | mend | compile: whether the indexes hold what the store holds, mending
either, and compiling what searches them."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from index.backup.backup import mend
from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine
from matcher.assembly.compiling import compiling
from matcher.commands.store_options import (
    StageBars,
    add_folder_option,
    add_key_option,
    data_folder_of,
    key_of,
    keys_of,
    language_of,
    opened_database,
    reporting,
)
from matcher.fingerprint.comparison.compare import warm_up as warm_up_comparison
from matcher.texts.catalog import index_told, text

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
    if report.ok:
        print(text("index.whole", language, subjects=report.subject_count, references=report.reference_count))
        return 0
    for problem in report.problems:
        print(text("index.problem", language, problem=index_told(problem)), file=sys.stderr)
    print(text("index.mend", language), file=sys.stderr)
    return 1


def run_mend(options: argparse.Namespace) -> int:
    """Print which references are whole again, and 1 where some are not."""
    language = language_of(options)
    folder = data_folder_of(options)
    mended, left = mend(options.file, folder, key=key_of(options), master_key=keys_of(options).master)
    print(text("index.mended", language, count=len(mended), ids=", ".join(map(str, mended)) or "-"))
    if left:
        print(text("index.not_mended", language, count=len(left), ids=", ".join(map(str, left))), file=sys.stderr)
    return 1 if left else 0


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
