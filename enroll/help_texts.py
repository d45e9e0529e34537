"""Help texts of station-enroll in Vietnamese and English; read through enroll.messages. `%(default)s` is argparse's."""

from __future__ import annotations

from typing import Final

HELP: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "help.program": (
        "Đăng ký hàng loạt khuôn mặt và vân tay từ một thư mục hoặc một bảng.",
        "Enroll a backlog of faces and fingerprints from a folder or a manifest.",
    ),
    "help.exit_codes": (
        "Mã kết thúc: 0 mọi dòng đã đăng ký (check: mọi dòng dùng được), 1 có dòng chưa đăng ký, 2 chưa gửi gì (check: "
        "có dòng không dùng được), 3 không kết nối được máy chủ hoặc máy chủ từ chối tất cả, 130 bị dừng.",
        "Exit codes: 0 all enrolled (check: every row can be used), 1 some rows not enrolled, 2 nothing was sent "
        "(check: some rows cannot be used), 3 the server cannot be reached or refuses everything, 130 stopped.",
    ),
    "help.run": ("đăng ký một thư mục hoặc một bảng", "enroll a folder or a manifest"),
    "help.check": (
        "đọc một thư mục hoặc một bảng và nêu mọi dòng, mọi tệp không dùng được",
        "read a folder or manifest and name every row and file that cannot be used",
    ),
    "help.example": ("in một bảng mẫu để bắt đầu", "print a manifest to start from"),
    "help.path": (
        "thư mục ảnh, hoặc bảng .csv hay .jsonl (UTF-8) với các cột: {columns}",
        "a folder of images, or a .csv or .jsonl (UTF-8) with: {columns}",
    ),
    "help.modality": ("cho các dòng không ghi loại", "for rows without one"),
    "help.ppi": (
        "số điểm ảnh mỗi inch của vân tay mà dòng và tệp không ghi",
        "pixels per inch of fingerprints whose row and file do not say",
    ),
    "help.gallery": (
        "nhóm hồ sơ để đưa vào (có thể nêu nhiều lần)",
        "gallery to enroll into (may be repeated)",
    ),
    "help.pattern": (
        "cách đọc thư mục, ví dụ '{{external_id}}/{{finger}}.{{ext}}' hoặc '{{external_id}}_{{any}}.{{ext}}' (mặc "
        "định: thư mục cấp một là một người)",
        "how to read a folder, e.g. '{{external_id}}/{{finger}}.{{ext}}' or '{{external_id}}_{{any}}.{{ext}}' "
        "(default: the first folder level is the person)",
    ),
    "help.ids_as_written": (
        "số định danh có vẻ mất chữ số không ở đầu vẫn đúng như đã viết",
        "ids that seem to have lost a leading zero are right",
    ),
    "help.ignore_column": (
        "cột không cần dùng (có thể nêu nhiều lần)",
        "a column that is not needed (may be repeated)",
    ),
    "help.jobs": (
        "số ảnh xử lý cùng lúc (mặc định: theo số bộ xử lý, nhiều nhất 4)",
        "images at a time (default: one per processor, at most 4)",
    ),
    "help.quick": ("không giải mã ảnh", "do not decode the pictures"),
    "help.operator": ("cán bộ thực hiện, ghi vào nhật ký", "who enrolls, for the audit record"),
    "help.purpose": (
        "mục đích, ghi vào nhật ký (mặc định: %(default)s)",
        "why, for the audit record (default: %(default)s)",
    ),
    "help.case": (
        "mã vụ hoặc số lệnh (mặc định: tên của thư mục hoặc bảng)",
        "case or order number (default: the name of the backlog)",
    ),
    "help.device": (
        "máy ảnh hoặc máy quét, cho các dòng không có cột Thiết bị",
        "camera or scanner, for rows that do not name one",
    ),
    "help.station": ("mã máy trạm, ghi vào nhật ký", "id of the station, for the audit record"),
    "help.timeout": (
        "số giây cho mỗi ảnh (mặc định: %(default)s)",
        "seconds for one image (default: %(default)s)",
    ),
    "help.local": (
        "đăng ký ngay trong tiến trình này vào thư mục cơ sở dữ liệu; máy chủ phải đang dừng",
        "enroll in this process into the folder of a database; its server must be stopped",
    ),
    "help.results": (
        "tệp kết quả, cũng là điểm tiếp tục (mặc định: bên cạnh tệp đầu vào)",
        "results file and checkpoint (default: beside the input)",
    ),
    "help.create_galleries": (
        "tạo các nhóm mà máy chủ chưa có",
        "make galleries that the server does not have",
    ),
    "help.hold_conflicts": (
        "không gửi các dòng có họ tên, giới tính hoặc năm sinh khác với hồ sơ đã lưu của cùng số định danh",
        "do not send rows whose name, sex or birth year differs from what is recorded under their external id",
    ),
    "help.strict": (
        "không gửi gì nếu có dòng không dùng được",
        "send nothing unless every row can be used",
    ),
    "help.no_duplicate_check": ("không tìm hồ sơ giống nhau", "do not look for subjects that resemble"),
    "help.quiet": ("không in một dòng cho mỗi ảnh", "no line for each image"),
    "default.purpose": ("đăng ký hồ sơ", "enrollment"),
}
