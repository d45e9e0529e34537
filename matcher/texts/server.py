"""What a server says of itself: by code of matcher.results.UnsearchedCode, and of a modality that is not served."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "server.pack_not_in_use": (
        "Mẫu tham chiếu do gói mô hình khác tạo ra, không so được với gói đang dùng nên không được tìm kiếm. Hãy thu "
        "nhận lại ảnh của các hồ sơ này bằng gói đang dùng, hoặc đặt lại gói cũ trong cài đặt.",
        "References that another pack made; they cannot be compared with the one in use and are not searched. Enroll "
        "the images of these subjects again with the pack in use, or set the former pack again.",
    ),
    "server.damaged": (
        "Mẫu tham chiếu bị hỏng trong kho dữ liệu, được giữ lại nhưng không được tìm kiếm. Quản trị viên có thể phục "
        "hồi từ bản sao lưu: station-matcher index mend.",
        "References that are damaged in the store; they are kept and not searched. The administrator can take them "
        "from a backup: station-matcher index mend.",
    ),
    "server.sealed": (
        "Mẫu tham chiếu của các hồ sơ đã niêm phong, được giữ lại nhưng không bao giờ được tìm kiếm.",
        "References of sealed subjects; they are kept and never searched.",
    ),
    "server.left_out": (
        "Máy chủ được cài đặt không dùng loại mẫu này.",
        "The settings of this server leave this modality out.",
    ),
    "server.pack_missing": (
        "Gói mô hình của loại mẫu này chưa sẵn sàng. Quản trị viên hãy chạy: station-matcher doctor",
        "The pack of this modality is not ready. The administrator can run: station-matcher doctor",
    ),
}
