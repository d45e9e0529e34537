"""Rewrites of a model graph that change its speed but not its results.

ONNX Runtime has no vector kernel for PRelu and leaves its fast channel-blocked layout around each one: in one
embedder here they cost two thirds of the time. Equal operators stay in that layout, fused into the convolution before:
- one slope for all channels: LeakyRelu;
- one slope a channel: slope * x + (1 - slope) * Relu(x), the products as depthwise 1 x 1 convolutions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from matcher.errors import SessionError
from matcher.texts.catalog import told

# Shape (channels, 1, 1) of a slope that spreads over (batch, channels, height, width).
CHANNEL_FIRST_RANK = 3


def rewrite_graph(content: bytes, *, free_canvas: bool = False) -> bytes:
    """The serialized model with PRelu replaced; free_canvas also frees height and width of the input.

    Freeing is right only for a network that is convolutional throughout and reshapes with -1, as YuNet is.
    Raises SessionError where content is no ONNX model.
    """
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's DecodeError has no stable home
        raise SessionError(told("graph.no_onnx")) from error
    _replace_prelu(model.graph)
    if free_canvas:
        _free_canvas(model.graph)
    rewritten: bytes = model.SerializeToString()
    return rewritten


def _replace_prelu(graph: Any) -> None:
    constants = _constants(graph)
    nodes: list[Any] = []
    for node in graph.node:
        slope = constants.get(node.input[1]) if node.op_type == "PRelu" else None
        nodes.extend([node] if slope is None else _equal_nodes(graph, node, slope.astype(np.float32)))
    del graph.node[:]
    graph.node.extend(nodes)


def _equal_nodes(graph: Any, node: Any, slope: np.ndarray[Any, Any]) -> list[Any]:
    source, target = node.input[0], node.output[0]
    if slope.size == 1:
        return [helper.make_node("LeakyRelu", [source], [target], alpha=float(slope.reshape(-1)[0]))]
    if slope.ndim != CHANNEL_FIRST_RANK or slope.shape[1:] != (1, 1):
        return [node]
    count = slope.shape[0]
    names = [f"{target}_{part}" for part in ("slope", "rest")]
    for name, factors in zip(names, (slope, 1.0 - slope), strict=True):
        graph.initializer.append(numpy_helper.from_array(factors.reshape(count, 1, 1, 1).astype(np.float32), name))
    shape = {"group": count, "kernel_shape": [1, 1]}
    return [
        helper.make_node("Relu", [source], [f"{target}_above"]),
        helper.make_node("Conv", [source, names[0]], [f"{target}_sloped"], **shape),
        helper.make_node("Conv", [f"{target}_above", names[1]], [f"{target}_kept"], **shape),
        helper.make_node("Add", [f"{target}_sloped", f"{target}_kept"], [target]),
    ]


def _constants(graph: Any) -> dict[str, Any]:
    """Arrays known before the run: initializers, Constant nodes, and casts of these."""
    found = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Cast" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
    return found


def _free_canvas(graph: Any) -> None:
    sides = graph.input[0].type.tensor_type.shape.dim
    sides[2].dim_param, sides[3].dim_param = "height", "width"
    for output in graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"{output.name}_cells"
    del graph.value_info[:]
