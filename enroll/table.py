"""A CSV or JSON Lines file to rows, strictly: every row of the file is handed on, as cells or as a fault.

Delimited text follows RFC 4180. What Excel writes is taken as well: `sep=;`, tabs, semicolons, UTF-8 and UTF-16 with
their byte order marks, short and empty rows. A quotation mark without a match spoils its own line and no other: the
line is a fault, and reading goes on at the next.
"""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from enroll.errors import ManifestError, refusal
from enroll.messages import backlog_text as text_of
from enroll.words import COLUMNS, column_of, folded

_DELIMITERS: Final = (",", ";", "\t")
_REQUIRED: Final = ("external_id", "image")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(?P<delimiter>[^\r\n"])"?(?:\r\n|\r|\n)', re.IGNORECASE)
# How Python keeps bytes that are no UTF-8 (PEP 383).
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_NUL_SHARE: Final = 4
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# Byte order marks; the longer ones first, since that of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OTHER_FILES: Final = (
    (b"PK\x03\x04", "Excel (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "Excel (.xls)"),
    (b"%PDF", "PDF"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """number: as the spreadsheet shows it, or the line of a JSON Lines file. Either cells by column or a fault."""

    number: int
    cells: Mapping[str, str] = field(default_factory=dict)
    fault: ManifestError | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """unused: headers of columns that are known not to be needed."""

    rows: tuple[Row, ...]
    unused: tuple[str, ...] = ()


def read_table(content: bytes, *, is_json: bool, language: str, ignored_columns: Sequence[str] = ()) -> Table:
    """Every row that holds anything. Raises ManifestError where the file as a whole cannot be read."""
    text = _decoded(content, language)
    ignored = frozenset(folded(name) for name in ignored_columns)
    guess = _likely_encoding(content)
    if is_json:
        table = Table(tuple(_json_rows(text, language, ignored, guess)))
    else:
        table = _delimited(text, language, ignored, guess)
    _check_encoding(table, guess, language)
    return table


def _decoded(content: bytes, language: str) -> str:
    for start, kind in _OTHER_FILES:
        if content.startswith(start):
            raise refusal("workbook", language, kind=kind)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        # What is no UTF-8 is a fault of its row: the others read the same in every encoding that a sheet may have.
        text = content.decode(encoding, "surrogateescape" if encoding.startswith("utf-8") else "strict")
    except UnicodeDecodeError as error:
        raise refusal("not_utf8", language, row=1, guess=f"{encoding.upper()} (damaged)") from error
    if text.count("\0") * _NUL_SHARE > len(text):  # a few spoil their rows alone
        raise refusal("utf16_unmarked", language)
    return text.lstrip("\ufeff")


def _likely_encoding(content: bytes) -> str:
    # Windows-1258 sets tones as marks of their own, which Windows-1252 has as letters rare in a sheet (Ì Ò Þ ì ò þ).
    tones = sum(content.count(mark) for mark in (b"\xcc", b"\xd2", b"\xde", b"\xec", b"\xf2", b"\xfe"))
    return "Windows-1258" if tones else "Windows-1252, TCVN3 or VNI"


def _check_encoding(table: Table, guess: str, language: str) -> None:
    """A sheet of another encoding is refused whole, one with a few names of another is not."""
    bad = [row for row in table.rows if row.fault is not None and row.fault.code == "not_utf8_row"]
    if bad and 2 * len(bad) >= len(table.rows):
        raise refusal("not_utf8", language, row=bad[0].number, guess=guess)


# -- delimited text --


def _delimited(text: str, language: str, ignored: frozenset[str], guess: str) -> Table:
    said = _SEPARATOR_LINE.match(text)
    if said:
        text = text[said.end() :]  # Excel does not count this line either
    delimiter = said["delimiter"] if said else _likely_delimiter(text)
    records = _records(text, delimiter, first_number=1)
    header = next(
        (record for record in records if not record.cells or any(cell.strip() for cell in record.cells)), None
    )
    if header is None:
        raise refusal("missing_column", language, name="external_id")
    if not header.cells:
        raise refusal("bad_header", language)
    if any(_NOT_UTF8.search(cell) for cell in header.cells):
        raise refusal("not_utf8", language, row=header.number, guess=guess)
    columns = [column_of(name) for name in header.cells]
    columns = ["" if folded(name) in ignored else column for name, column in zip(header.cells, columns, strict=True)]
    _check_header(header.cells, columns, language)
    unused = tuple(
        name.strip() for name, column in zip(header.cells, columns, strict=True) if column == "" and name.strip()
    )
    names = [None if not name.strip() else column for name, column in zip(header.cells, columns, strict=True)]
    reader = _RowReader(text, delimiter, names, language, guess)
    return Table(tuple(reader.rows(start=header.end, first_number=header.number + 1)), unused)


@dataclass(frozen=True, slots=True)
class _Record:
    """cells of a record that ends at `end`; empty where the line is not one (a quotation mark without a match)."""

    number: int
    start: int
    end: int
    cells: tuple[str, ...] = ()


@cache
def _record_pattern(delimiter: str) -> re.Pattern[str]:
    # Possessive, so that a long damaged file takes linear time. ="0790..." is how Excel keeps a number as text.
    mark = re.escape(delimiter)
    cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"|="[^"\r\n]*+"|[^"{mark}\r\n]*+)'
    return re.compile(rf"{cell}(?:{mark}{cell})*+(?=\r\n|\r|\n|\Z)")


def _records(text: str, delimiter: str, *, start: int = 0, first_number: int) -> Iterator[_Record]:
    """Records one after the other; a line that is none ends at its line end, and the next begins there."""
    pattern = _record_pattern(delimiter)
    number = first_number
    while start < len(text):
        found = pattern.match(text, start)
        if found is None:
            yield _Record(number, start, _line_end(text, start))
        else:
            yield _Record(number, start, _after_line_end(text, found.end()), _split(found[0], delimiter))
        start = _line_end(text, start) if found is None else _after_line_end(text, found.end())
        number += 1


def _split(record: str, delimiter: str) -> tuple[str, ...]:
    if not record:
        return ("",)
    try:
        return tuple(next(csv.reader([record], delimiter=delimiter, strict=True)))
    except csv.Error:  # a cell above the library's limit of 128 KiB
        return ()


def _line_end(text: str, start: int) -> int:
    found = _LINE_END.search(text, start)
    return found.end() if found else len(text)


def _after_line_end(text: str, start: int) -> int:
    found = _LINE_END.match(text, start)
    return found.end() if found else start


def _likely_delimiter(text: str) -> str:
    """The one under which the header has most columns that we know."""

    def known_count(delimiter: str) -> int:
        records = (record.cells for record in _records(text, delimiter, first_number=1))
        header = next((cells for cells in records if any(cell.strip() for cell in cells)), ())
        return sum(bool(column_of(name)) for name in header)

    return max(_DELIMITERS, key=known_count)


def _check_header(headers: Sequence[str], columns: Sequence[str | None], language: str) -> None:
    for name, column in zip(headers, columns, strict=True):
        if column is None and name.strip():
            raise unknown_column(name.strip(), language)
    for column in COLUMNS:
        twice = [name.strip() for name, found in zip(headers, columns, strict=True) if found == column]
        if len(twice) > 1:
            raise refusal("doubled_column", language, name=column, headers=", ".join(twice))
    for column in _REQUIRED:
        if column not in columns:
            raise refusal("missing_column", language, name=column)


def unknown_column(name: str, language: str) -> ManifestError:
    """The refusal of a header, with the column that it may have meant."""
    near = difflib.get_close_matches(name.lower(), COLUMNS, n=1)
    nearest = text_of("nearest", language, value=near[0]) if near else ""
    return refusal("unknown_column", language, name=name, nearest=nearest, known=", ".join(COLUMNS))


class _RowReader:
    """Rows below the header. columns: by place; "" is not used, None has no header."""

    def __init__(self, text: str, delimiter: str, columns: Sequence[str | None], language: str, guess: str) -> None:
        self._text = text
        self._guess = guess
        self._delimiter = delimiter
        self._columns = columns
        self._language = language

    def rows(self, *, start: int, first_number: int) -> Iterator[Row]:
        number = first_number
        while start < len(self._text):
            record = next(_records(self._text, self._delimiter, start=start, first_number=number))
            if not record.cells or self._swallows_rows(record):
                yield Row(number, fault=refusal("stray_quote", self._language))
                start = _line_end(self._text, start)
            else:
                if any(cell.strip() for cell in record.cells):
                    yield self._row(record)
                start = record.end
            number += 1

    def _swallows_rows(self, record: _Record) -> bool:
        """A cell over several lines: no column of ours has one, and one of theirs must not look like further rows."""
        for place, cell in enumerate(record.cells):
            if not re.search(r"[\r\n]", cell.strip()):
                continue
            is_unused = place < len(self._columns) and self._columns[place] == ""
            if not is_unused or self._delimiter in _LINE_END.split(cell, maxsplit=1)[1]:
                return True
        return False

    def _row(self, record: _Record) -> Row:
        cells: dict[str, str] = {}
        for place, cell in enumerate(record.cells):
            if place >= len(self._columns):
                if cell.strip():
                    count, columns = len(record.cells), len(self._columns)
                    return self._fault(record, cells, "many_cells", count=count, columns=columns)
                continue
            column = self._columns[place]
            if column is None and cell.strip():
                return self._fault(record, cells, "unnamed_cell")
            if column:
                cells[column] = cell
        if any(_NOT_UTF8.search(cell) for cell in cells.values()):
            return self._fault(record, cells, "not_utf8_row", guess=self._guess)
        return Row(record.number, cells)

    def _fault(self, record: _Record, cells: Mapping[str, str], code: str, **values: object) -> Row:
        return Row(record.number, cells, refusal(code, self._language, **values))


# -- JSON Lines --


def _json_rows(text: str, language: str, ignored: frozenset[str], guess: str) -> Iterator[Row]:
    # Only \n ends a line: JSON allows U+2028, U+2029 and U+0085 inside strings, where str.splitlines would cut.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if _NOT_UTF8.search(line):
            yield Row(number, fault=refusal("not_utf8_row", language, guess=guess))
            continue
        try:
            yield Row(number, _json_cells(line, language, ignored))
        except ManifestError as error:
            yield Row(number, fault=error)


def _json_cells(line: str, language: str, ignored: frozenset[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, value in _json_object(line, language).items():
        column = "" if folded(name) in ignored else column_of(name)
        if column is None:
            raise unknown_column(name, language)
        if column in cells:
            raise refusal("doubled_key", language, name=column)
        if column:
            cells[column] = _json_cell(column, value, language)
    return cells


def _json_object(line: str, language: str) -> dict[str, Any]:
    """Strictly: no key twice, no NaN."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            names = [name for name, _ in pairs]
            raise refusal("doubled_key", language, name=next(name for name in seen if names.count(name) > 1))
        return seen

    def refuse_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        row = json.loads(line, object_pairs_hook=unique, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise refusal("bad_json", language, detail=str(error) or "nested too deeply") from error
    if not isinstance(row, dict):
        raise refusal("bad_json", language, detail="{ ... }?")
    return row


def _json_cell(column: str, value: Any, language: str) -> str:
    if value is None:
        return ""
    if column == "gallery" and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    # A whole number is exact and reads as written; a decimal one is right only where a measure is meant.
    is_number = isinstance(value, int) or (isinstance(value, float) and column == "ppi")
    if isinstance(value, str) or (is_number and not isinstance(value, bool)):
        return str(value)
    kinds = {bool: "true/false", float: "1.0", list: "[...]", dict: "{...}"}
    raise refusal("id_type", language, name=column, kind=kinds.get(type(value), type(value).__name__))
