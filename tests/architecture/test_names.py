"""The four import names are ours alone, and the names that other rooms rely on are there."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

OUR_NAMES = ("matcher", "index", "enroll", "protos")
CHECKOUT = Path(__file__).resolve().parents[2]
# ISO/IEC 2382-37 has other words for these, or they say nothing (GUIDE section 8).
FORBIDDEN = re.compile(r"\b(suspects?|genuine|impostors?|hit_rate|far|frr|utils?|manager)\b", re.IGNORECASE)


@pytest.mark.parametrize("name", OUR_NAMES)
def test_no_other_distribution_brings_the_name(name: str) -> None:
    owners = {owner for owner in importlib.metadata.packages_distributions().get(name, ()) if owner}
    assert owners <= {"station-matcher"}


@pytest.mark.parametrize("name", OUR_NAMES)
def test_the_name_is_imported_from_this_checkout(name: str) -> None:
    origin = importlib.import_module(name).__file__
    assert origin is not None
    assert Path(origin).is_relative_to(CHECKOUT)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (
            "matcher.client",
            {"ClientTls", "MatcherClient", "ServiceError", "enroll_message", "error_of", "face_sample",
             "fingerprint_sample", "sample_message"},
        ),
        ("matcher.config", {"Settings", "load_settings"}),
        ("matcher.usecases.identify", {"IdentificationQuery", "Identifier"}),
        ("matcher.usecases.verify", {"Verifier"}),
        ("matcher.usecases.enroll", {"Enroller", "EnrollmentSettings"}),
        ("matcher.usecases.assess", {"Assessor"}),
        ("matcher.extraction.engines", {"Engines", "Extraction"}),
        ("matcher.texts.catalog", {"text"}),
        ("index.database", {"EnrollmentDatabase"}),
    ],
)  # fmt: skip
def test_names_that_other_rooms_rely_on_are_there(module: str, names: set[str]) -> None:
    defined = {name for name, _ in inspect.getmembers(importlib.import_module(module))}
    assert names <= defined


def _our_modules() -> list[str]:
    found = []
    for name in OUR_NAMES:
        package = importlib.import_module(name)
        found += [module.name for module in pkgutil.walk_packages(package.__path__, f"{name}.")]
    return [name for name in found if "_pb2" not in name and not name.endswith("__main__")]


def test_public_names_use_the_words_of_the_standard() -> None:
    wrong = []
    for module in _our_modules():
        path = CHECKOUT / Path(*module.split("."))
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for line in source.read_text(encoding="utf-8").splitlines():
            named = re.match(r"\s*(?:def|class)\s+(\w+)", line)
            if named and FORBIDDEN.search(named[1].replace("_", " ")):
                wrong.append(f"{module}: {named[1]}")
        if FORBIDDEN.search(module.replace(".", " ").replace("_", " ")):
            wrong.append(module)
    assert not wrong
