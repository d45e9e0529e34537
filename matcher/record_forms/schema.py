"""Which fields a record may have: read from fields.toml, or from the file that a force keeps in its place.

The forms are danh bản (204) and chỉ bản (205) of Circular 119/2021/TT-BCA, after public reproductions.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from index.records import DOCUMENT_FIELDS, RETENTION_DATE, SUBJECT_FIELDS, FingerPosition, Modality
from matcher.access.wording import RECORD_TEXT
from matcher.errors import ConfigError
from matcher.record_forms.kinds import FieldKind
from matcher.texts.catalog import system_reason, told
from matcher.texts.languages import LANGUAGES

_DEFAULT_LENGTH = 200
# What the store reads of these texts, whoever declares the fields.
_FIXED_KINDS = {
    "sex": FieldKind.SEX,
    "birth_year": FieldKind.YEAR,
    "cccd_number": FieldKind.CCCD,
    "cmnd_number": FieldKind.CMND,
    "passport_number": FieldKind.PASSPORT,
    "passport2_number": FieldKind.PASSPORT,
    RETENTION_DATE: FieldKind.DATE,
    **dict.fromkeys(DOCUMENT_FIELDS.values(), FieldKind.DATE),
}


@dataclass(frozen=True, slots=True)
class RecordField:
    """labels: by language. longest: characters."""

    field_id: str
    kind: FieldKind
    longest: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormImage:
    """A place of a form for a picture. fingers: those that it shows, from left to right; empty for a face."""

    image_id: str
    labels: Mapping[str, str]
    modality: Modality
    fingers: tuple[FingerPosition, ...]


@dataclass(frozen=True, slots=True)
class RecordForm:
    """A paper form: its fields and pictures in their order on it. source: what it was taken from."""

    form_id: str
    labels: Mapping[str, str]
    source: str
    field_ids: tuple[str, ...]
    images: tuple[FormImage, ...]


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """fields: by id, in the order of the file."""

    fields: Mapping[str, RecordField]
    forms: tuple[RecordForm, ...]


def load_schema(path: Path | None = None) -> RecordSchema:
    """path: of a force's own file; without it the one that is shipped. Raises ConfigError saying what is wrong."""
    try:
        content = (files(__package__) / "fields.toml" if path is None else path).read_text(encoding="utf-8")
        table = tomllib.loads(content)
    except OSError as error:
        raise ConfigError(told("config.fields_unreadable", reason=system_reason(error))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(told("config.fields_not_toml", reason=error)) from error
    try:
        fields = {name: _field(name, said) for name, said in table["fields"].items()}
        forms = tuple(_form(said, fields) for said in table.get("forms", ()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(told("config.fields_wrong", reason=error)) from error
    missing = [name for name in SUBJECT_FIELDS if name not in fields]
    if missing:
        raise ConfigError(told("config.fields_missing", names=", ".join(missing)))
    return RecordSchema(fields, forms)


def _field(name: str, said: Mapping[str, Any]) -> RecordField:
    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        raise ValueError(told("fields.id", name=name))
    kinds = [kind.value for kind in FieldKind]
    if said.get("kind", FieldKind.TEXT.value) not in kinds:
        raise ValueError(told("fields.unknown_kind", name=name, kinds=", ".join(kinds)))
    kind = FieldKind(said.get("kind", FieldKind.TEXT.value))
    if kind is not _FIXED_KINDS.get(name, kind):
        raise ValueError(told("fields.kind", name=name, kind=_FIXED_KINDS[name].value))
    longest = int(said.get("longest", _DEFAULT_LENGTH))
    if not 1 <= longest <= RECORD_TEXT.characters:
        raise ValueError(told("fields.longest", name=name, most=RECORD_TEXT.characters))
    return RecordField(name, kind, longest, _labels(name, said))


def _form(said: Mapping[str, Any], fields: Mapping[str, RecordField]) -> RecordForm:
    form_id = str(said["id"])
    unknown = [name for name in said["fields"] if name not in fields]
    if unknown:
        raise ValueError(told("fields.undeclared", form=form_id, names=", ".join(unknown)))
    images = tuple(
        FormImage(
            str(one["id"]),
            _labels(str(one["id"]), one),
            Modality(one["modality"]),
            tuple(FingerPosition(number) for number in one.get("fingers", ())),
        )
        for one in said.get("images", ())
    )
    return RecordForm(form_id, _labels(form_id, said), str(said.get("source", "")), tuple(said["fields"]), images)


def _labels(name: str, said: Mapping[str, Any]) -> dict[str, str]:
    labels = {language: str(said.get(language, "")) for language in LANGUAGES}
    if not all(labels.values()):
        raise ValueError(told("fields.label", name=name, languages=", ".join(LANGUAGES)))
    return labels
