"""Graphs made on the user's machine: what the converter makes of IR, and what the digest of a graph notices."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import PackDamagedError
from matcher.packs.graph_digest import graph_digest
from matcher.packs.making import make_graph
from matcher.packs.session import OnnxSession
from tests.unit.face import tiny_models
from tests.unit.tiny_ir import SIDE, tiny_ir, tiny_output, tiny_weights


def made(graph_xml: bytes, weights: bytes) -> bytes:
    return make_graph("openvino-ir-points", [graph_xml, weights])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), slope_count=st.sampled_from([1, 4]), batch=st.integers(1, 3))
def test_every_layer_computes_what_its_arithmetic_says_at_any_batch(seed: int, slope_count: int, batch: int) -> None:
    weights = tiny_weights(seed, slope_count=slope_count)
    pictures = np.random.default_rng(seed).uniform(0, 255, (batch, 3, SIDE, SIDE)).astype(np.float32)
    (found,) = OnnxSession(made(*tiny_ir(weights))).run({"0": pictures})
    assert 0.001 < np.median(found) < 0.999
    np.testing.assert_allclose(found, tiny_output(weights, pictures), atol=2e-4)


@pytest.mark.parametrize(
    "change",
    [
        (b'type="Sigmoid"', b'type="Tanh"'),
        (b'version="opset1"', b'version="opset8"'),
        (b'rounding_type="floor"', b'rounding_type="ceil"'),
        (b'exclude-pad="true"', b'exclude-pad="false"'),
        (b'auto_pad="explicit"', b'auto_pad="same_upper"'),
        (b'auto_broadcast="numpy"', b'auto_broadcast="pdpd"'),
        (b'element_type="f16"', b'element_type="i8"'),
        (b'offset="0"', b'offset="100000"'),
        (b'offset="0"', b'offset="-2"'),
        (b'size="6"', b'size="8"'),
        (b'shape="1, 3, 1, 1"', b'shape="1, 3, 1, x"'),
        (b'type="Parameter"', b'type="Const"'),
        (b'<edge from-layer="0"', b'<edge from-layer="9"'),
        (b"</net>", b""),
        (b"<net ", b'<!DOCTYPE net [<!ENTITY a SYSTEM "file:///etc/passwd">]><net '),
    ],
)
def test_what_the_converter_does_not_know_is_refused(change: tuple[bytes, bytes]) -> None:
    graph_xml, weights = tiny_ir(tiny_weights())
    assert change[0] in graph_xml
    with pytest.raises(PackDamagedError):
        made(graph_xml.replace(*change), weights)


def test_weights_that_end_early_are_refused() -> None:
    graph_xml, weights = tiny_ir(tiny_weights())
    with pytest.raises(PackDamagedError):
        made(graph_xml, weights[:-2])


def test_no_picture_of_mobilefacenet_is_made_of_another_network() -> None:
    with pytest.raises(PackDamagedError):
        make_graph("mobilefacenet", [tiny_models.embedder_model(dim=8)])


def parsed() -> Any:
    return onnx.load_model_from_string(made(*tiny_ir(tiny_weights())))


def other_order(model: Any) -> None:
    weights = list(model.graph.initializer)
    del model.graph.initializer[:]
    model.graph.initializer.extend(reversed(weights))
    for node in model.graph.node:
        attributes = list(node.attribute)
        del node.attribute[:]
        node.attribute.extend(reversed(attributes))


def other_writing(model: Any) -> None:
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        weight.ClearField("raw_data")
        weight.float_data.extend(values.reshape(-1).tolist())


def other_words(model: Any) -> None:
    model.producer_name, model.ir_version, model.graph.name, model.doc_string = "another", 10, "another", "words"
    model.graph.node[0].name = "another"


@pytest.mark.parametrize("change", [other_order, other_writing, other_words])
def test_the_digest_is_the_same_however_the_graph_is_written(change: Callable[[Any], None]) -> None:
    model = parsed()
    before = model.SerializeToString()
    change(model)
    assert model.SerializeToString() != before
    assert graph_digest(model.SerializeToString()) == graph_digest(before)


def one_bit(model: Any) -> None:
    weight = model.graph.initializer[0]
    weight.raw_data = bytes([weight.raw_data[0] ^ 1]) + weight.raw_data[1:]


def one_shape(model: Any) -> None:
    weight = model.graph.initializer[0]
    weight.dims[:] = list(reversed(weight.dims))


def one_edge(model: Any) -> None:
    model.graph.node[2].input[0] = model.graph.node[0].output[0]


def one_operator(model: Any) -> None:
    model.graph.node[-2].op_type = "Tanh"


def one_attribute(model: Any) -> None:
    next(entry for node in model.graph.node for entry in node.attribute if entry.name == "strides").ints[0] += 1


def another_opset(model: Any) -> None:
    model.opset_import[0].version += 1


def another_output(model: Any) -> None:
    model.graph.output[0].name = model.graph.node[0].output[0]


@pytest.mark.parametrize(
    "change", [one_bit, one_shape, one_edge, one_operator, one_attribute, another_opset, another_output]
)
def test_the_digest_notices_every_change_of_what_is_computed(change: Callable[[Any], None]) -> None:
    model = parsed()
    before = graph_digest(model.SerializeToString())
    change(model)
    assert graph_digest(model.SerializeToString()) != before


def outside_weights(model: Any) -> None:
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "other.bin")


def a_branch(model: Any) -> None:
    node = model.graph.node.add(op_type="If", input=["0"], output=["z"])
    node.attribute.append(onnx.helper.make_attribute("then_branch", onnx.GraphProto()))


def a_function(model: Any) -> None:
    model.functions.add(name="Sigmoid")


def foreign_operators(model: Any) -> None:
    model.graph.node[0].domain = "com.microsoft"


def a_second_maker(model: Any) -> None:
    model.graph.node.append(model.graph.node[0])


@pytest.mark.parametrize("change", [outside_weights, a_branch, a_function, foreign_operators, a_second_maker])
def test_what_the_digest_does_not_cover_is_refused(change: Callable[[Any], None]) -> None:
    model = parsed()
    change(model)
    with pytest.raises(PackDamagedError):
        graph_digest(model.SerializeToString())


@given(noise=st.binary(max_size=200))
def test_bytes_that_are_no_model_are_refused_or_have_another_digest(noise: bytes) -> None:
    with suppress(PackDamagedError):
        assert graph_digest(noise) != graph_digest(made(*tiny_ir(tiny_weights())))
