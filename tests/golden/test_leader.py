"""Our LEADER graphs against values of the original in Keras on a drawn pattern; benchmarks/leader_parity.py does the
same on real prints, with Keras at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import PackDamagedError
from matcher.fingerprint.network.build import GraphVariant, build_leader_graph
from matcher.fingerprint.network.maps import run_leader
from matcher.packs.session import OnnxSession
from matcher.packs.store import PackStore
from tests.unit.fingerprint.ridge_pattern import ridge_pattern

ORIGINAL = json.loads((Path(__file__).parent / "leader_original.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PackStore(tmp_path_factory.mktemp("packs")).file("leader", "LEADER.weights.h5")


@pytest.mark.parametrize(
    ("variant", "tolerance"), [(GraphVariant.EXACT, 1e-4), (GraphVariant.WHOLE, 1e-4), (GraphVariant.FAST, 2e-2)]
)
def test_minutiae_are_the_originals(weights: Path, variant: GraphVariant, tolerance: float) -> None:
    pixels = ridge_pattern(side_px=256, minutia_count=10, seed=5).pixels
    peaks = run_leader(OnnxSession(build_leader_graph(weights, variant)), pixels)
    column, row, _, direction_rad, ending, blurred = np.array(ORIGINAL["minutiae"]).T
    np.testing.assert_array_equal(peaks.row, row)
    np.testing.assert_array_equal(peaks.column, column)
    turn = np.arctan2(peaks.direction[:, 1], peaks.direction[:, 0]) - direction_rad
    np.testing.assert_allclose(np.mod(turn + np.pi, 2 * np.pi), np.pi, atol=tolerance)
    np.testing.assert_allclose(peaks.ending, ending, atol=tolerance)
    np.testing.assert_allclose(peaks.blurred[peaks.row, peaks.column], blurred, atol=tolerance)


def test_the_exact_graph_gives_the_originals_position_map(weights: Path) -> None:
    pixels = ridge_pattern(side_px=256, minutia_count=10, seed=5).pixels
    position = OnnxSession(build_leader_graph(weights, GraphVariant.EXACT)).run({"image": pixels[None, None]})[0]
    np.testing.assert_allclose(position[0, 0, 8::16, 8::16], ORIGINAL["position_16"], atol=1e-4)


def test_building_is_deterministic(weights: Path) -> None:
    for variant in GraphVariant:
        assert build_leader_graph(weights, variant) == build_leader_graph(weights, variant)


@pytest.mark.parametrize("content", [b"", b"not a weights file", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_another_file_is_a_damaged_pack(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(PackDamagedError):
        build_leader_graph(path)


def test_weights_of_another_network_are_a_damaged_pack(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as opened:
        arrays = opened.create_group("layers/conv2d/vars")
        arrays.attrs["name"] = "some_other_layer"
        arrays["0"] = np.zeros((3, 3), dtype=np.float32)
    with pytest.raises(PackDamagedError):
        build_leader_graph(path)
