"""Which languages there are, and which one a header or a locale asks for."""

from __future__ import annotations

from typing import Final

from matcher.errors import ConfigError

LANGUAGES: Final = ("vi", "en")
DEFAULT_LANGUAGE: Final = "vi"


def preferred_language(accept_language: str, *, default: str = DEFAULT_LANGUAGE) -> str:
    """The language of an accept-language header (RFC 9110) or a LANG variable that we have; `default` otherwise."""
    if default not in LANGUAGES:
        raise ConfigError(f"the default language must be one of {', '.join(LANGUAGES)}")
    best, best_weight = default, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().replace("_", "-").partition("-")[0].partition(".")[0]
        weight = _weight(parameter)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
