"""From the weights file of the leader pack to a serialized ONNX model. Takes half a second; callers keep the result."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Final

from matcher.errors import PackDamagedError
from matcher.fingerprint.network.compact_blocks import read_compact_blocks
from matcher.fingerprint.network.fast_graph import build_fast_graph
from matcher.fingerprint.network.reference_graph import build_exact_graph
from matcher.fingerprint.network.weights import read_leader_weights
from matcher.texts.catalog import told

GRAPH_VERSION: Final = 3
"""Raise when a builder's output changes, so that graphs kept by an older version are built again."""


class GraphVariant(Enum):
    """FAST gives minutiae and is the default. WHOLE is the same with whole bottlenecks: equal to EXACT but for
    rounding. EXACT gives maps and follows the original layer by layer."""

    FAST = "fast"
    WHOLE = "whole"
    EXACT = "exact"


def build_leader_graph(weights_file: Path, variant: GraphVariant = GraphVariant.FAST) -> bytes:
    """The model; the same file always gives the same bytes. Raises PackDamagedError where it is not LEADER's."""
    weights = read_leader_weights(weights_file)
    try:
        if variant is GraphVariant.EXACT:
            return build_exact_graph(weights)
        return build_fast_graph(weights, read_compact_blocks() if variant is GraphVariant.FAST else None)
    except (KeyError, ValueError, IndexError) as error:
        raise PackDamagedError(told("pack.leader_weights")) from error
