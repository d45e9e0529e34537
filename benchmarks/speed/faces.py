"""Face extraction against the same ONNX files called one image at a time in plain ONNX Runtime with default options.

python -m benchmarks.speed.faces --data FOLDER_OF_PEOPLE --packs-folder DIR --out DIR [--pack face-open]

The plain way reads the image with OpenCV, pads it to multiples of 32 (or, as insightface's FaceAnalysis does, to a
square of 640), finds, refines, aligns and embeds. Ours is the whole FaceEngine, quality included. Both ways alternate
in one run. The templates must agree (cosine >= 0.9999), so that speed is not bought with anything; only faces
so large that we look at them again on purpose may differ, and are counted.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.face.align import similarity_transform
from matcher.face.candidates import FaceCandidates, suppress_overlaps
from matcher.face.detect import LARGE_FACE_PX
from matcher.face.engine import FaceEngine
from matcher.face.second_look import SecondLook
from matcher.face.yunet import YuNet
from matcher.formats.decode import decode_image
from matcher.packs.session import Array, onnx_runtime
from matcher.packs.store import ModelPack, PackStore

LEAST_COSINE = 0.9999
CLIENTS = 8


class PlainSession:
    """InferenceSession with default options, as a program calls it that has not thought about threads."""

    def __init__(self, path: Path) -> None:
        self._session = onnx_runtime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.input_names = tuple(entry.name for entry in self._session.get_inputs())
        self.output_names = tuple(entry.name for entry in self._session.get_outputs())
        self.input_shapes: tuple[tuple[int | None, ...], ...] = ()

    def run(self, inputs: dict[str, Array]) -> list[Array]:
        return list(self._session.run(None, inputs))


class PlainPipeline:
    """detect, refine, align, embed, each model called once an image. canvas_px: 0 for multiples of 32, else square."""

    def __init__(self, pack: ModelPack, store: PackStore, *, canvas_px: int) -> None:
        assert pack.detector is not None
        self._pack = pack
        self._canvas_px = canvas_px
        self._detector = YuNet(PlainSession(store.file(pack.name, pack.detector.file)), pack.detector)
        side_px = pack.detector.second_look_px
        self._second_look = SecondLook(self._detector, side_px=side_px) if side_px else None
        refiner = pack.detector.refiner
        self._refiner = PlainSession(store.file(pack.name, refiner.file)) if refiner else None
        self._embedders = [PlainSession(store.file(pack.name, spec.file)) for spec in pack.embedders]

    def template(self, content: bytes) -> NDArray[np.float32]:
        """Unit vector of the largest face."""
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        height, width = image.shape[:2]
        side = self._canvas_px
        bottom, right = (side - height, side - width) if side else (-height % 32, -width % 32)
        canvas = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        assert self._pack.detector is not None
        found = suppress_overlaps(self._detector.find(canvas), self._pack.detector.overlap)
        largest = int(np.argmax(np.prod(found.boxes_px[:, 2:] - found.boxes_px[:, :2], axis=1)))
        points = self._points(image, found.at(np.array([largest])))
        crop = cv2.warpAffine(image, similarity_transform(points), (112, 112))
        blob = ((crop[:, :, ::-1].astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
        parts = [session.run({session.input_names[0]: np.ascontiguousarray(blob)})[0][0] for session in self._embedders]
        joined = np.concatenate([part / np.linalg.norm(part) for part in parts])
        return joined / np.linalg.norm(joined)

    def _points(self, image: NDArray[np.uint8], found: FaceCandidates) -> Array:
        box, rough = found.boxes_px[0], found.landmarks_px[0]
        if self._second_look is not None:
            return self._second_look.refine(image, found)[0]
        if self._refiner is None:
            return rough
        spec = self._pack.detector.refiner  # type: ignore[union-attr]
        side = spec.side_ratio * max(box[2] - box[0], box[3] - box[1])
        left = (box[0] + box[2] - side) / 2
        top = (box[1] + box[3] - side) / 2 - spec.shift_up_ratio * (box[3] - box[1])
        scale = spec.input_px / side
        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        crop = cv2.warpAffine(image, matrix, (spec.input_px, spec.input_px), borderMode=cv2.BORDER_REPLICATE)
        blob = np.ascontiguousarray(crop.astype(np.float32).transpose(2, 0, 1)[None])
        output = self._refiner.run({self._refiner.input_names[0]: blob})[0]
        return (output.reshape(5, 2) * side + [left, top]).astype(np.float32)


def is_large(engine: FaceEngine, content: bytes) -> bool:
    """Whether some face is one that we look at again at a smaller scale, which the plain way does not; its box may come
    out of that a little smaller than it went in."""
    boxes = np.stack([face.box_px for face in engine.detect(decode_image(content))])
    return float((boxes[:, 2:] - boxes[:, :2]).max()) > 0.9 * LARGE_FACE_PX


def stage_times(engine: FaceEngine, contents: list[bytes]) -> dict[str, float]:
    """Median milliseconds of processor time a stage, decoding included."""
    times: dict[str, list[float]] = {}
    for content in contents:
        begin = time.thread_time()
        image = decode_image(content)
        times.setdefault("decode", []).append(time.thread_time() - begin)
        begin = time.thread_time()
        engine.detect(image)
        times.setdefault("detect", []).append(time.thread_time() - begin)
        begin = time.thread_time()
        engine.extract(image, largest_face=True)
        times.setdefault("extract", []).append(time.thread_time() - begin)
    medians = {name: 1e3 * statistics.median(values) for name, values in times.items()}
    return {
        "decode": medians["decode"],
        "detect": medians["detect"],
        "align_embed_judge": medians["extract"] - medians["detect"],
        "all": medians["decode"] + medians["extract"],
    }


def latencies(ways: dict[str, Callable[[bytes], object]], contents: list[bytes]) -> dict[str, list[float]]:
    """Wall-clock milliseconds an image of each way, in alternation."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(contents[0])
    for content in contents:
        for name, way in ways.items():
            begin = time.perf_counter()
            way(content)
            found[name].append(1e3 * (time.perf_counter() - begin))
    return found


