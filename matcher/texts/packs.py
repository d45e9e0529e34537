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
    "already_ready": (
        "Gói {name} đã sẵn sàng từ trước; không cần cài.",
        "Pack {name} is ready already; there is nothing to install.",
    ),
    "installed": ("Gói {name} đã sẵn sàng.", "Pack {name} is ready."),
    "verified": ("Gói {name}: mọi tệp đúng với bản kê.", "Pack {name}: every file is as the manifest says."),
    "removed_but_shipped": (
        "Gói {name} đi cùng phần mềm và vẫn sẵn sàng; chỉ phần được tạo thêm cho gói đã bị xóa.",
        "Pack {name} comes with the software and stays ready; what had been derived for it was removed.",
    ),
    "removed": ("Đã gỡ gói {name}.", "Pack {name} was removed."),
    "exported": (
        "Đã ghi gói {pack} vào {file}. Trên máy kia: station-matcher packs import FILE. Giấy phép: {license}.",
        "Wrote pack {pack} to {file}. On the other machine: station-matcher packs import FILE. License: {license}.",
    ),
    "imported": (
        "Gói {pack} đã sẵn sàng; mọi tệp đúng với bản kê. Giấy phép: {license}.",
        "Pack {pack} is ready; every file is as the manifest says. License: {license}.",
    ),
    "failed_download": (
        "Chưa tải được tệp. Máy không có mạng thì có ba cách: lấy từ máy chủ nội bộ (--mirror URL hoặc cài đặt "
        "packs.mirror), chép các tệp vào một thư mục (--from DIR), hoặc trên một máy đã cài gói này chạy "
        "station-matcher packs export rồi chạy packs import ở đây. Tải dở thì chạy lại lệnh, việc tải sẽ tiếp tục.",
        "A file could not be downloaded. Without network there are three ways: a web server of your own (--mirror URL, "
        "or the setting packs.mirror), the files in a folder (--from DIR), or station-matcher packs export on a "
        "machine that has the pack and packs import here. Run the same command again to go on with a broken download.",
    ),
    "failed": ("Không thành công: {reason}", "Failed: {reason}"),
    "doctor_python": ("Python {version}", "Python {version}"),
    "doctor_package": ("{name} {version}", "{name} {version}"),
    "doctor_package_missing": ("thiếu {name}: chạy lại make setup", "{name} is missing: run make setup again"),
    "doctor_no_insightface": (
        "chưa cài insightface; chỉ các gói insightface-* cần đến: pip install 'station-matcher[insightface]'",
        "insightface is not installed, which only the packs insightface-* need: "
        "pip install 'station-matcher[insightface]'",
    ),
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
        "gói {pack} học từ ảnh báo chí, chỉ dùng để đánh giá, trình diễn và đào tạo. Hãy cài một gói nghiệp vụ trước "
        "khi dùng thật, và ghi tên gói vào cài đặt packs.face.",
        "pack {pack} was trained on press photographs, for evaluation, demonstration and training of staff. Install an "
        "operational pack before real use, and name it in the setting packs.face.",
    ),
    "doctor_not_calibrated": (
        "gói {pack} chưa có hiệu chuẩn, máy chủ không dùng được: station-matcher calibrate --pack {name} --data DIR",
        "pack {pack} has no calibration, so no server takes it: station-matcher calibrate --pack {name} --data DIR",
    ),
    "doctor_site_calibration": (
        "gói {pack} dùng hiệu chuẩn riêng của đơn vị",
        "pack {pack} scores with this site's own calibration",
    ),
    "doctor_range": (
        "điểm của gói {pack} được đo đến {measured_score} và ngoại suy đến {max_score}; tìm kiếm với FPIR {fpir} đánh "
        "dấu ứng viên vượt ngưỡng khi tìm trong không quá {gallery} {counted}. Kho lớn hơn vẫn cho danh sách xếp hạng "
        "đầy đủ, nhưng không ai được đánh dấu",
        "scores of {pack} are measured up to {measured_score} and extrapolated to {max_score}; searches at FPIR {fpir} "
        "mark candidates above the threshold among up to {gallery} {counted}. In larger galleries the ranked list is "
        "as complete, but nobody is marked",
    ),
    # What a search's threshold counts: every reference of a finger is a chance to match a stranger, and a subject's
    # faces together are one.
    "doctor_counted_face": ("hồ sơ", "subjects"),
    "doctor_counted_fingerprint": ("mẫu ngón tay (10 mẫu mỗi thẻ mười ngón)", "fingers (10 of a ten-print card)"),
    "doctor_unknown_pack": (
        "cài đặt yêu cầu gói {name}, nhưng không có gói nào tên như vậy; xem: station-matcher packs list",
        "the settings ask for pack {name}, and no pack has that name; see: station-matcher packs list",
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
    "calibrate_measured_fingers": (
        "Đã đo {comparisons} phép so sánh giữa {fingers} ngón tay khác nhau; {refused} ảnh không dùng được.",
        "Measured {comparisons} comparisons between {fingers} different fingers; {refused} images were not usable.",
    ),
    "calibrate_comparing": ("Đang so sánh", "Comparing"),
    "calibrate_double": (
        "Có thể là một, không tính vào kết quả: {first} và {second}",
        "May be one and the same, left out of the measurement: {first} and {second}",
    ),
    "calibrate_row": (
        "điểm {score}: độ giống {similarity} (trước đây được {before} điểm)",
        "score {score}: similarity {similarity} (scored {before} before)",
    ),
    "calibrate_row_extrapolated": (
        "điểm {score}: độ giống {similarity}, ngoại suy (trước đây được {before} điểm)",
        "score {score}: similarity {similarity}, extrapolated (scored {before} before)",
    ),
    "calibrate_group": (
        "nhóm {group}: {count} phép so sánh; riêng trong nhóm này, {score} điểm đáng lẽ là {own}",
        "group {group}: {count} comparisons; by this group alone, a score of {score} would be {own}",
    ),
    "calibrate_group_unknown": (
        "nhóm {group}: {count} phép so sánh, quá ít để kết luận về nhóm này",
        "group {group}: {count} comparisons, too few to tell of this group",
    ),
    "calibrate_no_people": (
        "không có ảnh nào trong các thư mục con của --data; mỗi người (hoặc ngón tay) một thư mục, ảnh nằm trong đó",
        "there is no image in the sub-folders of --data; make one folder per person (or finger), with the images in it",
    ),
    "calibrate_no_group": (
        "không dòng nào của tệp --groups nêu tên một thư mục con của --data; mỗi dòng: thư_mục,nhóm",
        "no line of the --groups file names a sub-folder of --data; each line is: folder,group",
    ),
    "calibrate_too_few": (
        "cần hơn {needed} phép so sánh giữa những người khác nhau, mới có {count}; hãy thêm người",
        "more than {needed} comparisons between different people are needed, there are {count}; add people",
    ),
    "calibrate_too_few_people": (
        "cần ảnh của ít nhất {needed} người, mới có {count}; hãy thêm người",
        "photographs of at least {needed} people are needed, there are {count}; add people",
    ),
    "calibrate_floored": (
        "Không điểm nào dễ dãi hơn hiệu chuẩn sẵn có của gói: dữ liệu của đơn vị chỉ có thể làm điểm chặt hơn.",
        "No score is kinder than by the pack's own calibration: a site's data can only ask for more.",
    ),
    "calibrate_lowered": (
        "Gói không có hiệu chuẩn sẵn, và ít người thì thiếu những nhóm người giống nhau: mọi điểm được hạ {discount}. "
        "Càng nhiều người, điểm càng ít bị hạ; từ 2300 người thì không hạ nữa.",
        "The pack has no calibration of its own, and few people show no groups who resemble each other: every score is "
        "lowered by {discount}. The more people there are the less; from 2300 on nothing is taken off.",
    ),
    "calibrate_range": (
        "Điểm được đo đến {score}, tức một lần nhầm trong {one_in} phép so sánh, ở nhóm bất lợi nhất: đủ cho ngưỡng "
        "tìm kiếm với FPIR {fpir} trong không quá {gallery} hồ sơ. Cao hơn, đến {end}, điểm được ngoại suy và ghi "
        "rõ như vậy.",
        "Scores are measured up to {score}, one false match in {one_in} comparisons, in the least favorable group: "
        "that carries the threshold of a search at FPIR {fpir} among at most {gallery} subjects. Beyond, up to {end}, "
        "scores are extrapolated and say so.",
    ),
    "calibrate_short": (
        "Ngưỡng xác minh đã đặt cần {score} điểm, cao hơn mức đo được; càng nhiều dữ liệu, mức đo càng cao.",
        "The configured rate of verification asks for a score of {score}, beyond what is measured; the more you add, "
        "the further it is.",
    ),
    "calibrate_written": (
        "Đã lưu hiệu chuẩn riêng của đơn vị cho gói {pack}. Khởi động lại máy chủ để dùng.",
        "Saved the site calibration of pack {pack}. Restart the server to use it.",
    ),
    "doctor_store": ("kho dữ liệu: {reason}", "store: {reason}"),
    "doctor_face_engine_faiss": (
        "khuôn mặt: {references} mẫu tham chiếu của gói {pack}; FAISS tìm kiếm (search.face_engine = {setting}{limit})",
        "faces: {references} references of {pack}; searched by FAISS (search.face_engine = {setting}{limit})",
    ),
    "doctor_face_engine_quantized": (
        "khuôn mặt: {references} mẫu tham chiếu của gói {pack}; bộ tìm kiếm mã nén có chứng minh tìm kiếm "
        "(search.face_engine = {setting}{limit})",
        "faces: {references} references of {pack}; searched by the proved scan of codes "
        "(search.face_engine = {setting}{limit})",
    ),
    "doctor_face_engine_limit": (", FAISS đến {limit}", ", FAISS up to {limit}"),
    "doctor_set_aside": (
        "kho dữ liệu: các mẫu tham chiếu bị hỏng và không được tìm kiếm: {ids}. Hãy lấy lại từ bản sao lưu: "
        "station-matcher index mend BACKUP",
        "store: references that are damaged and not searched: {ids}. Take them from a backup: "
        "station-matcher index mend BACKUP",
    ),
    "doctor_not_searched": (
        "kho dữ liệu: {count} mẫu do gói {pack} tạo ra không được tìm kiếm, vì cài đặt không nêu gói này. Hãy ghi tên "
        "gói vào packs.face hoặc packs.fingerprint",
        "store: {count} references made by pack {pack} are not searched, because the settings do not name it. Name it "
        "in packs.face or packs.fingerprint",
    ),
    "doctor_good": ("Mọi thứ cần thiết đều có.", "Everything that is needed is there."),
    "doctor_bad": ("Còn thiếu; xem các dòng có dấu ✗.", "Something is missing; see the lines marked ✗."),
}
