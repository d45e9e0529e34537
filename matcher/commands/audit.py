"""station-matcher audit verify: whether the audit log is whole, also while the server appends to it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.audit.verification import verify_audit_log
from matcher.commands.store_options import language_of, reporting, storage_of
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.store_options import Subparsers


def add_commands(subparsers: Subparsers) -> None:
    """Add `audit` to the parser."""
    actions = subparsers.add_parser("audit", help="check the audit log").add_subparsers(
        dest="audit_action", required=True
    )
    verify = actions.add_parser("verify", help="check every record and its place in the chain")
    verify.add_argument("--file", type=Path, help="the audit file; without it the one of the settings")
    verify.add_argument(
        "--anchor", type=_anchor, metavar="NUMBER:HASH", help="a record number and its hash, noted earlier elsewhere"
    )
    verify.set_defaults(run=reporting(run_verify))


def run_verify(options: argparse.Namespace) -> int:
    """Print that the chain is whole and the hash to note, or the first broken record; 1 for a broken chain."""
    language = language_of(options)
    found = verify_audit_log(options.file or storage_of(options).audit_file, anchor=options.anchor)
    if not found.head_checked:
        print(text("audit.no_head", language), file=sys.stderr)
    if found.recovered_count:
        print(text("audit.recovered", language, count=found.recovered_count))
    if found.first_broken_record is not None:
        reason = text(f"audit.{found.reason}", language)
        broken = text(
            "audit.broken", language, number=found.first_broken_record, reason=reason, count=found.record_count
        )
        print(broken, file=sys.stderr)
        return 1
    if found.record_count == 0:
        print(text("audit.empty", language))
    else:
        print(text("audit.whole", language, count=found.record_count, hash=found.last_hash))
    return 0


def _anchor(value: str) -> tuple[int, str]:
    number, _, record_hash = value.partition(":")
    if not number.isdigit() or len(record_hash) != 64:
        raise argparse.ArgumentTypeError("NUMBER:HASH, as audit verify printed it")
    return int(number), record_hash
