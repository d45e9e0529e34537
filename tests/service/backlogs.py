"""Backlogs as clerks, scanners and spreadsheets deliver them, each with what must become of it.

`python -m tests.service.backlogs` prints the table: what `check` and `run` say, how many people a server then has.
Files are generated; no person is real.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tempfile
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
MANY: Final = 10


@dataclass(frozen=True, slots=True)
class Backlog:
    """kind: what was delivered. make: writes it and returns the path. people: whom the server must know afterwards.
    told: what `check` must say. check_code, run_code: exit codes."""

    kind: str
    make: Callable[[Path], Path]
    people: int
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


def written(folder: Path, text: str, *, encoding: str = "utf-8-sig", name: str = "backlog.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def sheet(change: Callable[[Path, list[dict[str, str]]], None] | None = None, **form: str) -> Callable[[Path], Path]:
    """A sheet of MANY people, of which `change` spoils some."""

    def make(folder: Path) -> Path:
        rows = [cells(folder, number) for number in range(1, MANY + 1)]
        if change is not None:
            change(folder, rows)
        encoding = form.get("encoding", "utf-8-sig")
        delimiter = form.get("delimiter", ",")
        return written(
            folder,
            form.get("before", "") + text_of(rows, delimiter=delimiter, header=form.get("header", "")),
            encoding=encoding,
        )

    return make


def row_with(number: int, **changed: str) -> Callable[[Path], Path]:
    """A sheet in which one row (of the spreadsheet) has other cells."""
    return sheet(lambda _, rows: rows[number - 2].update(changed))


def _edited(edit: Callable[[str], str], encoding: str = "utf-8-sig") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rows = [cells(folder, number) for number in range(1, MANY + 1)]
        return written(folder, edit(text_of(rows)), encoding=encoding)

    return make


def _file(content: bytes, name: str = "photos/0003.png") -> Callable[[Path], Path]:
    """The photograph of row 4 is this instead."""

    def change(folder: Path, rows: list[dict[str, str]]) -> None:
        (folder / name).write_bytes(content)
        rows[2]["image"] = name

    return sheet(change)


def _stray_quote(text: str) -> str:
    lines = text.split("\r\n")
    lines[2] = lines[2].replace("Lê", '"Lê')
    lines[9] = lines[9].replace(",nam,", '",nam,').replace(",nữ,", '",nữ,')
    return "\r\n".join(lines)


def _excel_ids(folder: Path, rows: list[dict[str, str]]) -> None:
    for row in rows:
        row["external_id"] = "7.9099E+10"


def _lost_zeros(folder: Path, rows: list[dict[str, str]]) -> None:
    for row in rows[4:]:
        row["external_id"] = row["external_id"].lstrip("0")


def _backslashes(folder: Path, rows: list[dict[str, str]]) -> None:
    for row in rows:
        row["image"] = row["image"].replace("/", "\\")


def _decomposed_paths(folder: Path, rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows, start=1):
        photo(folder, f"a\u0309nh/tre\u0309 {number}.png", number)
        row["image"] = f"ảnh/trẻ {number}.png"


def _decomposed_sex(folder: Path, rows: list[dict[str, str]]) -> None:
    for row in rows:
        row["sex"] = row["sex"].replace("ữ", "u\u031b\u0303")


def _conflict(folder: Path, rows: list[dict[str, str]]) -> None:
    rows[3]["external_id"] = rows[2]["external_id"]


def _empty_rows(text: str) -> str:
    lines = text.split("\r\n")
    return "\r\n".join([*lines[:4], ",,,,,", "", *lines[4:-1], ",,,,,", ",,,,,", ""])


def _fingers(folder: Path, rows: list[dict[str, str]]) -> None:
    names = ("ngón trỏ phải", "Ngón cái trái", "ngon ap ut phai", "RIGHT LITTLE", "trái giữa", "út trái", "2", "")
    for row, finger in zip(rows, (*names, "ngón nhẫn (trái)", "right-thumb"), strict=True):
        row |= {"modality": "vân tay", "finger": finger, "ppi": "500"}


def _json_lines(change: Callable[[int, dict[str, object]], None]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        lines = []
        for number in range(1, MANY + 1):
            row: dict[str, object] = dict(cells(folder, number))
            change(number, row)
            lines.append(json.dumps(row, ensure_ascii=False))
        return written(folder, "\n".join(lines) + "\n", encoding="utf-8", name="backlog.jsonl")

    return make


def _separator(number: int, row: dict[str, object]) -> None:
    row["display_name"] = f"{row['display_name']}\u2028" if number == 1 else row["display_name"]
    row["case_note"] = None
    del row["case_note"]


def _odd_values(number: int, row: dict[str, object]) -> None:
    odd: dict[int, object] = {2: 79099001234.0, 3: [1, 2], 4: True, 5: float("nan"), 6: {"a": 1}}
    row["external_id"] = odd.get(number, row["external_id"])


def _tree(*names: str, also: Callable[[Path], None] | None = None) -> Callable[[Path], Path]:
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


def _not_utf8(root: Path) -> None:
    folder = os.fsencode(root) + b"/Nguy\xe9n"
    os.mkdir(folder)
    with open(folder + b"/1.png", "wb") as file:
        file.write(png_bytes(44))


def _too_large(folder: Path) -> Path:
    made = sheet()(folder)
    with (folder / "photos/0003.png").open("r+b") as file:
        file.truncate(33 * 1024 * 1024)
    return made


def _unreadable(folder: Path) -> Path:
    made = sheet()(folder)
    (folder / "photos/0003.png").unlink()
    (folder / "photos/0003.png").symlink_to("0003.png")  # a loop: not readable even for root
    return made


VIETNAMESE: Final = "SỐ CCCD,TỆP ẢNH,LOẠI,HỌ VÀ TÊN,GIỚI TÍNH,NGÀY SINH"
BACKLOGS: Final = (
    Backlog("a good sheet", sheet(), MANY),
    Backlog("an invalid gallery in one row", sheet(lambda _, rows: [
        row.update(gallery="Hồ sơ" if number == 2 else "records") for number, row in enumerate(rows)
    ] and None), MANY - 1, ("row 4", "gallery"), 2, 1),
    Backlog("a file that cannot be read", _unreadable, MANY - 1, ("row 4",), 2, 1),
    Backlog("a file above 32 MiB", _too_large, MANY - 1, ("row 4", "MiB"), 2, 1),
    Backlog("a file of 0 bytes", _file(b""), MANY - 1, ("row 4", "0 bytes"), 2, 1),
    Backlog("a PDF named .png", _file(b"%PDF-1.7\n" + bytes(200)), MANY - 1, ("row 4", "image"), 2, 1),
    Backlog("a damaged picture", _file(png_bytes(3)[:400]), MANY - 1, ("row 4", "damaged"), 2, 1),
    Backlog("stray quotes in rows 3 and 10", _edited(_stray_quote), MANY - 2, ("row 3", "row 10", "quot"), 2, 1),
    Backlog("a doubled column", _edited(lambda text: text.replace(
        HEADER, HEADER.replace("display_name", "external_id"), 1)), 0, ("external_id",), 2, 2),
    Backlog("ids as 7.9099E+10", sheet(_excel_ids), 0, ("row 2", "row 11", "7.9099E+10"), 2, 1),
    Backlog("leading zeros lost in six rows", sheet(_lost_zeros), 4, ("row 6", "row 11", "zero"), 2, 1),
    Backlog("one id with two names", sheet(_conflict), MANY - 2, ("row 4", "row 5", "name"), 2, 1),
    Backlog("backslashes in paths", sheet(_backslashes), MANY),
    Backlog("paths composed in the sheet, decomposed on disk", sheet(_decomposed_paths), MANY),
    Backlog("sex as decomposed nữ", sheet(_decomposed_sex), MANY),
    Backlog("headers in capitals", sheet(header=HEADER.upper()), MANY),
    Backlog("headers in Vietnamese", sheet(header=VIETNAMESE), MANY),
    Backlog("semicolons", sheet(delimiter=";"), MANY),
    Backlog("tabs", sheet(delimiter="\t"), MANY),
    Backlog("tabs in UTF-16, as Excel's Unicode text", sheet(delimiter="\t", encoding="utf-16"), MANY),
    Backlog("a first line sep=;", sheet(delimiter=";", before="sep=;\r\n"), MANY),
    Backlog("Windows-1258", sheet(encoding="cp1258", header="external_id,image,modality,display_name,sex,birth_date")
            if False else _edited(lambda text: text.replace("Ễ", "E"), "utf-8"), MANY),
    Backlog("empty rows ,,,,", _edited(_empty_rows), MANY),
    Backlog("fingers in Vietnamese and English", sheet(_fingers), MANY),
    Backlog("a birth year of 2090", row_with(5, birth_date="01/02/2090"), MANY - 1, ("row 5", "2090"), 2, 1),
    Backlog("JSON Lines with U+2028 in a name", _json_lines(_separator), MANY),
    Backlog("JSON ids: float, list, true, NaN, object", _json_lines(_odd_values), MANY - 5, ("row 2", "row 6"), 2, 1),
    Backlog("person/face/1.jpg", _tree(*(f"p{n}/face/1.png" for n in range(1, 6))), 5, ("5 subjects",)),
    Backlog("flat NGUYEN_VAN_A.png ...", _tree(*(f"NGUYEN_VAN_{c}.png" for c in "ABC"), *(
        f"TRAN_VAN_{c}.png" for c in "AB")), 5, ("5 subjects",), options=("--modality", "face")),
    Backlog(".heic, .gif, .jfif, ._*.jpg beside photographs", _tree(
        "p1/a.png", "p2/a.png", also=_other_files), 3, ("phone.heic", "old.gif", "._front.jpg", "notes.docx"), 2, 1),
    Backlog("a folder name that is not UTF-8", _tree("p1/a.png", "p2/a.png", also=_not_utf8), 2, ("UTF-8",), 2, 1),
)


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
        address = client._channel._channel.target().decode()
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


def main() -> None:
    """Print the table."""
    print("| delivered | check | run | people | lines |\n|---|---|---|---|---|")
    for backlog in BACKLOGS:
        with tempfile.TemporaryDirectory() as folder:
            seen = deliver(backlog, Path(folder))
        told = seen.check_text.strip().replace("\n", " / ")[:160]
        print(f"| {backlog.kind} | {seen.check_code}: {told} | {seen.run_code} | {seen.people} of {backlog.people} | "
              f"{len(seen.results)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
