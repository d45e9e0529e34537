"""Texts of the face quality reasons: what to do, in Vietnamese and English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "face_too_small": (
        "Khuôn mặt quá nhỏ: lại gần hơn hoặc dùng ảnh gốc, ít nhất 60 điểm ảnh giữa hai mắt.",
        "The face is too small: move closer or use the original picture, 60 pixels or more between the eyes.",
    ),
    "face_blurred": (
        "Ảnh bị nhòe: lấy nét lại và giữ yên máy ảnh, người được chụp đứng yên.",
        "The face is blurred: focus again, hold the camera still, and ask the person to keep still.",
    ),
    "face_too_dark": (
        "Ảnh quá tối: thêm ánh sáng từ phía trước mặt.",
        "The face is too dark: add light from the front.",
    ),
    "face_too_bright": (
        "Ảnh quá sáng, mất chi tiết: giảm sáng hoặc tránh nắng chiếu thẳng.",
        "The face is too bright and details are lost: reduce the light or avoid direct sun.",
    ),
    "face_low_contrast": (
        "Ảnh thiếu tương phản: lau ống kính, tránh ngược sáng và sương mù, chụp lại.",
        "The picture has little contrast: clean the lens, avoid light from behind, and take it again.",
    ),
    "face_turned_left": (
        "Mặt quay sang trái của người được chụp: hãy nhìn thẳng vào máy ảnh.",
        "The head is turned to the person's left: look straight into the camera.",
    ),
    "face_turned_right": (
        "Mặt quay sang phải của người được chụp: hãy nhìn thẳng vào máy ảnh.",
        "The head is turned to the person's right: look straight into the camera.",
    ),
    "face_turned_up": (
        "Mặt ngửa lên: hạ cằm hoặc nâng máy ảnh ngang tầm mắt.",
        "The head is tilted up: lower the chin, or raise the camera to eye level.",
    ),
    "face_turned_down": (
        "Mặt cúi xuống: nâng cằm hoặc hạ máy ảnh ngang tầm mắt.",
        "The head is tilted down: raise the chin, or lower the camera to eye level.",
    ),
    "face_eyes_covered": (
        "Mắt bị che: bỏ kính râm, vén tóc khỏi mắt.",
        "The eyes are covered: take off dark glasses, move hair away from the eyes.",
    ),
    "face_mouth_covered": (
        "Miệng bị che: bỏ khẩu trang hoặc vật che mặt.",
        "The mouth is covered: take off the mask or whatever covers it.",
    ),
    "face_several_people": (
        "Trong ảnh có nhiều người: kiểm tra đúng khuôn mặt đã được chọn.",
        "There are several people in the picture: check that the right face was chosen.",
    ),
    "face_unclear": (
        "Khuôn mặt khó nhận dạng: chụp lại chính diện, đủ sáng, không che mặt.",
        "The face is hard to recognize: take it again from the front, well lit and uncovered.",
    ),
}
