"""Why a picture of a supported file type is refused: what is not understood in it, and what to do."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # kind: (Vietnamese, English)
    "picture.float": (
        "Ảnh số thực không được hỗ trợ. Hãy xuất ảnh với 8 hoặc 16 bit mỗi mẫu.",
        "Floating point images are not supported. Export the image with 8 or 16 bits per sample.",
    ),
    "picture.signed": (
        "Ảnh có giá trị mẫu có dấu không được hỗ trợ. Hãy xuất ảnh với số không dấu, 8 hoặc 16 bit.",
        "Images with signed samples are not supported. Export the image with unsigned samples of 8 or 16 bits.",
    ),
    "picture.bits": (
        "Ảnh {bits} bit mỗi mẫu không được hỗ trợ. Hãy xuất ảnh với 8 hoặc 16 bit.",
        "Samples of {bits} bits are not supported here. Export the image with 8 or 16 bits per sample.",
    ),
    "picture.bits_contradict": (
        "Tệp ghi là dùng {bits} bit mỗi mẫu nhưng có giá trị lớn hơn. Hãy xuất lại ảnh với 8 bit.",
        "The file states samples of {bits} bits and holds larger ones. Export the image again with 8 bits.",
    ),
    "picture.low_bits": (
        "Ảnh màu JPEG 2000 chỉ dùng các bit thấp nhất và không ghi bao nhiêu bit. Hãy xuất lại ảnh với 8 bit.",
        "The JPEG 2000 color picture uses only the lowest of its bits and does not say how many are meant. "
        "Export it again with 8 bits per sample.",
    ),
    "picture.photometric": (
        "Không hỗ trợ cách ghi màu “{name}”. Hãy xuất ảnh xám hoặc RGB.",
        "Colors stored as {name} are not supported. Export the image as gray or RGB.",
    ),
    "picture.planes": (
        "Ảnh có {count} thành phần mỗi điểm ảnh, không rõ nghĩa. Hãy xuất ảnh xám hoặc RGB.",
        "The image has {count} components a pixel whose meaning is not known. Export it as gray or RGB.",
    ),
    "picture.compression": (
        "Không hỗ trợ kiểu nén “{name}”. Hãy xuất ảnh không nén, hoặc nén bằng LZW, deflate hay JPEG.",
        "The compression {name} is not supported. Export the image uncompressed, or with LZW, deflate or JPEG.",
    ),
    "picture.layout": (
        "Không hỗ trợ cách sắp xếp “{name}” trong tệp TIFF. Hãy xuất lại ảnh dưới dạng PNG hoặc TIFF không nén.",
        "The TIFF layout {name} is not supported. Export the image as PNG or as an uncompressed TIFF.",
    ),
    "picture.pages": (
        "Tệp có nhiều trang hoặc nhiều khung hình. Hãy gửi mỗi ảnh trong một tệp.",
        "The file holds several pages or frames. Send one image per file.",
    ),
    "picture.transparent": (
        "Ảnh hoàn toàn trong suốt, không có nội dung. Hãy xuất lại ảnh không có kênh trong suốt.",
        "The picture is transparent everywhere and holds nothing beneath. Export it again without transparency.",
    ),
    "picture.jpeg_process": (
        "Không hỗ trợ loại JPEG này ({name}). Hãy lưu lại ảnh dưới dạng JPEG thường hoặc PNG.",
        "This kind of JPEG ({name}) is not supported. Save the picture as an ordinary JPEG or as PNG.",
    ),
    "picture.jpeg_scans": (
        "Tệp JPEG có {count} lượt quét, quá nhiều cho kích thước của nó. Hãy lưu lại ảnh dưới dạng JPEG thường.",
        "The JPEG has {count} scans, too many for its size. Save the picture again as an ordinary JPEG.",
    ),
    "picture.file_type": (
        "Không hỗ trợ loại tệp {name}. Hãy xuất ảnh dưới dạng PNG hoặc PGM.",
        "Files of the type {name} are not supported. Export the image as PNG or PGM.",
    ),
}
