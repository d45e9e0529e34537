"""Packs of an installation to engines: what is left out, and what is told to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.records import Modality
from matcher.assembly.loading import load_packs
from matcher.packs.store import PackStore
from tests.unit.face import tiny_models
from tests.unit.face.conftest import EMBEDDER, YUNET

SITE_CALIBRATION = """[calibration]
table = [[0.0, 0.0], [1.0, 50.0]]
max_score = 50.0
non_mated_count = 1000
data_description = "made up"
"""


@pytest.fixture
def store(tmp_path: Path) -> PackStore:
    """A store whose one pack `joined` has no calibration."""
    manifest = YUNET.format(canvas_px=0) + EMBEDDER.format(kind="onnx", file="one.onnx", mean=127.5, std=127.5, dim=24)
    files = {"detector.onnx": tiny_models.yunet_model(), "one.onnx": tiny_models.embedder_model(dim=24)}
    return tiny_models.store_with(tmp_path, "joined", manifest, files)[1]


def test_a_pack_is_installed_first_and_calibrated_then(store: PackStore) -> None:
    missing = load_packs(store, face="joined", fingerprint="").missing[Modality.FACE]
    assert "station-matcher calibrate --pack joined --data DIR" in missing
    store.remove("joined")
    missing = load_packs(store, face="joined", fingerprint="").missing[Modality.FACE]
    assert "station-matcher packs install joined" in missing


def test_a_site_calibration_is_what_the_server_scores_with(store: PackStore) -> None:
    store.site_calibration_path("joined").write_text(SITE_CALIBRATION)
    loaded = load_packs(store, face="joined", fingerprint="")
    assert loaded.missing == {}
    assert loaded.calibrations["joined@1"].max_score == 50.0
    assert loaded.site_calibrated == {"joined@1"}
    store.site_calibration_path("joined").write_text("damaged")
    loaded = load_packs(store, face="joined", fingerprint="")
    assert "damaged" in loaded.missing[Modality.FACE]
    assert loaded.engines.face is None
