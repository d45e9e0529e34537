"""What a notice of an answer tells a person, and what to do then: by code of matcher.results.NoticeCode."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "notice.nothing_enrolled": (
        "Không ai được tìm: kho chưa có mẫu nào của loại này với gói mô hình đang dùng. Hãy thu nhận mẫu trước, hoặc "
        "kiểm tra gói đã cấu hình.",
        "Nobody was searched: nothing of this modality is enrolled with the pack in use. Enroll first, or check which "
        "pack is configured.",
    ),
    "notice.scope_matches_nothing": (
        "Không ai được tìm: không mẫu nào lọt qua bộ lọc (nhóm, giới tính, năm sinh, hồ sơ). Hãy nới bộ lọc rồi tìm "
        "lại.",
        "Nobody was searched: no reference passes the filter (galleries, sex, birth years, subjects). Widen it and "
        "search again.",
    ),
    "notice.finger_position_not_enrolled": (
        "Không ai được tìm bằng ngón này: không hồ sơ nào trong phạm vi có mẫu ở vị trí ngón đã nêu. Hãy tìm lại "
        "không nêu vị trí ngón, hoặc thêm vị trí khác vào phạm vi.",
        "Nobody was searched with this finger: no subject in scope has a reference of its position. Search again "
        "without a finger position, or add others to the scope.",
    ),
    "notice.threshold_out_of_reach": (
        "Mẫu cho thấy quá ít so với ngưỡng này: ngay cả chính mẫu đó cũng không vượt được ngưỡng. Danh sách vẫn xếp "
        "hạng đầy đủ; hãy xem xét từng ứng viên, thu nhận lại rõ hơn, thêm ngón khác hoặc thu hẹp phạm vi.",
        "These samples show too little for this threshold: not even the very same ones would reach it. The list is "
        "ranked in full; examine the candidates, capture more clearly, add fingers, or narrow the scope.",
    ),
    "notice.references_not_searched": (
        "Có {reference_count} mẫu trong phạm vi này KHÔNG được tìm vì do gói mô hình khác tạo ra ({pack_ids}). "
        "Danh sách không nói gì về các mẫu đó. Hãy báo người quản trị hệ thống.",
        "{reference_count} references in this scope were NOT searched, because another model pack made them "
        "({pack_ids}). The list says nothing about them. Tell your administrator.",
    ),
    "notice.references_set_aside": (
        "Có {reference_count} mẫu trong toàn kho bị hỏng và KHÔNG được tìm. Hãy báo người quản trị hệ thống: "
        "station-matcher doctor nêu rõ mẫu nào.",
        "{reference_count} references of the whole store are damaged and were NOT searched. Tell your administrator: "
        "station-matcher doctor names them.",
    ),
    "notice.record_differs": (
        "Hồ sơ đã có ghi khác ({fields}); hồ sơ được giữ nguyên. Nếu hồ sơ sai, hãy sửa hồ sơ "
        "(station-matcher record update); nếu nhầm người, hãy chuyển mẫu vừa thu nhận sang đúng hồ sơ (station-matcher "
        "record move) hoặc xóa mẫu.",
        "The subject is recorded otherwise ({fields}), and the record stays as it is. If it is wrong, correct it "
        "(station-matcher record update); if this is somebody else, move the references just enrolled to whom they "
        "belong (station-matcher record move), or delete them.",
    ),
    "notice.document_known": (
        "Số định danh này là số giấy tờ ghi ở hồ sơ khác: {subject_ids}. Nếu là cùng một người, hãy nhập hai hồ sơ "
        "(station-matcher record merge).",
        "This external id is the number of a document in the record of others: {subject_ids}. If they are one person, "
        "merge the two (station-matcher record merge).",
    ),
    "notice.references_disagree": (
        "Mẫu này không giống những mẫu đã có của chính hồ sơ này (điểm {score}, cần {threshold}). Hãy kiểm tra xem "
        "có nhầm người hoặc nhầm số định danh không; nếu nhầm, hãy chuyển mẫu vừa thu nhận sang đúng hồ sơ "
        "(station-matcher record move) hoặc xóa mẫu.",
        "This sample does not agree with what was enrolled of this subject before (score {score}, {threshold} needed). "
        "Check whether it is somebody else's, or the external id is wrong; if so, move the references just enrolled to "
        "whom they belong (station-matcher record move), or delete them.",
    ),
    "notice.duplicates_not_told": (
        "Không thể biết hồ sơ này đã có trong kho hay chưa: mẫu cho thấy quá ít so với cỡ kho. Hãy thu nhận mẫu rõ "
        "hơn hoặc thêm ngón khác.",
        "Whether this subject is enrolled already cannot be told: the samples show too little for a gallery of this "
        "size. Capture more clearly, or add fingers.",
    ),
}
