"""After the export: how the detector's points differ from the refiner's over training photographs, undone in the file.

Mirrored training pictures teach the mean of the refiner and its mirror image, which differ, and each point is found
with noise that the other four know something about. So the five points, as shares of the box from its center, get a
linear correction by least squares over all ten numbers. It becomes part of detector.onnx; run it once on an export.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import helper, numpy_helper

from training.detector_net import STRIDES_PX
from training.prepare import central_face
from training.student import Student

RIDGE = 1e-3
# A larger error (share of the box) is another face or a wrong label.
LARGEST_ERROR = 0.25


def measured(student: Student, cache: Path, every: int) -> tuple[np.ndarray, np.ndarray]:
    """The student's points and the refiner's, float64 (n, 10) each, as shares of the student's box."""
    photos = np.load(cache / "photos.npy", mmap_mode="r")
    faces = np.load(cache / "faces.npz")
    boxes_px, points_px = faces["boxes_px"], faces["points_px"]
    ours, theirs = [], []
    for at in np.flatnonzero(faces["found"] & ~faces["held_out"])[::every]:
        found = student.detect(cv2.cvtColor(photos[at], cv2.COLOR_GRAY2BGR))
        if len(found) == 0:
            continue
        box = boxes_px[at]
        near = central_face(found.boxes_px, float(box[0] + box[2]), float(box[1] + box[3]))
        low, high = found.boxes_px[near, :2], found.boxes_px[near, 2:]
        shares = [(points - (low + high) / 2) / (high - low) for points in (found.points_px[near], points_px[at])]
        if np.abs(shares[1] - shares[0]).max() < LARGEST_ERROR:
            ours.append(shares[0].ravel())
            theirs.append(shares[1].ravel())
    return np.array(ours, np.float64), np.array(theirs, np.float64)


def fitted(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights float32 (10, 10) and constant float32 (10,): what to add to points p is p @ weights + constant."""
    known = np.hstack([ours, np.ones((len(ours), 1))])
    solution = np.linalg.solve(known.T @ known + RIDGE * np.eye(known.shape[1]), known.T @ (theirs - ours))
    return solution[:-1].astype(np.float32), solution[-1].astype(np.float32)


def add_correction(model: onnx.ModelProto, weights: np.ndarray, constant: np.ndarray) -> None:
    """Append the correction to the outputs kps_8, kps_16 and kps_32, in place. All of them count in strides."""
    graph = model.graph
    kept = {tensor.name for tensor in graph.initializer}
    prefix = next(name for name in (f"correct{number}" for number in range(9)) if f"{name}_weights" not in kept)

    def constant_of(name: str, values: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(values, f"{prefix}_{name}"))
        return f"{prefix}_{name}"

    weights_name, constant_name = constant_of("weights", weights), constant_of("constant", constant)
    parts = {
        name: (constant_of(f"{name}_from", np.array([start])), constant_of(f"{name}_to", np.array([start + 2])))
        for name, start in (("center", 0), ("size", 2))
    }
    axis = constant_of("axis", np.array([2]))
    for stride in STRIDES_PX:
        name, raw = f"kps_{stride}", f"{prefix}_raw_{stride}"
        for node in graph.node:
            node.output[:] = [raw if output == name else output for output in node.output]

        def add(kind: str, inputs: list[str], output: str, stride: int = stride, **attributes: int) -> str:
            made = output if output == f"kps_{stride}" else f"{prefix}_{output}_{stride}"
            graph.node.append(helper.make_node(kind, inputs, [made], **attributes))
            return made

        box = f"bbox_{stride}"
        center = add("Slice", [box, *parts["center"], axis], "center")
        size = add("Exp", [add("Slice", [box, *parts["size"], axis], "log_size")], "size")
        centers = add("Concat", [center] * 5, "centers", axis=2)
        sizes = add("Concat", [size] * 5, "sizes", axis=2)
        shares = add("Div", [add("Sub", [raw, centers], "offsets"), sizes], "shares")
        change = add("Add", [add("MatMul", [shares, weights_name], "product"), constant_name], "change")
        add("Add", [raw, add("Mul", [change, sizes], "move")], name)
    onnx.checker.check_model(model, full_check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of the exported detector.onnx")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--every", type=int, default=2, help="look at every n-th training photograph")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    path = options.pack / "detector.onnx"
    ours, theirs = measured(Student(options.pack), options.cache, options.every)
    weights, constant = fitted(ours, theirs)
    model = onnx.load(path)
    add_correction(model, weights, constant)
    onnx.save(model, path)
    before, after = (np.abs(theirs - points).mean() for points in (ours, ours + ours @ weights + constant))
    print(f"{len(ours)} photographs; mean difference {before:.4f} of the box before, {after:.4f} after")


if __name__ == "__main__":
    main()
