"""What the operating system says of files and connections, by the names of its error numbers (errno)."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "system.ENOENT": ("không có tệp hoặc thư mục này", "No such file or directory"),
    "system.EACCES": ("không có quyền truy cập", "Permission denied"),
    "system.EPERM": ("hệ thống không cho phép", "Operation not permitted"),
    "system.EISDIR": ("đây là thư mục, không phải tệp", "Is a directory"),
    "system.ENOTDIR": ("một phần của đường dẫn không phải thư mục", "Not a directory"),
    "system.EEXIST": ("tệp đã có", "File exists"),
    "system.ENOSPC": ("ổ đĩa đã đầy", "No space left on device"),
    "system.EDQUOT": ("đã dùng hết hạn mức ổ đĩa", "Disk quota exceeded"),
    "system.EROFS": ("hệ thống tệp chỉ cho đọc", "Read-only file system"),
    "system.EFBIG": ("tệp quá lớn", "File too large"),
    "system.EIO": ("lỗi đọc ghi của ổ đĩa", "Input/output error"),
    "system.EBUSY": ("đang được chương trình khác dùng", "Device or resource busy"),
    "system.EMFILE": ("mở quá nhiều tệp cùng lúc", "Too many open files"),
    "system.ENAMETOOLONG": ("tên tệp quá dài", "File name too long"),
    "system.ELOOP": ("các liên kết trỏ vòng vào nhau", "Too many levels of symbolic links"),
    "system.ENOTEMPTY": ("thư mục không rỗng", "Directory not empty"),
    "system.EXDEV": ("hai nơi ở trên hai ổ đĩa khác nhau", "Invalid cross-device link"),
    "system.EADDRINUSE": ("địa chỉ đang được dùng", "Address already in use"),
    "system.EADDRNOTAVAIL": ("địa chỉ không phải của máy này", "Cannot assign requested address"),
    "system.ECONNREFUSED": ("kết nối bị từ chối", "Connection refused"),
    "system.ECONNRESET": ("kết nối bị ngắt từ phía bên kia", "Connection reset by peer"),
    "system.EPIPE": ("bên kia đã đóng kết nối", "Broken pipe"),
    "system.ETIMEDOUT": ("hết thời gian chờ kết nối", "Connection timed out"),
    "system.EHOSTUNREACH": ("không có đường mạng tới máy đó", "No route to host"),
    "system.ENETUNREACH": ("không có đường mạng tới đó", "Network is unreachable"),
}
