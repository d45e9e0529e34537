"""Texts of station-enroll in Vietnamese and English."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("vi", "en")

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "enrolling": ("Đang đăng ký", "Enrolling"),
    "enrolled": ("đã đăng ký", "enrolled"),
    "already": ("đã có từ trước", "enrolled before"),
    "refused": ("bị từ chối", "refused"),
    "failed": ("không gửi được", "not sent"),
    "duplicate": ("giống hồ sơ khác, cần kiểm tra", "resembles another subject, to be examined"),
    "summary": (
        "{enrolled} ảnh đã đăng ký, {already} đã có từ trước, {refused} bị từ chối, {failed} không gửi được.",
        "{enrolled} images enrolled, {already} enrolled before, {refused} refused, {failed} not sent.",
    ),
    "reasons": ("Lý do từ chối:", "Reasons for refusal:"),
    "duplicates": (
        "{count} ảnh giống một hồ sơ khác; xem cột duplicates trong tệp kết quả. Không có gì được gộp tự động.",
        "{count} images resemble another subject; see the column duplicates of the results file. Nothing was merged.",
    ),
    "results": ("Kết quả từng ảnh: {path}", "Results image by image: {path}"),
    "resume": (
        "{count} ảnh đã xong ở lần chạy trước và được bỏ qua.",
        "{count} images were done in an earlier run and are skipped.",
    ),
    "again": (
        "Chạy lại đúng lệnh này để tiếp tục; ảnh đã đăng ký không bị đăng ký hai lần.",
        "Run the same command again to go on; nothing is enrolled twice.",
    ),
    "checked": (
        "{rows} ảnh của {subjects} đối tượng; mọi tệp đều có.",
        "{rows} images of {subjects} subjects; every file is there.",
    ),
    "nothing": ("Không có ảnh nào trong {path}.", "There is no image in {path}."),
    "bad_rows": ("{count} dòng không dùng được:", "{count} rows cannot be used:"),
    "row": ("dòng {number}", "row {number}"),
    "unreachable": (
        "Không kết nối được máy chủ {server}: {detail}",
        "The server {server} cannot be reached: {detail}",
    ),
    "not_found": ("Không tìm thấy {path}.", "{path} was not found."),
    "needs_modality": (
        "Thư mục có ảnh nằm thẳng bên trong: hãy thêm --modality face hoặc --modality fingerprint.",
        "The folder has images directly inside: add --modality face or --modality fingerprint.",
    ),
    "not_utf8": (
        "Tệp không phải UTF-8. Trong Excel, hãy lưu dạng “CSV UTF-8”.",
        "The file is not UTF-8. In Excel, save it as “CSV UTF-8”.",
    ),
    "unknown_column": ("Cột không rõ: {name}. Cột được dùng: {known}.", "Unknown column: {name}. Known: {known}."),
    "missing_column": ("Thiếu cột {name}.", "The column {name} is missing."),
    "empty_field": ("ô {name} trống", "the field {name} is empty"),
    "bad_modality": (
        "modality phải là face hoặc fingerprint, không phải “{value}”",
        "modality must be face or fingerprint, not “{value}”",
    ),
    "bad_finger": (
        "finger phải là 1–10 (ISO/IEC 19794-4) hoặc tên như right_index, không phải “{value}”",
        "finger must be 1-10 (ISO/IEC 19794-4) or a name such as right_index, not “{value}”",
    ),
    "bad_face": (
        "face phải là largest hoặc số thứ tự khuôn mặt (1 là lớn nhất), không phải “{value}”",
        "face must be largest or the number of a face (1 is the largest), not “{value}”",
    ),
    "bad_ppi": ("ppi phải là số dương, không phải “{value}”", "ppi must be a positive number, not “{value}”"),
    "bad_date": (
        "ngày phải viết 31/12/1990 hoặc 1990-12-31, không phải “{value}”",
        "a date must read 31/12/1990 or 1990-12-31, not “{value}”",
    ),
    "bad_sex": (
        "sex phải là female/nữ hoặc male/nam, không phải “{value}”",
        "sex must be female/nữ or male/nam, not “{value}”",
    ),
    "bad_json": ("dòng không phải JSON: {detail}", "the row is not JSON: {detail}"),
    "no_file": ("không tìm thấy tệp ảnh “{value}”", "the image file “{value}” was not found"),
    "outside": ("tệp ảnh “{value}” nằm ngoài thư mục", "the image file “{value}” lies outside the folder"),
    "interrupted": ("Đã dừng theo yêu cầu.", "Stopped as asked."),
}


def text(code: str, language: str, **values: object) -> str:
    """The text of a code in "vi" or "en"; KeyError for a code that does not exist."""
    return _TEXTS[code][LANGUAGES.index(language)].format(**values)
