"""Our ONNX graphs of LEADER against the original in Keras, on real prints.

Needs the extra `parity` (keras and a backend) beside pyfing. The original's maps are compared with those of our exact
graph, pixel by pixel, and its minutiae with those of our other two graphs, by pixel and value.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets import ImageFile, read_dataset
from benchmarks.product_files import pack_store, read_image
from index.records import Int64Array
from matcher.fingerprint.foreground import background_level, cut, whole_window
from matcher.fingerprint.leader_build import GraphVariant, build_leader_graph
from matcher.fingerprint.leader_peaks import PEAK_FLOOR
from matcher.fingerprint.maps import run_leader
from matcher.fingerprint.resolution import gray_at_500_ppi
from matcher.samples import Uint8Array
from matcher.session import OnnxSession

TOLERANCE = 1e-4
# A direction means something where a minutia is.
_MINUTIA_POSITION = 0.1


@dataclass(frozen=True, slots=True)
class Difference:
    """Largest absolute differences on one image: position and ending in [0, 1], direction in radians (where position
    is above 0.1). minutia_count: of the original; *_changed: minutiae of one without one of the other at that pixel."""

    position: float
    direction_rad: float
    ending: float
    minutia_count: int
    whole_changed: int
    fast_changed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of FINGER_IMPRESSION images")
    parser.add_argument("--images", type=int, default=10, help="images of each folder, evenly spread")


def run(args: argparse.Namespace) -> int:
    """Prints a line a folder; 1 where the exact graph differs by more than float32 rounding explains."""
    weights = pack_store().file("leader", "LEADER.weights.h5")
    graphs = {variant: OnnxSession(build_leader_graph(weights, variant)) for variant in GraphVariant}
    original = _original()
    worst = 0.0
    for folder in args.data:
        files = _spread(read_dataset(folder, fingerprints=True).files, args.images)
        found = [_difference(_padded(file), original, graphs) for file in files]
        position, direction, ending = (
            max(getattr(one, name) for one in found) for name in ("position", "direction_rad", "ending")
        )
        minutiae, whole, fast = (
            sum(getattr(one, name) for one in found) for name in ("minutia_count", "whole_changed", "fast_changed")
        )
        print(
            f"{folder.name}: {len(found)} images, largest difference position {position:.1e}, direction "
            f"{direction:.1e} rad, ending {ending:.1e}; of {minutiae} minutiae {whole} changed in the whole graph, "
            f"{fast} in the fast one"
        )
        worst = max(worst, position, ending)
    return 0 if worst < TOLERANCE else 1


def _original() -> Any:
    try:
        from pyfing.minutiae_end_to_end import Leader  # noqa: PLC0415  wants Keras, which only this tool may need
    except ImportError as error:
        raise SystemExit(f"the original needs Keras: pip install 'station-matcher[parity]' ({error})") from error
    return Leader().model


def _padded(file: ImageFile) -> Uint8Array:
    pixels = gray_at_500_ppi(read_image(file.path, ppi=file.ppi))
    return cut(pixels, whole_window(pixels.shape[1], pixels.shape[0]), background_level(pixels))


def _difference(pixels: Uint8Array, original: Any, graphs: Mapping[GraphVariant, OnnxSession]) -> Difference:
    theirs = np.asarray(original(pixels[None, ..., None], training=False))[0]
    position, _, direction, ending = (map_[0] for map_ in graphs[GraphVariant.EXACT].run({"image": pixels[None, None]}))
    turn = np.arctan2(direction[1], direction[0]) - theirs[..., 1]
    turn = np.abs(np.mod(turn + np.pi, 2 * np.pi) - np.pi)
    theirs_at = _pixels(*np.nonzero(theirs[..., 3] >= PEAK_FLOOR))
    changed = {}
    for variant in (GraphVariant.WHOLE, GraphVariant.FAST):
        peaks = run_leader(graphs[variant], pixels)
        changed[variant] = len(theirs_at ^ _pixels(peaks.row, peaks.column))
    return Difference(
        position=float(np.abs(position[0] - theirs[..., 0]).max()),
        direction_rad=float(turn[theirs[..., 0] > _MINUTIA_POSITION].max(initial=0.0)),
        ending=float(np.abs(ending[0] - theirs[..., 2]).max()),
        minutia_count=len(theirs_at),
        whole_changed=changed[GraphVariant.WHOLE],
        fast_changed=changed[GraphVariant.FAST],
    )


def _pixels(row: Int64Array, column: Int64Array) -> set[tuple[int, int]]:
    return set(zip(row.tolist(), column.tolist(), strict=True))


def _spread(files: Sequence[ImageFile], count: int) -> Sequence[ImageFile]:
    return files[:: max(1, len(files) // count)][:count]
