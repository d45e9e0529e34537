"""Our ONNX graphs of LEADER against each other and, on demand, against the original in Keras, on real prints.

The fast graph is compared with the exact one by minutiae: how many are at the same place, and how far the others moved.
With --original the exact graph's maps are compared with the original's, pixel by pixel; that needs the extra `parity`
(keras and a backend) beside pyfing.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import ImageFile, read_dataset
from benchmarks.product_files import pack_store, read_image
from benchmarks.progress import track
from matcher.fingerprint.image.foreground import background_level, cut, whole_window
from matcher.fingerprint.image.resolution import gray_at_500_ppi
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.network.build import GraphVariant, build_leader_graph
from matcher.fingerprint.network.maps import minutiae_of, run_leader
from matcher.packs.session import OnnxSession
from matcher.samples import Uint8Array

TOLERANCE = 1e-4
SAME_PX = 3.0
QUALITIES = (0.15, 0.3, 0.6)
# A direction means something where a minutia is.
_MINUTIA_POSITION = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of FINGER_IMPRESSION images")
    parser.add_argument("--images", type=int, default=10, help="images of each folder, evenly spread; 0: all")
    parser.add_argument("--original", action="store_true", help="the exact graph against Keras too")


def run(args: argparse.Namespace) -> int:
    """Prints what was found; 1 where the exact graph differs by more than float32 rounding explains."""
    weights = pack_store().file("leader", "LEADER.weights.h5")
    exact, fast = (OnnxSession(build_leader_graph(weights, kind)) for kind in (GraphVariant.EXACT, GraphVariant.FAST))
    files = [
        file for folder in args.data for file in _spread(read_dataset(folder, fingerprints=True).files, args.images)
    ]
    images = [_padded(file) for file in files]
    found = [
        _moved(*(_minutiae(graph, image) for graph in (exact, fast)))
        for image in track(images, total=len(images), what="fast graph")
    ]
    _print_moved(np.concatenate(found), len(images))
    if not args.original:
        return 0
    original = _original()
    differences = np.max(
        [_differences(image, original, exact) for image in track(images, total=len(images), what="original")], axis=0
    )
    position, direction, ending = differences
    print(
        f"exact graph and original, {len(images)} images, largest difference: position {position:.1e}, direction "
        f"{direction:.1e} rad, ending {ending:.1e}"
    )
    return 0 if max(position, ending) < TOLERANCE else 1


def _print_moved(rows: NDArray[np.float64], image_count: int) -> None:
    quality, distance_px, turn_deg, change = rows.T
    print(f"fast graph and exact one, {image_count} images")
    for least in QUALITIES:
        wanted = quality >= least
        same = wanted & (distance_px <= SAME_PX)
        middle, far = np.percentile(distance_px[same], [50, 95])
        turned, changed = np.percentile(turn_deg[same], 95), np.percentile(change[same], 95)
        print(
            f"  of {wanted.sum()} minutiae of quality {least} and above {same.sum() / wanted.sum():.2%} are within "
            f"{SAME_PX:g} px: median {middle:.2f} px; 95th percentile {far:.2f} px, "
            f"{turned:.1f} degrees, quality {changed:.3f}"
        )


def _moved(exact: MinutiaSet, fast: MinutiaSet) -> NDArray[np.float64]:
    """A row a minutia of the exact graph: its quality; and of the nearest one of the fast graph the distance in px,
    the turn in degrees and the difference in quality, infinite where there is none.
    """
    if not len(fast):
        return np.stack([exact.quality, *np.full((3, len(exact)), np.inf)], axis=1)
    distance = np.hypot(exact.x_px[:, None] - fast.x_px, exact.y_px[:, None] - fast.y_px)
    nearest = distance.argmin(axis=1)
    turn = np.abs(np.mod(exact.direction_rad - fast.direction_rad[nearest] + np.pi, 2 * np.pi) - np.pi)
    change = np.abs(exact.quality - fast.quality[nearest])
    return np.stack([exact.quality, distance.min(axis=1), np.degrees(turn), change], axis=1).astype(np.float64)


def _minutiae(graph: OnnxSession, pixels: Uint8Array) -> MinutiaSet:
    height, width = pixels.shape
    return minutiae_of(run_leader(graph, pixels), whole_window(width, height), width, height)


def _original() -> Any:
    try:
        from pyfing.minutiae_end_to_end import Leader  # noqa: PLC0415  wants Keras, which only this tool may need
    except ImportError as error:
        raise SystemExit(f"the original needs Keras: pip install 'station-matcher[parity]' ({error})") from error
    return Leader().model


def _padded(file: ImageFile) -> Uint8Array:
    pixels = gray_at_500_ppi(read_image(file.path, ppi=file.ppi))
    return cut(pixels, whole_window(pixels.shape[1], pixels.shape[0]), background_level(pixels))


def _differences(pixels: Uint8Array, original: Any, exact: OnnxSession) -> tuple[float, float, float]:
    """Largest absolute differences: position and ending in [0, 1], direction in radians where a minutia may be."""
    theirs = np.asarray(original(pixels[None, ..., None], training=False))[0]
    position, _, direction, ending = (map_[0] for map_ in exact.run({"image": pixels[None, None]}))
    turn = np.arctan2(direction[1], direction[0]) - theirs[..., 1]
    turn = np.abs(np.mod(turn + np.pi, 2 * np.pi) - np.pi)
    return (
        float(np.abs(position[0] - theirs[..., 0]).max()),
        float(turn[theirs[..., 0] > _MINUTIA_POSITION].max(initial=0.0)),
        float(np.abs(ending[0] - theirs[..., 2]).max()),
    )


def _spread(files: Sequence[ImageFile], count: int) -> Sequence[ImageFile]:
    return files[:: max(1, len(files) // count)][:count] if count else files
