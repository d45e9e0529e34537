"""Step 5: the averaged weights of the checkpoints at hand to ONNX, with large weights stored as 8-bit integers.

A large convolution weight is stored int8 with one float32 scale an output channel, and becomes float32 through
Cast and Mul nodes on constants, which ONNX Runtime folds when it loads the file: stored small, computed in float32.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from training.crops import CropPool, middle
from training.detector_net import OUTPUT_NAMES, Detector, ExportedDetector
from training.embedder_net import DIM, Embedder

OPSET = 17
SMALLEST_STORED_INT8 = 4096


class ExportedEmbedder(nn.Module):
    """RGB float32 (n, 3, 112, 112), (x - 127.5) / 127.5, to vectors (n, 384) before L2 normalization.

    The vector is the mean of the crop's unit vector and its mirror image's, an eighth fewer errors for twice the time,
    less the mean of such vectors over many people, which says nothing of any one of them.
    """

    def __init__(self, embedder: Embedder, mean: torch.Tensor) -> None:
        super().__init__()
        self.embedder = embedder
        self.register_buffer("mean", mean)
        self.register_buffer("luma", torch.tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1))

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        gray = functional.conv2d(crops, self.luma) * 127.5 + 127.5
        vectors = functional.normalize(self.embedder(torch.cat([gray, gray.flip(3)])))
        return vectors.view(2, -1, DIM).mean(0) - self.mean


def fold_normalization(model: nn.Module) -> None:
    """Fold each batch normalization into the convolution right before it, in place."""
    for parent in model.modules():
        if not isinstance(parent, nn.Sequential):
            continue
        for at in range(len(parent) - 1):
            if isinstance(parent[at], nn.Conv2d) and isinstance(parent[at + 1], nn.BatchNorm2d):
                parent[at] = nn.utils.fuse_conv_bn_eval(parent[at], parent[at + 1])
                parent[at + 1] = nn.Identity()


def store_small(path: Path) -> None:
    """Replace large float32 initializers by int8 and scale."""
    model = onnx.load(path)
    graph = model.graph
    kept, nodes = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST_STORED_INT8 or values.ndim < 2:
            kept.append(tensor)
            continue
        axes = tuple(range(1, values.ndim))
        scale = np.maximum(np.abs(values).max(axis=axes, keepdims=True) / 127, 1e-12).astype(np.float32)
        codes = np.clip(np.round(values / scale), -127, 127).astype(np.int8)
        name = tensor.name
        kept += [numpy_helper.from_array(codes, f"{name}_int8"), numpy_helper.from_array(scale, f"{name}_scale")]
        nodes.append(helper.make_node("Cast", [f"{name}_int8"], [f"{name}_codes"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_codes", f"{name}_scale"], [name]))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes += list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    model.producer_name, model.doc_string = "station-matcher training", ""
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def write(model: nn.Module, sample: torch.Tensor, path: Path, outputs: list[str], axes: dict) -> None:
    """Export, then store the weights small."""
    model.eval()
    fold_normalization(model)
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (sample,),
            str(path),
            input_names=["input"],
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    store_small(path)


def mean_vector(embedder: Embedder, cache: Path, *, every: int = 4) -> torch.Tensor:
    """Mean unit vector (384,) of real training crops and their mirror images, of every n-th batch."""
    sums, count = torch.zeros(DIM), 0
    embedder.eval()
    with torch.inference_mode():
        for shard in CropPool(cache).real:
            for at in range(0, len(shard.crops), 64 * every):
                crops = torch.from_numpy(middle(shard.crops[at : at + 64])).float()[:, None]
                sums += functional.normalize(embedder(crops)).sum(0)
                count += len(crops)
    return sums / count


def load_average(model: nn.Module, checkpoint: Path) -> int:
    """Take the averaged weights; returns the number of steps they were trained."""
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["average"])
    return int(state["step"])


def facts(path: Path) -> dict[str, object]:
    """Name, size and hash for a manifest."""
    content = path.read_bytes()
    return {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), "byte_size": len(content)}


def export_embedder(checkpoint: Path, path: Path) -> dict[str, object]:
    """Write the embedder; its facts for the manifest."""
    embedder = Embedder()
    steps = load_average(embedder, checkpoint)
    batch = {0: "batch"}
    axes = {"input": batch, "embedding": batch}
    exported = ExportedEmbedder(embedder, mean_vector(embedder, checkpoint.parent))
    write(exported, torch.zeros(2, 3, 112, 112), path, ["embedding"], axes)
    return {
        **facts(path),
        "steps": steps,
        "channel_order": "RGB",
        "mean": 127.5,
        "std": 127.5,
        "input_px": [112, 112],
        "dim": DIM,
    }


def export_detector(checkpoint: Path, path: Path) -> dict[str, object]:
    """Write the detector; its facts for the manifest. `correct_points.py` comes next."""
    detector = Detector()
    steps = load_average(detector, checkpoint)
    axes = {name: {0: "batch", 1: "cells"} for name in OUTPUT_NAMES}
    axes["input"] = {0: "batch", 2: "height", 3: "width"}
    write(ExportedDetector(detector), torch.zeros(1, 3, 256, 320), path, list(OUTPUT_NAMES), axes)
    return {**facts(path), "steps": steps, "channel_order": "BGR", "mean": 0.0, "std": 1.0, "side_multiple_px": 32}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder of embedder.pt, detector.pt or both")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    report = {}
    embedder_file, detector_file = options.cache / "embedder.pt", options.cache / "detector.pt"
    if embedder_file.exists():
        report["embedder"] = export_embedder(embedder_file, options.out / "embedder.onnx")
    if detector_file.exists():
        report["detector"] = export_detector(detector_file, options.out / "detector.onnx")
    facts_file = options.out / "manifest-facts.json"
    known = json.loads(facts_file.read_text()) if facts_file.exists() else {}
    facts_file.write_text(json.dumps({**known, **report}, indent=2) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
