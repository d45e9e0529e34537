"""Recipe of the fingerprint comparison: fits the descriptor basis and the weights of the fused similarity.

    python -m training.fingerprints --shared ../shared --out out/fingerprints

writes descriptor_basis.npz (to be put into matcher/fingerprint/comparison) and report.json, and prints the
weights for matcher/fingerprint/comparison/compare.py and the error rates that leave one set out in turn.
"""
