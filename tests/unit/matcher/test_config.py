"""Settings from TOML and the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.config import Settings, load_settings, system_language
from matcher.errors import ConfigError

HOME = {"XDG_DATA_HOME": "/xdg"}


def written(folder: Path, content: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(content, encoding="utf-8")
    return path


def test_without_anything_the_defaults_hold_and_data_lies_below_xdg() -> None:
    settings = load_settings(environ=HOME)
    assert settings.server == Settings().server
    assert settings.storage.data_folder == Path("/xdg/station-matcher")
    assert settings.storage.audit_file == Path("/xdg/station-matcher/audit.jsonl")
    assert settings.storage.packs_folder == Path("/xdg/station-matcher/packs")


def test_the_file_overrides_the_defaults_and_the_environment_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[server]\naddress = "127.0.0.1:1"\nworker_count = 3\n[search]\ntarget_fpir = 1e-3\n')
    environ = {**HOME, "STATION_MATCHER_CONFIG": str(path), "STATION_MATCHER_SERVER_ADDRESS": "127.0.0.1:2"}
    settings = load_settings(environ=environ)
    assert settings.server.address == "127.0.0.1:2"
    assert settings.server.worker_count == 3
    assert settings.search.target_fpir == 1e-3


def test_the_audit_file_follows_the_data_folder() -> None:
    settings = load_settings(environ={"STATION_MATCHER_STORAGE_DATA_FOLDER": "/data"})
    assert settings.storage.audit_file == Path("/data/audit.jsonl")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[server]\nadress = 'x'", "did you mean address"),
        ("[sever]\naddress = 'x'", "did you mean server"),
        ("address = 'x'", "outside a section"),
        ("[server]\nworker_count = 'many'", "a whole number"),
        ("[server]\nworker_count = true", "a whole number"),
        ("[server]\nworker_count = 1.5", "a whole number"),
        ("[server]\naddress = 7", "a text"),
        ("[server]\nreflection = 'perhaps'", "true or false"),
        ("[server]\nworker_count = -1", "0 to 256"),
        ("[server]\nlanguage = 'fr'", "one of vi, en"),
        ("[search]\ntarget_fpir = nan", "above 0 and below 1"),
        ("[search]\ntarget_fpir = 1", "above 0 and below 1"),
        ("[tls]\ncertificate = 'a.pem'", "belong together"),
        ("[tls]\nclient_root = 'a.pem'", "needs tls.certificate"),
        ("not toml", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_settings(written(tmp_path, content), environ=HOME)


def test_an_unknown_variable_of_ours_is_an_error_and_others_are_not() -> None:
    assert load_settings(environ={**HOME, "STATION": "x"}).server == Settings().server
    with pytest.raises(ConfigError, match="did you mean STATION_MATCHER_SERVER_ADDRESS"):
        load_settings(environ={**HOME, "STATION_MATCHER_SERVER_ADRESS": "x"})


@pytest.mark.parametrize(("word", "expected"), [("true", True), ("0", False), ("no", False), ("Yes", True)])
def test_yes_and_no_are_words_not_truthiness(word: str, expected: bool) -> None:
    environ = {**HOME, "STATION_MATCHER_SERVER_REFLECTION": word}
    assert load_settings(environ=environ).server.reflection is expected


def test_an_absent_settings_file_is_an_error_that_names_no_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(tmp_path / "absent.toml", environ=HOME)
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "vi"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "fr_FR.UTF-8"}, "vi"),
        ({"LANG": "vi_VN", "LC_ALL": "en_GB.UTF-8"}, "en"),
    ],
)
def test_the_language_comes_from_the_locale(environ: dict[str, str], language: str) -> None:
    assert system_language(environ) == language
