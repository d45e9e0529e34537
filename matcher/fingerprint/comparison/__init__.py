"""Two prints: how similar, and which minutiae coincide."""
