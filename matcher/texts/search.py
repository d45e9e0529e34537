"""Texts of identify, verify and assess: their help, what they print, and what stands in the frame of a picture."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "help.identify": (
        "tìm một khuôn mặt, một hoặc nhiều vân tay trong kho: danh sách manh mối để giám định viên xem xét",
        "search the enrolled subjects for a face, one or several fingers: a list of leads for an examiner",
    ),
    "help.verify": (
        "so mẫu với một hồ sơ, hoặc với các tệp khác",
        "compare samples with one subject, or with other files",
    ),
    "help.assess": (
        "đánh giá chất lượng mẫu; không lưu, không tìm kiếm",
        "quality of samples, without storing or searching",
    ),
    "help.identify.exit_codes": (
        "Mã kết thúc: 0 có ứng viên vượt ngưỡng, 3 đã trả lời nhưng không ai vượt ngưỡng, 1 bị từ chối hoặc không "
        "thành công, 2 lệnh viết chưa đúng.",
        "Exit codes: 0 a candidate is above the threshold, 3 answered and nobody is above it, 1 refused or failed, "
        "2 wrong usage.",
    ),
    "help.verify.exit_codes": (
        "Mã kết thúc: 0 vượt ngưỡng, 3 không vượt ngưỡng, 1 bị từ chối hoặc không thành công, 2 lệnh viết chưa đúng.",
        "Exit codes: 0 above the threshold, 3 below it, 1 refused or failed, 2 wrong usage.",
    ),
    "help.assess.exit_codes": (
        "Mã kết thúc: 0 mọi mẫu dùng được, 3 có mẫu không dùng được, 1 bị từ chối hoặc không thành công, 2 lệnh viết "
        "chưa đúng.",
        "Exit codes: 0 every sample can be used, 3 some cannot, 1 refused or failed, 2 wrong usage.",
    ),
    "help.search.files": (
        "tệp ảnh hoặc mẫu ISO/IEC 19794-2; viết KIND=FILE để nêu loại của riêng tệp đó, ví dụ right_index=a.png hoặc "
        "face=b.jpg",
        "image or ISO/IEC 19794-2 template; KIND=FILE says what that one file is, as in right_index=a.png or "
        "face=b.jpg",
    ),
    "help.search.kind": (
        "loại của các tệp không nêu loại: face, finger (chưa rõ ngón), hoặc một ngón: 1 đến 10, right_index, “ngón trỏ "
        "phải” ...",
        "what the files are that do not say so: face, finger (position not known), or a position: 1 to 10, "
        "right_index ...",
    ),
    "help.search.ppi": (
        "số điểm ảnh mỗi inch của vân tay mà tệp không ghi",
        "pixels per inch of prints whose file does not say",
    ),
    "help.search.face_number": (
        "lấy khuôn mặt số mấy khi ảnh có nhiều khuôn mặt",
        "which face to take where the picture shows several",
    ),
    "help.search.largest_face": (
        "lấy khuôn mặt lớn nhất khi ảnh có nhiều khuôn mặt",
        "take the largest face where the picture shows several",
    ),
    "help.search.gallery": (
        "chỉ tìm trong nhóm này (có thể nêu nhiều lần)",
        "search only this gallery (may be repeated)",
    ),
    "help.search.subject": (
        "chỉ tìm trong hồ sơ này (có thể nêu nhiều lần)",
        "search only this subject (may be repeated)",
    ),
    "help.search.sex": (
        "chỉ tìm hồ sơ có giới tính này; hồ sơ không ghi giới tính vẫn được tìm",
        "search only subjects of this sex; without a recorded one they count",
    ),
    "help.search.born_from": (
        "chỉ tìm người sinh từ năm này; hồ sơ không ghi năm sinh vẫn được tìm",
        "search only those born in this year or later; without a recorded year they count",
    ),
    "help.search.born_to": (
        "chỉ tìm người sinh đến năm này; hồ sơ không ghi năm sinh vẫn được tìm",
        "search only those born up to this year; without a recorded year they count",
    ),
    "help.search.also_finger": (
        "tìm thêm ở vị trí ngón này (có thể nêu nhiều lần)",
        "search this finger position, too (may be repeated)",
    ),
    "help.search.max": (
        "số ứng viên nhiều nhất, 1 đến 200 (mặc định: theo máy chủ)",
        "most candidates, 1 to 200 (default: the server's)",
    ),
    "help.search.fpir": (
        "tỷ lệ nhận nhầm cho phép của một lần tìm, dùng để đặt ngưỡng (mặc định: theo máy chủ)",
        "false positive identification rate that sets the threshold (default: the server's)",
    ),
    "help.search.fmr": (
        "tỷ lệ khớp nhầm cho phép, dùng để đặt ngưỡng (mặc định: theo máy chủ)",
        "false match rate that sets the threshold (default: the server's)",
    ),
    "help.search.exhaustive": (
        "so với mọi mẫu vân tay trong phạm vi thay vì một danh sách rút gọn",
        "compare with every allowed reference of a finger instead of a shortlist",
    ),
    "help.search.pictures": (
        "ghi vào thư mục này mỗi ứng viên một ảnh: mẫu tìm kiếm bên cạnh ứng viên, vân tay có các cặp điểm đánh số",
        "write a picture for each candidate into this folder: the probe beside it, prints with numbered pairs",
    ),
    "help.verify.subject": ("so với hồ sơ này", "compare with this subject"),
    "help.verify.external_id": (
        "so với hồ sơ mang số này của đơn vị",
        "compare with the subject of this number of the force",
    ),
    "help.verify.with": (
        "so với các tệp này thay vì một hồ sơ (có thể nêu nhiều lần)",
        "compare with these files instead of a subject (may be repeated)",
    ),
    "search.unreadable": ("không đọc được {file}: {reason}", "{file} cannot be read: {reason}"),
    "search.kind_missing": (
        "{file}: hãy nêu tệp là gì, bằng KIND=FILE hoặc --kind: face, finger, hoặc một ngón như right_index",
        "{file}: say what it is, with KIND=FILE or --kind: face, finger, or a position such as right_index",
    ),
    "search.kind_wrong": (
        "{file}: không có loại “{kind}” cho tệp này; hãy dùng face, finger, 1 đến 10 hoặc một ngón như right_index",
        "{file}: “{kind}” is no kind of this file; use face, finger, 1 to 10 or a position such as right_index",
    ),
    "search.one_target": (
        "Hãy nêu --subject, --external-id hoặc --with, chọn một trong ba.",
        "Give --subject, --external-id or --with, one of the three.",
    ),
    "search.folder": ("không ghi được vào {folder}: {reason}", "{folder} cannot be written: {reason}"),
    "search.waiting": (
        "Đang chờ máy chủ; yêu cầu đầu tiên sau khi khởi động lâu hơn, vì mô hình đang được chuẩn bị.",
        "Waiting for the server; the first request after a start takes longer, while its models are prepared.",
    ),
    "search.lead": (
        "Ứng viên là manh mối để giám định viên xem xét, không phải kết luận về một người.",
        "A candidate is a lead for an examiner, not an identification.",
    ),
    "search.decision": (
        "Kết quả so sánh là một con số; kết luận về một người thuộc về giám định viên.",
        "The comparison is a number; what it says of a person is for an examiner to decide.",
    ),
    "search.nobody": ("Không có ứng viên nào.", "There is no candidate."),
    "search.scope": (
        "Đã tìm trong {subjects} hồ sơ, {references} mẫu; ngưỡng {threshold} (FPIR {fpir}); số người lạ dự kiến vượt "
        "ngưỡng: {expected}.",
        "Searched {subjects} subjects, {references} references; threshold {threshold} (FPIR {fpir}); strangers to "
        "expect above it: {expected}.",
    ),
    "search.proved": (
        "Danh sách này đúng bằng danh sách khi so với mọi mẫu.",
        "The list is that of an exhaustive search.",
    ),
    "search.not_proved": (
        "Vân tay chỉ được so đầy đủ trong danh sách rút gọn; thêm --exhaustive để so với mọi mẫu.",
        "Fingers were compared in full only in a shortlist; --exhaustive compares with every reference.",
    ),
    "search.extrapolated": (
        "* vượt quá mức đã đo trên người lạ: ngoại suy",
        "* beyond what was measured on strangers: extrapolated",
    ),
    "search.record": ("Gói {packs}; số nhật ký {audit}", "Packs {packs}; audit record {audit}"),
    "search.audit": ("Số nhật ký {audit}", "Audit record {audit}"),
    "search.pictures": ("Đã ghi {count} ảnh vào {folder}", "Wrote {count} pictures to {folder}"),
    # Between groups of three digits.
    "search.thousands": (".", ","),
    "search.rarer": ("ít hơn 1/{count} người lạ", "fewer than 1 of {count} strangers"),
    "search.one_in": ("1/{count} người lạ", "1 of {count} strangers"),
    "search.about_one_in": ("khoảng 1/{count} người lạ", "about 1 of {count} strangers"),
    "search.above": ("vượt ngưỡng", "above"),
    "search.below": ("dưới ngưỡng", "below"),
    "search.verified": (
        "Điểm {score}, {mark} {threshold}",
        "Score {score}, {mark} the threshold of {threshold}",
    ),
    "search.usable": ("dùng được", "usable"),
    "search.unusable": ("không dùng được", "not usable"),
    "column.rank": ("Hạng", "Rank"),
    "column.score": ("Điểm", "Score"),
    "column.meaning": ("Đạt điểm này", "Reached by"),
    "column.threshold": ("Ngưỡng", "Threshold"),
    "column.file": ("Tệp", "File"),
    "column.usable": ("Kết quả", "Result"),
    "column.remarks": ("Cần làm", "What to do"),
    "frame.probe": ("mẫu tìm kiếm: {file}", "probe: {file}"),
    "frame.candidate": ("ứng viên: {name}", "candidate: {name}"),
    "frame.minutiae_only": (
        "ứng viên: {name} (không lưu ảnh, chỉ có điểm đặc trưng)",
        "candidate: {name} (no image kept, minutiae only)",
    ),
    "frame.no_image": ("ứng viên: {name} (không lưu ảnh)", "candidate: {name} (no image kept)"),
    "frame.other": ("mẫu so sánh: {name}", "compared with: {name}"),
    "frame.case": (
        "Vụ {case} · cán bộ {operator} · số nhật ký {audit}",
        "Case {case} · operator {operator} · audit record {audit}",
    ),
    "frame.rank": (
        "Hạng {rank} · {what} · điểm {score} ({mark} {threshold})",
        "Rank {rank} · {what} · score {score} ({mark} threshold {threshold})",
    ),
    "frame.verified": (
        "{what} · điểm {score} ({mark} {threshold})",
        "{what} · score {score} ({mark} threshold {threshold})",
    ),
    "frame.pairs": (
        "{count} cặp điểm đặc trưng, cùng số ở hai bên",
        "{count} paired minutiae, the same number on both sides",
    ),
}
