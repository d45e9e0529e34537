"""Backlogs as clerks, scanners and spreadsheets deliver them, each with what must become of it.

`python -m tests.service.backlogs` prints the table: what `check` and `run` say, how many people a server then has.
Files are generated; no person is real.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enroll import cli
from matcher.client import MatcherClient
from tests.fakes import png_bytes
from tests.service.conftest import start_service, stop_service

HEADER: Final = "external_id,image,modality,display_name,sex,birth_date"
NAMES: Final = ("Nguyễn Thị Ánh", "Trần Văn Bình", "Lê Thị Cẩm", "Phạm Văn Dũng", "Hoàng Thị Én", "Vũ Văn Giáp")
FEW: Final = 4
MANY: Final = 10


@dataclass(frozen=True, slots=True)
class Backlog:
    """kind: what was delivered. before: what became of it when this was written first. make: writes it and returns
    the path. people: whom the server must know afterwards. rows: lines of the results file. told: what `check` must
    say. check_code, run_code: exit codes."""

    kind: str
    before: str
    make: Callable[[Path], Path]
    people: int
    rows: int
    told: tuple[str, ...] = ()
    check_code: int = 0
    run_code: int = 0
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened. results: (row, outcome) of each line of the results file."""

    check_code: int
    check_text: str
    run_code: int
    run_text: str
    people: int
    results: tuple[tuple[str, str], ...]


def person_id(number: int) -> str:
    """A made-up number of twelve digits."""
    return f"079{90 + number % 10:03d}{number:06d}"


def photo(folder: Path, name: str, number: int) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_bytes(number))
    return name


def cells(folder: Path, number: int, **changed: str) -> dict[str, str]:
    """One good row."""
    return {
        "external_id": person_id(number),
        "image": changed.get("image") or photo(folder, f"photos/{number:04d}.png", number),
        "modality": "face",
        "display_name": NAMES[number % len(NAMES)],
        "sex": ("nữ", "nam")[number % 2],
        "birth_date": f"{1 + number % 28:02d}/03/19{70 + number % 30}",
    } | changed


def text_of(rows: list[dict[str, str]], *, delimiter: str = ",", header: str = "") -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    if header:
        buffer.write(header + "\r\n")
    else:
        writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


Change = Callable[[Path, list[dict[str, str]]], None]


def sheet(
    change: Change | None = None,
    *,
    count: int = FEW,
    delimiter: str = ",",
    header: str = "",
    before: str = "",
    encoding: str = "utf-8-sig",
    edit: Callable[[str], str] = str,
    encode: Callable[[str], bytes] | None = None,
    name: str = "backlog.csv",
) -> Callable[[Path], Path]:
    """A sheet of some people. change spoils rows, edit the text, encode the bytes."""

    def make(folder: Path) -> Path:
        rows = [cells(folder, number) for number in range(1, count + 1)]
        if change is not None:
            change(folder, rows)
        text = edit(before + text_of(rows, delimiter=delimiter, header=header))
        path = folder / name
        path.write_bytes(encode(text) if encode else text.encode(encoding))
        return path

    return make


def row_with(number: int, **changed: str) -> Callable[[Path], Path]:
    """A sheet in which one row (of the spreadsheet) has other cells."""
    return sheet(lambda _, rows: rows[number - 2].update(changed))


def file_with(content: bytes) -> Callable[[Path], Path]:
    """The photograph of row 4 is this instead."""

    def change(folder: Path, rows: list[dict[str, str]]) -> None:
        (folder / rows[2]["image"]).write_bytes(content)

    return sheet(change)


def each(**changed: Callable[[str], str]) -> Change:
    """Every row with some cells written otherwise."""

    def change(_: Path, rows: list[dict[str, str]]) -> None:
        for row in rows:
            row.update({name: write(row[name]) for name, write in changed.items()})

    return change


def _with_gallery(_: Path, rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows):
        row["gallery"] = "Hồ sơ" if number == 2 else "records"


