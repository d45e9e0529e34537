"""Texts of station-enroll in Vietnamese and English."""

from __future__ import annotations

from typing import Final

from enroll.help_texts import HELP
from matcher.texts.catalog import Told, localized
from matcher.texts.languages import LANGUAGES

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    **HELP,
    # code: (Vietnamese, English)
    "example": (
        """Số CCCD,Tệp ảnh,Loại,Ngón,PPI,Họ và tên,Nhóm,Giới tính,Ngày sinh,Ngày chụp
001099000123,photos/0001.jpg,khuôn mặt,,,Nguyễn Văn Ánh,records,nam,31/12/1990,15/06/2024
001099000123,prints/0001-02.png,vân tay,trỏ phải,500,Nguyễn Văn Ánh,records,nam,31/12/1990,15/06/2024
""",
        """external_id,image,modality,finger,ppi,display_name,gallery,sex,birth_date,capture_date
001099000123,photos/0001.jpg,face,,,Nguyễn Văn Ánh,records,male,31/12/1990,15/06/2024
001099000123,prints/0001-02.png,fingerprint,right_index,500,Nguyễn Văn Ánh,records,male,31/12/1990,15/06/2024
""",
    ),
    # -- while it runs, and at the end --
    "reading": ("Đang đọc", "Reading"),
    "checking": ("Đang kiểm tra", "Checking"),
    "enrolling": ("Đang đăng ký", "Enrolling"),
    "progress": ("{what}: {done}/{total}", "{what}: {done}/{total}"),
    "enrolled": ("đã đăng ký", "enrolled"),
    "already": ("đã có từ trước", "enrolled before"),
    "refused": ("bị từ chối", "refused"),
    "failed": ("chưa được xử lý", "not processed"),
    "unusable": ("không dùng được", "cannot be used"),
    "not_sent": ("chưa gửi", "not sent"),
    "duplicate": ("giống hồ sơ khác, cần kiểm tra", "resembles another subject, to be examined"),
    "noticed": ("có điều cần lưu ý, xem cột notices", "has a notice, see the column notices"),
    "differs": ("khác với hồ sơ đã lưu", "differs from what is recorded"),
    "summary": (
        "{total} dòng: {enrolled} đã đăng ký, {already} đã có từ trước, {refused} bị từ chối, {failed} chưa được xử "
        "lý, {unusable} không dùng được, {not_sent} chưa gửi.",
        "{total} rows: {enrolled} enrolled, {already} enrolled before, {refused} refused, {failed} not processed, "
        "{unusable} cannot be used, {not_sent} not sent.",
    ),
    "reasons": ("Lý do:", "Reasons:"),
    "duplicates": (
        "{count} ảnh giống một hồ sơ khác; xem cột duplicates trong tệp kết quả. Không có gì được gộp tự động.",
        "{count} images resemble another subject; see the column duplicates of the results file. Nothing was merged.",
    ),
    "notices": (
        "{count} ảnh có điều cần lưu ý; xem cột notices trong tệp kết quả:",
        "{count} images have a notice; see the column notices of the results file:",
    ),
    "conflicts": (
        "{count} dòng khác với hồ sơ đã lưu của cùng số định danh; xem cột warning. Hồ sơ đã lưu được giữ nguyên.",
        "{count} rows differ from what is recorded under their external id; see the column warning. What was recorded "
        "is kept.",
    ),
    "results": ("Kết quả từng dòng: {path}", "Results row by row: {path}"),
    "resume": (
        "{count} ảnh đã xong ở lần chạy trước và được bỏ qua.",
        "{count} images were done in an earlier run and are skipped.",
    ),
    "again": (
        "Chạy lại đúng lệnh này để tiếp tục; ảnh đã đăng ký không bị đăng ký hai lần.",
        "Run the same command again to go on; nothing is enrolled twice.",
    ),
    "interrupted": ("Đã dừng theo yêu cầu.", "Stopped as asked."),
    "checked": (
        "{rows} ảnh của {subjects} hồ sơ; mọi tệp đều có và đọc được.",
        "{rows} images of {subjects} subjects; every file is there and can be read.",
    ),
    "checked_quickly": (
        "{rows} ảnh của {subjects} hồ sơ; mọi tệp đều có (chưa giải mã ảnh).",
        "{rows} images of {subjects} subjects; every file is there (no picture was decoded).",
    ),
    "checked_some": (
        "{rows} ảnh của {subjects} hồ sơ dùng được, {bad} dòng không dùng được. Chưa gửi gì.",
        "{rows} images of {subjects} subjects can be used, {bad} rows cannot. Nothing was sent.",
    ),
    "going_on": (
        "Các dòng khác vẫn được đăng ký; những dòng này được ghi vào tệp kết quả.",
        "The other rows are enrolled all the same; these stand in the results file.",
    ),
    "stopped_strict": (
        "Chưa gửi gì (--strict). Hãy sửa các dòng trên rồi chạy lại.",
        "Nothing was sent (--strict). Correct these rows and run again.",
    ),
    "nothing": ("Không có ảnh nào trong {path}.", "There is no image in {path}."),
    "bad_rows": ("Số dòng không dùng được: {count}", "Rows that cannot be used: {count}"),
    "warnings": ("Số điều cần xem lại: {count}", "Things to look at: {count}"),
    "more": ("… và {count} dòng nữa", "… and {count} more"),
    "row": ("dòng {number}", "row {number}"),
    "layout": ("Cách đọc thư mục: {pattern}", "How the folder is read: {pattern}"),
    "layout_example": (
        "  {path} → external_id “{external_id}”, {modality}{finger}",
        "  {path} → external_id “{external_id}”, {modality}{finger}",
    ),
    "layout_count": ("  {rows} ảnh của {subjects} hồ sơ", "  {rows} images of {subjects} subjects"),
    "passed_over": (
        "Bỏ qua {count} tệp không phải ảnh: {names}",
        "Passed over {count} files that are no images: {names}",
    ),
    "empty_folders": (
        "{count} thư mục không có ảnh: {names}",
        "{count} folders have no image: {names}",
    ),
    "unused_columns": ("Cột không dùng: {names}", "Columns not used: {names}"),
    "galleries_made": ("Đã tạo nhóm mới: {names}", "New galleries made: {names}"),
    # -- the target --
    "unreachable": ("Không kết nối được máy chủ {server}: {detail}", "The server {server} cannot be reached: {detail}"),
    "target_refuses": ("Máy chủ {server} từ chối: {detail}", "The server {server} refuses: {detail}"),
    "local_locked": (
        "một máy chủ đang chạy dùng cơ sở dữ liệu này. Hãy bỏ --local để đăng ký qua máy chủ đó, hoặc dừng nó trước",
        "a running server uses this database. Leave out --local to enroll through it, or stop it first",
    ),
    "target_not_opened": ("Không mở được {server}: {detail}", "{server} cannot be opened: {detail}"),
    "not_answered": (
        "Máy chủ đang chạy nhưng không trả lời cho ảnh này: {detail}",
        "The server runs but does not answer for this image: {detail}",
    ),
    "message_too_large": (
        "Ảnh quá lớn cho một thông điệp tới máy chủ này ({size}). Hãy giảm dung lượng ảnh.",
        "The image is too large for one message to this server ({size}). Make the file smaller.",
    ),
    "unknown_gallery": (
        "nhóm “{value}” chưa có trên máy chủ{nearest}; để tạo mới, thêm --create-galleries",
        "the gallery “{value}” is not on the server{nearest}; to make it, add --create-galleries",
    ),
    "nearest": (" (có phải “{value}”?)", " (did you mean “{value}”?)"),
    "recorded_other": (
        "{name}: dòng này ghi “{given}”, hồ sơ đã lưu là “{kept}”",
        "{name}: this row says “{given}”, the record says “{kept}”",
    ),
    "held": (
        "khác với hồ sơ đã lưu của cùng số định danh, nên không gửi (--hold-conflicts)",
        "differs from what is recorded under this external id, so it was not sent (--hold-conflicts)",
    ),
    "record_hidden": (
        "không được phép đọc hồ sơ đã lưu, nên chưa so sánh họ tên, giới tính, năm sinh",
        "the record may not be read, so name, sex and birth year were not compared",
    ),
    # -- the results file --
    "results_foreign": (
        "{path} không phải tệp kết quả; hãy chọn tên khác với --results.",
        "{path} is not a results file; choose another name with --results.",
    ),
    "results_unwritable": (
        "Không ghi được tệp kết quả {path}: {detail}. Hãy chọn nơi khác với --results.",
        "The results file {path} cannot be written: {detail}. Choose another place with --results.",
    ),
    # -- the backlog as a whole --
    "not_found": ("Không tìm thấy {path}.", "{path} was not found."),
    "unreadable_backlog": ("Không đọc được {path}: {detail}", "{path} cannot be read: {detail}"),
    "needs_modality": (
        "Ảnh nằm thẳng trong thư mục: hãy thêm --modality face hoặc --modality fingerprint.",
        "The images lie directly in the folder: add --modality face or --modality fingerprint.",
    ),
    "needs_pattern": (
        "Tên tệp như “{name}” có thể là một người hoặc nhiều ảnh của một người. Hãy nêu rõ bằng --pattern, ví dụ "
        "'{{external_id}}.{{ext}}' (mỗi tệp một người) hoặc '{{external_id}}_{{any}}.{{ext}}' (phần trước dấu _ cuối "
        "là một người).",
        "File names such as “{name}” may mean one person or several images of one. Say which with --pattern, for "
        "example '{{external_id}}.{{ext}}' (one person per file) or '{{external_id}}_{{any}}.{{ext}}' (one person per "
        "name before the last _).",
    ),
    "level_not_person": (
        "Thư mục cấp một “{name}” không giống tên một người. Hãy nêu cách đọc bằng --pattern, ví dụ "
        "'{{modality}}/{{external_id}}/{{any}}.{{ext}}'.",
        "The first folder level, “{name}”, does not look like a person. Say how to read it with --pattern, for example "
        "'{{modality}}/{{external_id}}/{{any}}.{{ext}}'.",
    ),
    "bad_pattern": (
        "--pattern không đúng: {detail}. Được dùng: {known}, và phải có {{external_id}}.",
        "--pattern is wrong: {detail}. Known: {known}; {{external_id}} is required.",
    ),
    "pattern_for_folder": (
        "--pattern chỉ dùng cho thư mục, không dùng cho tệp bảng.",
        "--pattern is for a folder, not for a manifest.",
    ),
    "not_utf8": (
        "Tệp không phải UTF-8 (dòng {row}); có lẽ là {guess}. Trong Excel, hãy lưu dạng “CSV UTF-8”.",
        "The file is not UTF-8 (row {row}); it may be {guess}. In Excel, save it as “CSV UTF-8”.",
    ),
    "not_utf8_row": (
        "dòng không phải UTF-8 (có lẽ là {guess}); hãy lưu lại dạng “CSV UTF-8”",
        "the row is not UTF-8 (it may be {guess}); save the sheet as “CSV UTF-8”",
    ),
    "utf16_unmarked": (
        "Tệp giống UTF-16 nhưng thiếu dấu BOM. Trong Excel, hãy lưu dạng “CSV UTF-8”.",
        "The file looks like UTF-16 without its byte order mark. In Excel, save it as “CSV UTF-8”.",
    ),
    "workbook": (
        "Tệp là {kind}, không phải CSV. Trong Excel: Lưu thành → “CSV UTF-8”, cột số định danh để kiểu Text.",
        "The file is {kind}, not CSV. In Excel: Save as → “CSV UTF-8”, with the column of ids formatted as Text.",
    ),
    "unknown_column": (
        "Cột không rõ: {name}{nearest}. Cột được dùng: {known}. Cột thừa: thêm --ignore-column “{name}”.",
        "Unknown column: {name}{nearest}. Known: {known}. If it is not needed: --ignore-column “{name}”.",
    ),
    "missing_column": ("Thiếu cột {name}.", "The column {name} is missing."),
    "doubled_column": (
        "Hai cột cùng nghĩa {name}: {headers}. Hãy giữ lại một cột.",
        "Two columns mean {name}: {headers}. Keep one.",
    ),
    "bad_header": (
        "Không đọc được dòng tiêu đề: dấu ngoặc kép không khớp.",
        "The header row cannot be read: a quotation mark has no match.",
    ),
    # -- a row --
    "stray_quote": (
        "dấu ngoặc kép không khớp, hoặc ô có xuống dòng; hãy sửa dòng này trong bảng tính và lưu lại",
        "a quotation mark without a match, or a line break in a cell; correct it in the spreadsheet and save again",
    ),
    "many_cells": (
        "có {count} ô, tiêu đề chỉ có {columns}; có lẽ thừa dấu phân cách",
        "has {count} cells, the header has {columns}; there may be a separator too many",
    ),
    "unnamed_cell": ("có ô nằm dưới cột không có tiêu đề", "has a cell under a column without a header"),
    "no_modality": (
        "ô {name} trống hoặc không có cột này: hãy điền face hoặc fingerprint, hoặc nêu --modality cho mọi dòng",
        "the field {name} is empty, or there is no such column: fill in face or fingerprint, or give --modality for "
        "all rows",
    ),
    "empty_field": ("ô {name} trống", "the field {name} is empty"),
    "unseen_character": (
        "ô {name} có ký tự không nhìn thấy ({shown}); hãy gõ lại",
        "the field {name} holds an invisible character ({shown}); type it again",
    ),
    "lost_letters": (
        "ô {name} bị mất dấu hoặc sai bảng mã: “{value}”; hãy lưu lại dạng “CSV UTF-8”",
        "the field {name} lost letters to a wrong encoding: “{value}”; save the sheet as “CSV UTF-8”",
    ),
    "too_long": (
        "ô {name} dài quá {most} ký tự",
        "the field {name} has more than {most} characters",
    ),
    "scientific_id": (
        "external_id “{value}” là số dạng khoa học của Excel; số thật đã mất. Hãy đặt cột kiểu Text và nhập lại",
        "external_id “{value}” is a number in Excel's scientific form; the real one is lost. Format the column as Text "
        "and enter it again",
    ),
    "float_id": (
        "external_id “{value}” là số thập phân; hãy đặt cột kiểu Text và nhập lại",
        "external_id “{value}” is a decimal number; format the column as Text and enter it again",
    ),
    "grouped_id": (
        "external_id “{value}” có dấu phân cách hàng nghìn; hãy đặt cột kiểu Text và nhập lại",
        "external_id “{value}” is written with thousands separators; format the column as Text and enter it again",
    ),
    "empty_word_id": (
        "external_id “{value}” không phải số định danh mà là giá trị trống hoặc lỗi của bảng tính",
        "external_id “{value}” is not an id but an empty or failed value of the spreadsheet",
    ),
    "id_type": (
        "{name} phải là chuỗi ký tự trong JSON, không phải {kind}",
        "{name} must be a string in JSON, not {kind}",
    ),
    "bad_modality": (
        "modality phải là face/mặt hoặc fingerprint/vân tay, không phải “{value}”",
        "modality must be face/mặt or fingerprint/vân tay, not “{value}”",
    ),
    "bad_finger": (
        "finger phải là 1-10 (ISO/IEC 19794-4) hoặc tên như right_index hay ngón trỏ phải, không phải “{value}”",
        "finger must be 1-10 (ISO/IEC 19794-4) or a name such as right_index or ngón trỏ phải, not “{value}”",
    ),
    "face_has_finger": (
        "dòng là khuôn mặt nhưng có ngón tay “{value}”",
        "the row is a face but names the finger “{value}”",
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
    "month_first": (
        "ngày “{value}” có tháng đứng trước; hãy viết ngày trước (31/12/1990) và kiểm tra ngày của các dòng khác",
        "the date “{value}” has the month first; write the day first (31/12/1990), and look at the dates of other rows",
    ),
    "bad_birth_year": (
        "năm sinh phải từ {first} đến {last}, không phải “{value}”",
        "the birth year must be {first} to {last}, not “{value}”",
    ),
    "future_date": ("ngày “{value}” ở tương lai", "the date “{value}” lies in the future"),
    "captured_before_birth": (
        "ngày thu nhận “{value}” trước năm sinh",
        "the capture date “{value}” lies before the birth year",
    ),
    "bad_sex": (
        "sex phải là female/nữ hoặc male/nam, không phải “{value}”",
        "sex must be female/nữ or male/nam, not “{value}”",
    ),
    "bad_gallery": (
        "gallery “{value}” không hợp lệ: 1-64 chữ thường không dấu, số, - và _, bắt đầu bằng chữ hoặc số; nhiều nhóm "
        "cách nhau bằng |",
        "the gallery “{value}” is not valid: 1-64 lower-case letters, digits, - and _, beginning with a letter or "
        "digit; several are separated by |",
    ),
    "bad_json": ("dòng không phải JSON: {detail}", "the row is not JSON: {detail}"),
    "doubled_key": ("khóa {name} có hai lần", "the key {name} stands there twice"),
    # -- a file --
    "no_file": ("không tìm thấy tệp ảnh “{value}”", "the image file “{value}” was not found"),
    "ambiguous_file": (
        "“{value}” có thể là nhiều tệp: {names}",
        "“{value}” may mean several files: {names}",
    ),
    "outside": (
        "tệp ảnh “{value}” nằm ngoài thư mục của bảng; hãy dùng đường dẫn tương đối",
        "the image file “{value}” lies outside the folder of the manifest; give a path relative to it",
    ),
    "empty_file": ("tệp ảnh rỗng (0 byte)", "the image file is empty (0 bytes)"),
    "large_file": (
        "tệp ảnh có {size} MiB, nhiều nhất {most} MiB; hãy giảm dung lượng",
        "the image file has {size} MiB, at most {most} MiB can be sent; make it smaller",
    ),
    "unreadable_file": ("không đọc được tệp ảnh: {detail}", "the image file cannot be read: {detail}"),
    "not_regular": ("không phải một tệp thường", "is not a regular file"),
    "other_kind": (
        "tệp là {kind}, không phải ảnh dùng được. {detail}",
        "the file is {kind}, no usable image. {detail}",
    ),
    "image_fault": ("{detail}", "{detail}"),
    "bad_file_name": (
        "tên tệp hoặc thư mục không phải UTF-8; hãy đổi tên",
        "the name of the file or folder is not UTF-8; rename it",
    ),
    "unreadable_folder": ("không đọc được thư mục: {detail}", "the folder cannot be read: {detail}"),
    "linked_folder": ("thư mục liên kết, không đọc theo", "is a link to a folder, which is not followed"),
    "beside_folders": (
        "ảnh nằm thẳng trong thư mục, bên cạnh thư mục của từng người; hãy chuyển vào thư mục của người đó",
        "lies directly in the folder, beside the folders of people; move it into the folder of its person",
    ),
    "no_match": ("không khớp với --pattern {pattern}", "does not match --pattern {pattern}"),
    # -- across rows --
    "two_names": (
        "external_id này có họ tên khác nhau ở các dòng {rows}",
        "this external_id has different names in the rows {rows}",
    ),
    "two_sexes": (
        "external_id này có giới tính khác nhau ở các dòng {rows}",
        "this external_id has different sexes in the rows {rows}",
    ),
    "two_years": (
        "external_id này có năm sinh khác nhau ở các dòng {rows}",
        "this external_id has different birth years in the rows {rows}",
    ),
    "lost_zeros": (
        "external_id “{value}” có lẽ đã mất chữ số không ở đầu (“{full}”?). Hãy đặt cột kiểu Text và nhập lại; nếu "
        "đúng như đã viết, thêm --ids-as-written",
        "external_id “{value}” may have lost a leading zero (“{full}”?). Format the column as Text and enter it again; "
        "if it is right as written, add --ids-as-written",
    ),
    "odd_citizen_id": (
        "external_id “{value}” có {count} chữ số, trong khi phần lớn là số CCCD 12 chữ số; hãy sửa, hoặc nếu "
        "đúng như đã viết, thêm --ids-as-written",
        "external_id “{value}” has {count} digits among citizens' numbers of 12; correct it, or if it is right as "
        "written, add --ids-as-written",
    ),
    "mixed_lengths": (
        "external_id “{value}” có {count} chữ số, phần lớn có {usual}",
        "external_id “{value}” has {count} digits, most have {usual}",
    ),
    "mixed_lengths_file": (
        "external_id có độ dài khác nhau: {lengths} chữ số",
        "external_ids differ in length: {lengths} digits",
    ),
    "near_ids": (
        "external_id “{value}” chỉ khác “{other}” ở cách viết; có phải một người?",
        "external_id “{value}” differs from “{other}” only in how it is written; is it one person?",
    ),
    "unaccented_name": (
        "external_id này có họ tên lúc có dấu lúc không (các dòng {rows})",
        "the name of this external_id stands with and without diacritics (rows {rows})",
    ),
    "shared_image": (
        "cùng một ảnh cho nhiều external_id (các dòng {rows})",
        "one image for several external_ids (rows {rows})",
    ),
    "same_content": (
        "nội dung ảnh giống hệt ở nhiều external_id (các dòng {rows})",
        "the same picture, byte for byte, under several external_ids (rows {rows})",
    ),
    "repeated_row": ("lặp lại dòng {other}", "repeats row {other}"),
}


def backlog_text(code: str, language: str, **values: object) -> str:
    """The text of a code in "vi" or "en"; KeyError for a code that does not exist."""
    shown = {
        name: localized(value, language) if isinstance(value, (Told, BaseException)) else value
        for name, value in values.items()
    }
    return template(code, language).format(**shown)


def template(code: str, language: str) -> str:
    """The text with its places unfilled."""
    return _TEXTS[code][LANGUAGES.index(language)]


def codes() -> frozenset[str]:
    """Every code that has a text."""
    return frozenset(_TEXTS)
