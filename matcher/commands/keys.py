"""station-matcher encrypt, and station-matcher keys new | show | copy | rotate."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.database import EnrollmentDatabase
from index.errors import EncryptionKeyError
from index.folder import LOCK_NAME, SLOTS_NAME, FolderLock, has_store
from index.keys.master_key import new_master_key, read_master_key
from index.keys.opening import has_keys
from index.keys.slots import copy_slots, read_identity, rewrap
from matcher.assembly.keys import database_keys, master_key
from matcher.audit.records import AuditEvent
from matcher.commands.client_options import add_json_option
from matcher.commands.store_options import (
    StageBars,
    add_folder_option,
    data_folder_of,
    language_of,
    record_in_audit,
    reporting,
    storage_of,
)
from matcher.commands.tables import print_json
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `encrypt` and `keys`."""
    encrypt = subparsers.add_parser("encrypt", help=text("help.encrypt", language))
    add_folder_option(encrypt)
    encrypt.set_defaults(run=reporting(run_encrypt))
    actions = subparsers.add_parser("keys", help=text("help.keys", language)).add_subparsers(dest="keys_action")
    show = actions.add_parser("show", help=text("help.keys.show", language))
    add_json_option(show)
    copy = actions.add_parser("copy", help=text("help.keys.copy", language))
    copy.add_argument("file", type=Path, metavar="FILE", help=text("help.keys.copy.file", language))
    rotate = actions.add_parser("rotate", help=text("help.keys.rotate", language))
    rotate.add_argument("new_key", type=Path, metavar="NEW_KEY", help=text("help.keys.rotate.new_key", language))
    for parser, run in ((show, run_show), (copy, run_copy), (rotate, run_rotate)):
        add_folder_option(parser)
        parser.set_defaults(run=reporting(run))


def run_encrypt(options: argparse.Namespace) -> int:
    """Encrypt what is plain, write the files anew, and build the indexes' files again."""
    language, folder = language_of(options), data_folder_of(options)
    if not has_store(folder):
        print(text("keys.no_database", language), file=sys.stderr)
        return 1
    was_begun = has_keys(folder)
    # Taken before a key is made: a server that runs must not find itself with a key and no keys.
    FolderLock(folder / LOCK_NAME).release()
    keys = database_keys(replace(storage_of(options), data_folder=folder), encrypt=True)
    if keys.made is not None:
        print(text("serve.key_made", language, path=keys.made), file=sys.stderr)
    with (
        StageBars(language) as bars,
        EnrollmentDatabase.open(
            folder, create=False, progress=bars.report, master_key=keys.master, encrypt=True
        ) as database,
    ):
        database.save()
    record_in_audit(options, folder, AuditEvent("encrypt", reason="the database was encrypted in place"))
    # One that was begun and interrupted is finished by this very command, which cannot tell it from one that was whole.
    print(text("keys.encrypted_again" if was_begun else "keys.encrypted", language))
    return 0


def run_show(options: argparse.Namespace) -> int:
    """0 where it is encrypted and the key of the settings opens it."""
    language, folder, storage = language_of(options), data_folder_of(options), storage_of(options)
    is_encrypted = has_keys(folder)
    if not is_encrypted and options.json:
        print_json({"has_database": has_store(folder), "is_encrypted": False})
        return 1
    if not is_encrypted:
        print(text("keys.plain" if has_store(folder) else "keys.no_database", language))
        return 1
    _, key_id = read_identity(folder / SLOTS_NAME)
    found = master_key(storage).key_id
    if options.json:
        said = {"key_id": key_id, "settings_key_id": found}
        print_json({"has_database": has_store(folder), "is_encrypted": True, **said})
        return 0 if found == key_id else 1
    print(text("keys.shown", language, key_id=key_id))
    print(text("keys.fits" if found == key_id else "keys.fits_not", language, key_id=found))
    return 0 if found == key_id else 1


def run_copy(options: argparse.Namespace) -> int:
    """Copy the file of slots."""
    folder = data_folder_of(options)
    if not has_keys(folder):
        raise EncryptionKeyError("the database is not encrypted", reason="slots")
    copy_slots(folder / SLOTS_NAME, options.file)
    record_in_audit(options, folder, AuditEvent("copy_keys"))
    print(text("keys.copied", language_of(options)))
    return 0


def run_rotate(options: argparse.Namespace) -> int:
    """Wrap with the new key; the settings must name it from then on."""
    language, folder, storage = language_of(options), data_folder_of(options), storage_of(options)
    if not has_keys(folder):
        raise EncryptionKeyError("the database is not encrypted", reason="slots")
    lock = FolderLock(folder / LOCK_NAME)
    try:
        old = master_key(storage)
        new = read_master_key(options.new_key) if options.new_key.exists() else new_master_key(options.new_key)
        with StageBars(language) as bars:
            rewrap(folder / SLOTS_NAME, old, new, lambda done, total: bars.show("rotate", done, total))
    finally:
        lock.release()
    said = f"master key {old.key_id} was replaced by {new.key_id}"
    record_in_audit(options, folder, AuditEvent("rotate_key", reason=said))
    print(text("keys.rotated", language, old=old.key_id, new=new.key_id))
    return 0
