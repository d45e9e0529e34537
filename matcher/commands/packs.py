"""station-matcher packs list | install NAME | verify [NAME] | remove NAME | export NAME FILE | import FILE."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from matcher.audit.records import AuditEvent
from matcher.commands.store_options import record_in_audit
from matcher.commands.tables import add_row, make_table, print_json, print_table
from matcher.config import Settings
from matcher.errors import PackDownloadError, PackError
from matcher.packs.bundle import export_pack, import_pack
from matcher.packs.install import Progress
from matcher.packs.store import ModelPack, PackStatus, PackStore, default_packs_folder
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Add `packs` to the parser. Each command sets run, a function of the parsed options that returns the exit code;
    options.lang and options.packs_folder, where the caller sets them, choose the language and the folder."""
    packs = subparsers.add_parser("packs", help=text("help.packs", language))
    actions = packs.add_subparsers(dest="packs_action")
    listing = _add(actions, "list", language)
    listing.add_argument("--json", action="store_true", help=text("option.json", language))
    listing.set_defaults(run=run_list)
    install = _add(actions, "install", language)
    install.add_argument("name", metavar="NAME", help=text("help.packs.name", language))
    install.add_argument("--from", dest="from_folder", type=Path, metavar="DIR", help=text("help.packs.from", language))
    install.add_argument("--mirror", metavar="URL", help=text("help.packs.mirror", language))
    install.add_argument("--accept-license", metavar="NAME", help=text("help.packs.accept_license", language))
    install.set_defaults(run=run_install)
    verify = _add(actions, "verify", language)
    verify.add_argument("name", metavar="NAME", nargs="?", help=text("help.packs.name_or_all", language))
    verify.set_defaults(run=run_verify)
    remove = _add(actions, "remove", language)
    remove.add_argument("name", metavar="NAME", help=text("help.packs.name", language))
    remove.set_defaults(run=run_remove)
    export = _add(actions, "export", language)
    export.add_argument("name", metavar="NAME", help=text("help.packs.name", language))
    export.add_argument("file", type=Path, metavar="FILE", help=text("help.packs.write", language))
    export.set_defaults(run=run_export)
    bring = _add(actions, "import", language)
    bring.add_argument("file", type=Path, metavar="FILE", help=text("help.packs.read", language))
    bring.set_defaults(run=run_import)


def _add(actions: Subparsers[CommandParser], name: str, language: str) -> CommandParser:
    parser = actions.add_parser(name, help=text(f"help.packs.{name}", language))
    parser.add_argument(
        "--packs-folder",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=text("help.packs.folder", language),
    )
    return parser


def pack_store(options: argparse.Namespace) -> PackStore:
    """The store of the folder in options.packs_folder, or of the default folder."""
    return PackStore(getattr(options, "packs_folder", None) or default_packs_folder())


def language_of(options: argparse.Namespace) -> str:
    """The language of options.lang, English where the caller sets none."""
    return str(getattr(options, "lang", None) or "en")


def run_list(options: argparse.Namespace) -> int:
    """Print one row per pack."""
    language, store = language_of(options), pack_store(options)
    if options.json:
        print_json([_plain(pack, store) for pack in store.manifests()])
        return 0
    table = make_table(("pack", "modality", "state", "license", "size"), language)
    # Packs differ in the last letters of their names, and a license is accepted by its whole name.
    table.columns[0].no_wrap, table.columns[3].overflow = True, "fold"
    for pack in store.manifests():
        size_mb = sum(entry.size_bytes for entry in pack.files) / 1e6
        state = text(store.state(pack.name).status.value, language)
        add_row(table, pack.pack_id, text(pack.modality.value, language), state, pack.license, f"{size_mb:.1f} MB")
    print_table(table)
    return 0


def _plain(pack: ModelPack, store: PackStore) -> dict[str, object]:
    return {
        "pack_id": pack.pack_id,
        "name": pack.name,
        "modality": pack.modality.value,
        "state": store.state(pack.name).status.value,
        "license": pack.license,
        "size_bytes": sum(entry.size_bytes for entry in pack.files),
        "operational": pack.is_operational,
    }


def run_install(options: argparse.Namespace) -> int:
    """Install one pack with a progress bar; 1 and one line on stderr where it fails."""
    language = language_of(options)
    try:
        if pack_store(options).state(options.name).status is PackStatus.READY:
            print(text("already_ready", language, name=options.name))
            return 0
        with _progress_bar() as report:
            pack_store(options).install(
                options.name,
                from_folder=options.from_folder,
                mirror=_mirror(options),
                accept_license=options.accept_license,
                progress=report,
            )
    except (PackError, OSError) as error:
        return _failed(error, language)
    _record(options, "install_pack")
    print(text("installed", language, name=options.name))
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Check one pack, or all that are not missing."""
    language, store = language_of(options), pack_store(options)
    try:
        names = [options.name] if options.name else _present(store)
        for name in names:
            store.verify(name)
            print(text("verified", language, name=name))
    except PackError as error:
        return _failed(error, language)
    return 0


def run_remove(options: argparse.Namespace) -> int:
    """Delete what was installed for one pack."""
    language = language_of(options)
    try:
        pack_store(options).remove(options.name)
    except (PackError, OSError) as error:
        return _failed(error, language)
    _record(options, "remove_pack")
    is_there = pack_store(options).state(options.name).status is PackStatus.READY
    print(text("removed_but_shipped" if is_there else "removed", language, name=options.name))
    return 0


def _record(options: argparse.Namespace, action: str, pack_id: str = "") -> None:
    """Which packs a service scores with is for its audit log to tell, once it has one."""
    settings: Settings | None = getattr(options, "settings", None)
    if settings is not None and settings.storage.audit_file.is_file():
        pack_id = pack_id or pack_store(options).manifest(options.name).pack_id
        record_in_audit(options, settings.storage.data_folder, AuditEvent(action, pack_ids=(pack_id,)))


def run_export(options: argparse.Namespace) -> int:
    """Write one pack to a file."""
    language = language_of(options)
    try:
        with _progress_bar() as report:
            pack = export_pack(pack_store(options), options.name, options.file, report)
    except (PackError, OSError) as error:
        return _failed(error, language)
    print(text("exported", language, pack=pack.pack_id, file=options.file, license=pack.license))
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Install one pack from a file."""
    language = language_of(options)
    try:
        with _progress_bar() as report:
            pack = import_pack(pack_store(options), options.file, report)
    except (PackError, OSError) as error:
        return _failed(error, language)
    _record(options, "import_pack", pack.pack_id)
    print(text("imported", language, pack=pack.pack_id, license=pack.license))
    return 0


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    """What reports progress on stderr, a line for each file."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, int] = {}

        def report(file_name: str, done_bytes: int, total_bytes: int) -> None:
            if file_name not in tasks:
                tasks[file_name] = int(bar.add_task(escape(visible(file_name)), total=total_bytes))
            bar.update(tasks[file_name], completed=done_bytes)  # type: ignore[arg-type]

        yield report


def _mirror(options: argparse.Namespace) -> str:
    """The mirror of the command line, else of the settings; "" for the publishers' own addresses."""
    settings = getattr(options, "settings", None)
    return str(options.mirror or (settings.packs.mirror if settings else ""))


def _present(store: PackStore) -> list[str]:
    return [pack.name for pack in store.manifests() if store.state(pack.name).status is not PackStatus.MISSING]


def _failed(error: Exception, language: str) -> int:
    print(text("failed", language, reason=error), file=sys.stderr)
    if isinstance(error, PackDownloadError):
        print(text("failed_download", language), file=sys.stderr)
    return 1
