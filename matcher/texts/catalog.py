"""The one catalog: what people read, in Vietnamese and English, put together from the tables of this folder."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Number
from types import MappingProxyType
from typing import Any, Final

from index.errors import DatabaseError
from matcher.texts import (
    commands,
    errors,
    face_quality,
    fields,
    fingerprint_quality,
    graphs,
    help,
    index_words,
    keys,
    listening,
    log,
    notices,
    nouns,
    pack_errors,
    packs,
    pictures,
    samples,
    search,
    server,
    settings,
    store,
    system,
    usage,
)
from matcher.texts.index_words import words_of_index
from matcher.texts.languages import LANGUAGES
from matcher.texts.unseen import visible

# code -> its text in each of LANGUAGES, in their order. A third language is a third column: the tests name what lacks.
Table = Mapping[str, tuple[str, ...]]

_TABLES: Final[tuple[Table, ...]] = (
    errors.TEXTS,
    pictures.TEXTS,
    samples.TEXTS,
    fields.TEXTS,
    settings.TEXTS,
    search.TEXTS,
    commands.TEXTS,
    help.TEXTS,
    usage.TEXTS,
    listening.TEXTS,
    packs.TEXTS,
    pack_errors.TEXTS,
    graphs.TEXTS,
    index_words.TEXTS,
    log.TEXTS,
    store.TEXTS,
    keys.TEXTS,
    face_quality.TEXTS,
    fingerprint_quality.TEXTS,
    notices.TEXTS,
    nouns.TEXTS,
    server.TEXTS,
    system.TEXTS,
)


class Told(str):
    """An English text that knows its code and values, so that whoever shows it can do so in another language.

    Errors are raised with one: `raise RequestError(told("field.required"), field="subject_id")`.
    """

    code: str
    values: Mapping[str, object]


def told(code: str, /, **values: object) -> Told:
    """The English text of a code, to be shown in any language by `localized`."""
    made = Told(text(code, "en", **values))
    made.code, made.values = code, MappingProxyType(values)
    return made


def told_of(error: BaseException) -> str:
    """The message of an error, a Told where it was raised with one, which str() of the error is not."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)


def system_reason(error: OSError) -> str:
    """Why the operating system refused, a Told where its error number has a text; what the system says of the others,
    in English, as it is."""
    code = f"system.{errno.errorcode.get(error.errno or 0, '')}"
    return told(code) if has_text(code) else error.strerror or str(error)


def index_told(said: str) -> str:
    """What index says, a Told where a text says the same; as it is otherwise."""
    found = words_of_index(said)
    return said if found is None else told(found[0], **found[1])


def localized(value: object, language: str) -> str:
    """What a Told, an error made of one, or a refusal of the operating system says in a language; anything else as it
    is."""
    if isinstance(value, OSError) and value.errno:
        place = "" if value.filename is None else f": {value.filename}"
        return localized(system_reason(value), language) + place
    said = value.args[0] if isinstance(value, BaseException) and value.args else value
    if isinstance(value, DatabaseError) and not isinstance(said, Told):
        said = index_told(str(value))
    return text(said.code, language, **said.values) if isinstance(said, Told) else str(value)


def packed(said: object) -> Any:
    """A Told as what JSON can carry to another process; anything else as its text, numbers as they are."""
    if isinstance(said, Told):
        return {"code": said.code, "values": {name: packed(value) for name, value in said.values.items()}}
    return said if isinstance(said, Number) else str(said)


def unpacked(carried: Any) -> Any:
    """What `packed` was given."""
    if not isinstance(carried, dict):
        return carried
    return told(carried["code"], **{name: unpacked(value) for name, value in carried["values"].items()})


def text(code: str, language: str, /, **values: object) -> str:
    """The text of a code. language: one of LANGUAGES. values fill the named places, with nothing in them that steers a
    terminal, a Told or an error made of one in the same language. Raises KeyError for an unknown code, which only a
    mistake in the program can name."""
    return filled(catalog()[code], language, values)


def filled(texts: Sequence[str], language: str, values: Mapping[str, object]) -> str:
    """The text of a language out of those of one code, with its places filled as `text` does."""
    shown = {
        name: value if isinstance(value, Number) else visible(localized(value, language))
        for name, value in values.items()
    }
    return texts[LANGUAGES.index(language)].format(**shown)


def has_text(code: str) -> bool:
    return code in catalog()


def quality_text(code: str, language: str) -> str:
    """What a capture officer can do about a quality reason. A code without a text is shown as it is: an answer must
    not fail for want of a sentence."""
    return text(code, language) if has_text(code) else code.replace("_", " ")


@lru_cache(maxsize=1)
def catalog() -> Table:
    """code -> (Vietnamese, English), read-only."""
    merged: dict[str, tuple[str, ...]] = {}
    for table in _TABLES:
        for code, texts in table.items():
            assert merged.setdefault(code, texts) == texts, f"two tables give {code} different texts"
    return MappingProxyType(merged)
