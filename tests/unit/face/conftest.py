"""Packs of tiny models: the same shapes as the real ones, nothing of a real person."""

from __future__ import annotations

import pytest

from matcher.face.engine import FaceEngine
from tests.unit.face import tiny_models

EMBEDDER = """
[[embedders]]
kind = "{kind}"
file = "{file}"
input_px = 112
mean = {mean}
std = {std}
channel_order = "RGB"
dim = {dim}
"""
YUNET = """
[detector]
kind = "yunet"
file = "detector.onnx"
canvas_px = {canvas_px}
score_floor = 0.6
overlap = 0.3
"""
SCRFD = """
[detector]
kind = "scrfd"
file = "detector.onnx"
canvas_px = 0
score_floor = 0.5
overlap = 0.4
mean = 127.5
std = 128.0
channel_order = "RGB"
"""


@pytest.fixture(scope="session")
def joined_engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    """YuNet's layout, any canvas, and two embedders joined."""
    manifest = YUNET.format(canvas_px=0)
    manifest += EMBEDDER.format(kind="onnx", file="one.onnx", mean=127.5, std=127.5, dim=24)
    manifest += EMBEDDER.format(kind="onnx", file="two.onnx", mean=127.5, std=127.5, dim=8)
    files = {
        "detector.onnx": tiny_models.yunet_model(),
        "one.onnx": tiny_models.embedder_model(dim=24),
        "two.onnx": tiny_models.embedder_model(dim=8, seed=1),
    }
    return FaceEngine.load(*tiny_models.store_with(tmp_path_factory.mktemp("joined"), "joined", manifest, files))


@pytest.fixture(scope="session")
def sface_engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    """As opencv-sface: a detector of one fixed canvas and an embedder of batch one, fed 0-255 under other names."""
    manifest = YUNET.format(canvas_px=640) + EMBEDDER.format(kind="onnx", file="sface.onnx", mean=0.0, std=1.0, dim=16)
    files = {
        "detector.onnx": tiny_models.yunet_model(640),
        "sface.onnx": tiny_models.embedder_model(dim=16, batch=1, input_name="data"),
    }
    return FaceEngine.load(*tiny_models.store_with(tmp_path_factory.mktemp("sface"), "sface", manifest, files))


@pytest.fixture(scope="session")
def insightface_engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    """As insightface-buffalo: SCRFD and ArcFace through insightface's classes."""
    manifest = SCRFD + EMBEDDER.format(kind="arcface", file="arcface.onnx", mean=127.5, std=127.5, dim=32)
    files = {
        "detector.onnx": tiny_models.scrfd_model(),
        "arcface.onnx": tiny_models.embedder_model(dim=32, input_name="input.1"),
    }
    folder = tmp_path_factory.mktemp("insightface")
    return FaceEngine.load(*tiny_models.store_with(folder, "insightface", manifest, files))


@pytest.fixture(scope="session", params=["joined_engine", "sface_engine", "insightface_engine"])
def any_engine(request: pytest.FixtureRequest) -> FaceEngine:
    """Each kind of pack in turn."""
    engine: FaceEngine = request.getfixturevalue(request.param)
    return engine
