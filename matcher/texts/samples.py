"""What is wrong with a sample, with its numbers, and what to do: pictures, prints, faces and minutiae records."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    # -- any picture --
    "image.empty": (
        "Ảnh rỗng (0 byte). Hãy kiểm tra tệp đã được sao chép đầy đủ chưa.",
        "The image is empty (0 bytes). Check that the file was copied completely.",
    ),
    "image.many_bytes": (
        "Tệp ảnh có {bytes} byte; hãy gửi nhiều nhất {most} byte.",
        "The image file has {bytes} bytes; send at most {most} bytes.",
    ),
    "image.many_pixels": (
        "Ảnh có {width}×{height} điểm ảnh; hãy gửi nhiều nhất {most} điểm ảnh.",
        "The image has {width}×{height} pixels; send at most {most} pixels in all.",
    ),
    "image.too_many_pixels": (
        "Ảnh có hơn {most} điểm ảnh; hãy gửi ảnh nhỏ hơn.",
        "The image has more than {most} pixels; send a smaller one.",
    ),
    "image.many_sample_bytes": (
        "Ảnh có {width}×{height} điểm ảnh, mỗi điểm {bytes} byte; hãy gửi nhiều nhất {most} byte điểm ảnh.",
        "The image has {width}×{height} pixels of {bytes} bytes; send at most {most} bytes of pixels.",
    ),
    "image.memory": (
        "Ảnh cần nhiều bộ nhớ hơn mức cho phép; hãy gửi ảnh nhỏ hơn.",
        "The image needs more memory than a decoder may use; send a smaller one.",
    ),
    "image.costly": (
        "Không giải mã được ảnh trong giới hạn thời gian và bộ nhớ: ảnh bị hỏng, hoặc được tạo ra để gây tốn kém. Hãy "
        "lưu lại dưới dạng JPEG hoặc PNG thông thường.",
        "The image could not be decoded within the limits of time and memory: it is damaged, or made to be costly. "
        "Save it again as an ordinary JPEG or PNG.",
    ),
    "image.many_together": (
        "Các ảnh của yêu cầu này có tổng cộng hơn {most} điểm ảnh; hãy gửi trong nhiều yêu cầu.",
        "The pictures of this request have more than {most} pixels together; send them in several requests.",
    ),
    "image.few_pixels": (
        "Ảnh có {width}×{height} điểm ảnh; mỗi cạnh cần ít nhất {least} điểm ảnh.",
        "The image has {width}×{height} pixels; each side needs at least {least} pixels.",
    ),
    "image.format": (
        "Tệp không phải ảnh đọc được. Hãy gửi JPEG, PNG, BMP, TIFF, WebP, JPEG 2000, PGM hoặc WSQ; ảnh HEIC của điện "
        "thoại thì lưu lại thành JPEG.",
        "The bytes are not an image that can be read. Send JPEG, PNG, BMP, TIFF, WebP, JPEG 2000, PGM or WSQ; "
        "save HEIC pictures of phones as JPEG.",
    ),
    "image.damaged": (
        "Tệp ảnh bị hỏng hoặc kết thúc quá sớm. Hãy sao chép hoặc xuất lại từ nguồn.",
        "The image file is damaged or ends too early. Copy or export it again from its source.",
    ),
    "image.png_damaged": (
        "Tệp PNG bị hỏng. Hãy sao chép hoặc xuất lại từ nguồn.",
        "The PNG file is damaged. Copy or export it again from its source.",
    ),
    "image.pnm_damaged": (
        "Tệp PGM, PPM hoặc PBM bị hỏng hoặc kết thúc quá sớm. Hãy xuất lại.",
        "The PGM, PPM or PBM file is damaged or ends too early. Export it again.",
    ),
    "image.tiff_strip_damaged": (
        "Một dải của tệp TIFF bị hỏng. Hãy xuất lại.",
        "A strip of the TIFF file is damaged. Export it again.",
    ),
    "image.tiff_strip_short": (
        "Một dải của tệp TIFF kết thúc quá sớm. Hãy xuất lại từ nguồn.",
        "A strip of the TIFF file ends too early. Export it again from its source.",
    ),
    "image.tiff_strip_size": (
        "Một dải của tệp TIFF có kích thước khác với đã ghi: tệp bị hỏng.",
        "A strip of the TIFF file has another size than stated: it is damaged.",
    ),
    "image.tiff_strip_large": (
        "Một dải của tệp TIFF quá lớn; hãy lưu ảnh với các dải nhỏ hơn hoặc dưới dạng PNG.",
        "A strip of the TIFF file is too large; save the image in smaller strips or as PNG.",
    ),
    "image.tiff_no_image": (
        "Tệp TIFF không chứa ảnh nào. Hãy xuất lại từ nguồn.",
        "The TIFF file holds no image. Export it again from its source.",
    ),
    "image.tiff_few_strips": (
        "Tệp TIFF liệt kê ít dải hơn kích thước ảnh cần. Hãy xuất lại.",
        "The TIFF file lists fewer strips than its size needs. Export it again.",
    ),
    "image.tiff_palette": (
        "Bảng màu của tệp TIFF không khớp với các mẫu. Hãy xuất lại.",
        "The color table of the TIFF file does not fit its samples. Export it again.",
    ),
    # -- WSQ --
    "wsq.damaged": (
        "Tệp WSQ bị hỏng: {why}. Hãy xuất lại từ nguồn.",
        "The WSQ file is damaged: {why}. Export it again from its source.",
    ),
    "wsq.unreadable": (
        "Tệp WSQ bị hỏng. Hãy xuất lại từ nguồn.",
        "The WSQ file is damaged. Export it again from its source.",
    ),
    "wsq.contradicts": (
        "Tệp WSQ mâu thuẫn với phần đầu của chính nó: tệp bị hỏng.",
        "The WSQ file contradicts its own header: it is damaged.",
    ),
    "wsq.other_picture": (
        "Tệp WSQ bị hỏng: dữ liệu cho ra ảnh khác với ảnh đã ghi. Hãy xuất lại.",
        "The WSQ file is damaged: its data make another picture than it states. Export it again.",
    ),
    "wsq.time": (
        "Không giải mã được tệp WSQ kịp thời gian: tệp bị hỏng.",
        "The WSQ file could not be decoded in time: it is damaged.",
    ),
    "wsq.ends": (
        "Tệp WSQ bị hỏng hoặc kết thúc quá sớm. Hãy xuất lại từ nguồn.",
        "The WSQ file is damaged or ends too early. Export it again from its source.",
    ),
    "wsq.code_length": ("một bảng mã có độ dài sai", "a code table has a wrong length"),
    "wsq.code_count": ("một bảng mã có quá nhiều mã", "a code table has more codes than fit"),
    "wsq.code_symbol": ("một bảng mã có ký hiệu không hợp lệ", "a code table holds what is no symbol"),
    "wsq.no_code": ("dữ liệu có đoạn không phải mã", "its data hold what is no code"),
    "wsq.data_ends": ("dữ liệu kết thúc quá sớm", "its data end too early"),
    "wsq.start": ("phần bắt đầu không phải của WSQ", "it does not start as one"),
    "wsq.no_frame": ("thiếu phần đầu khung ảnh", "it has no frame header"),
    "wsq.file_ends": ("tệp kết thúc quá sớm", "it ends too early"),
    "wsq.no_marker": ("thiếu một dấu mốc", "a marker is missing"),
    "wsq.table_outside": ("một bảng kết thúc ngoài tệp", "a table ends outside the file"),
    "wsq.two_frames": ("có hai phần đầu khung ảnh", "it has two frame headers"),
    "wsq.frame_length": ("phần đầu khung ảnh có độ dài sai", "the frame header has a wrong length"),
    "wsq.frame_contradicts": ("phần đầu khung ảnh tự mâu thuẫn", "the frame header contradicts itself"),
    "wsq.gray": (
        "phần đầu khung ảnh ghi mức xám mà không ảnh nào có",
        "the frame header states gray levels that no picture has",
    ),
    "wsq.filter_cut": ("bảng bộ lọc bị cắt ngắn", "the filter table is cut short"),
    "wsq.filter_length": ("bảng bộ lọc có độ dài sai", "the filter table has a wrong length"),
    "wsq.filter_numbers": ("bảng bộ lọc không chứa số", "the filter table holds no numbers"),
    "wsq.no_wavelet": ("các bộ lọc không phải của wavelet", "the filters are no wavelet's"),
    "wsq.quantization_length": ("bảng lượng tử có độ dài sai", "the quantization table has a wrong length"),
    "wsq.quantization_numbers": ("bảng lượng tử không chứa số", "the quantization table holds no numbers"),
    "wsq.quantization_fits": ("bảng lượng tử không hợp với ảnh nào", "the quantization table fits no picture"),
    "wsq.quantization_contradicts": ("bảng lượng tử tự mâu thuẫn", "the quantization table contradicts itself"),
    "wsq.comment_size": (
        "chú thích ghi kích thước khác với phần đầu khung ảnh",
        "its comment states another size than its frame header",
    ),
    "wsq.no_table": ("thiếu một bảng", "a table is missing"),
    "wsq.no_code_table": (
        "một khối dùng bảng mã không có trong tệp",
        "a block names a code table that is not there",
    ),
    "wsq.not_full": ("dữ liệu không lấp đầy ảnh", "its data do not fill the picture"),
    # -- resolution --
    "ppi.not_positive": (
        "ppi đã nêu không phải số dương; hãy nêu số điểm ảnh mỗi inch của máy quét.",
        "The stated ppi is not a positive number; state the scanner's pixels per inch.",
    ),
    "ppi.missing": (
        "ảnh vân tay không ghi độ phân giải: hãy gửi số ppi kèm theo ảnh",
        "the print states no resolution: send its ppi with the image",
    ),
    "ppi.missing_500": (
        "vân tay không có độ phân giải; hãy nêu số ppi, với phần lớn máy quét là 500",
        "the fingerprint has no resolution; state its ppi, for most sensors 500",
    ),
    "ppi.outside": (
        "{ppi} ppi nằm ngoài khoảng {least} đến {most}: hãy quét lại hoặc gửi đúng số ppi kèm theo ảnh",
        "{ppi} ppi is outside {least} to {most}: scan again or send the right ppi with the image",
    ),
    "ppi.range": (
        "vân tay phải có từ {least} đến {most} ppi, không phải {ppi}",
        "a fingerprint must have {least} to {most} ppi, not {ppi}",
    ),
    "ppi.of_row": (
        "Vân tay có {ppi} ppi; hãy nêu ppi của máy quét, từ {least} đến {most}, ở cột ppi hoặc bằng --ppi.",
        "The print has {ppi} ppi; state the scanner's ppi, {least} to {most}, in the column ppi or with --ppi.",
    ),
    "ppi.of_no_row": (
        "Vân tay không có độ phân giải; hãy nêu ppi của máy quét, từ {least} đến {most}, ở cột ppi hoặc bằng --ppi.",
        "The print has no resolution; state the scanner's ppi, {least} to {most}, in the column ppi or with --ppi.",
    ),
    "ppi.not_square": (
        "tệp ghi độ phân giải ngang và dọc khác nhau ({across} và {down} ppi); hãy xuất với điểm ảnh vuông, hoặc gửi "
        "đúng số ppi kèm theo ảnh",
        "the file states different resolutions across and down ({across} and {down} ppi); export it with square "
        "pixels, or send the right ppi with the image",
    ),
    # -- faces --
    "face.none": (
        "không tìm thấy khuôn mặt: hãy gửi ảnh có khuôn mặt thẳng và không bị che",
        "no face was found: send a photograph in which the face is upright and uncovered",
    ),
    "face.small": (
        "khuôn mặt quá nhỏ: {px} điểm ảnh giữa hai mắt, cần ít nhất {least}, từ 60 trở lên là tốt",
        "the face is too small: {px} px between the eyes, at least {least} are needed and 60 or more are good",
    ),
    "face.several": (
        "tìm thấy {count} khuôn mặt: hãy nêu số của khuôn mặt cần lấy, hoặc yêu cầu lấy khuôn mặt lớn nhất",
        "{count} faces were found: say which one by its number, or ask for the largest",
    ),
    # -- prints --
    "print.small": (
        "ảnh vân tay nhỏ hơn {mm} mm theo số ppi đã nêu; hãy gửi vùng rộng hơn hoặc đúng số ppi",
        "the fingerprint image is smaller than {mm} mm at the stated ppi; send a larger area or the right ppi",
    ),
    "print.large": (
        "ảnh vân tay lớn hơn một ngón tay theo số ppi đã nêu; hãy cắt lấy một vân tay",
        "the fingerprint image is larger than one finger at the stated ppi; cut out one print",
    ),
    "print.wide": (
        "đường vân phủ rộng hơn một ngón tay theo số ppi đã nêu; hãy cắt lấy một vân tay",
        "the ridges cover more than one finger at the stated ppi; cut out one print",
    ),
    "print.blank": (
        "ảnh trống; hãy đặt một ngón tay lên máy quét rồi lấy lại",
        "the image is blank; place one finger on the sensor and capture it again",
    ),
    "print.none": (
        "không tìm thấy đường vân; hãy kiểm tra ảnh có đúng là vân tay và ppi có đúng không, hoặc lau sạch máy quét và "
        "ngón tay rồi lấy lại",
        "no ridge pattern was found; check that the image is a fingerprint and its ppi right, or clean scanner and "
        "finger and capture again",
    ),
    "print.several": (
        "ảnh có {count} ngón tay, hoặc nhiều vân tay; hãy gửi riêng từng ngón, hoặc nêu vùng của một ngón",
        "the image shows {count} fingers, or several prints; send each finger alone, or give the region of one",
    ),
    "print.period": (
        "các đường vân cách nhau {mm} mm theo số ppi đã nêu, không ngón tay nào như vậy; hãy kiểm tra ppi của ảnh",
        "ridges lie {mm} mm apart at the stated ppi, which no finger has; check the ppi of the image",
    ),
    "print.region_points": (
        "vùng khoanh cần ít nhất 3 điểm; hãy vẽ một đa giác quanh dấu vân tay",
        "the region needs at least 3 points; draw a polygon around the mark",
    ),
    "print.region_many": (
        "vùng khoanh có hơn {most} điểm; hãy vẽ đơn giản hơn",
        "the region has more than {most} points; draw a simpler one",
    ),
    "print.region_outside": (
        "một điểm của vùng khoanh nằm ngoài ảnh; ảnh khi để thẳng có {width}×{height} điểm ảnh; hãy tính vùng khoanh "
        "theo điểm ảnh của ảnh gửi đi",
        "a point of the region lies outside the image, which has {width}×{height} pixels when upright; "
        "give the region in pixels of the image as it is sent",
    ),
    "print.region_small": (
        "vùng khoanh nhỏ hơn {mm2} milimét vuông theo số ppi đã nêu; hãy vẽ quanh toàn bộ dấu vân tay, hoặc gửi "
        "đúng số ppi",
        "the region is smaller than {mm2} square millimeters at the stated ppi; draw it around the whole mark, or send "
        "the right ppi",
    ),
    # -- what does not go together --
    "fits.template_face": (
        "mẫu đặc trưng là của vân tay, không phải của khuôn mặt",
        "a minutiae template belongs to a fingerprint, not to a face",
    ),
    "fits.finger_face": (
        "khuôn mặt không có vị trí ngón; hãy để trống",
        "a face has no finger position; leave it unset",
    ),
    "fits.region_face": (
        "vùng khoanh dùng cho ảnh vân tay, không dùng cho khuôn mặt; hãy để trống",
        "a region belongs to a fingerprint image, not to a face; leave it unset",
    ),
    "fits.face_finger": (
        "không chọn khuôn mặt cho vân tay; hãy để trống",
        "a face selection does not fit a fingerprint; leave it unset",
    ),
    "fits.region_template": (
        "vùng khoanh dùng cho ảnh, không dùng cho mẫu đặc trưng; hãy để trống",
        "a region belongs to an image, not to a minutiae template; leave it unset",
    ),
    "fits.position": (
        "bản ghi là của vị trí ngón {recorded}, còn yêu cầu ghi {stated}: hãy sửa một trong hai, hoặc để trống vị trí "
        "trong yêu cầu",
        "the record is of finger position {recorded} and the request says {stated}: correct one of them, or leave the "
        "position of the request unset",
    ),
    # -- quality --
    "quality.below": (
        "chất lượng là {score}, {need}: hãy thu nhận lại, hoặc nêu lý do chấp nhận (accept_low_quality_reason)",
        "the quality is {score}, {need}: capture again, or state accept_low_quality_reason",
    ),
    "quality.need_floor": ("đăng ký cần ít nhất {floor}", "enrollment needs at least {floor}"),
    "quality.need_doubtful": ("và còn nghi ngờ", "and it is doubtful"),
    # -- records of minutiae --
    "record.none": (
        "bản ghi không có điểm đặc trưng nào; hãy lấy lại vân tay, hoặc gửi ảnh",
        "the record holds no minutiae; capture the print again, or send the image",
    ),
    "record.few": (
        "bản ghi có {count} điểm đặc trưng ở {places} vị trí, ít hơn {least} thì không so được với gì; hãy lấy lại vân "
        "tay, hoặc gửi ảnh",
        "the record holds {count} minutiae at {places} places, and fewer than {least} can be compared with nothing; "
        "capture the print again, or send the image",
    ),
    "record.several": (
        "bản ghi có {count} vân tay; hãy gửi mỗi vân tay trong một bản ghi riêng",
        "the record holds {count} prints; send each as a record of its own",
    ),
    "record.resolution": (
        "bản ghi cần một độ phân giải từ 98 đến 473 điểm ảnh mỗi cm (250-1200 ppi)",
        "the record needs one resolution between 98 and 473 pixels per cm (250-1200 ppi)",
    ),
    "record.size": (
        "ảnh của bản ghi phải có cạnh từ 1 đến {most} điểm ảnh ở 500 ppi",
        "the image of the record must have sides of 1 to {most} pixels at 500 ppi",
    ),
    "record.longer": ("bản ghi dài hơn các vân tay trong đó", "the record is longer than its prints"),
    "record.shorter": (
        "bản ghi ngắn hơn phần đầu của ISO/IEC 19794-2:2005",
        "the record is shorter than the header of ISO/IEC 19794-2:2005",
    ),
    "record.no_record": (
        "đây không phải bản ghi điểm đặc trưng: bản ghi ISO/IEC 19794-2 bắt đầu bằng 'FMR'",
        "this is no minutiae record: those of ISO/IEC 19794-2 begin with 'FMR'",
    ),
    "record.version": (
        "đây là bản ghi điểm đặc trưng phiên bản '{version}'; hãy xuất theo ISO/IEC 19794-2:2005 hoặc ANSI INCITS "
        "378-2004 (phiên bản '20')",
        "this is a minutiae record of version '{version}'; export it as ISO/IEC 19794-2:2005 or ANSI INCITS "
        "378-2004 (version '20')",
    ),
    "record.length": (
        "bản ghi ghi là có {stated} byte nhưng có {count}",
        "the record states {stated} bytes and has {count}",
    ),
    "record.ends_header": (
        "bản ghi kết thúc giữa phần đầu của một vân tay",
        "the record ends within the header of a print",
    ),
    "record.ends_minutiae": (
        "bản ghi kết thúc giữa các điểm đặc trưng của một vân tay",
        "the record ends within the minutiae of a print",
    ),
    "record.ends_extended": (
        "bản ghi kết thúc giữa dữ liệu mở rộng của một vân tay",
        "the record ends within the extended data of a print",
    ),
    "record.values": (
        "vị trí ngón {finger} hoặc chất lượng {quality} không có trong tiêu chuẩn",
        "finger position {finger} or quality {quality} is not one of the standard",
    ),
    "record.outside": (
        "một điểm đặc trưng nằm ngoài ảnh mà bản ghi nêu",
        "a minutia lies outside the image that the record states",
    ),
    "record.direction": (
        "một điểm đặc trưng có hướng vượt quá một vòng",
        "a minutia has a direction beyond a full turn",
    ),
    "record.kind": (
        "một điểm đặc trưng có loại hoặc chất lượng mà tiêu chuẩn không có",
        "a minutia has a kind or a quality that the standard does not know",
    ),
    "record.cut": (
        "các điểm đặc trưng của mẫu này bị cắt ngắn; hãy đăng ký lại vân tay",
        "the minutiae of this template are cut short; enroll the print again",
    ),
    "record.format": (
        "không đọc được điểm đặc trưng dạng {version}, chỉ đọc được dạng {known}",
        "minutiae of format version {version} cannot be read, only version {known}",
    ),
    "record.stated_length": (
        "các điểm đặc trưng của mẫu này không có độ dài đã ghi; hãy đăng ký lại",
        "the minutiae of this template do not have the stated length; enroll again",
    ),
    "record.damaged": (
        "các điểm đặc trưng của mẫu này bị hỏng: {reason}",
        "the minutiae of this template are damaged: {reason}",
    ),
    "record.vectors": (
        "các vectơ của mẫu này không khớp với điểm đặc trưng; hãy đăng ký lại vân tay",
        "the vectors of this template do not fit its minutiae; enroll the print again",
    ),
}
