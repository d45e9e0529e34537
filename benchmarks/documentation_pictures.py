"""python -m benchmarks.documentation_pictures: the pictures of docs/, made anew from generated prints."""

import math
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.demo.captures import encode_png
from benchmarks.demo.pictures import fingerprint_picture
from benchmarks.generated_prints import impression, master_print
from benchmarks.product_files import pack_store, ready_pack
from index.records import FingerPosition
from matcher.fingerprint.comparison import compare
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import decode_image

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PPI = 500.0
MASTER_SEED = 3_002
ENDING_COLOR, OTHER_COLOR = (40, 40, 210), (190, 110, 20)
Pixels = npt.NDArray[np.uint8]


def main() -> int:
    """Writes minutiae.png and paired-minutiae.png."""
    store = pack_store()
    engine = FingerprintEngine.load(ready_pack(store, "leader"), store, thread_count=1)
    master = master_print(MASTER_SEED)
    captures = [impression(master, number) for number in (2, 1)]
    extractions = [engine.extract(decode_image(encode_png(capture), ppi=PPI)) for capture in captures]
    templates = [engine.template_from_minutiae(found.minutiae, FingerPosition.UNKNOWN) for found in extractions]
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawn = with_minutiae(captures[0], extractions[0].minutiae)
    _write("minutiae.png", np.hstack([cv2.cvtColor(captures[0], cv2.COLOR_GRAY2BGR), drawn]))
    found = compare.explain(*(compare.prepare(template) for template in templates))
    probe, reference = (extraction.minutiae for extraction in extractions)
    pairs = [
        ((float(probe.x_px[a]), float(probe.y_px[a])), (float(reference.x_px[b]), float(reference.y_px[b])))
        for a, b in found.pairs
    ]
    picture = fingerprint_picture(captures[0], captures[1], pairs, f"generated prints, {len(pairs)} paired minutiae")
    _write("paired-minutiae.png", picture)
    return 0


def _write(name: str, picture: Pixels) -> None:
    # 128 colors are enough to look at, and a fifth of the bytes: 24 grays for the ridges, the others for the marks.
    image = Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
    colors = (image.quantize(104, method=Image.Quantize.MAXCOVERAGE).getpalette() or [])[: 3 * 104]
    grays = [gray for gray in np.linspace(0, 255, 24).round().astype(int).tolist() for _ in range(3)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*colors, *grays])
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(FOLDER / name, optimize=True)


def with_minutiae(print_: Pixels, minutiae: MinutiaSet) -> Pixels:
    """The print in pale gray with each minutia as a circle and its direction; stronger ones are drawn thicker."""
    canvas = cv2.cvtColor((150 + print_.astype(np.uint16) * 2 // 5).clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    for x, y, direction, kind, quality in zip(
        minutiae.x_px, minutiae.y_px, minutiae.direction_rad, minutiae.kind, minutiae.quality, strict=True
    ):
        color = ENDING_COLOR if kind == 1 else OTHER_COLOR
        center = (round(float(x)), round(float(y)))
        # Directions turn counterclockwise, as in ISO/IEC 19794-2, while y points down.
        tip = (round(float(x) + 14 * math.cos(direction)), round(float(y) - 14 * math.sin(direction)))
        thickness = 2 if quality >= 0.5 else 1
        cv2.circle(canvas, center, 5, color, thickness, cv2.LINE_AA)
        cv2.line(canvas, center, tip, color, thickness, cv2.LINE_AA)
    return np.asarray(canvas, dtype=np.uint8)


if __name__ == "__main__":
    sys.exit(main())
