"""The master key that the settings name: where it comes from, and when one is made."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from index.errors import EncryptionKeyError
from index.folder import has_store
from index.keys.master_key import MasterKey, new_master_key, parse_master_key, read_master_key
from index.keys.opening import has_keys
from matcher.config import StorageSettings

# A key service answers in seconds; a command that waits for somebody to type would keep the server from starting.
COMMAND_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class DatabaseKeys:
    """With which key a database is opened. encrypt: it is to be encrypted now. made: the file of a key that is new."""

    master: MasterKey | None = None
    encrypt: bool = False
    made: Path | None = None


def database_keys(storage: StorageSettings, *, encrypt: bool = False) -> DatabaseKeys:
    """For the database of storage.data_folder: the key of one that is encrypted, or was begun to be; for a new one,
    where the settings do not say "never", that of the settings, made if need be. A plain one stays plain unless encrypt
    is true or the settings say "always". Raises EncryptionKeyError."""
    folder = storage.data_folder
    if has_keys(folder):
        return DatabaseKeys(master_key(storage), encrypt=True)
    is_wanted = encrypt or storage.encrypt == "always" or (storage.encrypt == "new" and not has_store(folder))
    if not is_wanted:
        return DatabaseKeys()
    is_to_make = not storage.master_key and not storage.master_key_command and not storage.master_key_file.exists()
    if is_to_make:
        return DatabaseKeys(new_master_key(storage.master_key_file), encrypt=True, made=storage.master_key_file)
    return DatabaseKeys(master_key(storage), encrypt=True)


def master_key(storage: StorageSettings) -> MasterKey:
    """The key of the settings: the text itself, what the command prints, or what the file holds, the first that is
    set. Raises EncryptionKeyError."""
    if storage.master_key:
        return parse_master_key(storage.master_key)
    if storage.master_key_command:
        return parse_master_key(_printed(storage.master_key_command))
    if not storage.master_key_file.exists():
        raise EncryptionKeyError("the master key file is not there; put it back from its copy", reason="missing")
    return read_master_key(storage.master_key_file)


def _printed(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the words of the settings, and no shell
            shlex.split(command), stdout=subprocess.PIPE, check=True, timeout=COMMAND_TIMEOUT_S, encoding="ascii"
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # What it printed may be a key, and so is not told.
        raise EncryptionKeyError(
            f"the command of the master key failed ({type(error).__name__})", reason="command"
        ) from None
    return done.stdout
