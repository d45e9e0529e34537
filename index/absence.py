"""Proof of deletion: nothing of a subject is left in the store, the indexes or the bytes of the folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from index.folder import STORE_NAME, database_files
from index.receipts import AbsenceReport
from index.store.protocol import Store

_BLOCK_BYTES = 1 << 22


def find_traces(
    folder: Path,
    store: Store,
    subject_id: str,
    reference_ids: Sequence[int],
    *,
    known_in: tuple[str, ...],
    in_files: bool,
) -> AbsenceReport:
    """Search rows by id, and where in_files the bytes of every file of the folder for the subject id, which is random.

    The bytes of vectors and names leave together with those of the id: they lie in the same rows, overwritten by the
    same deletion (secure_delete), in the same log, which is emptied, and in the same unused space, which is cleaned.
    """
    found_in = list(known_in)
    if store.holds(subject_id, reference_ids):
        found_in.append("store")
    needle = subject_id.encode()
    # The store looks into its own files: whoever closes a file takes the locks on it from all of the process.
    others = [path for path in database_files(folder) if not path.name.startswith(STORE_NAME)] if in_files else []
    if in_files and subject_id and (store.contains(needle) or any(contains(path, needle) for path in others)):
        found_in.append("file")
    if not store.is_scrubbed:
        found_in.append("log")
    return AbsenceReport(not found_in, tuple(found_in))


def contains(path: Path, needle: bytes) -> bool:
    """Whether the bytes of a file contain needle. A file that vanishes meanwhile does not."""
    try:
        with path.open("rb") as file:
            tail = b""
            while block := file.read(_BLOCK_BYTES):
                if needle in tail + block:
                    return True
                tail = block[-len(needle) :]
    except FileNotFoundError:
        return False
    return False
