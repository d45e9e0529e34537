"""Batch enrollment from the command line."""
