"""Face: detection, alignment, quality, embedding."""
