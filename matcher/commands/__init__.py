"""Commands of station-matcher that belong to one room; matcher.cli puts them together."""
