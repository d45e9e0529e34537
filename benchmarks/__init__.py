"""Measurements of Station Matcher: error rates, speed and footprint. Runs from the checkout, never installed."""
