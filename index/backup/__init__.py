"""Backups: a snapshot of the store as a sealed stream, and the way back."""
