"""The search that the option --search asks for."""

import argparse
from collections.abc import Sequence

from benchmarks.engines import Engine, Extracted
from benchmarks.error_rates.search import ExhaustiveSearcher, GallerySearch


def load_searcher(args: argparse.Namespace, engine: Engine, gallery: Sequence[Extracted]) -> GallerySearch:
    """A searcher over the gallery; the caller closes it."""
    if args.search == "product":
        from benchmarks.error_rates.product_search import ProductSearcher  # noqa: PLC0415  loads faiss and the store

        return ProductSearcher(engine, gallery, shortlist_count=args.shortlist or None)
    return ExhaustiveSearcher(engine, gallery)
