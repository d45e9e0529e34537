"""Which index serves which modality: the one place that names the classes.

Faces have one vector a reference and an exact vector index. Fingerprints have many, one a minutia, and an index that
counts their votes; it makes a shortlist for full comparison.
"""

from __future__ import annotations

from pathlib import Path

from index.records import Modality
from index.vector.protocol import SearchIndex
from index.vector.quantized.index import QuantizedIndex
from index.vector.votes.index import DescriptorIndex
from index.vector.votes.index import warm_up as warm_up_descriptors


def make_index(modality: Modality, dim: int, folder: Path) -> SearchIndex:
    """An empty index that keeps its files in folder, which is its own."""
    if modality is Modality.FACE:
        return QuantizedIndex(dim, folder=folder)
    return DescriptorIndex(dim)


def warm_up() -> None:
    """Compile the loops of the indexes, which takes seconds in each process, before somebody waits for them."""
    QuantizedIndex(64).warm_up()
    warm_up_descriptors(64)


def load_index(modality: Modality, folder: Path) -> SearchIndex:
    """The index saved in folder. Raises CacheFileError."""
    if modality is Modality.FACE:
        return QuantizedIndex.load(folder)
    return DescriptorIndex.load(folder)
