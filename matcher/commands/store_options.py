"""What the commands on the store and the audit log share: folders from the settings, progress, failures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from index import errors
from index.backup.sealed_stream import read_key_file
from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from index.receipts import OpenProgress, ReportProgress
from index.store.opening import peek_log_head
from matcher.assembly.keys import DatabaseKeys, database_keys
from matcher.audit.notices import record_command
from matcher.audit.records import AuditEvent
from matcher.config import Settings, StorageSettings, load_settings
from matcher.errors import AuditError, MatcherError
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser

Command = Callable[[argparse.Namespace], int]

_TEXT_OF_ERROR: Final[tuple[tuple[type[Exception], str], ...]] = (
    (errors.DatabaseLockedError, "error.locked"),
    (errors.DatabaseFullError, "error.full"),
    (errors.DatabaseWriteError, "error.write"),
    (errors.DatabaseDamagedError, "error.damaged"),
    (errors.SchemaError, "error.schema"),
    (AuditError, "error.audit"),
)


def add_folder_option(parser: CommandParser) -> None:
    """--data-folder, without which the settings say where the database lies."""
    said = text("option.data_folder", parser.language)
    parser.add_argument("--data-folder", type=Path, metavar="DIR", default=argparse.SUPPRESS, help=said)


def add_key_option(parser: CommandParser, *, may_do_without: bool = False) -> None:
    """--key-file, without which the settings say whether there is a key. may_do_without: also --no-key."""
    choice = parser.add_mutually_exclusive_group()
    said = text("option.key_file", parser.language)
    choice.add_argument("--key-file", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=said)
    if may_do_without:
        choice.add_argument("--no-key", action="store_true", help=text("option.no_key", parser.language))


def key_of(options: argparse.Namespace) -> bytes | None:
    """The key of add_key_option. Raises BackupError."""
    if getattr(options, "no_key", False):
        return None
    path = getattr(options, "key_file", None) or storage_of(options).backup_key_file
    return None if path is None else read_key_file(path)


def storage_of(options: argparse.Namespace) -> StorageSettings:
    """The storage section of options.settings, or of the default settings where the caller sets none."""
    settings: Settings = getattr(options, "settings", None) or load_settings()
    return settings.storage


def data_folder_of(options: argparse.Namespace) -> Path:
    """--data-folder, else what the settings say."""
    given = getattr(options, "data_folder", None)
    return Path(given) if given else storage_of(options).data_folder


def opened_database(
    options: argparse.Namespace, *, progress: ReportProgress | None = None, use_cache: bool = True
) -> EnrollmentDatabase:
    """The database of the data folder, which is there, with its key. Raises DatabaseError."""
    return EnrollmentDatabase(
        data_folder_of(options),
        create=False,
        progress=progress,
        use_cache=use_cache,
        master_key=keys_of(options).master,
    )


def keys_of(options: argparse.Namespace) -> DatabaseKeys:
    """Of the database of the data folder, which stays plain if it is. Raises EncryptionKeyError."""
    return database_keys(replace(storage_of(options), data_folder=data_folder_of(options), encrypt="never"))


def audit_file_of(options: argparse.Namespace, folder: Path) -> Path:
    """The audit file of a data folder: where the settings put it, or in the folder where that is another one."""
    return storage_of(options).with_data_folder(folder).audit_file


def record_in_audit(options: argparse.Namespace, folder: Path, event: AuditEvent) -> None:
    """The command's own record, in the log of a data folder. Where that cannot be, say so: the work is done."""
    try:
        record_command(audit_file_of(options, folder), event, noted=peek_log_head(folder))
    except (AuditError, DatabaseError) as error:
        print(text("audit.not_recorded", language_of(options), reason=error), file=sys.stderr)


def language_of(options: argparse.Namespace) -> str:
    """The language of options.lang, English where the caller sets none."""
    return str(getattr(options, "lang", None) or "en")


def reporting(command: Command) -> Command:
    """The command with its failures told in one line on stderr and exit code 1."""

    def run(options: argparse.Namespace) -> int:
        try:
            return command(options)
        except (DatabaseError, MatcherError) as error:
            print(failure_text(error, language_of(options)), file=sys.stderr)
            return 1

    return run


def failure_text(error: Exception, language: str) -> str:
    """What a technician is told: more than a client over the wire, since it is their own machine."""
    if isinstance(error, errors.BackupError):
        return text(f"error.backup.{error.reason}", language, reason=error)
    if isinstance(error, errors.EncryptionKeyError):
        return text(f"error.key.{error.reason}", language, reason=error)
    code = next((code for kind, code in _TEXT_OF_ERROR if isinstance(error, kind)), "error.other")
    return text(code, language, reason=error)


class StageBars(Progress):
    """One bar a stage on stderr, gone when all is done; none where stderr is not a terminal."""

    def __init__(self, language: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        console = Console(stderr=True)
        super().__init__(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._language = language
        self._bars: dict[str, object] = {}

    def show(self, stage: str, done_count: int, total_count: int | None) -> None:
        """Move the bar of a stage; total_count None: how much there is to do is not known."""
        if stage not in self._bars:
            self._bars[stage] = self.add_task(text(f"stage.{stage}", self._language), total=total_count)
        self.update(self._bars[stage], completed=done_count, total=total_count)  # type: ignore[arg-type]

    @property
    def report(self) -> ReportProgress:
        """For EnrollmentDatabase.open and rebuild."""

        def report(progress: OpenProgress) -> None:
            self.show(progress.stage, progress.done_count, progress.total_count)

        return report
