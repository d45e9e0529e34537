"""Compiled loops and the layout of codes that they read."""
