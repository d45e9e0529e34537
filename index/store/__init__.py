"""The store: the truth that every index is made from."""
