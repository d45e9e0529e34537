"""What is wrong with the settings: a file, a variable, a key or its value."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "config.unreadable": (
        "không đọc được tệp cài đặt: {reason}",
        "the settings file cannot be read: {reason}",
    ),
    "config.not_toml": (
        "tệp cài đặt không đúng TOML: {reason}",
        "the settings file is not valid TOML: {reason}",
    ),
    "config.outside_section": (
        "cài đặt '{name}' nằm ngoài mọi mục như [server]",
        "setting '{name}' stands outside a section such as [server]",
    ),
    "config.unknown_variable": (
        "không có biến môi trường {name}{nearest}",
        "unknown environment variable {name}{nearest}",
    ),
    "config.unknown_section": ("không có mục [{name}]{nearest}", "unknown section [{name}]{nearest}"),
    "config.unknown_key": ("không có cài đặt {name}{nearest}", "unknown setting {name}{nearest}"),
    "config.nearest": ("; có phải {name}?", "; did you mean {name}?"),
    "config.known": ("; có thể dùng: {names}", "; known: {names}"),
    "config.yes_or_no": ("{name} phải là true hoặc false", "{name} must be true or false"),
    "config.kind_str": ("{name} phải là một chuỗi ký tự", "{name} must be a text"),
    "config.kind_int": ("{name} phải là số nguyên", "{name} must be a whole number"),
    "config.kind_float": ("{name} phải là một số", "{name} must be a number"),
    "config.kind_path": ("{name} phải là một đường dẫn", "{name} must be a path"),
    "config.range": ("{name} phải từ {least} đến {most}", "{name} must be {least} to {most}"),
    "config.mib": ("{name} phải từ {least} đến {most} MiB", "{name} must be {least} to {most} MiB"),
    "config.between": (
        "{name} phải lớn hơn {above} và nhỏ hơn {below}",
        "{name} must be above {above} and below {below}",
    ),
    "config.share": (
        "{name} phải lớn hơn {above} và không quá {most}",
        "{name} must be above {above} and at most {most}",
    ),
    "config.one_of": ("{name} phải là một trong: {names}", "{name} must be one of {names}"),
    "config.not_negative": ("{name} không được âm", "{name} must not be negative"),
    "config.web_address": (
        "{name} phải bắt đầu bằng https:// hoặc http://",
        "{name} must begin with https:// or http://",
    ),
    "config.fields_unreadable": (
        "records.fields_file không đọc được: {reason}",
        "records.fields_file cannot be read: {reason}",
    ),
    "config.fields_not_toml": (
        "records.fields_file không đúng TOML: {reason}",
        "records.fields_file is not valid TOML: {reason}",
    ),
    "config.next_pack": (
        "{name} là gói đang dùng; hãy nêu gói khác để tạo mẫu song song, hoặc để trống",
        "{name} is the pack in use; name another one to make templates beside it, or none",
    ),
    "config.fields_missing": (
        "records.fields_file phải khai báo {names}",
        "records.fields_file must declare {names}",
    ),
    "config.fields_wrong": (
        "records.fields_file chưa đúng: {reason}",
        "records.fields_file is not as it must be: {reason}",
    ),
    "fields.id": (
        "“{name}” không dùng làm mã được: chỉ dùng chữ thường, chữ số và _",
        "“{name}” cannot be an id: use lower-case letters, digits and _",
    ),
    "fields.unknown_kind": ("{name}: kind phải là một trong: {kinds}", "{name}: kind must be one of {kinds}"),
    "fields.kind": ("{name} phải thuộc loại {kind}", "{name} must be of kind {kind}"),
    "fields.longest": ("longest của {name} phải từ 1 đến {most}", "longest of {name} must be 1 to {most}"),
    "fields.undeclared": (
        "mẫu {form} nêu các trường chưa được khai báo: {names}",
        "form {form} names fields that are not declared: {names}",
    ),
    "fields.label": (
        "{name} cần có nhãn cho từng ngôn ngữ: {languages}",
        "{name} needs a label in each of {languages}",
    ),
    "config.need_number": ("{name} phải là một số", "{name} must be a number"),
}
