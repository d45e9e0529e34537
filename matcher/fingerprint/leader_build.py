"""From the weights file of the leader pack to a serialized ONNX model. Takes half a second; callers keep the result."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Final

from matcher.errors import PackDamagedError
from matcher.fingerprint.leader_fast import build_fast_graph
from matcher.fingerprint.leader_graph import build_exact_graph
from matcher.fingerprint.leader_weights import read_leader_weights

GRAPH_VERSION: Final = 1
"""Raise when a builder's output changes, so that graphs kept by an older version are built again."""


class GraphVariant(Enum):
    """FAST gives minutiae and is the default; EXACT gives whole maps and follows the original layer by layer."""

    FAST = "fast"
    EXACT = "exact"


def build_leader_graph(weights_file: Path, variant: GraphVariant = GraphVariant.FAST) -> bytes:
    """The model; the same file always gives the same bytes. Raises PackDamagedError where it is not LEADER's."""
    weights = read_leader_weights(weights_file)
    build = build_fast_graph if variant is GraphVariant.FAST else build_exact_graph
    try:
        return build(weights)
    except (KeyError, ValueError, IndexError) as error:
        raise PackDamagedError("the weights of the leader pack are not LEADER's; install the pack again") from error
