"""ONNX files with the inputs and outputs of the real detectors and embedders, a few nodes each, and a pack of them.

A "face" is a white square on black. The detectors score a cell by its brightness and put a box of fixed size and five
points of fixed offsets around the cell center, so what they must return follows from the picture by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from index.arrays import Float32Array
from matcher.packs.store import ModelPack, PackStore
from matcher.samples import Image, Uint8Array

STRIDES_PX = (8, 16, 32)
# The five points around a cell center, in strides: an upright face, left as the viewer sees it.
POINTS = np.array([[-0.9, -0.5], [0.9, -0.5], [0.0, 0.3], [-0.7, 1.1], [0.7, 1.1]], np.float32)
# Half the box side, in strides.
HALF_SIDE = 2.0
# Of the three strides only this one sees anything, so that each square is found once.
SEEING_STRIDE_PX = 16


def yunet_model(side: int | str = "side") -> bytes:
    """YuNet's twelve outputs. side: a fixed canvas, or free."""
    graph = _Graph()
    names: dict[str, str] = {}
    for stride in STRIDES_PX:
        brightness = graph.brightness(stride)
        weight = 1.0 if stride == SEEING_STRIDE_PX else 0.0
        cells = graph.node("Mul", [brightness, graph.constant(np.float32(weight / 255))])
        flat = graph.node("Reshape", [cells, graph.constant(np.array([1, -1, 1], np.int64))])
        names[f"cls_{stride}"] = flat
        names[f"obj_{stride}"] = graph.node("Identity", [flat])
        zero = graph.node("Mul", [flat, graph.constant(np.float32(0))])
        box = np.array([0.5, 0.5, np.log(2 * HALF_SIDE), np.log(2 * HALF_SIDE)], np.float32)
        names[f"bbox_{stride}"] = graph.node("Add", [zero, graph.constant(box)])
        names[f"kps_{stride}"] = graph.node("Add", [zero, graph.constant(POINTS.reshape(-1) + 0.5)])
    order = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES_PX]
    outputs = [(graph.named(names[name], name), [1, "cells", None]) for name in order]
    return graph.model("input", [1, 3, side, side], outputs)


def scrfd_model() -> bytes:
    """SCRFD's nine outputs, two anchors a cell; the second anchor never fires. Distances and points in strides."""
    graph = _Graph()
    outputs: dict[str, list[str]] = {"score": [], "bbox": [], "kps": []}
    for stride in STRIDES_PX:
        brightness = graph.brightness(stride)  # fed (x - 127.5) / 128, so white is nearly 1 and black nearly -1
        weight = 1.0 if stride == SEEING_STRIDE_PX else 0.0
        cells = graph.node("Mul", [brightness, graph.constant(np.float32(weight))])
        flat = graph.node("Reshape", [cells, graph.constant(np.array([-1, 1], np.int64))])
        pair = graph.node("Concat", [flat, graph.node("Neg", [graph.node("Abs", [flat])])], axis=1)
        score = graph.node("Reshape", [pair, graph.constant(np.array([-1, 1], np.int64))])
        zero = graph.node("Mul", [score, graph.constant(np.float32(0))])
        outputs["score"].append(score)
        # SCRFD measures from the cell's corner; half a stride more on the far side centers the box on the cell.
        far = np.array([HALF_SIDE - 0.5, HALF_SIDE - 0.5, HALF_SIDE + 0.5, HALF_SIDE + 0.5], np.float32)
        outputs["bbox"].append(graph.node("Add", [zero, graph.constant(far)]))
        outputs["kps"].append(graph.node("Add", [zero, graph.constant(POINTS.reshape(-1) + 0.5)]))
    order = [name for kind in ("score", "bbox", "kps") for name in outputs[kind]]
    named = [(graph.named(name, f"out_{number}"), ["cells", None]) for number, name in enumerate(order)]
    return graph.model("input.1", [1, 3, "height", "width"], named)


