"""The graphs of a pack that are made from its publishers' files. Each recipe is deterministic: the same files give
the same weights and topology on every machine, and the manifest pins their digest (`graph_digest`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from matcher.errors import PackDamagedError
from matcher.packs.openvino_ir import BATCH, OnnxParts, convert
from matcher.texts.catalog import told

# Versions that ONNX Runtime 1.18, the oldest we take, knows. Stated, so that a newer onnx package chooses no others.
IR_VERSION: Final = 8
OPSET: Final = 13
# The mean and deviation of ImageNet's pictures in 0-1, red, green, blue, with which MobileFaceNet was trained.
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
_FEEDING: Final = 127.5  # our embedders are fed (pixels - 127.5) / 127.5

Recipe = Callable[[Sequence[bytes]], bytes]
"""From the publishers' files, in the order of the manifest, to a serialized ONNX model. Raises PackDamagedError."""


def make_graph(made_by: str, sources: Sequence[bytes]) -> bytes:
    """A serialized ONNX model from the publishers' files. made_by: a key of RECIPES. Raises PackDamagedError."""
    return RECIPES[made_by](sources)


def _points(sources: Sequence[bytes]) -> bytes:
    """landmarks-regression-retail-0009 as it is: BGR 0-255, 48 px; five (x, y) in 0-1 of the crop."""
    graph_xml, weights = sources
    parts = OnnxParts()
    output, size = convert(graph_xml, weights, parts, fed_by="0")
    parts.add("Flatten", [output], "landmarks", axis=1)
    return _serialized(parts, ("0", 48), ("landmarks", size))


def _embedding_retail(sources: Sequence[bytes]) -> bytes:
    """face-reidentification-retail-0095 fed as the other embedders are. The network wants BGR 0-255 at 128 px, so the
    normalization is undone, the channels are turned and the picture is enlarged inside the graph."""
    graph_xml, weights = sources
    parts = OnnxParts()
    parts.keep("k127", np.array(_FEEDING, np.float32))
    parts.keep("bgr", np.array([2, 1, 0], np.int64))
    parts.keep("scales", np.array([1, 1, 128 / 112, 128 / 112], np.float32))
    parts.keep("roi", np.zeros(0, np.float32))
    parts.add("Mul", ["input", "k127"], "span")
    parts.add("Add", ["span", "k127"], "rgb")
    parts.add("Gather", ["rgb", "bgr"], "turned", axis=1)
    half_pixel = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    parts.add("Resize", ["turned", "roi", "scales"], "picture", **half_pixel)
    output, size = convert(graph_xml, weights, parts, fed_by="picture")
    parts.add("Flatten", [output], "embedding", axis=1)
    return _serialized(parts, ("input", 112), ("embedding", size))


def _embedding_mobilefacenet(sources: Sequence[bytes]) -> bytes:
    """MobileFaceNet of foamliu fed as the other embedders are, at any batch. Its own normalization comes in front as
    one product and one sum a channel; into the first convolution it cannot go, whose border is padded with zeros
    after it."""
    import onnx  # noqa: PLC0415  half a second that a command without a made graph need not wait for
    from onnx import numpy_helper  # noqa: PLC0415

    (published,) = sources
    model = onnx.load_model_from_string(published)
    last = model.graph.node[-1]
    if last.op_type != "Reshape" or list(last.output) != [model.graph.output[0].name]:
        raise PackDamagedError(told("graph.mobilefacenet_end"))
    # Single precision throughout, as the graph that was handed out first had it: so templates agree to the last bit.
    mean, std = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    half = np.float32(_FEEDING / 255.0)
    parts = OnnxParts(weights={entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer})
    parts.keep("norm_scale", half / std)
    parts.keep("norm_shift", (half - mean) / std)
    parts.add("Mul", ["input", "norm_scale"], "norm_product")
    parts.add("Add", ["norm_product", "norm_shift"], model.graph.input[0].name)
    # The reshape at the end fixes the batch at 1; its shape, a constant, goes with it.
    parts.nodes += [node for node in model.graph.node[:-1] if list(node.output) != [last.input[1]]]
    parts.add("Flatten", [last.input[0]], "embedding", axis=1)
    size = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    return _serialized(parts, ("input", 112), ("embedding", size), opset=model.opset_import[0].version)


def _serialized(parts: OnnxParts, fed: tuple[str, int], made: tuple[str, int], *, opset: int = OPSET) -> bytes:
    """The model with one input (name, side in px) and one output (name, numbers per sample)."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415  see above

    (input_name, side), (output_name, size) = fed, made
    graph = helper.make_graph(
        parts.nodes,
        "station-matcher",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [BATCH, 3, side, side])],
        [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, [BATCH, size])],
        [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in parts.weights.items()],
    )
    model: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)
    return bytes(model.SerializeToString(deterministic=True))


RECIPES: Final[Mapping[str, Recipe]] = {
    "openvino-ir-points": _points,
    "openvino-ir-embedding": _embedding_retail,
    "mobilefacenet": _embedding_mobilefacenet,
}
