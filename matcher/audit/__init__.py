"""The audit log: what is recorded, where it is kept, whether it is whole."""