def embedder_model(*, dim: int, batch: int | str = "batch", input_name: str = "input", seed: int = 0) -> bytes:
    """112 px image to dim numbers: a convolution, a PRelu with one slope a channel, pooling, a projection."""
    rng = np.random.default_rng(seed)
    graph = _Graph(input_name)
    weights = rng.normal(size=(8, 3, 3, 3)).astype(np.float32)
    maps = graph.node("Conv", [input_name, graph.constant(weights)], strides=[2, 2], pads=[1, 1, 1, 1])
    slopes = rng.uniform(-1, 2, (8, 1, 1)).astype(np.float32)
    maps = graph.node("PRelu", [maps, graph.constant(slopes)])
    maps = graph.node("AveragePool", [maps], kernel_shape=[8, 8], strides=[8, 8])
    flat = graph.node("Flatten", [maps])
    projected = graph.node("MatMul", [flat, graph.constant(rng.normal(size=(392, dim)).astype(np.float32))])
    return graph.model(input_name, [batch, 3, 112, 112], [(graph.named(projected, "embedding"), [batch, dim])])


class _Graph:
    def __init__(self, input_name: str = "") -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.input_name = input_name

    def constant(self, value: Any) -> str:
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def named(self, value: str, name: str) -> str:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        return name

    def brightness(self, stride: int) -> str:
        """Mean over channels and over each cell of the input, which the model must name `picture`."""
        pooled = self.node("AveragePool", ["picture"], kernel_shape=[stride, stride], strides=[stride, stride])
        mean = self.constant(np.full((1, 3, 1, 1), 1 / 3, np.float32))
        return self.node("Conv", [pooled, mean])

    def model(self, input_name: str, shape: list[Any], outputs: Sequence[tuple[str, list[Any]]]) -> bytes:
        head = [] if self.input_name else [helper.make_node("Identity", [input_name], ["picture"])]
        graph = helper.make_graph(
            head + self.nodes,
            "tiny",
            [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name, sides in outputs],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def picture(*squares: tuple[int, int, int], height: int = 256, width: int = 256) -> Image:
    """A black picture with white squares (left, top, side), all multiples of 16."""
    pixels: Uint8Array = np.zeros((height, width, 3), np.uint8)
    for left, top, side in squares:
        pixels[top : top + side, left : left + side] = 255
    return Image(pixels, None, "")


def expected_box(left: int, top: int) -> Float32Array:
    """The box around a square of 16 px."""
    half = HALF_SIDE * SEEING_STRIDE_PX
    return np.array([left + 8 - half, top + 8 - half, left + 8 + half, top + 8 + half], np.float32)


def expected_points(left: int, top: int) -> Float32Array:
    """The five points around a square of 16 px."""
    return (POINTS * SEEING_STRIDE_PX + np.array([left + 8, top + 8])).astype(np.float32)


def store_with(folder: Path, name: str, manifest: str, files: dict[str, bytes]) -> tuple[ModelPack, PackStore]:
    """A store whose one pack holds these files, installed from a folder."""
    manifests, source = folder / "manifests", folder / "source"
    manifests.mkdir(parents=True, exist_ok=True)
    source.mkdir(exist_ok=True)
    entries = []
    for file_name, content in files.items():
        (source / file_name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        entries.append(
            f'[[files]]\nname = "{file_name}"\nsha256 = "{digest}"\nsize_bytes = {len(content)}\n'
            'source = "folder"\nlicense = "MIT"\norigin = "made up"\n'
        )
    head = (
        f'name = "{name}"\nversion = "1"\nmodality = "face"\nlicense = "MIT"\nlicense_is_permissive = true\n'
        'intended_use = "tests"\n'
    )
    (manifests / f"{name}.toml").write_text(head + "\n".join(entries) + manifest)
    store = PackStore(folder / "packs", manifests_folder=manifests)
    return store.install(name, from_folder=source), store
