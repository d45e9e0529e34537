"""Texts of the commands serve, gallery and subject."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "serve.listening": ("Máy chủ lắng nghe tại {address}", "Listening on {address}"),
    "serve.loading": ("Đang nạp gói mô hình", "Loading the model packs"),
    "serve.preparing": ("Đang chuẩn bị tìm kiếm", "Preparing the search"),
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
        "Sẵn sàng: {subjects} hồ sơ, {references} mẫu tham chiếu",
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
    "serve.reembedding": (
        "Đang tạo mẫu của gói {pack} từ ảnh đã lưu: {done}/{total}",
        "Making templates of {pack} from the images on record: {done}/{total}",
    ),
    "serve.reembedded": (
        "Gói {pack} đã có {done} mẫu; {without} mẫu không có ảnh lưu và {failed} ảnh không dùng được với gói này. Xem: "
        "station-matcher reembed status",
        "Pack {pack} has {done} references; of {without} no image is kept, and of {failed} it can make nothing. See: "
        "station-matcher reembed status",
    ),
    "serve.rebuilding": (
        "Chỉ mục không khớp kho dữ liệu; đang dựng lại",
        "The index differs from the store; rebuilding it",
    ),
    "serve.reading_log": (
        "Đang đọc nhật ký kiểm tra: {done}/{total} MiB",
        "Reading the audit log: {done} of {total} MiB",
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
    "serve.nothing": (
        "không có gói mô hình nào sẵn sàng. Hãy chạy: station-matcher doctor",
        "no model pack is ready. Run: station-matcher doctor",
    ),
    "serve.stopped": (
        "Đã dừng: {answered} yêu cầu được trả lời, {refused} bị từ chối hoặc lỗi",
        "Stopped: {answered} requests answered, {refused} refused or failed",
    ),
    "cli.call": (
        "Mã cuộc gọi: {call}. Nhật ký vận hành của máy chủ ghi chi tiết dưới mã này.",
        "Call id: {call}. The server's log has the details under that id.",
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
    "gallery.purpose": ("quản lý nhóm hồ sơ", "keeping galleries"),
    "gallery.created": ("Đã tạo nhóm {gallery}", "Created gallery {gallery}"),
    "gallery.none": ("Chưa có nhóm nào.", "There is no gallery yet."),
    "gallery.added": ("Đã thêm {count} hồ sơ vào nhóm {gallery}", "Added {count} subjects to gallery {gallery}"),
    "gallery.removed": ("Đã bỏ {count} hồ sơ khỏi nhóm {gallery}", "Removed {count} subjects from gallery {gallery}"),
    "gallery.renamed": (
        "Nhóm {gallery}: tên “{name}”, mục đích “{purpose}”",
        "Gallery {gallery}: name “{name}”, purpose “{purpose}”",
    ),
    "gallery.nothing_to_change": (
        "Cần nêu điều cần đổi: --name, --serves hoặc cả hai.",
        "Say what to change: --name, --serves or both.",
    ),
    "gallery.deleted": (
        "Đã xóa nhóm {gallery}; {count} hồ sơ trong nhóm vẫn được giữ; số nhật ký {audit}",
        "Deleted gallery {gallery}; the {count} subjects in it stay enrolled; audit record {audit}",
    ),
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
        "Đã xóa hồ sơ và {count} mẫu tham chiếu; số nhật ký {audit}",
        "Deleted the subject and {count} references; audit record {audit}",
    ),
    "subject.confirm": (
        "Việc xóa không thể hoàn tác. Thêm --yes để xác nhận.",
        "Deleting cannot be undone. Add --yes to confirm.",
    ),
    "subject.none": ("Chưa có hồ sơ nào.", "There is no subject yet."),
    "subject.more": (
        "Chỉ hiện {limit} hồ sơ đầu; còn nữa: thêm --limit SỐ",
        "Only the first {limit} are shown; there are more: --limit COUNT",
    ),
    "subject.not_recorded": ("chưa ghi nhận", "not recorded"),
    "subject.no_gallery": ("không thuộc nhóm nào", "in no gallery"),
    "subject.sealed": ("đã niêm phong: giữ lại, không tìm kiếm", "sealed: kept, never searched"),
    "reference.deleted": (
        "Đã xóa mẫu tham chiếu; số nhật ký {audit}",
        "Deleted the reference; audit record {audit}",
    ),
    "column.gallery": ("Nhóm", "Gallery"),
    "column.galleries": ("Nhóm", "Galleries"),
    "column.name": ("Họ tên", "Name"),
    "column.sex": ("Giới tính", "Sex"),
    "column.birth_year": ("Năm sinh", "Birth year"),
    "column.state": ("Tình trạng", "State"),
    "column.purpose": ("Mục đích", "Purpose"),
    "column.created": ("Ngày tạo (UTC)", "Created (UTC)"),
    "column.subject": ("Mã hồ sơ", "Subject"),
    "column.external_id": ("Số định danh", "External id"),
    "column.field": ("Trường", "Field"),
    "column.label": ("Tên trường", "Label"),
    "column.text": ("Nội dung", "Text"),
    "column.kind": ("Kiểu", "Kind"),
    "column.forms": ("Biểu mẫu", "Forms"),
    "record.revision": ("Hồ sơ {subject}, lần sửa {revision}", "Record {subject}, revision {revision}"),
    "record.sealed": ("(đã niêm phong, không được tìm kiếm)", "(sealed, not searched)"),
    "record.wrong_value": (
        "Không hiểu {said}: hãy viết TRƯỜNG=NỘI DUNG, mỗi trường một lần; station-matcher record forms liệt kê các "
        "trường.",
        "{said} is not understood: write FIELD=TEXT, each field once; station-matcher record forms lists the fields.",
    ),
    "record.updated": (
        "Đã sửa {fields}; hồ sơ ở lần sửa {revision}. Số kiểm toán: {audit}",
        "Changed {fields}; the record is at revision {revision}. Audit record: {audit}",
    ),
    "record.unchanged": (
        "Hồ sơ đã ghi đúng như vậy; không có gì được sửa (lần sửa {revision}). Số kiểm toán: {audit}",
        "The record says so already; nothing was changed (revision {revision}). Audit record: {audit}",
    ),
    "record.change": (
        "Lần sửa {revision}, {time} UTC, cán bộ {operator}, vụ việc {case}: {purpose}",
        "Revision {revision}, {time} UTC, operator {operator}, case {case}: {purpose}",
    ),
    "reembed.no_pack": (
        "Cài đặt không nêu packs.next_face hay packs.next_fingerprint; hãy nêu gói bằng --pack.",
        "The settings name neither packs.next_face nor packs.next_fingerprint; name a pack with --pack.",
    ),
    "reembed.no_store": (
        "Thư mục dữ liệu chưa có kho dữ liệu của phiên bản này; hãy khởi động máy chủ trước.",
        "The data folder has no store of this version yet; start the server first.",
    ),
    "reembed.not_comparable": (
        "{pack} không phải là gói đã hiệu chuẩn; hãy nêu gói đang dùng trong cài đặt và hiệu chuẩn cả hai gói.",
        "{pack} is no calibrated pack; name the pack in use in the settings, and calibrate both.",
    ),
    "reembed.same_pack": (
        "{pack} chính là gói đang dùng, không có gì để so. Gói khác cùng loại: {others}.",
        "{pack} is the pack in use: there is nothing to hold it against. Other packs of its kind: {others}.",
    ),
    "reembed.only_pack": (
        "{pack} chính là gói đang dùng, và phiên bản này không có gói nào khác cùng loại, nên chưa có gì để so.",
        "{pack} is the pack in use, and this version knows no other pack of its kind: there is nothing to compare yet.",
    ),
    "reembed.nothing_to_compare": (
        "Không có gì để so sánh: cần những hồ sơ có ít nhất hai ảnh (với vân tay: của cùng một ngón đã biết vị trí) mà "
        "cả hai gói đều đã tạo mẫu.",
        "Nothing to compare: it takes subjects with two images or more (of fingers: of the same one, whose position is "
        "known) of which both packs have made templates.",
    ),
    "reembed.compared": (
        "{count} ảnh được tìm giữa tất cả các ảnh khác, lần lượt với từng gói. Điểm là −10·log10 của tỉ lệ nhận nhầm:",
        "{count} images, each searched among all others, once with each pack. Scores are −10·log10 of the false match "
        "rate:",
    ),
    "reembed.ranks": (
        "Với gói kế tiếp, ảnh cùng người được xếp cao hơn ở {better} lượt tìm và thấp hơn ở {worse} lượt. "
        "Số kiểm toán: {audit}",
        "With the next pack the mate ranks higher in {better} searches and lower in {worse}. Audit record: {audit}",
    ),
    "column.first": ("Cùng người xếp đầu", "Mate first"),
    "column.median_mate": ("Điểm cùng người, trung vị", "Mates, median"),
    "column.low_mate": ("Điểm cùng người, 5 %", "Mates, 5 %"),
    "column.median_stranger": ("Điểm khác người, trung vị", "Strangers, median"),
    "column.highest_stranger": ("Điểm khác người, cao nhất", "Strangers, highest"),
    "stage.compare_read": ("Đọc các mẫu", "Reading the references"),
    "stage.compare": ("So sánh hai gói", "Comparing the packs"),
    "reembed.status": (
        "{pack}: {done} mẫu đã có, {waiting} ảnh còn phải làm",
        "{pack}: {done} references made, {waiting} images still to do",
    ),
    "reembed.without_image": (
        "  {count} mẫu không có ảnh lưu, cần thu nhận lại: {ids}",
        "  of {count} references no image is kept; they must be enrolled anew: {ids}",
    ),
    "reembed.failed": (
        "  với {count} ảnh gói này không tạo được mẫu: {ids}",
        "  of {count} images this pack can make nothing: {ids}",
    ),
    "column.captured": ("Ngày chụp (UTC)", "Captured (UTC)"),
    "column.device": ("Thiết bị", "Device"),
    "reference.image_written": (
        "Đã ghi ảnh vào {file} ({size} byte). Ngày chụp: {captured}; thiết bị: {device}; máy trạm: {station}",
        "Wrote the image to {file} ({size} bytes). Captured: {captured}; device: {device}; station: {station}",
    ),
    "reference.digest": (
        "SHA-256 của tệp đã đăng ký: {sha256}. Số kiểm toán: {audit}",
        "SHA-256 of the enrolled file: {sha256}. Audit record: {audit}",
    ),
    "reference.template_written": (
        "Đã ghi mẫu đặc trưng ISO/IEC 19794-2:2005 vào {file}. Số kiểm toán: {audit}",
        "Wrote a record of ISO/IEC 19794-2:2005 to {file}. Audit record: {audit}",
    ),
    "reference.not_written": (
        "Không ghi được tệp: {reason}. Hãy chọn một tệp chưa có, trong thư mục được phép ghi.",
        "The file cannot be written: {reason}. Name a file that is not there yet, in a folder that you may write to.",
    ),
    "column.found_by": ("Số giấy tờ", "Document"),
    "document.0": ("{field}", "{field}"),
    "document.1": ("{field}", "{field}"),
    "document.2": ("{field}: đã hết hạn", "{field}: expired"),
    "document.3": ("{field}: số cũ, không còn trong hồ sơ", "{field}: a former number"),
    "document.4": ("{field}: của hồ sơ đã nhập vào", "{field}: of a subject merged into this one"),
    "subject.nothing_asked": (
        "Hãy nêu --name, --document hoặc --external-id.",
        "Name what to find: --name, --document or --external-id.",
    ),
    "subject.none_found": ("Không tìm thấy hồ sơ nào.", "No subject was found."),
    "column.retention": ("Lưu giữ đến ngày", "Kept until"),
    "column.legal_ground": ("Căn cứ pháp lý", "Legal ground"),
    "stage.records": ("Xem các hồ sơ", "Looking through the records"),
    "record.none_past": (
        "Không có hồ sơ nào quá hạn lưu giữ (đã xem {total} hồ sơ).",
        "No record is past its retention date ({total} were looked through).",
    ),
    "record.past": (
        "{count} hồ sơ quá hạn lưu giữ trong {total} hồ sơ. Không có gì bị xóa: hãy xem từng hồ sơ, rồi xóa bằng "
        "station-matcher subject delete hoặc sửa ngày.",
        "{count} of {total} records are past their retention date. Nothing was deleted: look at each, then delete it "
        "with station-matcher subject delete or correct the date.",
    ),
    "record.same_document": (
        "Số giấy tờ này cũng có ở hồ sơ khác: {subjects}. Hãy kiểm tra: nếu là cùng một người thì nhập hai hồ sơ bằng "
        "station-matcher record merge, nếu không thì số đã ghi sai.",
        "This document number leads to other subjects too: {subjects}. If they are one person, merge them with "
        "station-matcher record merge; if not, a number was typed wrongly.",
    ),
    "record.merged": (
        "Đã nhập hồ sơ {source} vào {target} ({count} mẫu). Hoàn tác: station-matcher record undo {number}. "
        "Số kiểm toán: {audit}",
        "Merged {source} into {target} ({count} references). To undo: station-matcher record undo {number}. "
        "Audit record: {audit}",
    ),
    "record.taken": (
        "Hồ sơ nhận thêm: {fields}",
        "The record took over: {fields}",
    ),
    "record.moved": (
        "Đã chuyển {count} mẫu từ hồ sơ {source} sang {target}. Hoàn tác: station-matcher record undo {number}. "
        "Số kiểm toán: {audit}",
        "Moved {count} references from {source} to {target}. To undo: station-matcher record undo {number}. "
        "Audit record: {audit}",
    ),
    "record.undone": (
        "Đã hoàn tác: hồ sơ {source} lại có {count} mẫu. Số kiểm toán: {audit}",
        "Undone: {source} has {count} references again. Audit record: {audit}",
    ),
    "record.kept": (
        "Giữ nguyên ở hồ sơ {target} vì đã được sửa sau đó: {fields}",
        "Left as they are in {target}, because they were changed since: {fields}",
    ),
    "record.deleted_subject": ("một hồ sơ đã bị xóa", "a subject deleted since"),
    "record.event.1": (
        "Hồ sơ {subject} được nhập vào hồ sơ này (số {number}); mẫu: {references}",
        "{subject} was merged into this one (number {number}); references: {references}",
    ),
    "record.event.2": (
        "Hồ sơ này được nhập vào {subject} (số {number})",
        "this one was merged into {subject} (number {number})",
    ),
    "record.event.3": (
        "Nhận mẫu từ hồ sơ {subject} (số {number}): {references}",
        "references came from {subject} (number {number}): {references}",
    ),
    "record.event.4": (
        "Mẫu được chuyển sang hồ sơ {subject} (số {number}): {references}",
        "references went to {subject} (number {number}): {references}",
    ),
    "record.event.5": (
        "Hoàn tác số {number} với hồ sơ {subject}; mẫu: {references}",
        "number {number} with {subject} was undone; references: {references}",
    ),
    "record.event.6": ("Niêm phong hồ sơ", "the subject was sealed"),
    "record.event.7": ("Bỏ niêm phong hồ sơ", "the subject was unsealed"),
    "record.event_undone": ("(đã hoàn tác)", "(undone since)"),
    "record.never_changed": ("Hồ sơ chưa được sửa lần nào.", "The record was never changed."),
    "record.is_sealed": (
        "Đã niêm phong: hồ sơ được giữ lại và không được tìm kiếm nữa. Số kiểm toán: {audit}",
        "Sealed: the subject is kept and searched no more. Audit record: {audit}",
    ),
    "record.is_unsealed": (
        "Đã bỏ niêm phong: hồ sơ lại được tìm kiếm. Số kiểm toán: {audit}",
        "Unsealed: the subject is searched again. Audit record: {audit}",
    ),
    "column.reference": ("Mẫu", "Reference"),
    "column.modality": ("Loại", "Modality"),
    "column.finger": ("Ngón", "Finger"),
    "column.quality": ("Chất lượng", "Quality"),
    "column.pack": ("Gói", "Pack"),
    "help.info": (
        "phiên bản, gói mô hình, số lượng hồ sơ và những gì không được tìm kiếm của máy chủ",
        "versions, packs and counts of a server, and what it does not search",
    ),
    "info.versions": (
        "Station Matcher {version}, giao thức {api}, lược đồ {schema}",
        "Station Matcher {version}, protocol {api}, schema {schema}",
    ),
    "info.counts": (
        "Có {subject} hồ sơ, {reference} mẫu tham chiếu, {gallery} nhóm.",
        "On record: {subject} subjects, {reference} references, {gallery} galleries.",
    ),
    "info.not_searched": (
        "{count} mẫu tham chiếu không được tìm kiếm: {why}",
        "{count} references are not searched: {why}",
    ),
    "info.not_operational": (
        "chỉ để trình diễn và đào tạo",
        "for demonstration and training only",
    ),
    "column.license": ("Giấy phép", "License"),
    "column.measured_score": ("Điểm đã đo tới", "Scores measured to"),
    "column.highest_score": ("Điểm cao nhất", "Highest score"),
    "column.quality_floor": ("Chất lượng tối thiểu", "Least quality"),
    "health.serving": ("Máy chủ đang phục vụ.", "The server is ready."),
    "health.not_answering": (
        "Máy chủ không trả lời. {reason}",
        "The server does not answer. {reason}",
    ),
    "health.not_serving": (
        "Máy chủ trả lời nhưng chưa phục vụ; nhật ký của máy chủ ghi lý do.",
        "The server answers but is not ready; its log says why.",
    ),
    "health.opening": (
        "Máy chủ đang khởi động: {stage} {counts}",
        "The server is starting: {stage} {counts}",
    ),
    "health.busy": (
        "Máy chủ đang bận: {busy} chỗ đã được dùng, lời gọi mới sẽ bị từ chối.",
        "The server is busy: {busy} places are taken, and another call would be refused.",
    ),
    "health.set_aside": (
        "{count} mẫu tham chiếu bị hỏng và không được tìm kiếm; station-matcher doctor nêu số của chúng.",
        "{count} references are damaged and not searched; station-matcher doctor names them.",
    ),
    "health.not_searched": (
        "{count} mẫu tham chiếu thuộc gói mô hình không được nạp, nên không được tìm kiếm.",
        "{count} references are of model packs that are not loaded, and not searched.",
    ),
    "health.own_certificate": (
        "Máy chủ tại {address} không chấp nhận chứng thư của chính nó, mà lệnh này xuất trình. Chứng thư đó phải dùng "
        "được cho cả hai phía (extendedKeyUsage=serverAuth,clientAuth) và do tls.client_root ký; hãy tạo lại, hoặc nêu "
        "chứng thư của một máy trạm: --tls-certificate và --tls-key.",
        "The server at {address} does not accept its own certificate, which this command shows. It must be good for "
        "both sides (extendedKeyUsage=serverAuth,clientAuth) and signed by tls.client_root; make it again, or give the "
        "certificate of a station: --tls-certificate and --tls-key.",
    ),
}
