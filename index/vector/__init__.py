"""What an index promises, and who keeps the promise: exact search of vectors, votes of minutiae."""
