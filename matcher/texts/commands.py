"""Texts of the commands serve, gallery and subject."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "serve.listening": ("Máy chủ lắng nghe tại {address}", "Listening on {address}"),
    "serve.metrics": ("Số liệu vận hành tại http://{address}/metrics", "Metrics at http://{address}/metrics"),
    "serve.compiling": (
        "Đang biên dịch mã tìm kiếm và so sánh cho bộ xử lý này; "
        "chỉ cần ở lần khởi động đầu tiên hoặc sau khi cập nhật",
        "Compiling search and comparison for this processor; only the first start, or the first after an update, "
        "needs it",
    ),
    "serve.verifying": ("Đang kiểm tra chỉ mục với kho dữ liệu", "Verifying the index against the store"),
    "serve.face_engine_faiss": (
        "Khuôn mặt: FAISS tìm kiếm toàn bộ trong {references} mẫu tham chiếu",
        "Faces: FAISS searches {references} references exhaustively",
    ),
    "serve.face_engine_quantized": (
        "Khuôn mặt: bộ tìm kiếm mã nén có chứng minh tìm trong {references} mẫu tham chiếu",
        "Faces: the proved scan of codes searches {references} references",
    ),
    "serve.ready": (
        "Sẵn sàng: {subjects} đối tượng, {references} mẫu tham chiếu",
        "Serving: {subjects} subjects, {references} references",
    ),
    "serve.set_aside": (
        "{count} mẫu tham chiếu bị hỏng trong kho dữ liệu và không được tìm kiếm: {ids}. "
        "Hãy chạy: station-matcher doctor",
        "{count} references are damaged in the store and are not searched: {ids}. Run: station-matcher doctor",
    ),
    "serve.not_searched": (
        "CẢNH BÁO: {count} mẫu của gói {pack} có trong kho dữ liệu nhưng không được tìm kiếm, vì gói này chưa được nạp",
        "WARNING: {count} references of pack {pack} are on record and not searched, because that pack is not loaded",
    ),
    "serve.rebuilding": (
        "Chỉ mục không khớp kho dữ liệu; đang dựng lại",
        "The index differs from the store; rebuilding it",
    ),
    "serve.opening": (
        "Đang mở cơ sở dữ liệu ({stage}): {done}/{total}",
        "Opening the database ({stage}): {done}/{total}",
    ),
    "serve.pack": ("Gói mô hình {pack}", "Model pack {pack}"),
    "serve.stopping": ("Đang dừng; chờ các yêu cầu còn lại", "Stopping; waiting for running requests"),
    "serve.no_face": ("Không phục vụ khuôn mặt: {reason}", "No faces: {reason}"),
    "serve.no_fingerprint": ("Không phục vụ vân tay: {reason}", "No fingerprints: {reason}"),
    "serve.site_calibration": (
        "Điểm của gói {pack} theo hiệu chuẩn riêng của đơn vị: {count} phép so sánh, đo đến {measured_score} điểm",
        "Scores of {pack} are calibrated on this site's images: {count} comparisons, measured up to {measured_score}",
    ),
    "serve.not_operational": (
        "Gói {pack} chỉ dùng để đánh giá và đào tạo; để sử dụng chính thức, hãy cài gói nghiệp vụ và ghi tên gói vào "
        "cài đặt packs.face.",
        "Pack {pack} is for evaluation and training of staff; for casework install an operational pack and name it in "
        "the setting packs.face.",
    ),
    "serve.stopped": (
        "Đã dừng: {answered} yêu cầu được trả lời, {refused} bị từ chối hoặc lỗi",
        "Stopped: {answered} requests answered, {refused} refused or failed",
    ),
    "cli.unreachable": (
        "Không kết nối được máy chủ tại {address}. Hãy chạy: station-matcher serve",
        "The server at {address} cannot be reached. Start it with: station-matcher serve",
    ),
    "cli.error": ("Lỗi: {reason}", "Error: {reason}"),
    "cli.error.ConfigError": ("Cấu hình sai: {reason}", "Error in the settings: {reason}"),
    "cli.error.PackError": ("Lỗi gói mô hình: {reason}", "Error of a model pack: {reason}"),
    "cli.error.PacksNotCoveringError": (
        "Không khởi động: {reference_count} mẫu trong kho dữ liệu do các gói mô hình chưa được nạp tạo ra "
        "({pack_ids}), nên không lượt tìm kiếm nào gặp chúng. Hãy ghi tên các gói đó vào cài đặt "
        "packs.face và packs.fingerprint; hoặc đặt search.allow_unsearchable = true để chỉ phục vụ các mẫu còn lại.",
        "Not started: {reference_count} references on record were made by model packs that are not loaded "
        "({pack_ids}), so no search would meet them. Name these packs in the settings packs.face and "
        "packs.fingerprint; or set search.allow_unsearchable = true to serve the others alone.",
    ),
    "cli.error.AuditError": ("Lỗi nhật ký kiểm toán: {reason}", "Error of the audit log: {reason}"),
    "cli.error.DatabaseError": ("Lỗi cơ sở dữ liệu: {reason}", "Error of the database: {reason}"),
    "gallery.created": ("Đã tạo bộ sưu tập {gallery}", "Created gallery {gallery}"),
    "gallery.none": ("Chưa có bộ sưu tập nào.", "There is no gallery yet."),
    "gallery.added": ("Đã thêm {count} đối tượng vào {gallery}", "Added {count} subjects to {gallery}"),
    "gallery.removed": ("Đã bỏ {count} đối tượng khỏi {gallery}", "Removed {count} subjects from {gallery}"),
    "subject.request": (
        "Mã yêu cầu: {key}",
        "Request id: {key}",
    ),
    "subject.repeat": (
        "Chưa rõ việc xóa đã xong hay chưa. Hãy chạy lại với --request-id {key}: việc xóa chỉ được thực hiện một lần.",
        "Whether this was carried out is not known. Repeat it with --request-id {key}: it is carried out only once.",
    ),
    "subject.replayed": (
        "Yêu cầu này đã được thực hiện trước đó; đây là câu trả lời lần đầu.",
        "This request was carried out before; this is its first answer.",
    ),
    "subject.deleted": (
        "Đã xóa đối tượng và {count} mẫu tham chiếu; số nhật ký {audit}",
        "Deleted the subject and {count} references; audit record {audit}",
    ),
    "subject.confirm": (
        "Việc xóa không thể hoàn tác. Thêm --yes để xác nhận.",
        "Deleting cannot be undone. Add --yes to confirm.",
    ),
    "subject.none": ("Chưa có đối tượng nào.", "There is no subject yet."),
    "reference.deleted": (
        "Đã xóa mẫu tham chiếu; số nhật ký {audit}",
        "Deleted the reference; audit record {audit}",
    ),
    "column.gallery": ("Bộ sưu tập", "Gallery"),
    "column.name": ("Tên", "Name"),
    "column.purpose": ("Mục đích", "Purpose"),
    "column.created": ("Ngày tạo (UTC)", "Created (UTC)"),
    "column.subject": ("Đối tượng", "Subject"),
    "column.external_id": ("Số hồ sơ", "External id"),
    "column.reference": ("Mẫu", "Reference"),
    "column.modality": ("Loại", "Modality"),
    "column.finger": ("Ngón", "Finger"),
    "column.quality": ("Chất lượng", "Quality"),
    "column.pack": ("Gói", "Pack"),
    "health.serving": ("Máy chủ đang phục vụ.", "The server serves."),
    "health.not_serving": (
        "Máy chủ không trả lời hoặc chưa sẵn sàng.",
        "The server does not answer or is not ready yet.",
    ),
}
