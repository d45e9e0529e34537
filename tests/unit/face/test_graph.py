"""Rewritten graphs compute what the original did."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from matcher.errors import SessionError
from matcher.face.graph import rewrite_graph
from matcher.packs.session import OnnxSession
from tests.unit.face.tiny_models import yunet_model


def prelu_model(slope: np.ndarray, *, how: str) -> bytes:
    """y = PRelu(x, slope); how: the slope is an initializer, a Constant node, or a half-precision one behind a Cast."""
    nodes, initializers = [], []
    if how == "initializer":
        initializers = [numpy_helper.from_array(slope.astype(np.float32), "slope")]
    elif how == "constant":
        value = numpy_helper.from_array(slope.astype(np.float32))
        nodes = [helper.make_node("Constant", [], ["slope"], value=value)]
    else:
        initializers = [numpy_helper.from_array(slope.astype(np.float16), "half")]
        nodes = [helper.make_node("Cast", ["half"], ["slope"], to=TensorProto.FLOAT)]
    graph = helper.make_graph(
        [*nodes, helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "prelu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 5, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 5, 6])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("how", ["initializer", "constant", "cast"])
@pytest.mark.parametrize(
    "slope",
    [
        np.array([[[0.25]]]),
        np.array([[[-2.5]]]),  # a slope may be negative or above one: max(x, slope * x) would be wrong
        np.array([[[3.0]]]),
        np.array([[[0.5]], [[-1.0]], [[2.0]], [[0.0]]]),
    ],
)
def test_prelu_is_replaced_by_an_equal_thing(slope: np.ndarray, how: str) -> None:
    model = prelu_model(slope, how=how)
    rewritten = rewrite_graph(model)
    kinds = {node.op_type for node in onnx.load_model_from_string(rewritten).graph.node}
    assert "PRelu" not in kinds
    x = np.random.default_rng(0).normal(size=(1, 4, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(OnnxSession(rewritten).run({"x": x})[0], OnnxSession(model).run({"x": x})[0], atol=1e-6)


def test_a_freed_canvas_gives_the_same_on_the_old_size_and_takes_others() -> None:
    fixed, freed = OnnxSession(yunet_model(640)), OnnxSession(rewrite_graph(yunet_model(640), free_canvas=True))
    x = np.random.default_rng(0).uniform(0, 255, (1, 3, 640, 640)).astype(np.float32)
    for before, after in zip(fixed.run({"input": x}), freed.run({"input": x}), strict=True):
        np.testing.assert_array_equal(before, after)
    assert freed.input_shapes == ((1, 3, None, None),)
    assert freed.run({"input": x[:, :, :256, :128]})[0].shape == (1, 32 * 16, 1)


def test_what_is_no_model_is_a_session_error() -> None:
    with pytest.raises(SessionError, match="not an ONNX model"):
        rewrite_graph(b"\x00 no model")
