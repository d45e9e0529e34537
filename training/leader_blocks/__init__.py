"""Fits the compact bottlenecks of the fast LEADER graph (matcher/fingerprint/compact_blocks.py)."""
