"""What is wrong with a field of a request, and the rule that it must keep: what BadRequest describes."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "field.day": ("ngày phải viết dd/mm/yyyy, ví dụ 31/12/2026", "write the day as dd/mm/yyyy, such as 31/12/2026"),
    "field.document_number": (
        "số CCCD có 12 chữ số, số CMND có 9 chữ số, số hộ chiếu có 5 đến 15 chữ cái A-Z và chữ số",
        "a CCCD number has 12 digits, a CMND number 9, a passport number 5 to 15 of the letters A-Z and digits",
    ),
    "field.required": ("trường này là bắt buộc", "this field is required"),
    "field.access": (
        "{name} là bắt buộc ở đây, với ít nhất hai chữ cái hoặc chữ số",
        "{name} is required here, with at least two letters or digits",
    ),
    "field.too_long": (
        "nhiều nhất {characters} ký tự ({bytes} byte)",
        "at most {characters} characters ({bytes} bytes)",
    ),
    "field.unseen": (
        "ký tự {character} là ký tự không nhìn thấy hoặc ký tự điều khiển; hãy bỏ đi",
        "the character {character} is invisible or a control character; leave it out",
    ),
    "field.too_many": ("nhiều nhất {count} giá trị", "at most {count} values"),
    "field.unknown_value": ("giá trị không hợp lệ", "not a known value"),
    "field.time": ("thời điểm không hợp lệ", "not a valid time"),
    "field.modality": (
        "hãy nêu loại mẫu: khuôn mặt hoặc vân tay",
        "state the modality: face or fingerprint",
    ),
    "field.content": ("hãy gửi ảnh hoặc mẫu đặc trưng", "send an image or a template"),
    "field.template_empty": ("mẫu đặc trưng rỗng", "the template is empty"),
    "field.face_number": ("khuôn mặt được đánh số từ 1", "faces are numbered from 1"),
    "field.no_such_face": (
        "yêu cầu khuôn mặt số {number}, nhưng chỉ tìm thấy {count}",
        "face {number} was asked for, but {count} were found",
    ),
    "field.ppi": (
        "ppi phải là số dương, hoặc 0 để lấy theo tệp",
        "ppi must be positive, or 0 to take it from the file",
    ),
    "field.finger": (
        "vị trí ngón từ 1 đến 10, hoặc 0 khi chưa rõ",
        "finger positions are 1 to 10, or 0 when not known",
    ),
    "field.year": ("phải là một năm, hoặc để trống", "must be a year, or unset"),
    "field.years": ("năm đầu sau năm cuối", "the first year lies after the last"),
    "field.birth_year": (
        "phải là năm từ 1850 đến 2200, hoặc để trống",
        "must be a year from 1850 to 2200, or unset",
    ),
    "field.samples": ("hãy gửi từ 1 đến {count} mẫu", "send 1 to {count} samples"),
    "field.no_sample": ("hãy gửi ít nhất một mẫu", "send at least one sample"),
    "field.one_face": ("mỗi lần tìm có nhiều nhất một khuôn mặt", "a probe has at most one face"),
    "field.fingers": (
        "mỗi lần tìm có nhiều nhất {count} ngón tay",
        "a probe has at most {count} fingers",
    ),
    "field.finger_twice": (
        "một vị trí ngón có hai lần trong một lần tìm",
        "a finger position is there twice in one probe",
    ),
    "field.fraction": (
        "{name} phải lớn hơn 0 và nhỏ hơn 1",
        "{name} must be above 0 and below 1",
    ),
    "field.from_one": ("{name} phải từ 1 đến {most}", "{name} must be 1 to {most}"),
    "field.from_zero": ("phải từ 0 đến {most}", "must be 0 to {most}"),
    "field.target": (
        "hãy nêu một hồ sơ hoặc gửi mẫu khác, chọn một trong hai",
        "name a subject or send another probe, one of the two",
    ),
    "field.nothing_to_compare": (
        "không có gì để so: phía bên kia không có mẫu cùng loại và cùng vị trí ngón",
        "nothing to compare: the other side has no sample of this modality and finger position",
    ),
    "field.one_key": (
        "hãy gửi subject_id hoặc external_id, chọn một trong hai",
        "send subject_id or external_id, one of the two",
    ),
    "field.reference_id": ("số của mẫu bắt đầu từ 1", "reference ids start at 1"),
    "field.gallery_id": (
        "dùng 1 đến 64 chữ thường không dấu, chữ số, - và _, bắt đầu bằng chữ hoặc số",
        "use 1 to 64 lower-case letters, digits, - and _, beginning with a letter or digit",
    ),
    "field.gallery_texts": (
        "hãy gửi display_name, purpose hoặc cả hai",
        "send display_name, purpose or both",
    ),
    "field.gallery_not_empty": (
        "trong nhóm còn {count} hồ sơ; đặt even_if_not_empty (lệnh: --yes) để vẫn xóa nhóm, các hồ sơ vẫn được giữ",
        "{count} subjects are in this gallery; set even_if_not_empty (command: --yes) to delete it all the same, they "
        "stay enrolled",
    ),
    "field.subject_ids": ("hãy gửi từ 1 đến {count} mã hồ sơ", "send 1 to {count} subject ids"),
    "field.page_size": (
        "page_size phải từ 1 đến {most}, hoặc 0 để lấy mặc định",
        "page_size must be 1 to {most}, or 0 for the default",
    ),
    "field.page_token": (
        "page_token không phải của danh sách này; hãy lấy lại danh sách từ đầu",
        "the page token is not one that this list gave; begin the list anew",
    ),
    "field.twice": ("mỗi trường chỉ nêu một lần", "name each field once"),
    "field.record.date": (
        "hãy viết dd/mm/yyyy, mm/yyyy hoặc yyyy, là ngày có thật",
        "write dd/mm/yyyy, mm/yyyy or yyyy, a day that exists",
    ),
    "field.record.year": ("hãy viết năm từ 1850 đến 2200", "write a year from 1850 to 2200"),
    "field.record.sex": ("hãy viết female (nữ) hoặc male (nam)", "write female or male"),
    "field.record.number": ("hãy viết một số", "write a number"),
    "field.record.cccd": ("số CCCD có 12 chữ số", "a CCCD number has 12 digits"),
    "field.record.cmnd": ("số CMND có 9 chữ số", "a CMND number has 9 digits"),
    "field.record.passport": (
        "số hộ chiếu có 5 đến 15 chữ cái in hoa và chữ số",
        "a passport number has 5 to 15 capital letters and digits",
    ),
    "field.spaces": (
        "hãy bỏ khoảng trắng ở đầu và cuối",
        "leave out the spaces at its beginning and end",
    ),
    "field.no_such_field": (
        "không có trường này; GetRecordForms nêu tên mọi trường",
        "no such field; GetRecordForms names them all",
    ),
    "field.no_field": ("hãy nêu ít nhất một trường", "name at least one field"),
    "field.name_words": (
        "hãy gửi từ 1 đến {count} chữ của họ tên",
        "send 1 to {count} words of a name",
    ),
    "field.only_fingerprints": ("chỉ xuất được vân tay", "only fingerprints can be exported"),
    "field.probe_print": (
        "chỉ vân tay có điểm đặc trưng; hãy gửi một vân tay",
        "minutiae are those of fingerprints; send one",
    ),
    "field.face_no_minutiae": (
        "khuôn mặt không có điểm đặc trưng; hãy nêu mẫu của một ngón tay",
        "a face has no minutiae; name a reference of a finger",
    ),
    "field.other_pack": ("mẫu này do gói mô hình khác tạo ra", "the reference was made by another pack"),
    # -- a call as a whole --
    "call.no_message": (
        "yêu cầu không có nội dung, hoặc vượt quá giới hạn dung lượng",
        "the request has no message, or one above the size limit",
    ),
    "call.message_too_large": (
        "yêu cầu có hơn {bytes} byte, quá giới hạn",
        "the message has more than {bytes} bytes",
    ),
    "call.not_this_message": (
        "nội dung gửi đi không phải thông điệp của chức năng này",
        "the bytes are not the message of this method",
    ),
    "call.no_method": (
        "máy chủ không có chức năng này; hãy kiểm tra phiên bản của máy trạm",
        "the server has no such method; check the version of the client",
    ),
}
