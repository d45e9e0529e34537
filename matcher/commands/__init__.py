"""Commands of station-matcher that belong to one room; matcher.commands.main puts them together."""
