"""What a capture officer can do about each quality reason, in Vietnamese and English."""

from __future__ import annotations

from typing import Final

from matcher.samples import IMPORTED_REASON

TOO_DRY: Final = "too_dry"
TOO_WET: Final = "too_wet"
SMALL_AREA: Final = "small_area"
PARTIAL: Final = "partial"
LOW_CONTRAST: Final = "low_contrast"
SMUDGED: Final = "smudged"
WRONG_PPI: Final = "wrong_ppi"
SEVERAL_FINGERS: Final = "several_fingers"
OVERPRINTED: Final = "overprinted"
FEW_RIDGES: Final = "few_ridges"
NOT_A_FINGER: Final = "not_a_finger"
FEW_MINUTIAE: Final = "few_minutiae"

TEXTS: Final[dict[str, tuple[str, str]]] = {
    TOO_DRY: (
        "Ngón tay quá khô. Hà hơi hoặc làm ẩm nhẹ ngón tay rồi lấy lại.",
        "The finger is too dry. Moisten it slightly and capture it again.",
    ),
    TOO_WET: (
        "Vân tay quá đậm hoặc ướt. Lau khô ngón tay, ấn nhẹ hơn hoặc bớt mực rồi lấy lại.",
        "The print is too dark or wet. Dry the finger, press more lightly or use less ink, and capture it again.",
    ),
    SMALL_AREA: (
        "Vùng vân tay quá nhỏ. Đặt phẳng cả đầu ngón tay lên mặt kính rồi lấy lại.",
        "The print covers too small an area. Lay the whole fingertip flat on the sensor and capture it again.",
    ),
    PARTIAL: (
        "Vân tay bị cắt ở mép ảnh. Đặt ngón tay vào giữa mặt kính rồi lấy lại.",
        "The print is cut off at the edge of the image. Center the finger on the sensor and capture it again.",
    ),
    LOW_CONTRAST: (
        "Ảnh quá mờ nhạt. Lau sạch mặt kính, chỉnh độ tương phản hoặc ấn mạnh hơn một chút rồi lấy lại.",
        "The print is too faint. Clean the sensor, adjust its contrast or press a little harder, and capture it again.",
    ),
    SMUDGED: (
        "Vân tay bị nhòe. Giữ yên ngón tay, không trượt, và lau sạch mặt kính rồi lấy lại.",
        "The print is smudged. Hold the finger still, clean the sensor and capture it again.",
    ),
    WRONG_PPI: (
        "Khoảng cách đường vân không hợp với độ phân giải đã khai. Kiểm tra lại ppi của ảnh.",
        "The distance between ridges does not fit the stated resolution. Check the ppi of the image.",
    ),
    SEVERAL_FINGERS: (
        "Ảnh có nhiều vân tay. Gửi riêng từng ngón, hoặc khoanh vùng một vân tay.",
        "The image shows several fingers. Send each finger alone, or mark the region of one.",
    ),
    OVERPRINTED: (
        "Có vẻ hai vân tay chồng lên nhau. Lau sạch mặt kính rồi lấy lại; mẫu này có thể khớp với hai người.",
        "Two prints seem to lie upon each other. Clean the sensor and capture again; this one may match two people.",
    ),
    FEW_RIDGES: (
        "Chỉ thấy rõ một phần nhỏ đường vân. Lau hoặc làm ẩm ngón tay rồi lấy lại; điểm so sánh có thể thấp.",
        "Only a small part of the ridges is clear. Clean or moisten the finger and capture again; scores may be low.",
    ),
    NOT_A_FINGER: (
        "Ảnh không phải là vân tay. Kiểm tra lại tệp hoặc lấy lại vân tay.",
        "The image is not a fingerprint. Check the file or capture the finger again.",
    ),
    IMPORTED_REASON: (
        "Mẫu được nhập từ hệ thống khác; không có ảnh để đánh giá.",
        "The template was imported; there is no image to judge.",
    ),
    FEW_MINUTIAE: (
        "Mẫu nhập vào có quá ít điểm đặc trưng nên khó tìm thấy: hãy lấy lại vân tay, hoặc gửi ảnh.",
        "The imported template has so few minutiae that it will rarely be found: capture the print again, or send the "
        "image.",
    ),
}
"""code -> (Vietnamese, English)."""
