"""OpenVINO IR (a graph in XML, weights beside it) to ONNX, for the layers of the networks that our packs name.

The layers are those of opset 1, read as its specification defines them (docs.openvino.ai, "Available operation sets",
opset1). A layer, attribute or element type that is not listed here is an error and never passed over. Weights of half
precision become single precision, which changes no value. The batch is freed: nothing in these layers looks at it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.errors import PackDamagedError
from matcher.texts.catalog import told

Array = npt.NDArray[Any]

LARGEST_GRAPH_BYTES: Final = 16 << 20
BATCH: Final = "N"
_ELEMENT_TYPES: Final = {"f16": "<f2", "f32": "<f4"}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. inputs: (layer id, output port) of what feeds each input, in the order of the input ports.
    output_shape: of its one output, empty where it has none."""

    layer_id: str
    kind: str
    attributes: Mapping[str, str]
    inputs: tuple[str, ...]
    output_shape: tuple[int, ...]


@dataclass(slots=True)
class OnnxParts:
    """What an ONNX graph is put together from: nodes in order, weights by name, and the value each layer became."""

    nodes: list[Any] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a node with one output; returns the output's name."""
        from onnx import helper  # noqa: PLC0415  half a second that a command without a made graph need not wait for

        self.nodes.append(helper.make_node(operator, inputs, [output], name=f"make_{output}", **attributes))
        return output

    def keep(self, name: str, values: Array) -> str:
        """Keep a weight; returns its name."""
        self.weights[name] = values
        return name


def read_layers(graph_xml: bytes) -> tuple[Layer, ...]:
    """The layers in the order of the file, which is checked to be one of computation. Raises PackDamagedError."""
    if len(graph_xml) > LARGEST_GRAPH_BYTES or b"<!DOCTYPE" in graph_xml or b"<!ENTITY" in graph_xml:
        raise PackDamagedError(told("graph.openvino_large"))
    try:
        root = ET.fromstring(graph_xml)  # noqa: S314  see the import
        sources = {
            (edge.attrib["to-layer"], edge.attrib["to-port"]): edge.attrib["from-layer"]
            for edge in root.iterfind("edges/edge")
        }
        layers = tuple(_layer(entry, sources) for entry in root.iterfind("layers/layer"))
    except (ET.ParseError, KeyError, ValueError) as error:
        raise PackDamagedError(told("graph.openvino", reason=error)) from error
    known: set[str] = set()
    for layer in layers:
        if not known.issuperset(layer.inputs):
            raise PackDamagedError(told("graph.openvino_order", layer=layer.layer_id))
        known.add(layer.layer_id)
    return layers


def _layer(entry: ET.Element, sources: Mapping[tuple[str, str], str]) -> Layer:
    outputs = entry.findall("output/port")
    if len(outputs) > 1 or entry.attrib.get("version") != "opset1":
        raise ValueError(f"layer {entry.attrib['id']} has several outputs, or is not of opset 1")
    found = entry.find("data")
    return Layer(
        layer_id=entry.attrib["id"],
        kind=entry.attrib["type"],
        attributes={} if found is None else dict(found.attrib),
        inputs=tuple(sources[entry.attrib["id"], port.attrib["id"]] for port in entry.iterfind("input/port")),
        output_shape=tuple(int(side.text or "") for port in outputs for side in port.iterfind("dim")),
    )


def convert(graph_xml: bytes, weights: bytes, parts: OnnxParts, *, fed_by: str) -> tuple[str, int]:
    """Append the network to parts, its one input taken from the value fed_by. Returns the name of the output and the
    count of its numbers per sample. Raises PackDamagedError on a layer that is not known, or weights that do not
    reach."""
    layers = read_layers(graph_xml)
    kinds = [layer.kind for layer in layers]
    if kinds.count("Parameter") != 1 or kinds.count("Result") != 1:
        raise PackDamagedError(told("graph.openvino_ends"))
    output, size = "", 0
    shapes = {layer.layer_id: layer.output_shape for layer in layers}
    for layer in layers:
        try:
            if layer.kind == "Parameter":
                parts.values[layer.layer_id] = fed_by
            elif layer.kind == "Const":
                parts.values[layer.layer_id] = parts.keep(f"w{layer.layer_id}", _constant(layer, weights))
            elif layer.kind == "Result":
                output, size = parts.values[layer.inputs[0]], int(np.prod(shapes[layer.inputs[0]][1:]))
            else:
                parts.values[layer.layer_id] = _LAYERS[layer.kind](layer, parts)
        except (KeyError, ValueError, IndexError) as error:
            raise PackDamagedError(
                told("graph.openvino_layer", layer=layer.layer_id, kind=layer.kind, reason=repr(error))
            ) from error
    return output, size