def throughputs(
    ways: dict[str, Callable[[bytes], object]], contents: list[bytes], rounds: int
) -> dict[str, list[float]]:
    """Images a second of each way with CLIENTS threads, in alternating rounds."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(rounds):
            for name, way in ways.items():
                begin = time.perf_counter()
                list(pool.map(way, contents))
                found[name].append(len(contents) / (time.perf_counter() - begin))
    return found


def ratio_with_interval(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Median of the paired ratios ours / theirs with the 95 % interval of the median (order statistics)."""
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    count = len(ratios)
    half = 0.98 * count**0.5
    low, high = max(0, int(count / 2 - half)), min(count - 1, int(count / 2 + half))
    return {"median": statistics.median(ratios), "low": ratios[low], "high": ratios[high], "count": count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="one folder per person, JPEG photographs")
    parser.add_argument("--packs-folder", type=Path, required=True)
    parser.add_argument("--pack", default="face-open")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    store = PackStore(args.packs_folder)
    pack = store.get(args.pack)
    engine = FaceEngine.load(pack, store)
    paths = sorted(args.data.glob("*/*.jpg"))
    contents = [path.read_bytes() for path in paths[:: max(1, len(paths) // args.images)]][: args.images]

    def ours(content: bytes) -> NDArray[np.float32]:
        return engine.extract(decode_image(content), largest_face=True).template.vectors[0]

    plain = PlainPipeline(pack, store, canvas_px=0)
    plain_640 = PlainPipeline(pack, store, canvas_px=640)
    cosines = {content: float(ours(content) @ plain.template(content)) for content in contents}
    large = [content for content in contents if is_large(engine, content)]
    cosine = min(value for content, value in cosines.items() if content not in large)
    ways: dict[str, Callable[[bytes], object]] = {
        "ours": ours,
        "plain": plain.template,
        "plain_640": plain_640.template,
    }
    found, served = latencies(ways, contents), throughputs(ways, contents[:64], args.rounds)
    report = {
        "pack": pack.pack_id,
        "images": len(contents),
        "least_cosine_to_plain": cosine,
        "looked_at_again": {"images": len(large), "least_cosine": min((cosines[one] for one in large), default=1.0)},
        "stage_ms": stage_times(engine, contents),
        "latency_ms": {name: statistics.median(values) for name, values in found.items()},
        "latency_ratio": {name: ratio_with_interval(found["ours"], found[name]) for name in ("plain", "plain_640")},
        "throughput_per_s": {name: statistics.median(values) for name, values in served.items()},
        "throughput_ratio": {
            name: ratio_with_interval(served["ours"], served[name]) for name in ("plain", "plain_640")
        },
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    if cosine < LEAST_COSINE:
        raise SystemExit(f"the templates differ: cosine {cosine:.6f}")


if __name__ == "__main__":
    main()
