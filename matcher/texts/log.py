"""What is wrong with the audit log, and what to do."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "log.value_answered": (
        "bản ghi nhật ký có giá trị không ghi được; chưa trả lời gì",
        "the audit record has a value that cannot be written; nothing was answered",
    ),
    "log.value_changed": (
        "bản ghi nhật ký có giá trị không ghi được; chưa thay đổi gì",
        "the audit record has a value that cannot be written; nothing was changed",
    ),
    "log.owed": (
        "không đọc được phần kho dữ liệu còn nợ nhật ký; hãy khôi phục bản sao lưu",
        "what the store owes the audit log cannot be read; restore a backup",
    ),
    "log.store_behind": (
        "nhật ký kiểm toán có {count} thay đổi mà kho dữ liệu không có: kho dữ liệu đã mất chúng, hoặc là bản cũ. Hãy "
        "đặt lại kho dữ liệu đúng hoặc khôi phục bản sao lưu; nếu không có, xem docs/storage.md",
        "the audit log has {count} changes that the store has not: it lost them, or is an older copy. Put the true one "
        "back or restore a backup; where there is none, see docs/storage.md",
    ),
    "log.checkpoint": (
        "không đọc được điều kho dữ liệu biết về nhật ký; hãy khôi phục bản sao lưu",
        "what the store knows of the audit log cannot be read; restore a backup",
    ),
    "log.older": (
        "nhật ký cũ hơn bản sao lưu; hãy lấy toàn bộ nhật ký của cơ sở dữ liệu đó",
        "the audit log is older than the backup; take the whole log of that database",
    ),
    "log.not_of_backup": (
        "nhật ký này không đi cùng bản sao lưu; hãy lấy đúng nhật ký",
        "the audit log is not the one that went with the backup; take that one",
    ),
    "log.unreadable_path": (
        "không đọc được tệp nhật ký; hãy kiểm tra đường dẫn và quyền truy cập",
        "the audit file cannot be read; check the path and its rights",
    ),
    "log.unreadable": (
        "không đọc được tệp nhật ký; hãy kiểm tra đĩa và quyền truy cập",
        "the audit file cannot be read; check the disk and its rights",
    ),
    "log.folder": (
        "không tạo được thư mục nhật ký; hãy kiểm tra đĩa và quyền truy cập",
        "the audit folder cannot be made; check the disk and its rights",
    ),
    "log.folder_unwritable": (
        "không ghi được vào thư mục nhật ký; hãy kiểm tra đĩa và quyền truy cập",
        "the audit folder cannot be written; check the disk and its rights",
    ),
    "log.unwritable": (
        "không ghi được tệp nhật ký; hãy kiểm tra đĩa và quyền truy cập",
        "the audit file cannot be written; check the disk and its rights",
    ),
    "log.not_written": (
        "không ghi được bản ghi nhật ký; hãy giải phóng dung lượng đĩa và kiểm tra quyền truy cập",
        "the audit record could not be written; free disk space and check its rights",
    ),
    "log.in_use": (
        "một tiến trình khác đang ghi nhật ký này; hãy dừng nó hoặc dùng máy chủ của nó",
        "another process appends to this audit log; stop it or use its service",
    ),
    "log.replaced": (
        "tệp nhật ký bị thay khi đang dùng; hãy dừng máy chủ và đặt lại tệp cũ",
        "the audit file was replaced while in use; stop the server and put it back",
    ),
    "log.removed": (
        "tệp nhật ký bị xóa khi đang dùng; hãy dừng máy chủ và đặt lại tệp",
        "the audit file was removed while in use; stop the server and put it back",
    ),
    "log.length": (
        "độ dài tệp nhật ký bị chương trình khác thay đổi; hãy dừng máy chủ và chạy audit verify",
        "somebody else changed the length of the audit file; stop the server, run audit verify",
    ),
    "log.missing_end": (
        "thiếu bản ghi ở cuối nhật ký; hãy chạy audit verify và giữ lại tệp",
        "records are missing at the end of the audit log; run audit verify and keep the file",
    ),
    "log.differs": (
        "nhật ký khác với điều đã ghi nhận về nó; hãy chạy audit verify và giữ lại mọi tệp",
        "the audit log differs from what was noted of it; run audit verify and keep all files",
    ),
    "log.record": ("bản ghi {number} của nhật ký: {reason}", "record {number} of the audit log: {reason}"),
    "log.notice_unwritable": (
        "không để lại được bản ghi nhật ký của lệnh này cho máy chủ",
        "the audit record of this command could not be left for the service",
    ),
    "log.notice_unreadable": (
        "không đọc được một thông báo cạnh nhật ký; hãy xem và chuyển nó đi nơi khác",
        "a notice beside the audit log cannot be read; look at it and move it away",
    ),
}
