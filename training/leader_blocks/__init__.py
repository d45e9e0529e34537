"""Fits the compact bottlenecks of the fast LEADER graph (matcher/fingerprint/network/compact_blocks.py)."""
