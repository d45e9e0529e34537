"""`make demo`: people enrolled and identified through a running server, with pictures of every candidate listed.

The faces are those of the photograph that the insightface package ships; the fingerprints are generated.
"""
