"""station-matcher audit verify | begin-anew: whether the audit log is whole, and another one where it is lost."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.store.opening import peek_log_head
from matcher.audit.changes import ChangeLedger
from matcher.audit.checkpoint import read_checkpoint
from matcher.audit.head import head_path
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.audit.verification import verify_audit_log
from matcher.commands.store_options import (
    add_folder_option,
    audit_file_of,
    data_folder_of,
    language_of,
    opened_database,
    reporting,
    storage_of,
)
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
    anew = actions.add_parser("begin-anew", help="set a lost or damaged log aside and begin another, which says so")
    anew.add_argument("--operator", required=True, help="who decides this; written to the new log")
    anew.add_argument("--reason", required=True, help="what happened to the log; written to the new log")
    add_folder_option(anew)
    anew.set_defaults(run=reporting(run_begin_anew))


def run_verify(options: argparse.Namespace) -> int:
    """Print that the chain is whole and the hash to note, or the first broken record; 1 for a broken chain."""
    language = language_of(options)
    storage = storage_of(options)
    path = options.file or storage.audit_file
    # The store knows how far its log had come, which lies elsewhere where the settings say so. Asked before the log is
    # read, which a running server appends to: then the log is never behind.
    folder = storage.data_folder if path == storage.audit_file else path.parent
    found = verify_audit_log(path, anchor=options.anchor, noted=peek_log_head(folder))
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
        # A server writes its first record when it starts: this is another folder, or somebody emptied the log.
        print(text("audit.empty", language), file=sys.stderr)
        return 1
    print(text("audit.whole", language, count=found.record_count, hash=found.last_hash))
    return 0


def run_begin_anew(options: argparse.Namespace) -> int:
    """Set the log aside and begin another, which says so; the store knows the new one from then on."""
    language, folder = language_of(options), data_folder_of(options)
    path = audit_file_of(options, folder)
    with opened_database(options) as database:
        known = read_checkpoint(database.log_head)
        mark = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for old in (path, head_path(path)):
            if old.exists():
                old.rename(old.with_name(f"{old.name}.set-aside-{mark}"))
        last = "none" if known is None else f"{known.point.sequence}:{known.point.record_hash}"
        with FileAuditLog(path) as audit:
            reason = f"{options.reason}; the store knew as last record {last}"
            audit.append(AuditEvent("audit_begun_anew", operator_id=options.operator, reason=reason))
            ChangeLedger(database, audit).pay_at_start()
    print(text("audit.begun_anew", language, path=path))
    return 0


def _anchor(value: str) -> tuple[int, str]:
    number, _, record_hash = value.partition(":")
    if not number.isdigit() or len(record_hash) != 64:
        raise argparse.ArgumentTypeError("NUMBER:HASH, as audit verify printed it")
    return int(number), record_hash
