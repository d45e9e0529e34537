"""The pieces of work whose speed is measured; each is made ready outside the timed part."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmarks.datasets import read_dataset
from benchmarks.engines import Engine, EngineError, EngineSpec, Extracted, load_engine
from benchmarks.generated_prints import CaptureConditions, impression, master_print
from benchmarks.sample_photograph import one_face

PRINT_WIDTH_PX, PRINT_HEIGHT_PX = 388, 374  # a common optical sensor's, for which the project states a goal
# Fills the image, and leaves enough background to tell dark ridges from light ones.
FILLED = CaptureConditions(contact=0.86, wear=0.5)
COMPARED = 200  # references a call: a comparison alone is shorter than the clock's call
SEARCHED = 50_000
REAL_PRINTS = 40


class StageUnavailableError(Exception):
    """The stage cannot be measured here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class StageWork:
    """work: one call. calls: a round. yardstick: of its own, where the common one is of another kind. Used as a context
    manager, it removes its files at the end."""

    work: Callable[[], object]
    calls: int
    resources: ExitStack
    yardstick: Callable[[], object] | None = None

    def __enter__(self) -> "StageWork":
        return self

    def __exit__(self, *_: object) -> None:
        self.resources.close()


def generated_print(seed: int = 1, capture: int = 1) -> NDArray[np.uint8]:
    """A generated print of PRINT_WIDTH_PX x PRINT_HEIGHT_PX: uint8, 500 ppi."""
    return impression(
        master_print(seed), capture, conditions=FILLED, width_px=PRINT_WIDTH_PX, height_px=PRINT_HEIGHT_PX
    )


def decode_print() -> StageWork:
    """PNG of a print to pixels."""
    from matcher.formats.decode import decode_image  # noqa: PLC0415

    image_bytes = bytes(cv2.imencode(".png", generated_print())[1])
    return StageWork(lambda: decode_image(image_bytes, ppi=500), 5, ExitStack())


def decode_photograph() -> StageWork:
    """JPEG of a face to pixels."""
    from matcher.formats.decode import decode_image  # noqa: PLC0415

    image_bytes = bytes(cv2.imencode(".jpg", _face())[1])
    return StageWork(lambda: decode_image(image_bytes), 5, ExitStack())


def extract_print() -> StageWork:
    """An uncompressed file of a print to its minutiae. The print fills the image, which real ones seldom do."""
    return _extraction(_engine("fingerprint"), generated_print(), 500.0)


def extract_real_prints(folder: Path) -> StageWork:
    """The next of the folder's prints to its minutiae, REAL_PRINTS of them in turn."""
    engine = _engine("fingerprint")
    files = read_dataset(folder, fingerprints=True).files
    chosen = cycle(files[:: max(1, len(files) // REAL_PRINTS)][:REAL_PRINTS])

    def extract_next() -> object:
        file = next(chosen)
        return engine.extract(file.path, file.ppi)

    return StageWork(extract_next, 1, ExitStack())


def extract_face() -> StageWork:
    """An uncompressed file of a face to its embedding."""
    return _extraction(_engine("face"), _face(), None)


def compare_prints() -> StageWork:
    """One prepared probe against COMPARED prepared references; time of all of them."""
    from benchmarks.generated_templates import minutia_sets  # noqa: PLC0415

    engine = _engine("fingerprint")
    empty = np.zeros((0, 0), np.float32)
    templates = [Extracted("", -1, empty, minutiae.to_bytes()) for minutiae in minutia_sets(COMPARED + 1, seed=3)]
    probe, *references = [engine.prepare(template) for template in templates]
    return StageWork(lambda: engine.similarities(probe, references), 1, ExitStack())


def search_faces() -> StageWork:
    """The best 20 of SEARCHED references of a face template's length, exactly; ten probes in turn.

    Its yardstick is FAISS's flat index: both wait for memory, which a busy neighbor slows more than arithmetic.
    """
    from benchmarks.speed.search_sets import make_set  # noqa: PLC0415
    from index.vector.faiss_flat import FlatYardstick  # noqa: PLC0415
    from index.vector.quantized.index import QuantizedIndex  # noqa: PLC0415

    searched = make_set("identities", size=SEARCHED, dim=384, probe_count=10, seed=1)
    vector_index, flat = QuantizedIndex(384), FlatYardstick(384, thread_count=1)
    start = 1
    for block in searched.blocks():
        vector_index.add(np.arange(start, start + len(block)), block)
        flat.add(block)
        start += len(block)
    vector_index.compact()  # its maintenance would otherwise run beside the timed searches
    probes = [probe[None] for probe in searched.probes]
    return StageWork(
        lambda: [vector_index.search(probe, 20) for probe in probes],
        1,
        ExitStack(),
        lambda: [flat.search(probe, 20) for probe in probes],
    )


def identify_print() -> StageWork:
    """A whole Identify in process: decode, extract, search, compare the shortlist, calibrate, audit on disk."""
    from benchmarks.speed.identify import identify_work  # noqa: PLC0415

    resources = ExitStack()
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
    try:
        return StageWork(resources.enter_context(identify_work(folder)), 1, resources)
    except EngineError as error:
        resources.close()
        raise StageUnavailableError(str(error)) from error


WORKS: dict[str, Callable[[], StageWork]] = {
    "decode_print": decode_print,
    "decode_photograph": decode_photograph,
    "extract_print": extract_print,
    "extract_face": extract_face,
    f"compare_{COMPARED}_prints": compare_prints,
    f"search_{SEARCHED // 1000}k_faces": search_faces,
    "identify_print": identify_print,
}


def _extraction(engine: Engine, pixels: NDArray[np.uint8], ppi: float | None) -> StageWork:
    resources = ExitStack()
    path = Path(resources.enter_context(tempfile.TemporaryDirectory())) / "sample.bmp"
    order = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    PillowImage.fromarray(np.ascontiguousarray(order)).save(path)
    if engine.extract(path, ppi).failed:
        resources.close()
        raise StageUnavailableError("the engine makes no template of the benchmark's own image")
    return StageWork(lambda: engine.extract(path, ppi), 1, resources)


def _engine(modality: str) -> Engine:
    try:
        return load_engine(EngineSpec(modality))
    except EngineError as error:
        raise StageUnavailableError(str(error)) from error


def _face() -> NDArray[np.uint8]:
    face = one_face()
    if face is None:
        raise StageUnavailableError("the insightface package and its photograph are not installed")
    return face
