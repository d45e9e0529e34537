"""Templates to references, best first."""