def _with_typing_error(_: Path, rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows):
        row["gallery"] = "recrods" if number == 2 else "records"


def _stray_quotes(text: str) -> str:
    lines = text.split("\r\n")
    lines[2] = lines[2].replace(",face,", ',face,"')
    lines[9] = lines[9].replace(",nam,", '",nam,').replace(",nữ,", '",nữ,')
    return "\r\n".join(lines)


def _empty_rows(text: str) -> str:
    lines = text.split("\r\n")
    return "\r\n".join([*lines[:3], ",,,,,", "", *lines[3:-1], ",,,,,", ",,,,,", ""])


def _windows_1258(text: str) -> bytes:
    """Tones as marks of their own after the letter, which is all that this encoding has."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    content = b""
    for character in text:
        parts = unicodedata.normalize("NFD", character)
        letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        content += (letter + "".join(part for part in parts if part in tones)).encode("cp1258")
    return content


def _lost_zeros(_: Path, rows: list[dict[str, str]]) -> None:
    for row in rows[4:]:
        row["external_id"] = row["external_id"].lstrip("0")


def _two_lengths(_: Path, rows: list[dict[str, str]]) -> None:
    rows[1]["external_id"] = "1234567"


def _case_numbers(folder: Path, rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows):
        row["external_id"] = f"{20240000 + number}"
    _two_lengths(folder, rows)


def _decomposed_paths(folder: Path, rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows, start=1):
        photo(folder, f"a\u0309nh/tre\u0309 {number}.png", number)
        row["image"] = f"ảnh/trẻ {number}.png"


def _one_id(*names: str) -> Change:
    """Rows 4 and 5 are of one id and differ in these columns alone."""

    def change(_: Path, rows: list[dict[str, str]]) -> None:
        same = {name: rows[2][name] for name in ("external_id", "display_name", "sex", "birth_date")}
        rows[3].update({name: value for name, value in same.items() if name not in names})

    return change


def _fingers(_: Path, rows: list[dict[str, str]]) -> None:
    names = ("ngón trỏ phải", "Ngón cái trái", "ngon ap ut phai", "RIGHT LITTLE", "trái giữa", "út trái", "2", "")
    for row, finger in zip(rows, (*names, "ngón nhẫn (trái)", "right-thumb"), strict=True):
        row |= {"modality": "vân tay", "finger": finger, "ppi": "500"}


def json_lines(change: Callable[[int, dict[str, object]], None], *, count: int = MANY) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        lines = []
        for number in range(1, count + 1):
            row: dict[str, object] = dict(cells(folder, number))
            change(number, row)
            lines.append(json.dumps(row, ensure_ascii=False))
        path = folder / "backlog.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return make


def _separators(number: int, row: dict[str, object]) -> None:
    row["display_name"] = ("Lê\u2028Thị Ánh", "Trần\u2029Bình", "Phạm\u0085Dũng")[number - 1]


def _odd_values(number: int, row: dict[str, object]) -> None:
    odd: dict[int, object] = {2: 79099001234.0, 3: [1, 2], 4: True, 5: float("nan"), 6: {"a": 1}}
    row["external_id"] = odd.get(number, row["external_id"])


def tree(*names: str, also: Callable[[Path], None] | None = None) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        root = folder / "people"
        for number, name in enumerate(names, start=1):
            photo(root, name, number)
        if also is not None:
            also(root)
        return root

    return make


def _other_files(root: Path) -> None:
    for name, content in (
        ("p1/phone.heic", b"\0\0\0\x18ftypheic" + bytes(64)),
        ("p1/old.gif", b"GIF89a" + bytes(64)),
        ("p2/._front.jpg", b"\0\x05\x16\x07" + bytes(64)),
        ("p2/Thumbs.db", b"x"),
        ("p2/notes.docx", b"PK\x03\x04"),
    ):
        (root / name).write_bytes(content)
    photo(root, "p3/web.jfif", 33)
    photo(root, "p4/no_ending", 34)


def _not_utf8(root: Path) -> None:
    folder = os.fsencode(root) + b"/Nguy\xe9n"
    os.mkdir(folder)
    with open(folder + b"/1.png", "wb") as file:
        file.write(png_bytes(44))


def _too_large(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / rows[2]["image"]).open("r+b") as file:
        file.truncate(33 * 1024 * 1024)


def _unreadable(folder: Path, rows: list[dict[str, str]]) -> None:
    path = folder / rows[2]["image"]
    path.unlink()
    path.symlink_to(path.name)  # a loop of links cannot be read even by root


def _rows_of_one_image(_: Path, rows: list[dict[str, str]]) -> None:
    rows[2]["image"] = rows[1]["image"]


def _copied_image(folder: Path, rows: list[dict[str, str]]) -> None:
    (folder / rows[2]["image"]).write_bytes((folder / rows[1]["image"]).read_bytes())


def _doubled(text: str) -> str:
    return text.replace(HEADER, HEADER.replace("display_name", "external_id"), 1)


VIETNAMESE: Final = "SỐ CCCD,TỆP ẢNH,LOẠI,HỌ VÀ TÊN,GIỚI TÍNH,NGÀY SINH"
_ALL_ROWS = "refused whole, exit 2"
_MERGED = "merged: {} people, exit 0"
ROW_4: Final = {"rows": FEW, "check_code": 2, "run_code": 1}
BACKLOGS: Final = (
    Backlog("a good sheet", "4 people", sheet(), FEW, FEW, ("4 images of 4 subjects",)),
    # -- one bad row --
    Backlog("an invalid gallery in one row", "run ends: “server cannot be reached”, 0 people", sheet(_with_gallery),
            3, told=("row 4", "Hồ sơ", "gallery"), **ROW_4),
    Backlog("a typing error in a gallery", "a new gallery, exit 0", sheet(_with_typing_error), 3, FEW, run_code=1),
    Backlog("a file that cannot be read", "run ends with a traceback", sheet(_unreadable), 3,
            told=("row 4", "cannot be read"), **ROW_4),
    Backlog("a file above 32 MiB", "62 s of retries, run ends, no file named", sheet(_too_large), 3,
            told=("row 4", "33.0 MiB, at most 24 MiB"), **ROW_4),
    Backlog("a file of 0 bytes", "passed by check", file_with(b""), 3, told=("row 4", "0 bytes"), **ROW_4),
    Backlog("a PDF named .png", "passed by check", file_with(b"%PDF-1.7\n" + bytes(200)), 3, told=("row 4", "PDF"),
            **ROW_4),
    Backlog("a HEIC named .png", "passed by check", file_with(b"\0\0\0\x18ftypheic" + bytes(99)), 3,
            told=("row 4", "HEIC"), **ROW_4),
    Backlog("a damaged picture", "passed by check", file_with(png_bytes(3)[:400]), 3, told=("row 4", "damaged"),
            **ROW_4),
    Backlog("a birth year of 2090", "enrolled", row_with(4, birth_date="01/02/2090"), 3, told=("row 4", "2090"),
            **ROW_4),
    Backlog("a birth date of month 13", _ALL_ROWS, row_with(4, birth_date="01/13/1985"), 3, told=("row 4",), **ROW_4),
    Backlog("an id with a zero-width space", "enrolled under an id nobody can type",
            row_with(4, external_id="0791\u200b"), 3, told=("row 4", "u200b"), **ROW_4),
    Backlog("an id nan", "enrolled as nan", row_with(4, external_id="nan"), 3, told=("row 4", "nan"), **ROW_4),
    Backlog("an id 79099001234.0", "enrolled", row_with(4, external_id="79099001234.0"), 3, told=("row 4",), **ROW_4),
    Backlog("a name with letters replaced by ?", "enrolled", row_with(4, display_name="Nguy?n Th? \u00c1nh"), 3,
            told=("row 4", "encoding"), **ROW_4),
    Backlog("a cell beyond the header", "dropped in silence", sheet(edit=lambda text: text.replace(
        ",Phạm Văn Dũng,", ",Phạm Văn Dũng,,,,", 1)), 3, told=("row 4", "cells"), **ROW_4),
    # -- what merged people, or made one two --
    Backlog("stray quotes in rows 3 and 10", "ten rows three, “every file is there”", sheet(
        edit=_stray_quotes, count=MANY), MANY - 2, MANY, ("row 3", "row 10", "quotation mark"), 2, 1),
    Backlog("a doubled column", _MERGED.format("6 of 10"), sheet(edit=_doubled, count=MANY), 0, 0,
            ("Two columns mean",), 2, 2),
    Backlog("two columns of one meaning", _ALL_ROWS, sheet(
        header="external_id,image,modality,CCCD,sex,birth_date"), 0, 0, ("Two columns mean external_id",), 2, 2),
    Backlog("ids as 7.9099E+10", _MERGED.format("1 of 4"), sheet(each(external_id=lambda _: "7.9099E+10")), 0, FEW,
            ("row 2", "row 5", "scientific"), 2, 1),
    Backlog("ids as 7,9099E+10", _MERGED.format("1 of 4"), sheet(each(external_id=lambda _: "7,9099E+10"),
            delimiter=";"), 0, FEW, ("row 2", "row 5", "scientific"), 2, 1),
    Backlog("leading zeros lost in six rows of ten", "10 people, 6 under wrong ids", sheet(_lost_zeros, count=MANY), 4,
            MANY, ("row 6", "row 11", "leading zero"), 2, 1),
    Backlog("leading zeros lost everywhere", "4 people under wrong ids", sheet(
        each(external_id=lambda value: value.lstrip("0"))), 0, FEW, ("row 2", "row 5", "leading zero"), 2, 1),
    Backlog("the same, said to be right", "-", sheet(each(external_id=lambda value: value.lstrip("0"))), FEW, FEW,
            options=("--ids-as-written",)),
    Backlog("an id of another length among citizens' numbers", "nothing said", sheet(_two_lengths), 3, FEW,
            ("row 3", "7 digits"), 2, 1),
    Backlog("an id of another length elsewhere", "nothing said", sheet(_case_numbers), FEW, FEW, ("row 3", "7 digits")),
    Backlog("one id with two names", _MERGED.format("3 of 4"), sheet(_one_id("display_name")), 2, FEW,
            ("row 4", "row 5", "names"), 2, 1),
    Backlog("one id with two sexes", _MERGED.format("3 of 4"), sheet(_one_id("sex")), 2, FEW,
            ("row 4", "row 5", "sexes"), 2, 1),
    Backlog("one id with two birth years", _MERGED.format("3 of 4"), sheet(_one_id("birth_date")), 2, FEW,
            ("row 4", "row 5", "years"), 2, 1),
    Backlog("one picture for two people", "nothing said", sheet(_rows_of_one_image), FEW, FEW, ("one image",)),
    Backlog("two files of one picture for two people", "nothing said", sheet(_copied_image), FEW, FEW,
            ("byte for byte",)),
    Backlog("person/face/1.jpg", _MERGED.format("1 of 3"), tree(*(f"p{n}/face/1.png" for n in range(1, 4))), 3, 3,
            ("3 subjects", "p1/face/1.png → external_id “p1”")),
    Backlog("flat NGUYEN_VAN_A.png ...", _MERGED.format("2 of 5"), tree(
        *(f"NGUYEN_VAN_{c}.png" for c in "ABC"), *(f"TRAN_VAN_{c}.png" for c in "AB")), 5, 5,
        ("5 subjects", "NGUYEN_VAN_A.png → external_id “NGUYEN_VAN_A”"), options=("--modality", "face")),
    Backlog("flat 101_1.png, 101_2.png", "one person by a rule nobody stated", tree("101_1.png", "101_2.png"), 0, 0,
            ("--pattern",), 2, 2, ("--modality", "face")),
    Backlog("the same with a pattern", "-", tree("101_1.png", "101_2.png", "NGUYEN_VAN_A_1.png"), 2, 3,
            ("101_2.png → external_id “101”",), options=("--modality", "face", "--pattern", "{external_id}_{any}")),
    Backlog("face/p1.jpg, a level that is no person", _MERGED.format("1 of 2"), tree("face/p1.png", "face/p2.png"), 0,
            0, ("face", "--pattern"), 2, 2),
    # -- how sheets are written --
    Backlog("backslashes in paths", _ALL_ROWS, sheet(each(image=lambda value: value.replace("/", "\\"))), FEW, FEW),
    Backlog("paths in other capitals", _ALL_ROWS, sheet(each(image=str.upper)), FEW, FEW),
    Backlog("paths composed in the sheet, decomposed on disk", _ALL_ROWS, sheet(_decomposed_paths), FEW, FEW),
    Backlog("sex as decomposed nữ", _ALL_ROWS, sheet(each(sex=lambda value: value.replace("ữ", "u\u031b\u0303"))),
            FEW, FEW),
    Backlog("headers in capitals", _ALL_ROWS, sheet(header=HEADER.upper()), FEW, FEW),
    Backlog("headers in Vietnamese", _ALL_ROWS, sheet(header=VIETNAMESE), FEW, FEW),
    Backlog("headers in decomposed Vietnamese", _ALL_ROWS, sheet(header=unicodedata.normalize("NFD", VIETNAMESE)), FEW,
            FEW),
    Backlog("a column Ghi chú, and one without a header", _ALL_ROWS, sheet(edit=lambda text: "\r\n".join(
        line + (",Ghi chú," if not number else ",đã nộp,") for number, line in enumerate(text.rstrip().split("\r\n"))
    )), FEW, FEW, ("Ghi chú",)),
    Backlog("an unknown column", "whole-file refusal", sheet(header=HEADER.replace("sex", "sx")), 0, 0,
            ("Unknown column: sx", "sex"), 2, 2),
    Backlog("semicolons", "4 people", sheet(delimiter=";"), FEW, FEW),
    Backlog("tabs", _ALL_ROWS, sheet(delimiter="\t"), FEW, FEW),
    Backlog("tabs in UTF-16, as Excel's Unicode text", _ALL_ROWS, sheet(
        delimiter="\t", encoding="utf-16", name="backlog.txt"), FEW, FEW),
    Backlog("a first line sep=;", _ALL_ROWS, sheet(delimiter=";", before="sep=;\r\n"), FEW, FEW),
    Backlog("lines ended by CR alone", "4 people", sheet(
        edit=lambda text: text.replace("\r\n", "\r")), FEW, FEW),
    Backlog("Windows-1258", "refused, the row not named", sheet(encode=_windows_1258), 0, 0, ("Windows-1258", "row 2"),
            2, 2),
    Backlog("one name in Windows-1252 among UTF-8", _ALL_ROWS, sheet(encode=lambda text: text.encode().replace(
        "Phạm Văn Dũng".encode(), "Phâm Dung".encode("cp1252"))), 3, told=("row 4", "not UTF-8"), **ROW_4),
    Backlog("UTF-16 without its mark", _ALL_ROWS, sheet(encoding="utf-16-le"), 0, 0, ("UTF-16",), 2, 2),
    Backlog("a workbook named .csv", _ALL_ROWS, sheet(encode=lambda _: b"PK\x03\x04" + bytes(99)), 0, 0, (".xlsx",),
            2, 2),
    Backlog("empty rows ,,,,", "“the field external_id is empty”", sheet(edit=_empty_rows), FEW, FEW),
    Backlog("ids kept as text: =\"0790...\"", "enrolled as =\"0790...\"", sheet(
        each(external_id=lambda value: f"={value!r}".replace("'", '"'))), FEW, FEW),
    Backlog("fingers in Vietnamese and English", _ALL_ROWS, sheet(_fingers, count=MANY), MANY, MANY),
    Backlog("dates 3/2/1985, 03-02-1985, 1985, 02/1985", _ALL_ROWS, sheet(lambda _, rows: [
        row.update(birth_date=day)  # type: ignore[func-returns-value]
        for row, day in zip(rows, ("3/2/1985", "03-02-1985", "1985", "02/1985"), strict=True)
    ] and None), FEW, FEW),
    # -- JSON Lines --
    Backlog("JSON Lines with U+2028, U+2029, U+0085", "rows cut in two and lost", json_lines(_separators, count=3), 3,
            3),
    Backlog("JSON ids: float, list, true, NaN, object", "10 people, 5 under made-up ids", json_lines(_odd_values),
            MANY - 5, MANY, ("row 2", "row 3", "row 4", "row 5", "row 6"), 2, 1),
    # -- folders --
    Backlog(".heic, .gif, .jfif, ._*.jpg beside photographs", "2 of 4 people; skipped in silence, ._ read", tree(
        "p1/a.png", "p2/a.png", also=_other_files), 4, 6,
        ("phone.heic", "old.gif", "._front.jpg", "notes.docx", "Thumbs.db"), 2, 1),
    Backlog("a folder name that is not UTF-8", "run ends with a traceback", tree(
        "p1/a.png", "p2/a.png", also=_not_utf8), 2, 3, ("UTF-8", "\\udce9"), 2, 1),
)  # fmt: skip


@contextmanager
def server() -> Iterator[MatcherClient]:
    with tempfile.TemporaryDirectory() as folder:
        service = start_service(Path(folder) / "database")
        service.client.create_gallery("records")
        try:
            yield service.client
        finally:
            stop_service(service)


def deliver(backlog: Backlog, folder: Path, *, language: str = "en") -> Outcome:
    """Check and run it against a server of its own."""
    path = backlog.make(folder)
    common = [str(path), "--lang", language, "--gallery", "records", *backlog.options]
    check_code, check_text = _said(["check", *common])
    with server() as client:
        address = client.address
        results = folder / "results.csv"
        run_code, run_text = _said(
            ["run", *common, "--operator", "clerk-7", "--address", address, "--results", str(results), "--quiet"]
        )
        people = len(list(client.subjects()))
    return Outcome(check_code, check_text, run_code, run_text, people, _lines(results))


def _said(arguments: list[str]) -> tuple[int, str]:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            code = cli.main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        except Exception as error:
            said.write(f"TRACEBACK {type(error).__name__}")
            code = 99
    return code, said.getvalue()


def _lines(path: Path) -> tuple[tuple[str, str], ...]:
    if not path.exists():
        return ()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return tuple((row["row"], row["outcome"]) for row in csv.DictReader(file))


def now(seen: Outcome) -> str:
    """What became of a backlog, in a few words."""
    if not seen.results:
        return f"refused whole: “{seen.check_text.strip().splitlines()[-1][:70]}…”"
    outcomes = Counter(outcome for _, outcome in seen.results)
    told = [f"{outcomes['enrolled']} rows enrolled"]
    named = outcomes["unusable"] + outcomes["refused"]
    if named:
        told.append(f"{named} named" + (", by `check` too" if seen.check_code else ""))
    if "Things to look at" in seen.check_text:
        told.append("told to be looked at")
    return ", ".join(told)


def main() -> None:
    """Print the table."""
    print("| delivered | before | now |\n|---|---|---|")
    for backlog in BACKLOGS:
        with tempfile.TemporaryDirectory() as folder:
            seen = deliver(backlog, Path(folder))
        print(f"| {backlog.kind} | {backlog.before} | {now(seen)} |".replace("_A.png ...", "_A.png …"), flush=True)


if __name__ == "__main__":
    main()
