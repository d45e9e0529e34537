"""What is wrong with a graph of a model, its manifest or its calibration, and with the process that runs it."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    # -- graphs in the form of ONNX --
    "graph.no_onnx": ("tệp không phải mô hình ONNX", "the file is not an ONNX model"),
    "graph.foreign_parts": (
        "mô hình ONNX chứa hàm, trọng số thưa hoặc phần dùng để huấn luyện, điều không gói nào của phần mềm này có",
        "the ONNX model holds functions, sparse weights or training parts, which no pack of ours has",
    ),
    "graph.foreign_operators": (
        "mô hình ONNX chứa phép toán không thuộc chính ONNX",
        "the ONNX model holds operators that are not of ONNX itself",
    ),
    "graph.made_twice": (
        "mô hình ONNX tạo cùng một giá trị hai lần",
        "the ONNX model makes one value twice",
    ),
    "graph.foreign_attribute": (
        "mô hình ONNX chứa thuộc tính kiểu {kind}, điều không gói nào của phần mềm này có",
        "the ONNX model holds an attribute of kind {kind}, which no pack of ours has",
    ),
    "graph.weights_elsewhere": (
        "mô hình ONNX để trọng số ở tệp khác",
        "the ONNX model keeps weights in another file",
    ),
    "graph.weight": (
        "một trọng số của mô hình ONNX không đọc được",
        "a weight of the ONNX model cannot be read",
    ),
    "graph.mobilefacenet_end": (
        "MobileFaceNet không kết thúc như tệp đã công bố",
        "MobileFaceNet does not end as the published file does",
    ),
    # -- graphs in the form of OpenVINO --
    "graph.openvino_large": (
        "đồ thị OpenVINO quá lớn hoặc khai báo thực thể (entity)",
        "the OpenVINO graph is too large or declares entities",
    ),
    "graph.openvino": (
        "đồ thị OpenVINO không đọc được: {reason}",
        "the OpenVINO graph cannot be read: {reason}",
    ),
    "graph.openvino_order": (
        "lớp {layer} của đồ thị OpenVINO đứng trước lớp cấp dữ liệu cho nó",
        "layer {layer} of the OpenVINO graph comes before what feeds it",
    ),
    "graph.openvino_ends": (
        "đồ thị OpenVINO không có đúng một đầu vào và một đầu ra",
        "the OpenVINO graph does not have exactly one input and one output",
    ),
    "graph.openvino_layer": (
        "lớp {layer} ({kind}) của đồ thị OpenVINO không chuyển đổi được: {reason}",
        "layer {layer} ({kind}) of the OpenVINO graph cannot be converted: {reason}",
    ),
    # -- running a graph --
    "session.no_gpu": (
        "không dùng được GPU (thiếu thư viện CUDA); hãy đặt packs.device thành cpu, hoặc bật packs.allow_cpu_fallback",
        "the GPU cannot be used (CUDA libraries are missing); set packs.device to cpu, or set packs.allow_cpu_fallback",
    ),
    "session.not_built": (
        "ONNX Runtime đang cài không hỗ trợ {device}: hãy cài onnxruntime-gpu, đặt packs.device thành cpu, hoặc bật "
        "packs.allow_cpu_fallback",
        "this ONNX Runtime was not built for {device}: install onnxruntime-gpu, set packs.device to cpu, or set "
        "packs.allow_cpu_fallback",
    ),
    "session.device": (
        "không biết thiết bị “{device}”: hãy dùng cpu hoặc cuda",
        "unknown device “{device}”: use cpu or cuda",
    ),
    "session.threads": (
        "phiên chạy mô hình cần ít nhất một luồng",
        "a session needs at least one thread",
    ),
    "session.run": ("không chạy được mô hình: {reason}", "the model could not be run: {reason}"),
    "session.load": ("không nạp được mô hình: {reason}", "the model could not be loaded: {reason}"),
    "session.scrfd": (
        "không chạy được mô hình SCRFD: đầu ra không phải của SCRFD",
        "the SCRFD model could not be run: its outputs are not those of SCRFD",
    ),
    "session.arcface": ("không chạy được mô hình ArcFace", "the ArcFace model could not be run"),
    "session.vector": (
        "mô hình nhúng không cho véc-tơ dùng được: sai độ dài, bằng không hoặc không hữu hạn",
        "the embedder gave no usable vector: wrong length, zero, or not finite",
    ),
    "session.leader": (
        "mô hình của gói leader không phải đồ thị LEADER; hãy cài lại gói",
        "the model of the leader pack is not a LEADER graph; install the pack again",
    ),
    "session.decoders_closed": ("các tiến trình giải mã đã đóng", "the decoders are closed"),
    "session.decoder_start": (
        "không khởi động được tiến trình giải mã; hãy kiểm tra bộ nhớ của máy",
        "a decoder process could not be started; look at the memory of the machine",
    ),
    # -- manifests and calibrations --
    "manifest.no_file": (
        "bản kê của gói {name} không nêu tệp {file}",
        "the manifest of pack {name} names no file {file}",
    ),
    "manifest.unreadable": (
        "không đọc được bản kê {file}: {reason}",
        "the manifest {file} cannot be read: {reason}",
    ),
    "manifest.wrong": ("bản kê {file} sai: {reason}", "the manifest {file} is wrong: {reason}"),
    "manifest.calibration": (
        "[calibration] của bản kê sai: {reason}",
        "[calibration] of a manifest is wrong: {reason}",
    ),
    "manifest.conditions": (
        "[conditions] của bản kê sai: {reason}",
        "[conditions] of a manifest is wrong: {reason}",
    ),
    "manifest.keys": (
        "{name} của bản kê có khóa lạ hoặc thiếu khóa: {keys}",
        "{name} of a manifest has unknown or missing keys: {keys}",
    ),
    "manifest.embedder_kind": (
        "không có bộ đọc cho mô hình nhúng kiểu “{kind}”",
        "no adapter reads embedders of kind “{kind}”",
    ),
    "manifest.detector_kind": (
        "không có bộ đọc cho bộ phát hiện kiểu “{kind}”",
        "no adapter reads detectors of kind “{kind}”",
    ),
    "manifest.scrfd_outputs": (
        "mô hình SCRFD với năm điểm phải có chín đầu ra",
        "an SCRFD model with five points has nine outputs",
    ),
    "manifest.fed_otherwise": (
        "insightface chuẩn hóa ảnh cho mô hình này khác với bản kê",
        "insightface feeds this model otherwise than the manifest says",
    ),
    "manifest.needs_insightface": (
        "gói này cần gói Python insightface chưa được cài; hãy chạy: pip install 'station-matcher[insightface]'",
        "this pack needs the package insightface, which is not installed; run: pip install "
        "'station-matcher[insightface]'",
    ),
}
