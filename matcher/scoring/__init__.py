"""Similarity to score, threshold, fused score and ranked list."""
