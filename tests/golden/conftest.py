"""Fixtures of the golden tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from matcher.formats.decode import decode_image
from matcher.samples import Image


@pytest.fixture(scope="session")
def sample() -> Image:
    """The photograph of six people that insightface ships."""
    spec = importlib.util.find_spec("insightface")
    assert spec is not None
    assert spec.origin is not None
    return decode_image((Path(spec.origin).parent / "data" / "images" / "t1.jpg").read_bytes())
