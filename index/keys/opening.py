"""From a data folder and a master key to the keys of its database."""

from __future__ import annotations

from pathlib import Path

from index.errors import EncryptionKeyError
from index.folder import SLOTS_NAME
from index.keys.core_dumps import forbid_core_dumps
from index.keys.master_key import MasterKey
from index.keys.seals import Seals
from index.keys.slots import KeySlots


def has_keys(folder: Path) -> bool:
    """Whether the database of a folder is encrypted, or is being so."""
    return (folder / SLOTS_NAME).exists()


def open_seals(folder: Path, master: MasterKey | None, *, may_make: bool) -> Seals | None:
    """The keys of the database in folder; None where it is plain. may_make: make them where there are none.

    From then on no memory of this process goes into a core dump. Raises EncryptionKeyError where there are some and no
    master key, or another one.
    """
    path = folder / SLOTS_NAME
    if path.exists():
        if master is None:
            raise EncryptionKeyError("the database is encrypted; give its master key", reason="missing")
        forbid_core_dumps()
        return Seals(KeySlots(path, master))
    if master is None or not may_make:
        return None
    forbid_core_dumps()
    return Seals(KeySlots.create(path, master))
