"""The words of a backlog in Vietnamese and English: columns, fingers, sexes, modalities.

They are compared without case, diacritics, spaces and punctuation, so that “SỐ CCCD”, “số_cccd” and “so cccd” are one
word, however the letters were composed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from index.records import FingerPosition, Modality, Sex

COLUMNS: Final = (
    "external_id",
    "image",
    "modality",
    "finger",
    "ppi",
    "display_name",
    "gallery",
    "sex",
    "birth_date",
    "capture_date",
    "capture_device",
    "face",
)
# The first Vietnamese word of each is the one that the documentation and `station-enroll example` use.
_COLUMN_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "external_id": (
        "số cccd", "cccd", "số căn cước", "căn cước", "số căn cước công dân", "số định danh", "số định danh cá nhân",
        "mã định danh", "cmnd", "số cmnd", "số cmnd/cccd", "số cccd/cmnd", "cmnd/cccd", "cccd/cmnd", "mã số",
        "mã hồ sơ", "số hồ sơ", "mã đối tượng", "mã", "id", "person id", "subject id", "number", "record number",
    ),
    "image": (
        "tệp ảnh", "tệp", "tên tệp", "ảnh", "hình", "hình ảnh", "file ảnh", "tên file", "tên ảnh", "đường dẫn",
        "đường dẫn ảnh", "file", "filename", "file name", "path", "image path", "image file", "photo", "picture",
    ),
    "modality": ("loại", "loại ảnh", "loại mẫu", "loại sinh trắc", "sinh trắc học", "type", "kind", "biometric"),
    "finger": ("ngón", "ngón tay", "vị trí ngón", "vị trí ngón tay", "finger position", "finger name", "position"),
    "ppi": ("độ phân giải", "dpi", "resolution"),
    "display_name": ("họ và tên", "họ tên", "tên", "họ, chữ đệm và tên", "tên đối tượng", "name", "full name"),
    "gallery": ("nhóm", "danh sách", "tập", "bộ sưu tập", "gallery id", "galleries", "gallery ids", "list", "group"),
    "sex": ("giới tính", "giới", "phái", "nam/nữ", "gender"),
    "birth_date": (
        "ngày sinh", "năm sinh", "ngày tháng năm sinh", "ngày, tháng, năm sinh", "sinh ngày", "birth year",
        "year of birth", "date of birth", "dob", "birthday", "birth",
    ),
    "capture_date": ("ngày chụp", "ngày thu nhận", "ngày thu", "ngày lấy", "ngày lấy mẫu", "ngày lăn tay", "captured"),
    "capture_device": (
        "thiết bị", "thiết bị thu", "thiết bị thu nhận", "máy quét", "máy ảnh", "máy lăn tay", "device", "scanner",
        "camera",
    ),
    "face": ("khuôn mặt", "mặt", "mặt số", "số khuôn mặt", "khuôn mặt số", "face number"),
}  # fmt: skip
_UNUSED_COLUMN_WORDS: Final = (
    "stt",
    "tt",
    "số thứ tự",
    "no",
    "ghi chú",
    "note",
    "notes",
    "remark",
    "remarks",
    "comment",
)

_SEX_WORDS: Final = {
    Sex.FEMALE: ("female", "f", "woman", "nữ", "nữ giới", "gái"),
    Sex.MALE: ("male", "m", "man", "nam", "nam giới", "trai"),
    Sex.UNKNOWN: ("", "unknown", "không rõ", "chưa rõ", "không biết"),
}
_MODALITY_WORDS: Final = {
    Modality.FACE: (
        "face", "faces", "photo", "photos", "portrait", "mặt", "khuôn mặt", "ảnh mặt", "ảnh khuôn mặt", "chân dung",
        "ảnh chân dung", "ảnh",
    ),
    Modality.FINGERPRINT: (
        "fingerprint", "fingerprints", "finger", "fingers", "print", "prints", "vân tay", "dấu vân tay", "ảnh vân tay",
        "ngón tay",
    ),
}  # fmt: skip
_SIDE_WORDS: Final = {"right": 0, "phai": 0, "left": 5, "trai": 5}
_FINGER_WORDS: Final = {
    "thumb": 1, "cai": 1, "index": 2, "forefinger": 2, "pointer": 2, "tro": 2, "middle": 3, "giua": 3, "ring": 4,
    "ap ut": 4, "deo nhan": 4, "nhan": 4, "little": 5, "pinky": 5, "small": 5, "ut": 5,
}  # fmt: skip
_FILLING_WORDS: Final = frozenset({"ngon", "tay", "ban", "finger", "hand", "ben", "so"})
_UNKNOWN_FINGER_WORDS: Final = frozenset({"unknown", "khong ro", "khong biet"})
_MOST_FINGER: Final = 10


def _any_of(words: Iterable[str]) -> str:
    longest_first = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(word.replace(" ", "[ _.-]?") for word in longest_first) + ")"


def _finger_pattern() -> str:
    side, finger, filling, gap = _any_of(_SIDE_WORDS), _any_of(_FINGER_WORDS), _any_of(_FILLING_WORDS), "[ _.-]?"
    between = f"{gap}(?:{filling}{gap})*"
    named = f"(?:{filling}{gap})*(?:{side}{between}{finger}|{finger}{between}{side})(?:{gap}{filling})*"
    return rf"(?:(?:finger|ngon){gap})?(?:10|0?[1-9])(?![0-9])|{named}"


# For the pattern of a folder: every way to write a finger, on text of `bare`.
FINGER_PATTERN: Final = _finger_pattern()


def bare(value: str) -> str:
    """Lower case without diacritics, one character for one of the composed (NFC) text."""
    composed = unicodedata.normalize("NFC", value)
    return "".join(_bare_character(character) for character in composed)


def folded(value: str) -> str:
    """The letters and digits of the words, lower case, without diacritics, one space between words."""
    plain = "".join(character for character in bare(unicodedata.normalize("NFKC", value)) if not _is_mark(character))
    return " ".join(re.findall(r"[^\W_]+", plain))


def column_of(header: str) -> str | None:
    """The column that a header means; "" for one that is not used (a running number, a remark); None if unknown."""
    explained = re.sub(r"\([^()]*\)", "", header)  # Ngày sinh (dd/mm/yyyy)
    return next((_COLUMNS_BY_WORD[word] for word in map(_glued, (header, explained)) if word in _COLUMNS_BY_WORD), None)


def _glued(header: str) -> str:
    return folded(header).replace(" ", "")


def sex_of_word(value: str) -> Sex | None:
    return _SEXES_BY_WORD.get(folded(value))


def modality_of_word(value: str) -> Modality | None:
    return _MODALITIES_BY_WORD.get(folded(value))


def finger_of_word(value: str) -> FingerPosition | None:
    """1-10, or a side and a finger in any order and either language; None when it is neither."""
    words = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value))
    if re.match(r"\s*[-+]", value):  # a number with a sign is no position
        return None
    if words in _UNKNOWN_FINGER_WORDS:
        return FingerPosition.UNKNOWN
    rest = [word for word in words.split() if word not in _FILLING_WORDS]
    if len(rest) == 1 and re.fullmatch(r"[0-9]{1,2}", rest[0]):
        return FingerPosition(int(rest[0])) if int(rest[0]) <= _MOST_FINGER else None
    sides = [word for word in rest if word in _SIDE_WORDS]
    finger = _FINGER_WORDS.get(" ".join(word for word in rest if word not in _SIDE_WORDS))
    if len(sides) != 1 or finger is None:
        return None
    return FingerPosition(_SIDE_WORDS[sides[0]] + finger)


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


def _bare_character(character: str) -> str:
    lowered = unicodedata.normalize("NFD", character.replace("đ", "d").replace("Đ", "d"))[0].lower()
    return lowered if len(lowered) == 1 else character


_COLUMNS_BY_WORD: Final = {
    _glued(word): column
    for column, words in {**_COLUMN_WORDS, "": _UNUSED_COLUMN_WORDS}.items()
    for word in (*words, column)
    if word
}
_SEXES_BY_WORD: Final = {folded(word): sex for sex, words in _SEX_WORDS.items() for word in words}
_MODALITIES_BY_WORD: Final = {folded(word): modality for modality, words in _MODALITY_WORDS.items() for word in words}
