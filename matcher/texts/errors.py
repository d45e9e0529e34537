"""What an error tells a person: by reason of error_reason.proto. No subject, path or other inside is named."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # reason: (Vietnamese, English)
    "ERROR_REASON_IMAGE_EMPTY": (
        "Ảnh rỗng (0 byte). Hãy kiểm tra tệp và gửi lại.",
        "The image is empty (0 bytes). Check the file and send it again.",
    ),
    "ERROR_REASON_IMAGE_FORMAT": (
        "Tệp không phải ảnh được hỗ trợ. Hãy dùng JPEG, PNG, BMP, TIFF, WebP, JPEG 2000 hoặc WSQ; "
        "ảnh HEIC của điện thoại thì lưu lại thành JPEG.",
        "The file is not a supported image. Use JPEG, PNG, BMP, TIFF, WebP, JPEG 2000 or WSQ; "
        "save HEIC pictures of phones as JPEG.",
    ),
    "ERROR_REASON_IMAGE_TRUNCATED": (
        "Tệp ảnh bị hỏng hoặc bị cắt ngắn. Hãy sao chép hoặc thu nhận lại.",
        "The image file is damaged or ends too early. Copy or capture it again.",
    ),
    "ERROR_REASON_IMAGE_TOO_LARGE": (
        "Ảnh quá lớn. Hãy giảm dung lượng hoặc số điểm ảnh rồi gửi lại.",
        "The image is too large. Reduce its bytes or pixels and send it again.",
    ),
    "ERROR_REASON_IMAGE_TOO_SMALL": (
        "Ảnh quá nhỏ để sử dụng. Hãy thu nhận lại ở độ phân giải cao hơn.",
        "The image is too small to be used. Capture it again at a higher resolution.",
    ),
    "ERROR_REASON_IMAGE_INVALID": (
        "Không đọc được ảnh. Hãy thu nhận hoặc lưu lại ảnh.",
        "The image cannot be read. Capture or save it again.",
    ),
    "ERROR_REASON_RESOLUTION": (
        "Ảnh vân tay thiếu độ phân giải, hoặc độ phân giải ngoài khoảng 250-1200 ppi. Hãy gửi kèm số ppi của máy quét.",
        "The print states no resolution, or one outside 250-1200 ppi. Send the ppi of the scanner with it.",
    ),
    "ERROR_REASON_MODALITY": (
        "Loại mẫu hoặc vị trí ngón không phù hợp với mẫu. Hãy sửa lại rồi gửi.",
        "The modality or finger position does not fit the sample. Correct it and send again.",
    ),
    "ERROR_REASON_TEMPLATE_FORMAT": (
        "Mẫu không đúng chuẩn ISO/IEC 19794-2:2005 hoặc ANSI INCITS 378-2004, hoặc có quá ít điểm đặc trưng. "
        "Hãy xuất lại mẫu, hoặc gửi ảnh.",
        "The template is not a record of ISO/IEC 19794-2:2005 or ANSI INCITS 378-2004, or holds too few minutiae. "
        "Export it again, or send the image.",
    ),
    "ERROR_REASON_NO_FACE": (
        "Không tìm thấy khuôn mặt. Hãy gửi ảnh có khuôn mặt thẳng và không bị che.",
        "No face was found. Send a photograph in which the face is upright and uncovered.",
    ),
    "ERROR_REASON_SEVERAL_FACES": (
        "Ảnh có nhiều khuôn mặt. Hãy chọn khuôn mặt theo số, hoặc yêu cầu lấy khuôn mặt lớn nhất.",
        "The image shows several faces. Name one by its number, or ask for the largest.",
    ),
    "ERROR_REASON_NO_FINGERPRINT": (
        "Không tìm thấy vân tay. Hãy kiểm tra ảnh có đúng là vân tay và ppi có đúng không, hoặc lau sạch máy quét và "
        "ngón tay rồi lấy lại.",
        "No fingerprint was found. Check that the image is a fingerprint and its ppi right, or clean scanner and "
        "finger and capture it again.",
    ),
    "ERROR_REASON_QUALITY": (
        "Chất lượng mẫu quá thấp. Hãy thu nhận lại theo hướng dẫn kèm theo.",
        "The quality of the sample is too low. Capture it again, minding the reasons given.",
    ),
    "ERROR_REASON_SAMPLE_INVALID": (
        "Không dùng được mẫu này. Hãy thu nhận lại.",
        "The sample cannot be used. Capture it again.",
    ),
    "ERROR_REASON_REGION": (
        "Vùng khoanh không hợp lệ: cần ít nhất 3 điểm nằm trong ảnh (tính theo điểm ảnh của ảnh gửi đi) và đủ lớn. "
        "Hãy khoanh lại quanh dấu vân tay.",
        "The region is not valid: it needs at least 3 points inside the image (in pixels of the image as sent) and "
        "enough area. Draw it around the mark again.",
    ),
    "ERROR_REASON_FIELD_INVALID": (
        "Yêu cầu thiếu hoặc sai một trường; tên trường được nêu kèm theo.",
        "A field of the request is missing or wrong; it is named with this error.",
    ),
    "ERROR_REASON_MALFORMED": (
        "Không đọc được yêu cầu, hoặc yêu cầu vượt quá giới hạn dung lượng.",
        "The request cannot be read, or is above the size limit.",
    ),
    "ERROR_REASON_UNKNOWN_METHOD": (
        "Máy chủ không có chức năng này. Hãy kiểm tra phiên bản của máy trạm.",
        "The server has no such method. Check the version of the client.",
    ),
    "ERROR_REASON_UNAUTHENTICATED": (
        "Máy trạm chưa được xác thực. Hãy kiểm tra chứng thư.",
        "The station is not authenticated. Check its certificate.",
    ),
    "ERROR_REASON_PERMISSION_DENIED": (
        "Không có quyền thực hiện việc này.",
        "This is not permitted for you.",
    ),
    "ERROR_REASON_SUBJECT_NOT_FOUND": ("Không có hồ sơ này.", "There is no such subject."),
    "ERROR_REASON_SUBJECT_MERGED": (
        "Hồ sơ này đã được nhập vào một hồ sơ khác.",
        "The subject was merged into another one.",
    ),
    "subject.merged": (
        "Hồ sơ này đã được nhập vào hồ sơ {subject}. Hãy dùng mã hồ sơ đó.",
        "The subject was merged into {subject}. Use that id.",
    ),
    "ERROR_REASON_REASSIGNMENT": (
        "Không thể nhập hồ sơ, chuyển mẫu, hoặc hoàn tác việc đó.",
        "The subjects cannot be merged, the references not be moved, or that not be undone.",
    ),
    "reassignment.same_subject": (
        "Hai mã là của cùng một hồ sơ. Hãy nêu hai hồ sơ khác nhau.",
        "It is one and the same subject. Name two.",
    ),
    "reassignment.sealed": (
        "Một hồ sơ đang bị niêm phong còn hồ sơ kia thì không. Hãy niêm phong hoặc bỏ niêm phong một hồ sơ trước.",
        "One of the subjects is sealed and the other is not. Seal or unseal one of them first.",
    ),
    "reassignment.damaged": (
        "Một mẫu bị hỏng trong kho dữ liệu. Hãy khôi phục mẫu từ bản sao lưu, hoặc xóa mẫu đó trước.",
        "A reference is damaged in the store. Mend it from a backup, or delete it first.",
    ),
    "reassignment.other_subject": (
        "Có mẫu không thuộc hồ sơ được nêu. Hãy xem lại các mẫu của hồ sơ.",
        "A reference is not of the subject that was named. Look at the subject's references again.",
    ),
    "reassignment.no_references": ("Hãy nêu ít nhất một mẫu.", "Name at least one reference."),
    "reassignment.unknown": (
        "Không có lần nhập hay chuyển này; có thể một hồ sơ đã bị xóa sau đó.",
        "There is no such merge or move; a subject of it may have been deleted since.",
    ),
    "reassignment.undone": ("Việc này đã được hoàn tác rồi.", "It was undone already."),
    "reassignment.moved_on": (
        "Sau đó có mẫu đã được chuyển sang hồ sơ khác. Hãy hoàn tác việc chuyển đó trước.",
        "A reference was moved on to another subject since. Undo that first.",
    ),
    "reassignment.deleted": (
        "Các mẫu đã chuyển đã bị xóa sau đó; không còn gì để trả lại.",
        "The references were deleted since; there is nothing to give back.",
    ),
    "reassignment.later_merge": (
        "Sau đó có hồ sơ khác đã được nhập vào cùng hồ sơ này. Hãy hoàn tác lần nhập đó trước.",
        "Another subject was merged into the same one since. Undo that merge first.",
    ),
    "reassignment.target_merged": (
        "Hồ sơ nhận đã được nhập vào hồ sơ khác. Hãy hoàn tác lần nhập đó trước.",
        "The subject that has the references was merged into another one since. Undo that merge first.",
    ),
    "reassignment.source_merged": (
        "Hồ sơ cũ của các mẫu đã được nhập vào hồ sơ khác. Hãy hoàn tác lần nhập đó trước.",
        "The subject whose references they were was merged into another one since. Undo that merge first.",
    ),
    "reassignment.external_id": (
        "Hồ sơ nhận hiện mang số định danh của hồ sơ đã nhập. Hãy sửa số đó trước.",
        "The record has the external id of the merged subject by now. Correct it first.",
    ),
    "ERROR_REASON_REFERENCE_NOT_FOUND": ("Không có mẫu tham chiếu này.", "There is no such reference."),
    "ERROR_REASON_GALLERY_NOT_FOUND": (
        "Không có nhóm này. Hãy tạo trước hoặc kiểm tra tên.",
        "There is no such gallery. Create it first, or check the name.",
    ),
    "ERROR_REASON_NOT_FOUND": ("Không tìm thấy.", "It was not found."),
    "ERROR_REASON_ALREADY_EXISTS": (
        "Mã này đã được dùng. Hãy chọn mã khác.",
        "The id is taken. Choose another one.",
    ),
    "ERROR_REASON_REVISION_CONFLICT": (
        "Hồ sơ đã được người khác sửa sau khi bạn mở. Hãy mở lại hồ sơ rồi mới quyết định.",
        "Somebody changed the record since you read it. Read it again, then decide.",
    ),
    "ERROR_REASON_REQUEST_CONFLICT": (
        "Mã yêu cầu này đã được dùng với nội dung khác. Hãy dùng mã yêu cầu mới.",
        "This request id came before with other content. Use a new request id.",
    ),
    "ERROR_REASON_PACK_NOT_READY": (
        "Gói mô hình cho loại mẫu này chưa sẵn sàng. Trên máy chủ hãy chạy: station-matcher doctor",
        "The model pack for this modality is not ready. On the server run: station-matcher doctor",
    ),
    "ERROR_REASON_PACK_MISMATCH": (
        "Không thể so sánh mẫu của các gói mô hình khác nhau.",
        "Templates of different model packs cannot be compared.",
    ),
    "ERROR_REASON_BUSY": (
        "Máy chủ đang bận hoặc sắp dừng. Hãy thử lại sau ít giây.",
        "The server is at its limit or stopping. Try again in a few seconds.",
    ),
    "ERROR_REASON_DEADLINE": (
        "Hết thời gian cho phép của yêu cầu. Hãy thử lại với thời hạn dài hơn.",
        "The time allowed for the request has run out. Try again with a longer deadline.",
    ),
    "ERROR_REASON_CANCELLED": ("Yêu cầu đã bị hủy.", "The request was canceled."),
    "ERROR_REASON_NOT_SERVING": (
        "Máy chủ đang khởi động và kiểm tra chỉ mục. Hãy thử lại sau.",
        "The server is starting and verifies its index. Try again later.",
    ),
    "ERROR_REASON_STORAGE_FULL": (
        "Máy chủ hết chỗ lưu trữ; không có gì được lưu. Hãy báo quản trị viên.",
        "The server has no space left; nothing was stored. Tell the administrator.",
    ),
    "ERROR_REASON_STORAGE": (
        "Cơ sở dữ liệu không thực hiện được yêu cầu. Hãy báo quản trị viên.",
        "The enrollment database could not carry this out. Tell the administrator.",
    ),
    "ERROR_REASON_AUDIT": (
        "Không ghi được nhật ký kiểm toán nên câu trả lời bị giữ lại. Hãy báo quản trị viên.",
        "The audit record could not be written, so the answer is withheld. Tell the administrator.",
    ),
    "ERROR_REASON_INTERNAL": (
        "Lỗi của máy chủ. Hãy báo quản trị viên kèm mã lời gọi (call_id).",
        "A fault of the server. Tell the administrator, with the call id.",
    ),
}
