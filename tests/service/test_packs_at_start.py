"""What the real server says of its packs when it starts, and what it takes their scores from."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.packs.store import PackStore
from tests.service.processes import REAL, server_process

SITE_CALIBRATION = """[calibration]
table = [[0.0, 0.0], [1.0, 50.0]]
max_score = 50.0
non_mated_count = 1234567
data_description = "made up"
"""


def environ(packs_folder: Path, face: str) -> dict[str, str]:
    return {
        "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(packs_folder),
        "STATION_MATCHER_PACKS_FACE": face,
        "STATION_MATCHER_PACKS_FINGERPRINT": "",
    }


def test_the_built_in_pack_says_what_it_is_for_and_whose_calibration_it_has(tmp_path: Path) -> None:
    path = PackStore(tmp_path / "packs").site_calibration_path("face-builtin")
    path.parent.mkdir()
    with server_process(tmp_path / "one", command=REAL, environ=environ(path.parent, "face-builtin")) as server:
        assert any("is for evaluation and training of staff" in line for line in server.lines)
        assert not any("this site's" in line for line in server.lines)
    path.write_text(SITE_CALIBRATION)
    with server_process(tmp_path / "two", command=REAL, environ=environ(path.parent, "face-builtin")) as server:
        told = next(line for line in server.lines if "this site's images" in line)
    assert "1234567 comparisons, measured up to 50.0" in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("opencv-sface", "packs install opencv-sface"),
        ("insightface-buffalo_s", "packs install insightface-buffalo_s"),
        ("face-builtin", "the site calibration of pack face-builtin is damaged"),
    ],
)
def test_a_face_pack_that_cannot_serve_is_told_with_the_command_that_mends_it(
    tmp_path: Path, name: str, told: str
) -> None:
    path = PackStore(tmp_path / "packs").site_calibration_path("face-builtin")
    path.parent.mkdir()
    path.write_text("damaged")
    with (
        pytest.raises(AssertionError, match=f"No faces: .*{told}"),
        server_process(tmp_path / "data", command=REAL, environ=environ(path.parent, name)),
    ):
        pass
