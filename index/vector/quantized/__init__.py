"""Faces: 8-bit codes first, then exact products, with proof that nothing was lost."""
