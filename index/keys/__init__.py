"""Keys of what is encrypted at rest: the master key, a secret for every subject and reference, what they open."""
