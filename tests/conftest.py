"""Fixtures for every test."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Neither how long an example takes nor how long it takes to make one says anything on a machine with other work.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED_FOLDER = CHECKOUT.parent / "shared"


def folder_or_skip(folder: Path, what: str) -> Path:
    """The folder; where it is absent the test is skipped with the reason, and with CI=true it fails."""
    if folder.is_dir():
        return folder
    message = f"{what} is not here: it lies beside the checkout as ../{folder.relative_to(CHECKOUT.parent)}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Real images and models for tests; never copied into the project."""
    return folder_or_skip(SHARED_FOLDER, "the folder of real images and models")


@pytest.fixture(scope="session")
def fingerprints_folder(shared_folder: Path) -> Path:
    """Six sets of real prints, FINGER_IMPRESSION.tif."""
    return folder_or_skip(shared_folder / "data" / "fingerprints", "the fingerprint sets")


@pytest.fixture(scope="session")
def faces_folder(shared_folder: Path) -> Path:
    """Real faces: orl/ and lfw_dev/, one folder per person."""
    return folder_or_skip(shared_folder / "data" / "faces", "the face sets")


@pytest.fixture(scope="session")
def models_folder(shared_folder: Path) -> Path:
    """Model files of the packs."""
    return folder_or_skip(shared_folder / "models", "the model files")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test depends on the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("STATION_MATCHER_"):
            monkeypatch.delenv(name)
    # Where the key of a new database is made, and the key that signs: no test finds what another one made there.
    own = tmp_path_factory.getbasetemp() / "configuration" / secrets.token_hex(8)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own))
