"""Files of the product and images for it."""

import contextlib
import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

import matcher
from benchmarks.engines import EngineError
from matcher.errors import ImageFormatError, PackError
from matcher.formats.decode import decode_image
from matcher.packs.manifest import ModelPack
from matcher.packs.store import PackStatus, PackStore, default_packs_folder
from matcher.samples import Image
from matcher.scoring.calibration import Calibration
from matcher.scoring.of_pack import calibration_of

# Models that a developer's checkout has beside it; a pack that is not installed is taken from there.
SHARED_MODELS = Path(__file__).resolve().parent.parent.parent / "shared" / "models"


def pack_store() -> PackStore:
    """The packs of this installation."""
    return PackStore(default_packs_folder(os.environ))


def ready_pack(store: PackStore, name: str) -> ModelPack:
    """The pack, installed from SHARED_MODELS first if need be. Raises PackError."""
    pack = store.get(name)
    if store.state(name).status is PackStatus.MISSING and pack.license_is_permissive and SHARED_MODELS.is_dir():
        with contextlib.suppress(PackError):
            store.install(name, from_folder=SHARED_MODELS)
            print(f"installed pack {name} from the models beside the checkout", file=sys.stderr)
    store.verify(name)
    return pack


def pack_calibration(pack_id: str) -> Calibration:
    """What a pack of this installation scores with. Raises EngineError where it has no calibration."""
    calibration = calibration_of(pack_store().get(pack_id.partition("@")[0]))
    if calibration is None:
        raise EngineError("the pack has no calibration: run `station-matcher calibrate` first")
    return calibration


def read_image(path: Path, *, ppi: float | None) -> Image:
    """The decoded file, through the product's own decoder. Raises the product's ImageError."""
    image_bytes = path.read_bytes()
    try:
        return decode_image(image_bytes, ppi=ppi)
    except ImageFormatError:
        # Research sets come in formats that no station sends (PGM, Sun raster); their pixels are the same in PNG.
        pixels = cv2.imdecode(np.frombuffer(image_bytes, np.uint8), cv2.IMREAD_UNCHANGED) if image_bytes else None
        if pixels is None:
            raise
        return decode_image(bytes(cv2.imencode(".png", pixels)[1]), ppi=ppi)


@lru_cache(maxsize=4)
def extraction_code_key(room: str, *, without: frozenset[str] = frozenset()) -> str:
    """Hex digest that changes whenever the code that extracts does, or its arrays; no stale template is taken for a new
    one.

    room: folder below matcher. without: names of its modules that play no part.
    """
    root = Path(str(matcher.__file__)).parent
    found = sorted(path for kind in ("*.py", "*.npz") for path in (root / room).rglob(kind))
    files = [path for path in found if path.stem not in without]
    digest = hashlib.sha256()
    for path in [*files, root / "formats" / "decode.py", root / "packs" / "session.py"]:
        digest.update(path.name.encode() + path.read_bytes())
    for path in sorted((root / "pack_manifests").rglob("*.toml")):
        digest.update(path.read_bytes().partition(b"[calibration")[0])
    return digest.hexdigest()[:16]
