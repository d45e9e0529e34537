"""Extracted samples on disk, so that a second run compares at once. Kept outside the repository: real persons'."""

import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.engines import Extracted


def default_cache_folder() -> Path:
    """XDG_CACHE_HOME/station-matcher/benchmarks, or ~/.cache in its place."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "station-matcher" / "benchmarks"


KEPT_DAYS = 7  # templates made by other code than today's; they are real persons', so they do not pile up


class TemplateCache:
    """Samples by the SHA-256 of the image file, ppi, pack and extraction code. Safe for several processes.

    folder: None keeps nothing.
    """

    def __init__(self, folder: Path | None, *, pack_id: str, code_key: str) -> None:
        self._folder = None if folder is None else folder / f"{pack_id}-{code_key}"
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _remove_stale(self._folder, pack_id)

    def read(self, image_path: Path, ppi: float | None) -> Extracted | None:
        """The sample, or None if it must be extracted."""
        path = self._path(image_path, ppi)
        if path is None or not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                return Extracted(
                    str(stored["failure"]), int(stored["quality"]), stored["vectors"], stored["minutiae"].tobytes()
                )
        except (OSError, ValueError, KeyError, EOFError):
            path.unlink(missing_ok=True)  # a run was killed while writing, or the disk is at fault
            return None

    def write(self, image_path: Path, ppi: float | None, sample: Extracted) -> None:
        path = self._path(image_path, ppi)
        if path is None:
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            np.savez(
                file,
                failure=sample.failure,
                quality=sample.quality,
                vectors=sample.vectors,
                minutiae=np.frombuffer(sample.minutiae, np.uint8),
            )
        Path(file.name).replace(path)

    def _path(self, image_path: Path, ppi: float | None) -> Path | None:
        if self._folder is None:
            return None
        digest = hashlib.sha256(image_path.read_bytes()).hexdigest()
        return self._folder / f"{digest}-{0 if ppi is None else round(ppi)}.npz"


def _remove_stale(folder: Path, pack_id: str) -> None:
    oldest = time.time() - KEPT_DAYS * 86_400
    for other in folder.parent.glob(f"{pack_id}-*"):
        if other != folder and other.is_dir() and other.stat().st_mtime < oldest:
            shutil.rmtree(other, ignore_errors=True)
