"""Which people the built-in face pack never saw in training: one in five of the set that it was trained on."""

import hashlib


def is_held_out(identity: str) -> bool:
    """True for one person in five, by a hash of the name: stable over machines and runs."""
    return hashlib.sha256(identity.encode()).digest()[0] % 5 == 0
