"""What is wrong with a model pack, and what to do."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "pack.unknown": (
        "không có gói nào tên '{name}'; các gói đã biết: {known}",
        "no pack is named '{name}'; known packs: {known}",
    ),
    "pack.license": (
        "giấy phép của gói {name} có điều kiện và phải được chấp nhận đích danh: station-matcher packs install {name} "
        '--accept-license "{license}"',
        "the license of pack {name} is not permissive and must be accepted by name: station-matcher packs install "
        '{name} --accept-license "{license}"',
    ),
    "pack.file_missing": (
        "gói {name} chưa sẵn sàng: thiếu {file}. Hãy chạy: station-matcher packs install {name}{option}",
        "pack {name} is not ready: {file} is missing. Run: station-matcher packs install {name}{option}",
    ),
    "pack.file_other": (
        "{file} của gói {name} không phải tệp mà bản kê nêu (dung lượng hoặc sha256 khác). Hãy chạy: "
        "station-matcher packs remove {name}, rồi packs install {name}",
        "{file} of pack {name} is not the file that the manifest names (size or sha256 differs). Run: station-matcher "
        "packs remove {name}, then packs install {name}",
    ),
    "pack.site_calibration": (
        "hiệu chuẩn riêng của đơn vị cho gói {name} bị hỏng. Hãy chạy lại: station-matcher "
        "calibrate --pack {name} --data DIR",
        "the site calibration of pack {name} is damaged. Run again: station-matcher calibrate --pack {name} --data DIR",
    ),
    "pack.no_calibration": (
        "gói {name} chưa có hiệu chuẩn. Hãy chạy: station-matcher calibrate --pack {name} --data DIR",
        "pack {name} has no calibration. Run: station-matcher calibrate --pack {name} --data DIR",
    ),
    "pack.other_modality": (
        "gói {name} không dùng cho loại {modality}",
        "pack {name} is for another modality than {modality}",
    ),
    "pack.none_ready": (
        "chưa có gói {modality} nào sẵn sàng; hãy chạy: station-matcher doctor",
        "no {modality} pack is ready; run: station-matcher doctor",
    ),
    "pack.no_face_models": ("gói {name} không có mô hình khuôn mặt", "pack {name} holds no face models"),
    "pack.no_fingerprint_pack": ("gói {name} không phải gói vân tay", "pack {name} is not a fingerprint pack"),
    "pack.mismatch": (
        "không so được mẫu của gói {probe} với mẫu của gói {reference}",
        "templates of packs {probe} and {reference} cannot be compared",
    ),
    "pack.leader_weights": (
        "trọng số của gói leader không phải của LEADER; hãy cài lại gói",
        "the weights of the leader pack are not LEADER's; install the pack again",
    ),
    "pack.leader_numbers": (
        "trọng số của gói leader có giá trị không phải số; hãy cài lại gói",
        "the weights of the leader pack hold values that are not numbers; install it again",
    ),
    "pack.leader_unreadable": (
        "không đọc được trọng số của gói leader; hãy cài lại gói",
        "the weights of the leader pack cannot be read; install the pack again",
    ),
    # -- a pack as one file --
    "pack.file_exists": (
        "{file} đã có; được giữ nguyên",
        "{file} exists already; it was left as it is",
    ),
    "pack.nothing_to_carry": (
        "gói {name} không có tệp riêng để mang đi: gói đi cùng phần mềm",
        "pack {name} has no file of its own to carry: it comes with the software",
    ),
    "pack.contents_large": ("{file} trong tệp gói quá lớn", "{file} in the pack file is too large"),
    "pack.form": (
        "tệp gói có dạng mà phiên bản này không biết; hãy đưa hai máy về cùng một phiên bản",
        "the pack file has a form that this version does not know; bring both machines to one version",
    ),
    "pack.other_version": (
        "tệp gói chứa {held}, còn phiên bản Station Matcher này biết {known}; hãy đưa hai máy về cùng một phiên bản",
        "the pack file holds {held}, and this version of Station Matcher knows {known}; bring both machines to one "
        "version",
    ),
    "pack.other_files": (
        "tệp gói không chứa đúng các tệp của {pack}",
        "the pack file does not hold exactly the files of {pack}",
    ),
    "pack.carried_size": (
        "{file} trong tệp gói không có dung lượng như bản kê",
        "{file} in the pack file does not have the size of the manifest",
    ),
    "pack.carried_other": (
        "{file} trong tệp gói không phải tệp mà bản kê nêu",
        "{file} in the pack file is not the file that the manifest names",
    ),
    "pack.no_pack_file": (
        "{file} không phải tệp gói đọc được: {reason}",
        "{file} is not a readable pack file: {reason}",
    ),
    # -- installing --
    "pack.not_https": ("địa chỉ {address} không phải https", "the address {address} is not https"),
    "pack.made_different": (
        "{file} được tạo ra khác với bản kê nên bị bỏ. Gói onnx đang cài không ghi đúng điều được giao: hãy cài phiên "
        "bản mà Station Matcher nêu",
        "{file} came out different from what the manifest pins; it was discarded. The onnx package that is installed "
        "does not write what it was given: install the version that Station Matcher names",
    ),
    "pack.with_package": (
        "{file} của gói {name} đi cùng gói Python {package}: hãy cài gói đó",
        "{file} of pack {name} comes with the Python package {package}: install it",
    ),
    "pack.with_software": (
        "{file} của gói {name} đi cùng chính Station Matcher: hãy cài lại phần mềm",
        "{file} of pack {name} comes with Station Matcher itself: install it again",
    ),
    "pack.no_address": (
        "không biết địa chỉ chính thức của {file} thuộc gói {name}. Hãy đặt các tệp của gói vào một thư mục rồi chạy: "
        "station-matcher packs install {name} --from FOLDER. Nguồn gốc: {origin}",
        "no official address is known for {file} of pack {name}. Put the files of the pack into a folder and run: "
        "station-matcher packs install {name} --from FOLDER. Origin: {origin}",
    ),
    "pack.no_folder": (
        "thư mục nêu ở --from không tồn tại",
        "the folder given with --from does not exist",
    ),
    "pack.not_found": ("không tìm thấy {file} của gói {name}", "{file} of pack {name} was not found"),
    "pack.neither_found": (
        "không tìm thấy {file} của gói {name} cũng như {archive}",
        "neither {file} of pack {name} nor {archive} was found",
    ),
    "pack.put_there": (
        "{missing} trong thư mục đã nêu, theo tên hoặc theo sha256. Hãy lấy từ {address} đặt vào đó, hoặc bỏ --from để "
        "tải về",
        "{missing} in the folder given, by name or by sha256. Put it there from {address}, or leave out --from to have "
        "it downloaded",
    ),
    "pack.no_origin": (
        "{missing} trong thư mục đã nêu, theo tên hoặc theo sha256, và không biết địa chỉ chính thức. "
        "Nguồn gốc: {origin}",
        "{missing} in the folder given, by name or by sha256, and no official address is known. Origin: {origin}",
    ),
    "pack.see_manifest": ("xem bản kê", "see the manifest"),
    "pack.member_size": (
        "{file} trong tệp nén không có dung lượng như bản kê",
        "{file} in the archive does not have the size of the manifest",
    ),
    "pack.member_unreadable": (
        "tệp nén không có {file} đọc được: {reason}",
        "the archive holds no readable {file}: {reason}",
    ),
    "pack.mirror": (
        "máy chủ nội bộ {mirror} không phải địa chỉ bắt đầu bằng https:// hoặc http://",
        "the mirror {mirror} is not an address that begins with https:// or http://",
    ),
    "pack.download": (
        "không tải được {file} từ {address}: {reason}. Nếu không có mạng, hãy đặt tệp vào một thư mục và cài với "
        "--from FOLDER",
        "{file} could not be downloaded from {address}: {reason}. Without network, put the file into a folder and "
        "install with --from FOLDER",
    ),
    "pack.download_ended": (
        "việc tải {file} dừng giữa chừng; hãy chạy lại đúng lệnh này để tiếp tục",
        "the download of {file} ended early; run the same command again to go on",
    ),
    "pack.hash": (
        "{file} không có sha256 như bản kê nên bị bỏ",
        "{file} does not have the sha256 of the manifest; it was discarded",
    ),
    "pack.other_part": (
        "máy chủ trả lời một phần khác với phần được yêu cầu",
        "the server answered with another part than was asked for",
    ),
    "pack.changed": (
        "{file} thay đổi trong lúc sao chép nên bị bỏ",
        "{file} changed while it was copied; it was discarded",
    ),
    "pack.too_long": (
        "máy chủ gửi nhiều hơn {bytes} byte của bản kê",
        "the server sends more than the {bytes} bytes of the manifest",
    ),
}
