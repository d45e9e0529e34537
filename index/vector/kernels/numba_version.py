"""Whether numba is one whose inner workings this project knows: numba_inside.py and arrays.py build on them."""

from __future__ import annotations

from typing import Final

import numba

TRIED_VERSIONS: Final = ("0.68",)
"""Others compile in their own way, which takes longer, with the same results."""


def is_tried() -> bool:
    """Whether the numba that is installed is one of these."""
    return ".".join(numba.__version__.split(".")[:2]) in TRIED_VERSIONS
