"""station-matcher backup | restore | verify-backup: a copy of the store while it serves, and the way back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from index.backup.backup import NO_DELETIONS, CheckedBackup, back_up, check_backup, read_summary, restore
from index.backup.sealed_stream import new_key_file
from index.database import EnrollmentDatabase
from index.errors import EncryptionKeyError
from index.keys.slots import read_identity
from matcher.assembly.keys import master_key
from matcher.audit.deletions import read_deletions
from matcher.audit.log import recorded_changes
from matcher.audit.records import AuditEvent
from matcher.commands.client_options import add_json_option
from matcher.commands.store_options import (
    StageBars,
    add_folder_option,
    add_key_option,
    data_folder_of,
    key_of,
    language_of,
    opened_database,
    record_in_audit,
    reporting,
    storage_of,
)
from matcher.commands.tables import print_json
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Add the three commands to the parser."""
    backup = subparsers.add_parser("backup", help=text("help.backup", language))
    backup.add_argument("file", type=Path, nargs="?", metavar="FILE", help=text("help.backup.file", language))
    backup.add_argument("--new-key", type=Path, metavar="FILE", help=text("help.backup.new_key", language))
    backup.add_argument("--scratch", type=Path, metavar="DIR", help=text("help.backup.scratch", language))
    add_folder_option(backup)
    add_key_option(backup)
    add_json_option(backup)
    backup.set_defaults(run=reporting(run_backup))
    again = subparsers.add_parser("restore", help=text("help.restore", language))
    again.add_argument("file", type=Path, metavar="FILE", help=text("option.backup_file", language))
    again.add_argument("--audit", type=Path, metavar="FILE", help=text("help.restore.audit", language))
    again.add_argument("--keys", type=Path, metavar="FILE", help=text("help.restore.keys", language))
    again.add_argument("--without-missing-keys", action="store_true", help=text("help.restore.without_keys", language))
    add_folder_option(again)
    add_key_option(again, may_do_without=True)
    again.set_defaults(run=reporting(run_restore))
    verify = subparsers.add_parser("verify-backup", help=text("help.verify_backup", language))
    verify.add_argument("file", type=Path, metavar="FILE", help=text("option.backup_file", language))
    add_key_option(verify, may_do_without=True)
    add_json_option(verify)
    verify.set_defaults(run=reporting(run_verify_backup))


def run_backup(options: argparse.Namespace) -> int:
    """Write one backup, or a key file."""
    language = language_of(options)
    if options.new_key is not None:
        new_key_file(options.new_key)
        print(text("backup.key_made", language))
        return 0
    if options.file is None:
        print(text("backup.usage", language), file=sys.stderr)
        return 2
    with StageBars(language) as bars:
        written = back_up(
            data_folder_of(options),
            options.file,
            key=key_of(options),
            scratch=options.scratch,
            progress=lambda done, total: bars.show("backup", done, total),
        )
    record_in_audit(options, data_folder_of(options), _event("backup", written))
    _tell("backup.written", written, options)
    return 0


def run_restore(options: argparse.Namespace) -> int:
    """Restore without what the audit log says was deleted since, and build the indexes."""
    language, folder = language_of(options), data_folder_of(options)
    _require_fitting_key(options)
    deletions = NO_DELETIONS
    if options.audit is not None:
        log_head = read_summary(options.file, key=key_of(options)).log_head
        deletions = read_deletions(options.audit, at_least=log_head)
        if not log_head:
            print(text("restore.no_head", language), file=sys.stderr)
    with StageBars(language) as bars:
        bars.show("restore", 0, None)
        restored = restore(
            options.file,
            folder,
            key=key_of(options),
            deletions=deletions,
            key_slots=options.keys,
            may_lose=options.without_missing_keys,
        )
    print(_told("restore.done", restored.backup, language))
    lost = restored.without_key
    if lost is not None and (lost.subject_count or lost.reference_count):
        print(text("restore.without_key", language, subjects=lost.subject_count, references=lost.reference_count))
    if options.audit is None:
        print(text("restore.no_audit", language))
    else:
        counts = restored.deleted
        print(text("restore.deleted_again", language, subjects=counts.subject_count, references=counts.reference_count))
    with StageBars(language) as bars, opened_database(options, progress=bars.report) as database:
        _settle_recorded(database, options.audit)
    record_in_audit(options, folder, _event("restore", restored.backup))
    return 0


def _require_fitting_key(options: argparse.Namespace) -> None:
    """The master key must open the copy of the keys, or nothing could open what would be restored. Raises
    EncryptionKeyError."""
    if options.keys is None:
        return
    try:
        _, key_id = read_identity(options.keys)
    except EncryptionKeyError:
        return  # The restore says what is wrong with this file.
    if master_key(storage_of(options)).key_id != key_id:
        raise EncryptionKeyError("the copy of the keys is of another master key", reason="wrong")


def run_verify_backup(options: argparse.Namespace) -> int:
    """Check one backup."""
    with StageBars(language_of(options)) as bars:
        bars.show("verify", 0, None)
        checked = check_backup(options.file, key=key_of(options))
    _tell("backup.whole", checked, options)
    return 0


def _settle_recorded(database: EnrollmentDatabase, audit_file: Path | None) -> None:
    """What the backup still owed and the log that came with it has."""
    ids = {f"{owed.owed_id:016x}": owed.owed_id for owed in database.owed_records()}
    if ids and audit_file is not None:
        database.settle([ids[found] for found in recorded_changes(audit_file, frozenset(ids))], at_once=True)


def _event(action: str, backup: CheckedBackup) -> AuditEvent:
    summary = backup.summary
    said = f"{summary.subject_count} subjects, {summary.reference_count} references, made {backup.header.create_time}"
    return AuditEvent(action, reason=f"{said}, {'encrypted' if backup.header.encrypted else 'not encrypted'}")


def _tell(code: str, backup: CheckedBackup, options: argparse.Namespace) -> None:
    if not getattr(options, "json", False):
        print(_told(code, backup, language_of(options)))
        return
    summary, header = backup.summary, backup.header
    print_json(
        {
            "subject_count": summary.subject_count,
            "reference_count": summary.reference_count,
            "size_bytes": summary.size_bytes,
            "create_time": header.create_time,
            "is_sealed": header.encrypted,
        }
    )


def _told(code: str, backup: CheckedBackup, language: str) -> str:
    return text(
        code,
        language,
        subjects=backup.summary.subject_count,
        references=backup.summary.reference_count,
        size=f"{backup.summary.size_bytes / 1e6:.1f}",
        time=backup.header.create_time,
        sealed=text("backup.encrypted" if backup.header.encrypted else "backup.plain", language),
    )