def _constant(layer: Layer, weights: bytes) -> Array:
    """The weight as float32."""
    element = np.dtype(_ELEMENT_TYPES[layer.attributes["element_type"]])
    shape = _whole_numbers(layer.attributes["shape"])
    offset, size = int(layer.attributes["offset"]), int(layer.attributes["size"])
    count = int(np.prod(shape, dtype=np.int64))
    if size != count * element.itemsize or offset < 0 or offset + size > len(weights):
        raise ValueError("a weight lies outside the file of weights")
    return np.frombuffer(weights, element, count, offset).astype(np.float32).reshape(shape)


def _whole_numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")] if text.strip() else []


def _same(layer: Layer, parts: OnnxParts) -> str:
    # Weights are float32 already, and these networks compute in nothing else.
    if layer.attributes["destination_type"] != "f32":
        raise ValueError("it converts to another type than f32")
    return parts.values[layer.inputs[0]]


def _elementwise(operator: str) -> Callable[[Layer, OnnxParts], str]:
    def build(layer: Layer, parts: OnnxParts) -> str:
        if layer.attributes.get("auto_broadcast", "numpy") != "numpy":
            raise ValueError("it broadcasts in another way than numpy")
        return parts.add(operator, [parts.values[name] for name in layer.inputs], f"t{layer.layer_id}")

    return build


def _sigmoid(layer: Layer, parts: OnnxParts) -> str:
    return parts.add("Sigmoid", [parts.values[layer.inputs[0]]], f"t{layer.layer_id}")


def _prelu(layer: Layer, parts: OnnxParts) -> str:
    """One slope for all channels or one each: IR lays them along the channels, ONNX broadcasts from the right."""
    fed, slope = (parts.values[name] for name in layer.inputs)
    parts.weights[slope] = parts.weights[slope].reshape(-1, 1, 1)
    return parts.add("PRelu", [fed, slope], f"t{layer.layer_id}")


def _convolution(layer: Layer, parts: OnnxParts) -> str:
    fed, kernel = (parts.values[name] for name in layer.inputs)
    group = 1
    if layer.kind == "GroupConvolution":
        # IR: groups, outputs a group, inputs a group, height, width. ONNX has the first two as one.
        group, outputs, *rest = parts.weights[kernel].shape
        parts.weights[kernel] = parts.weights[kernel].reshape(group * outputs, *rest)
    return parts.add(
        "Conv",
        [fed, kernel],
        f"t{layer.layer_id}",
        group=group,
        kernel_shape=list(parts.weights[kernel].shape[2:]),
        dilations=_whole_numbers(layer.attributes["dilations"]),
        **_window(layer),
    )


def _pooling(operator: str, **fixed: int) -> Callable[[Layer, OnnxParts], str]:
    def build(layer: Layer, parts: OnnxParts) -> str:
        if layer.attributes["rounding_type"] != "floor" or layer.attributes.get("exclude-pad", "true") != "true":
            raise ValueError("it rounds up, or counts the padding")
        return parts.add(
            operator,
            [parts.values[layer.inputs[0]]],
            f"t{layer.layer_id}",
            kernel_shape=_whole_numbers(layer.attributes["kernel"]),
            **fixed,
            **_window(layer),
        )

    return build


def _window(layer: Layer) -> dict[str, list[int]]:
    if layer.attributes.get("auto_pad", "explicit") != "explicit":
        raise ValueError("its padding is not explicit")
    return {
        "strides": _whole_numbers(layer.attributes["strides"]),
        "pads": _whole_numbers(layer.attributes["pads_begin"]) + _whole_numbers(layer.attributes["pads_end"]),
    }


_LAYERS: Final[Mapping[str, Callable[[Layer, OnnxParts], str]]] = {
    "Convert": _same,
    "Add": _elementwise("Add"),
    "Multiply": _elementwise("Mul"),
    "PReLU": _prelu,
    "Sigmoid": _sigmoid,
    "Convolution": _convolution,
    "GroupConvolution": _convolution,
    "AvgPool": _pooling("AveragePool", count_include_pad=0),
    "MaxPool": _pooling("MaxPool"),
}
