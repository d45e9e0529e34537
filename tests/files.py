"""What stands in the bytes of a folder."""

from __future__ import annotations

from pathlib import Path

from index.absence import contains


def files_with(folder: Path, needle: bytes) -> list[str]:
    """Names of the files anywhere below folder whose bytes contain needle, ascending. A process may replace files
    meanwhile: those that vanish do not count."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and contains(path, needle))
