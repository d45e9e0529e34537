"""Fingers: references ranked by the votes of their minutiae."""
