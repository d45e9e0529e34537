"""Generated fingerprint templates without images, thousands a second: strangers for large galleries.

for minutiae in minutia_sets(100_000, seed=1): ...
"""

from benchmarks.generated_templates.sets import minutia_sets

__all__ = ["minutia_sets"]
