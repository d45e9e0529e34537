"""The digest of what an ONNX graph computes, whoever wrote its file.

Two releases of the onnx package may write one graph as different bytes, so a graph that is made on the user's machine
is pinned by its weights and topology instead: inputs, outputs, operators with their attributes and edges, and every
number of every weight. What ONNX Runtime does not compute with (producer, documentation, shapes noted on the way)
stays out of the digest, and whatever could change the outcome without being in it is refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import numpy as np

from matcher.errors import PackDamagedError
from matcher.texts.catalog import told

# Bumped with the form of the text that is hashed; a digest names it, so that two forms are never compared.
FORM: Final = "station-matcher graph 1"
STANDARD_DOMAINS: Final = ("", "ai.onnx")


def graph_digest(model: bytes) -> str:
    """Hex sha256 over the canonical form of a serialized ONNX model, independent of the order of nodes and weights in
    the file. Raises PackDamagedError where the bytes are no ONNX model, or one with parts that the digest does not
    cover."""
    import onnx  # noqa: PLC0415  half a second that a command without a made graph need not wait for

    loaded = onnx.ModelProto()
    try:
        loaded.ParseFromString(model)
    except Exception as error:  # protobuf's decoder raises its own kind, and another one in each implementation
        raise PackDamagedError(told("graph.no_onnx")) from error
    _require_covered(loaded)
    graph = loaded.graph
    form = {
        "form": FORM,
        "opset": sorted((entry.domain, entry.version) for entry in loaded.opset_import),
        "inputs": [_value(entry) for entry in graph.input],
        "outputs": [_value(entry) for entry in graph.output],
        "weights": sorted([entry.name, *_tensor(entry)] for entry in graph.initializer),
        # Each value has one maker, so the nodes by what they make are the topology in an order of its own.
        "nodes": sorted(_node(node) for node in graph.node),
    }
    canonical = json.dumps(form, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _require_covered(model: Any) -> None:
    graph = model.graph
    if model.functions or model.training_info or graph.sparse_initializer or graph.quantization_annotation:
        raise PackDamagedError(told("graph.foreign_parts"))
    domains = [entry.domain for entry in model.opset_import] + [node.domain for node in graph.node]
    if not set(domains) <= set(STANDARD_DOMAINS):
        raise PackDamagedError(told("graph.foreign_operators"))
    made = [name for node in graph.node for name in node.output] + [entry.name for entry in graph.initializer]
    if len(set(made)) != len(made):
        raise PackDamagedError(told("graph.made_twice"))


def _value(entry: Any) -> list[Any]:
    shape = entry.type.tensor_type.shape.dim
    return [entry.name, entry.type.tensor_type.elem_type, [side.dim_param or side.dim_value for side in shape]]


def _node(node: Any) -> list[Any]:
    attributes = sorted([entry.name, *_attribute(entry)] for entry in node.attribute)
    return [list(node.output), node.op_type, list(node.input), attributes]


def _attribute(entry: Any) -> list[Any]:
    from onnx import AttributeProto, helper  # noqa: PLC0415  see graph_digest

    if entry.type == AttributeProto.TENSOR:
        return ["TENSOR", *_tensor(entry.t)]
    value = helper.get_attribute_value(entry)
    kind = AttributeProto.AttributeType.Name(entry.type)
    if kind in ("INT", "INTS"):
        return [kind, value if kind == "INT" else list(value)]
    if kind in ("FLOAT", "FLOATS"):
        return [kind, np.atleast_1d(np.asarray(value, "<f4")).tobytes().hex()]
    if kind == "STRING":
        return [kind, value.hex()]
    raise PackDamagedError(told("graph.foreign_attribute", kind=kind))


def _tensor(tensor: Any) -> list[Any]:
    """Element type, shape and the digest of the little-endian values, in row order."""
    from onnx import TensorProto, numpy_helper  # noqa: PLC0415  see graph_digest

    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise PackDamagedError(told("graph.weights_elsewhere"))
    try:
        values = np.ascontiguousarray(numpy_helper.to_array(tensor))
        ordered = values.astype(values.dtype.newbyteorder("<"))
    except (TypeError, ValueError, KeyError) as error:
        raise PackDamagedError(told("graph.weight")) from error
    return [int(tensor.data_type), [int(side) for side in tensor.dims], hashlib.sha256(ordered.tobytes()).hexdigest()]
