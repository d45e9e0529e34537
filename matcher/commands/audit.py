"""station-matcher audit verify | begin-anew: whether the audit log is whole, and another one where it is lost."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.database import EnrollmentDatabase
from index.store.opening import peek_log_head
from matcher.audit.changes import ChangeLedger
from matcher.audit.checkpoint import read_checkpoint
from matcher.audit.head import head_path
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.audit.verification import verify_audit_log
from matcher.commands.client_options import add_json_option
from matcher.commands.store_options import (
    StageBars,
    add_folder_option,
    audit_file_of,
    data_folder_of,
    language_of,
    opened_database,
    reporting,
    storage_of,
)
from matcher.commands.tables import print_json
from matcher.config import AUDIT_NAME
from matcher.errors import AuditError
from matcher.texts.catalog import text, told

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Add `audit` to the parser."""
    actions = subparsers.add_parser("audit", help=text("help.audit", language)).add_subparsers(dest="audit_action")
    verify = actions.add_parser("verify", help=text("help.audit.verify", language))
    verify.add_argument("--file", type=Path, metavar="FILE", help=text("help.audit.file", language))
    verify.add_argument("--anchor", type=_anchor, metavar="NUMBER:HASH", help=text("help.audit.anchor", language))
    add_json_option(verify)
    verify.set_defaults(run=reporting(run_verify))
    anew = actions.add_parser("begin-anew", help=text("help.audit.begin_anew", language))
    anew.add_argument("--operator", required=True, help=text("help.audit.operator", language))
    anew.add_argument("--reason", required=True, help=text("help.audit.reason", language))
    add_folder_option(anew)
    anew.set_defaults(run=reporting(run_begin_anew))


def run_verify(options: argparse.Namespace) -> int:
    """Print that the chain is whole and the hash to note, or the first broken record; 1 for a broken chain."""
    language = language_of(options)
    storage = storage_of(options)
    path = _audit_file(options.file) if options.file else storage.audit_file
    # The store knows how far its log had come, which lies elsewhere where the settings say so. Asked before the log is
    # read, which a running server appends to: then the log is never behind.
    folder = storage.data_folder if path == storage.audit_file else path.parent
    with StageBars(language) as bars:
        found = verify_audit_log(
            path,
            anchor=options.anchor,
            noted=peek_log_head(folder),
            progress=lambda done, total: bars.show("verify", done, total),
        )
    if getattr(options, "json", False):
        is_whole = found.first_broken_record is None and found.record_count > 0
        print_json({"is_whole": is_whole, **asdict(found)})
        return 0 if is_whole else 1
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


def _audit_file(given: Path) -> Path:
    """The file, also where its folder was given. Raises AuditError, each cause by its name."""
    if not given.exists():
        raise AuditError(told("audit.no_file"))
    if not given.is_dir():
        return given
    inside = given / AUDIT_NAME
    if not inside.is_file():
        raise AuditError(told("audit.no_log_in_folder", name=AUDIT_NAME))
    return inside


def run_begin_anew(options: argparse.Namespace) -> int:
    """Set the log aside and begin another, which says so; the store knows the new one from then on. A log that is whole
    stays; where the store lost changes that it has, it says from now on who went on without them."""
    language, folder = language_of(options), data_folder_of(options)
    path = audit_file_of(options, folder)
    with opened_database(options) as database:
        if _is_whole(path, database.log_head):
            return _go_on_without_lost(options, database, path)
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


def _go_on_without_lost(options: argparse.Namespace, database: EnrollmentDatabase, path: Path) -> int:
    language = language_of(options)
    with FileAuditLog(path, noted=database.log_head) as audit:
        changes = ChangeLedger(database, audit)
        count = len(changes.lost_changes())
        if not count:
            print(text("audit.nothing_lost", language), file=sys.stderr)
            return 1
        reason = f"{options.reason}; {count} changes of this log are not in the store"
        audit.append(AuditEvent("store_gone_on_with", operator_id=options.operator, reason=reason))
        changes.note_head()
    print(text("audit.store_gone_on_with", language, count=count))
    return 0


def _is_whole(path: Path, noted: str) -> bool:
    """Whether nothing of a log is missing or changed, as far as the store knows."""
    try:
        found = verify_audit_log(path, noted=noted)
    except AuditError:  # it is not there, or a disk that fails does not give it
        return False
    return found.first_broken_record is None and found.record_count > 0


def _anchor(value: str) -> tuple[int, str]:
    number, _, record_hash = value.partition(":")
    if not number.isdigit() or len(record_hash) != 64:
        raise argparse.ArgumentTypeError("usage.anchor")
    return int(number), record_hash
