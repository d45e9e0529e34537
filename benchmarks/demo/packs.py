"""Which packs the demonstration runs with, installed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from matcher.config import load_settings
from matcher.errors import PackError, PackNotFoundError
from matcher.packs.store import PackStatus, PackStore

FINGERPRINT_PACK: Final = "leader"
# In order of preference: built in, from files beside the checkout or from their publishers.
FACE_PACKS: Final = ("face-builtin", "face-open", "opencv-sface")
_MODELS_FOLDER: Final = Path(__file__).resolve().parents[3] / "shared" / "models"


@dataclass(frozen=True, slots=True)
class DemoPacks:
    """Names of ready packs. face_missing: what to tell when there is no face pack."""

    fingerprint: str | None
    face: str | None
    face_missing: str = ""

    def environment(self) -> dict[str, str]:
        """Settings of the server that runs with these packs."""
        return {
            "STATION_MATCHER_PACKS_FINGERPRINT": self.fingerprint or "",
            "STATION_MATCHER_PACKS_FACE": self.face or "",
        }


def prepare_packs(console: Console) -> DemoPacks:
    """Install the fingerprint pack and the first face pack that can be had, saying which."""
    store = PackStore(load_settings().storage.packs_folder)
    try:
        store.install(FINGERPRINT_PACK)
    except PackError as error:
        console.print(f"The fingerprint pack cannot be prepared: {error}", style="red", markup=False)
        return DemoPacks(None, None)
    reasons = []
    for name in FACE_PACKS:
        try:
            if store.state(name).status is not PackStatus.READY:
                store.install(name, from_folder=_MODELS_FOLDER if _MODELS_FOLDER.is_dir() else None)
        except PackNotFoundError:
            continue
        except PackError as error:
            reasons.append(f"  {name}: {error}")
        else:
            console.print(f"Packs: {FINGERPRINT_PACK} and {name}.", markup=False)
            return DemoPacks(FINGERPRINT_PACK, name)
    missing = "\n".join(
        (
            "No face pack could be prepared, so only fingerprints were demonstrated:",
            *reasons,
            "To add faces, on a machine with a network or with the files in a folder (--from FOLDER), run",
            "    station-matcher packs install face-open",
        )
    )
    console.print(f"Packs: {FINGERPRINT_PACK}; no face pack (see the end).", markup=False)
    return DemoPacks(FINGERPRINT_PACK, None, missing)
