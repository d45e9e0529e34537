"""Texts of `station-matcher packs`, `doctor` and `calibrate` in Vietnamese and English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "pack": ("Gói", "Pack"),
    "modality": ("Loại", "Modality"),
    "state": ("Trạng thái", "State"),
    "license": ("Giấy phép", "License"),
    "size": ("Kích thước", "Size"),
    "ready": ("sẵn sàng", "ready"),
    "missing": ("chưa cài", "missing"),
    "damaged": ("hỏng", "damaged"),
    "face": ("khuôn mặt", "face"),
    "fingerprint": ("vân tay", "fingerprint"),
    "installing": ("Đang cài {name}", "Installing {name}"),
    "installed": ("Gói {name} đã sẵn sàng.", "Pack {name} is ready."),
    "verified": ("Gói {name}: mọi tệp đúng với bản kê.", "Pack {name}: every file is as the manifest says."),
    "removed": ("Đã gỡ gói {name}.", "Pack {name} was removed."),
    "failed": ("Không thành công: {reason}", "Failed: {reason}"),
    "doctor_python": ("Python {version}", "Python {version}"),
    "doctor_package": ("{name} {version}", "{name} {version}"),
    "doctor_package_missing": ("thiếu {name}: chạy lại make setup", "{name} is missing: run make setup again"),
    "doctor_libgl": (
        "opencv không nạp được vì thiếu thư viện hệ thống. Chạy: {command}",
        "opencv cannot load because a system library is missing. Run: {command}",
    ),
    "doctor_cv2": ("opencv không nạp được: {reason}", "opencv cannot load: {reason}"),
    "doctor_devices": ("ONNX Runtime chạy được trên: {devices}", "ONNX Runtime can run on: {devices}"),
    "doctor_pack_ready": ("gói {pack} sẵn sàng ({modality})", "pack {pack} is ready ({modality})"),
    "doctor_pack_missing": (
        "gói {pack} chưa cài ({modality}): {command}",
        "pack {pack} is not installed ({modality}): {command}",
    ),
    "doctor_pack_damaged": ("gói {pack} hỏng: {command}", "pack {pack} is damaged: {command}"),
    "doctor_not_operational": (
        "gói {pack}: {use} Hãy cài một gói nghiệp vụ trước khi dùng thật.",
        "pack {pack}: {use} Install an operational pack before real use.",
    ),
    "doctor_no_pack": (
        "chưa có gói {modality} nào sẵn sàng; phần {modality} sẽ không hoạt động",
        "no {modality} pack is ready; the {modality} half will not work",
    ),
    "calibrate_reading": ("Đang đọc ảnh", "Reading photographs"),
    "calibrate_measured": (
        "Đã đo {comparisons} phép so sánh giữa {people} người khác nhau; {refused} ảnh không dùng được.",
        "Measured {comparisons} comparisons between {people} different people; {refused} photographs were not usable.",
    ),
    "calibrate_double": (
        "Có thể là cùng một người, không tính vào kết quả: {first} và {second}",
        "May be one person, left out of the measurement: {first} and {second}",
    ),
    "calibrate_row": (
        "điểm {score}: độ giống {similarity} (trước đây được {before} điểm)",
        "score {score}: similarity {similarity} (scored {before} before)",
    ),
    "calibrate_group": (
        "nhóm {group}: {count} phép so sánh; ngưỡng {score} điểm thực ra là {own} điểm trong nhóm này",
        "group {group}: {count} comparisons; a threshold of {score} is really {own} within this group",
    ),
    "calibrate_written": (
        "Đã lưu hiệu chuẩn riêng của đơn vị cho gói {pack}. Khởi động lại máy chủ để dùng.",
        "Saved the site calibration of pack {pack}. Restart the server to use it.",
    ),
    "doctor_good": ("Mọi thứ cần thiết đều có.", "Everything that is needed is there."),
    "doctor_bad": ("Còn thiếu; xem các dòng có dấu ✗.", "Something is missing; see the lines marked ✗."),
}


def text(code: str, language: str, **values: object) -> str:
    """The text of a code in "vi" or "en"."""
    vietnamese, english = TEXTS[code]
    return (vietnamese if language == "vi" else english).format(**values)
