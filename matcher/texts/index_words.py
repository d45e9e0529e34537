"""What `index` says in English, by its words: it stands below the catalog and cannot ask it for a text."""

from __future__ import annotations

import re
from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "index.no_database": (
        "thư mục này không có cơ sở dữ liệu; hãy kiểm tra đường dẫn, hoặc tạo mới bằng station-matcher serve",
        "there is no database in this folder; check the path, or make one with station-matcher serve",
    ),
    "index.not_in_step": (
        "chỉ mục không khớp với kho dữ liệu; hãy khởi động lại máy chủ để dựng lại chỉ mục",
        "the index is not in step with the store; restart the server, which rebuilds it",
    ),
    "index.not_followed": (
        "yêu cầu đã được lưu nhưng chỉ mục chưa theo kịp; hãy khởi động lại máy chủ",
        "what was asked for is stored, but the index could not follow; restart the server",
    ),
    "index.closed": ("cơ sở dữ liệu đã đóng", "the database is closed"),
    "index.store_unusable": (
        "không dùng được kho dữ liệu ({kind}); nhật ký của máy chủ ghi chi tiết",
        "the store could not be used ({kind}); see the server log",
    ),
    "index.unsearched": (
        "{wanted} mẫu tham chiếu lẽ ra được tìm kiếm, nhưng chỉ có {searched}",
        "{wanted} references should be searched, and {searched} are",
    ),
    "index.reference_damaged": (
        "mẫu tham chiếu {reference} bị hỏng; nó được giữ lại và không được tìm kiếm",
        "reference {reference} is damaged; it is kept and not searched",
    ),
    "index.ids_differ": (
        "{part} thiếu {lacking} mẫu tham chiếu của kho dữ liệu và có {extra} mẫu mà kho không có",
        "the {part} lacks {lacking} references of the store and has {extra} that it does not hold",
    ),
    "index.not_found_again": (
        "{wrong} trên {count} mẫu tham chiếu được thử không tìm lại được bằng chính véc-tơ của mình",
        "{wrong} of {count} references looked up were not found by their own vectors",
    ),
    "index.store_damaged": ("kho dữ liệu bị hỏng: {line}", "the store is damaged: {line}"),
    "index.images_missing": ("{count} ảnh không có trong kho ảnh", "{count} images are not in the vault"),
    "index.subjects_locked": (
        "{count} hồ sơ không mở được bằng khóa của mình; hãy đặt lại bản sao khóa",
        "{count} subjects do not open with their keys; put back the copy of the keys",
    ),
    "index.row_damaged": (
        "một dòng của bảng {table} bị hỏng; nó được giữ lại và không được dùng",
        "a row of the table {table} is damaged; it is kept and left out",
    ),
    "index.wrong_look_up": (
        "không tìm được hồ sơ số {number} theo những gì đã ghi trong hồ sơ đó",
        "subject number {number} is not found by what is recorded of it",
    ),
    "index.orphans": (
        "{count} dòng trỏ tới dòng không tồn tại",
        "{count} rows refer to rows that do not exist",
    ),
}
# The English of index where it is not that of the text itself.
_OTHER_WORDS: Final = {"there is no database in this folder; check the path or create one": "index.no_database"}


def words_of_index(said: str) -> tuple[str, dict[str, str]] | None:
    """Code and values of the text that says the same; None where there is none, or it was not said by index."""
    if said in _OTHER_WORDS:
        return _OTHER_WORDS[said], {}
    for code, (_, english) in TEXTS.items():
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(english))
        if found := re.fullmatch(pattern, said):
            return code, found.groupdict()
    return None
