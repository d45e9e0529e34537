"""Whom parameters were fitted on, and whom they were not, by name: figures are of the others."""

import hashlib


def is_held_out(identity: str) -> bool:
    """True for one person in five, by a hash of the name: stable over machines and runs."""
    return hashlib.sha256(identity.encode()).digest()[0] % 5 == 0


def is_first_half(identity: str) -> bool:
    """True for half of all people, whom bad photographs were measured on for the face packs (training/conditions.py);
    its figures are of the other half."""
    return hashlib.sha256(f"half of {identity}".encode()).digest()[0] % 2 == 0
