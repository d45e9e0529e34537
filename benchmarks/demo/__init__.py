"""`make demo`: people enrolled and identified through a running server, with pictures.

The faces are those of the photograph that the insightface package ships; the fingerprints are generated.
"""
