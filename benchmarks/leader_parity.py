"""Our ONNX graphs of LEADER against the original in Keras, on real prints.

Needs the extra `parity` (keras and a backend) beside pyfing. The original's maps are compared with those of our exact
graph, pixel by pixel, and its minutiae with those of our fast graph, one by one.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets import ImageFile, read_dataset
from benchmarks.product_files import pack_store, read_image
from matcher.fingerprint.foreground import background_level, cut, whole_window
from matcher.fingerprint.leader_build import GraphVariant, build_leader_graph
from matcher.fingerprint.leader_peaks import PEAK_FLOOR
from matcher.fingerprint.maps import run_leader
from matcher.fingerprint.resolution import gray_at_500_ppi
from matcher.samples import Uint8Array
from matcher.session import OnnxSession

# A direction means something where a minutia is.
_MINUTIA_POSITION = 0.1


@dataclass(frozen=True, slots=True)
class Difference:
    """Largest absolute differences on one image: position and ending in [0, 1], direction in radians (where position
    is above 0.1). missed, added: minutiae of the original without one of ours at the same pixel, and the reverse;
    minutia_count: of the original."""

    position: float
    direction_rad: float
    ending: float
    minutia_count: int
    missed: int
    added: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of FINGER_IMPRESSION images")
    parser.add_argument("--images", type=int, default=10, help="images of each folder, evenly spread")


def run(args: argparse.Namespace) -> int:
    """Prints a line a folder; 1 where the exact graph differs by more than float32 rounding explains."""
    weights = pack_store().file("leader", "LEADER.weights.h5")
    exact, fast = (
        OnnxSession(build_leader_graph(weights, variant)) for variant in (GraphVariant.EXACT, GraphVariant.FAST)
    )
    original = _original()
    worst = 0.0
    for folder in args.data:
        found = [
            _difference(_padded(file), original, exact, fast)
            for file in _spread(read_dataset(folder, fingerprints=True).files, args.images)
        ]
        position, direction, ending = (
            max(getattr(one, name) for one in found) for name in ("position", "direction_rad", "ending")
        )
        minutiae, missed, added = (
            sum(getattr(one, name) for one in found) for name in ("minutia_count", "missed", "added")
        )
        print(
            f"{folder.name}: {len(found)} images, largest difference position {position:.1e}, direction "
            f"{direction:.1e} rad, ending {ending:.1e}; {minutiae} minutiae, {missed} missed, {added} added"
        )
        worst = max(worst, position, ending)
    return 0 if worst < 1e-4 else 1


def _original() -> Any:
    try:
        from pyfing.minutiae_end_to_end import Leader  # noqa: PLC0415  wants Keras, which only this tool may need
    except ImportError as error:
        raise SystemExit(f"the original needs Keras: pip install 'station-matcher[parity]' ({error})") from error
    return Leader().model


def _padded(file: ImageFile) -> Uint8Array:
    pixels = gray_at_500_ppi(read_image(file.path, ppi=file.ppi))
    return cut(pixels, whole_window(pixels.shape[1], pixels.shape[0]), background_level(pixels))


def _difference(pixels: Uint8Array, original: Any, exact: OnnxSession, fast: OnnxSession) -> Difference:
    theirs = np.asarray(original(pixels[None, ..., None], training=False))[0]
    position, _, direction, ending = (map_[0] for map_ in exact.run({"image": pixels[None, None]}))
    turn = np.arctan2(direction[1], direction[0]) - theirs[..., 1]
    turn = np.abs(np.mod(turn + np.pi, 2 * np.pi) - np.pi)
    ours = run_leader(fast, pixels)
    ours_at = set(zip(ours.row.tolist(), ours.column.tolist(), strict=True))
    theirs_at = set(zip(*(axis.tolist() for axis in np.nonzero(theirs[..., 3] >= PEAK_FLOOR)), strict=True))
    return Difference(
        position=float(np.abs(position[0] - theirs[..., 0]).max()),
        direction_rad=float(turn[theirs[..., 0] > _MINUTIA_POSITION].max(initial=0.0)),
        ending=float(np.abs(ending[0] - theirs[..., 2]).max()),
        minutia_count=len(theirs_at),
        missed=len(theirs_at - ours_at),
        added=len(ours_at - theirs_at),
    )


def _spread(files: Sequence[ImageFile], count: int) -> Sequence[ImageFile]:
    return files[:: max(1, len(files) // count)][:count]
