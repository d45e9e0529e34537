"""From image to answer: what passes through."""
