"""The reader of sheets: what is written comes back, and no damage makes rows fewer without a word."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.errors import ManifestError
from enroll.table import Row, Table, read_table

COLUMNS = ("external_id", "image", "display_name", "sex")
# Letters as they are typed, composed and decomposed, with everything that a sheet needs quotation marks for.
CELLS = st.text(
    alphabet=st.one_of(
        st.sampled_from("ễưđẠ\u0302\u0303 ,;\t\"'|=|\u2028\u0085\u00a0日😀"),
        st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r\n"),
    ),
    min_size=1,
    max_size=12,
).filter(lambda cell: cell.strip() and not cell.startswith("="))
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=8)
DELIMITERS = st.sampled_from(",;\t")


def _csv(rows: list[tuple[str, ...]], delimiter: str, *, quoting: int = csv.QUOTE_MINIMAL, end: str = "\r\n") -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([COLUMNS, *rows])  # type: ignore[arg-type]
    return buffer.getvalue()


def _read(content: bytes, *, is_json: bool = False, ignored: tuple[str, ...] = ()) -> Table:
    return read_table(content, is_json=is_json, language="en", ignored_columns=ignored)


def _cells(row: Row) -> tuple[str, ...]:
    assert row.fault is None, row.fault
    return tuple(row.cells[name] for name in COLUMNS)


@given(
    ROWS,
    DELIMITERS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_rows_come_back_as_they_were_written(
    rows: list[tuple[str, ...]], delimiter: str, encoding: str, quoting: int, end: str
) -> None:
    text = _csv(rows, delimiter, quoting=quoting, end=end)
    if text.startswith("\ufeff"):
        return
    read = _read(text.encode(encoding)).rows
    assert [_cells(row) for row in read] == rows
    assert [row.number for row in read] == list(range(2, len(rows) + 2))


@given(ROWS, DELIMITERS, st.data())
def test_a_stray_quotation_mark_never_loses_a_row(
    rows: list[tuple[str, ...]], delimiter: str, drawn: st.DataObject
) -> None:
    """Each line of the file is a row that was read or a fault with its number."""
    text = _csv(rows, delimiter, end="\n")
    header_end = text.index("\n") + 1
    for _ in range(drawn.draw(st.integers(1, 3))):
        place = drawn.draw(st.integers(header_end, len(text) - 1))
        text = text[:place] + '"' + text[place:]
    read = _read(text.encode()).rows
    assert [row.number for row in read] == list(range(2, len(rows) + 2))


@given(ROWS, DELIMITERS, st.data())
def test_a_quotation_mark_that_got_lost_never_loses_a_row(
    rows: list[tuple[str, ...]], delimiter: str, drawn: st.DataObject
) -> None:
    text = _csv(rows, delimiter, quoting=csv.QUOTE_ALL)
    places = [place for place, character in enumerate(text) if character == '"' and place > text.index("\n")]
    place = drawn.draw(st.sampled_from(places))
    read = _read((text[:place] + text[place + 1 :]).encode()).rows
    assert [row.number for row in read] == list(range(2, len(rows) + 2))


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_named_error(content: bytes) -> None:
    for is_json in (False, True):
        for start in (b"", b"external_id,image\n"):
            with suppress(ManifestError):
                table = _read(start + content, is_json=is_json)
                assert all(row.fault is None or row.fault.code for row in table.rows)


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS, min_size=1), min_size=1, max_size=6))
def test_json_lines_come_back_as_they_were_written(rows: list[dict[str, str]]) -> None:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    read = _read(text.encode(), is_json=True).rows
    assert [(row.number, dict(row.cells)) for row in read] == list(enumerate(rows, start=1))


@pytest.mark.parametrize(
    "line",
    [
        '{"external_id": "1", "external_id": "2", "image": "a.png"}',
        '{"external_id": "1", "CCCD": "2", "image": "a.png"}',
        '{"external_id": NaN}',
        '{"external_id": Infinity}',
        '{"external_id": 1.0}',
        '{"external_id": true}',
        '{"external_id": ["1"]}',
        '{"external_id": {"a": 1}}',
        "[" * 100_000,
        '{"external_id": ' + "9" * 10_000 + "}",
        "1",
        "null",
        '{"unknown": 1}',
        '{"external_id": "1"',
    ],
)
def test_a_bad_json_line_is_a_fault_of_its_row(line: str) -> None:
    good = '{"external_id": "079", "image": "a.png", "gallery": ["a", "b"], "ppi": 500.5, "birth_date": 1990}'
    first, second = _read(f"{line}\n{good}\n".encode(), is_json=True).rows
    assert first.fault is not None
    assert second.fault is None
    assert second.cells["gallery"] == "a|b"
    assert (second.cells["ppi"], second.cells["birth_date"]) == ("500.5", "1990")


def test_lone_halves_of_characters_do_not_end_the_reading() -> None:
    (row,) = _read(b'{"external_id": "\\ud800", "image": "a.png"}', is_json=True).rows
    assert row.fault is None  # the cell is refused where it is read: see test_cells


def test_notes_may_have_line_breaks_but_may_not_hold_rows() -> None:
    header = "external_id,image,Ghi chú\r\n"
    read = _read(f'{header}1,a.png,"đủ\r\nba ảnh"\r\n2,b.png,x\r\n'.encode()).rows
    assert [(row.number, row.fault) for row in read] == [(2, None), (3, None)]
    swallowed = _read(f'{header}1,a.png,"đủ\r\n2,b.png,x\r\n3,c.png,"\r\n4,d.png,\r\n'.encode()).rows
    assert [row.number for row in swallowed] == [2, 3, 4, 5]
    assert [row.fault is None for row in swallowed] == [False, True, False, True]


def test_columns_that_are_not_needed_can_be_left_out() -> None:
    content = "external_id,image,Cán bộ thu\n1,a.png,x\n".encode()
    with pytest.raises(ManifestError, match="--ignore-column"):
        _read(content)
    assert _read(content, ignored=("cán bộ thu",)).unused == ("Cán bộ thu",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "missing_column"),
        (b"\r\n\r\n", "missing_column"),
        (b"external_id\n1\n", "missing_column"),
        (b"external_id,image,id\n", "doubled_column"),
        (b'external_id,"image\n1,a\n', "bad_header"),
        ("external_id,image,display_name\n1,a,Ánh\n".encode("latin-1"), "not_utf8"),
        ("external_id,image\n".encode("utf-16-be"), "utf16_unmarked"),
        (b"\xff\xfea", "not_utf8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, code: str) -> None:
    with pytest.raises(ManifestError) as refused:
        _read(content)
    assert refused.value.code == code


def test_one_null_byte_spoils_its_row_alone() -> None:
    rows = _read(b"external_id,image\n1,a\n2,b\0\n3,c\n").rows
    assert [row.number for row in rows] == [2, 3, 4]
    assert rows[1].cells["image"] == "b\0"  # refused where the cell is read, as every invisible character
