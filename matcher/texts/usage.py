"""Texts of the command line itself: the headings of a help page, and what is wrong with a line that was typed."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "usage.usage": ("cách dùng: ", "usage: "),
    "usage.arguments": ("tham số", "arguments"),
    "usage.options": ("tùy chọn", "options"),
    "usage.commands": ("các lệnh", "commands"),
    "usage.help": ("hiện trang trợ giúp này rồi dừng", "show this help and exit"),
    "usage.version": ("hiện phiên bản rồi dừng", "show the version and exit"),
    "usage.lang": (
        "ngôn ngữ của thông báo và trợ giúp (mặc định: STATION_MATCHER_LANG, rồi LANG của hệ thống, rồi vi)",
        "language of messages and help (default: STATION_MATCHER_LANG, then the system's LANG, then vi)",
    ),
    "usage.config": (
        "tệp cài đặt TOML (mặc định: tệp mà STATION_MATCHER_CONFIG nêu tên)",
        "settings file, TOML (default: the one that STATION_MATCHER_CONFIG names)",
    ),
    "usage.wrong": ("Lệnh chưa đúng: {reason}", "Wrong usage: {reason}"),
    "usage.see_help": ("Xem: {command} --help", "See: {command} --help"),
    "usage.of_argument": ("{argument}: {reason}", "{argument}: {reason}"),
    "usage.required": ("thiếu {names}", "{names} must be given"),
    "usage.one_required": ("cần một trong các tùy chọn {names}", "one of {names} must be given"),
    "usage.unknown": ("không có tham số {names}", "{names} is not known here"),
    "usage.ambiguous": ("{name} có thể là {names}; hãy viết đủ", "{name} may mean {names}; write it in full"),
    "usage.value": ("thiếu giá trị đi sau", "a value must follow"),
    "usage.no_value": ("không nhận giá trị “{value}”", "takes no value; “{value}” was given"),
    "usage.values": ("cần {count} giá trị đi sau", "{count} values must follow"),
    "usage.choice": ("không nhận “{value}”; chọn một trong: {names}", "“{value}” is none of: {names}"),
    "usage.kind": ("“{value}” không dùng được ở đây", "“{value}” cannot be used here"),
    "usage.whole_number": ("“{value}” không phải là số nguyên", "“{value}” is not a whole number"),
    "usage.number": ("“{value}” không phải là số", "“{value}” is not a number"),
    "usage.together": ("không dùng cùng với {other}", "cannot go with {other}"),
    "usage.positive": ("phải là số dương", "must be a positive number"),
    "usage.positive_count": ("phải là số nguyên từ 1 trở lên", "must be a whole number from 1"),
    "usage.jobs": ("phải từ 1 đến 64", "must be 1 to 64"),
    "usage.anchor": (
        "phải là SỐ:MÃ_BĂM như lệnh audit verify đã in",
        "must be NUMBER:HASH, as audit verify printed it",
    ),
    "usage.public_key": (
        "phải là 64 chữ số thập lục phân như lệnh erasure key đã in",
        "must be 64 hexadecimal digits, as erasure key printed them",
    ),
    "usage.address": (
        "phải là MÁY:CỔNG với cổng từ {least} đến 65535, ví dụ 127.0.0.1:50551",
        "must be HOST:PORT with a port from {least} to 65535, for example 127.0.0.1:50551",
    ),
    "usage.finger": (
        "phải là 1 đến 10 hoặc tên ngón như right_index, không phải “{value}”",
        "must be 1 to 10 or the name of a finger such as right_index, not “{value}”",
    ),
    "usage.fraction": ("phải lớn hơn 0 và nhỏ hơn 1", "must be above 0 and below 1"),
    "usage.year": ("phải là năm từ 1850 đến 2200", "must be a year from 1850 to 2200"),
}
