"""LEADER, the network that finds minutiae, as graphs of our own."""
