"""Fingerprint: minutiae, descriptors, comparison, quality."""
