"""Choose and fit the hidden units of the fast LEADER graph's position head, on generated prints alone.

Backward elimination by least squares: starting from all units, the unit goes whose loss raises the squared error of
the head's four values least when all others are fitted again (the criterion of Hassibi and Stork's optimal brain
surgeon, which for a linear layer is exact). Rows near minutiae count as often as all others together.

    python -m training.position_head --units 96 --out matcher/fingerprint/position_head.npz
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from benchmarks.generated_prints import CaptureConditions, impression, master_print
from matcher.fingerprint.leader_build import GraphVariant, build_leader_graph
from matcher.packs import PackStore, default_packs_folder
from matcher.session import OnnxSession

Float64Array = npt.NDArray[np.float64]

_HEAD_SHAPE = (52, 208)
_NEAR_MINUTIA = 0.05
_ROWS_A_PRINT = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=96)
    parser.add_argument("--fingers", type=int, default=32, help="generated; one in four only tests the fit")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    weights = PackStore(default_packs_folder(os.environ)).file("leader", "LEADER.weights.h5")
    session, reduce = _with_hidden_values(build_leader_graph(weights, GraphVariant.WHOLE))
    rows = [_hidden_rows(session, finger) for finger in range(args.fingers)]
    fitted = np.concatenate([row for finger, row in enumerate(rows) if finger % 4])
    tested = np.concatenate(rows[::4])
    units, matrix = eliminate(fitted, fitted @ reduce, args.units)
    target = tested @ reduce
    error = _with_constant(tested[:, units]) @ matrix - target
    spread = float(np.sqrt(np.square(target - target.mean(axis=0)).mean()))
    print(
        f"{len(units)} of {reduce.shape[0]} units: on {args.fingers // 4} other fingers root mean square error "
        f"{np.sqrt(np.square(error).mean()) / spread:.2%} of the spread, largest {np.abs(error).max() / spread:.1%}"
    )
    np.savez(
        args.out,
        units=units.astype(np.int16),
        reduce=matrix[:-1].astype(np.float32),
        bias=matrix[-1].astype(np.float32),
    )


def eliminate(hidden: Float64Array, target: Float64Array, count: int) -> tuple[npt.NDArray[np.intp], Float64Array]:
    """The units (count,) of hidden (n, units) to keep, and the matrix (count + 1, out) from them and a constant to
    target (n, out)."""
    inputs = _with_constant(hidden)
    products = inputs.T @ inputs / len(inputs)
    # A trace of ridge keeps the inverse of nearly dependent units finite.
    products += 1e-7 * np.diag(np.diag(products))
    aims = inputs.T @ target / len(inputs)
    inverse = np.linalg.inv(products)
    matrix = inverse @ aims
    alive = np.ones(len(products), dtype=bool)
    constant = len(products) - 1
    while alive.sum() - 1 > count:
        candidates = np.flatnonzero(alive[:constant])
        loss = np.square(matrix[candidates]).sum(axis=1) / inverse[candidates, candidates]
        gone = candidates[loss.argmin()]
        matrix = matrix - np.outer(inverse[:, gone] / inverse[gone, gone], matrix[gone])
        inverse = inverse - np.outer(inverse[:, gone], inverse[gone]) / inverse[gone, gone]
        alive[gone] = False
    kept = np.flatnonzero(alive)
    return kept[:-1], np.linalg.solve(products[np.ix_(kept, kept)], aims[kept])


def _with_constant(hidden: Float64Array) -> Float64Array:
    return np.concatenate([hidden, np.ones((len(hidden), 1))], axis=1)


def _with_hidden_values(model_bytes: bytes) -> tuple[OnnxSession, Float64Array]:
    """The graph with the position head's hidden values as another output, and the matrix that follows them."""
    model = onnx.load_from_string(model_bytes)
    constants = {entry.name: entry for entry in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type != "BiasGelu":
            continue
        expand = makers[node.input[0]].input[1]
        if tuple(constants[expand].dims) == _HEAD_SHAPE:
            follower = next(user for user in model.graph.node if node.output[0] in user.input)
            model.graph.output.append(helper.make_tensor_value_info(node.output[0], 1, None))
            reduce = numpy_helper.to_array(constants[follower.input[1]]).astype(np.float64)
            return OnnxSession(model.SerializeToString()), reduce
    raise ValueError("the graph has no position head")


def _hidden_rows(session: OnnxSession, finger: int) -> Float64Array:
    """Hidden values (rows, 208) of a generated finger, captured dry, usual, wet and noisy."""
    master, random, rows = master_print(9100 + finger), np.random.default_rng(finger), []
    for number, pressure in enumerate((-0.7, -0.2, 0.2, 0.7)):
        conditions = CaptureConditions(
            pressure=pressure,
            noise=(0.3, 1.0, 1.8, 2.5)[(number + finger) % 4],
            scratch_count=(0.0, 2.0, 4.0)[(number + finger) % 3],
            contact=(0.86, 0.6, 0.95)[finger % 3],
        )
        pixels = impression(master, number + 1, conditions=conditions, width_px=352, height_px=416)
        blurred, *_, hidden = session.run({"image": pixels[None, None]})
        near = (cv2.dilate(blurred[0, 0], np.ones((9, 9), dtype=np.uint8))[::2, ::2] > _NEAR_MINUTIA).reshape(-1)
        values = hidden.reshape(-1, hidden.shape[-1])
        for chosen in (np.flatnonzero(near), np.flatnonzero(~near)):
            rows.append(values[random.choice(chosen, _ROWS_A_PRINT // 2)])
    return np.concatenate(rows).astype(np.float64)


if __name__ == "__main__":
    main()
