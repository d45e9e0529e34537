"""Help texts of station-matcher: what each command does, and each of its arguments. `%(default)s` is argparse's."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "help.program": (
        "Đối sánh khuôn mặt và vân tay trên máy chủ của đơn vị. Ứng viên là manh mối để giám định viên xem xét, không "
        "phải kết luận.",
        "Face and fingerprint matching on a server of your own. A candidate is a lead for an examiner, not an "
        "identification.",
    ),
    "help.exit_codes": (
        "Mã kết thúc: 0 đã xong, 1 bị từ chối hoặc không thành công, 2 lệnh viết chưa đúng, 130 bị dừng bằng Ctrl-C.",
        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 stopped with Ctrl-C.",
    ),
    # -- what the commands that talk to a server share --
    "option.address": (
        "máy chủ (mặc định: địa chỉ trong cài đặt, nếu không có thì {default})",
        "server (default: the one of the settings, else {default})",
    ),
    "option.tls_root": (
        "PEM: chứng thư của nơi đã ký chứng thư máy chủ; có nó thì kết nối bằng TLS",
        "PEM: who signed the server's certificate; with it the connection is TLS",
    ),
    "option.tls_certificate": ("PEM: chứng thư của máy trạm này", "PEM: the certificate of this station"),
    "option.tls_key": ("PEM: khóa của chứng thư đó", "PEM: the key of that certificate"),
    "option.operator": ("cán bộ thực hiện, ghi vào nhật ký", "who asks, for the audit record"),
    "option.case": ("mã vụ, ghi vào nhật ký", "case number, for the audit record"),
    "option.purpose": ("mục đích, ghi vào nhật ký", "why, for the audit record"),
    "option.purpose_default": (
        "mục đích, ghi vào nhật ký (mặc định: %(default)s)",
        "why, for the audit record (default: %(default)s)",
    ),
    "option.station": ("mã máy trạm, ghi vào nhật ký", "id of the station, for the audit record"),
    "option.json": (
        "in kết quả dạng JSON (các trường theo protos/biometrics/v1)",
        "print the answer as JSON (fields of protos/biometrics/v1)",
    ),
    "option.timeout": (
        "số giây chờ trả lời (mặc định: %(default)s)",
        "seconds to wait for the answer (default: %(default)s)",
    ),
    # -- what the commands on the data folder share --
    "option.data_folder": (
        "thư mục cơ sở dữ liệu (mặc định: theo cài đặt)",
        "folder of the database (default: that of the settings)",
    ),
    "option.key_file": (
        "tệp khóa của bản sao lưu mã hóa (mặc định: theo cài đặt)",
        "key file of encrypted backups (default: that of the settings)",
    ),
    "option.no_key": (
        "không dùng khóa nào, kể cả khóa trong cài đặt: cho bản sao lưu không mã hóa",
        "use no key, also not that of the settings: for a plain backup",
    ),
    "option.backup_file": ("tệp sao lưu", "the backup file"),
    # -- serve --
    "help.serve": ("chạy máy chủ cho đến SIGTERM hoặc Ctrl-C", "run the service until SIGTERM or Ctrl-C"),
    "help.serve.address": (
        "nơi lắng nghe; cổng 0 lấy một cổng trống (mặc định: theo cài đặt)",
        "where to listen; port 0 takes a free one (default: that of the settings)",
    ),
    "help.serve.data": (
        "thư mục cơ sở dữ liệu và nhật ký (mặc định: theo cài đặt)",
        "folder of database and audit file (default: that of the settings)",
    ),
    "help.serve.face": ("gói khuôn mặt; để trống nếu không dùng", "face pack; empty for none"),
    "help.serve.fingerprint": ("gói vân tay; để trống nếu không dùng", "fingerprint pack; empty for none"),
    "help.serve.reflection": (
        "cho máy trạm liệt kê các chức năng và thông điệp",
        "let clients list methods and messages",
    ),
    "help.serve.verbose": ("ghi cả yêu cầu bị từ chối vào nhật ký vận hành", "log refused calls too"),
    # -- packs --
    "help.packs": (
        "liệt kê, cài, kiểm tra, gỡ gói mô hình",
        "list, install, verify and remove model packs",
    ),
    "help.packs.list": ("các gói đã biết và gói nào sẵn sàng", "which packs are known, and which are ready"),
    "help.packs.install": (
        "tải một gói, hoặc lấy tệp của gói từ một thư mục",
        "download a pack, or take its files from a folder",
    ),
    "help.packs.verify": ("kiểm tra dung lượng và mã băm của mọi tệp", "check the size and hash of every file"),
    "help.packs.remove": ("xóa các tệp của một gói", "delete the files of a pack"),
    "help.packs.export": (
        "ghi một gói đã cài vào một tệp, cho máy không có mạng",
        "write an installed pack to one file, for a machine without a network",
    ),
    "help.packs.import": (
        "cài một gói từ tệp mà `packs export` đã ghi",
        "install a pack from the file that `packs export` wrote",
    ),
    "help.packs.folder": (
        "thư mục các gói đã cài (mặc định: theo cài đặt)",
        "folder of installed packs (default: that of the settings)",
    ),
    "help.packs.name": ("tên gói", "name of the pack"),
    "help.packs.name_or_all": (
        "tên gói; không nêu thì kiểm tra mọi gói đã cài",
        "name of the pack; without it every installed pack",
    ),
    "help.packs.from": ("thư mục chứa các tệp của gói", "folder that holds the files"),
    "help.packs.mirror": (
        "thư mục trên một máy chủ web chứa các tệp của nhà phát hành, dùng thay cho họ",
        "folder on a web server that holds the publishers' files, asked in their place",
    ),
    "help.packs.accept_license": (
        "chấp nhận giấy phép này, ghi đúng từng chữ",
        "accept this license, word for word",
    ),
    "help.packs.write": ("tệp cần ghi", "file to write"),
    "help.packs.read": ("tệp cần đọc", "file to read"),
    # -- gallery --
    "help.gallery": ("các nhóm hồ sơ", "galleries: groups of subjects"),
    "help.gallery.list": ("liệt kê các nhóm", "which galleries there are"),
    "help.gallery.create": ("tạo một nhóm", "make a gallery"),
    "help.gallery.rename": (
        "đổi tên hiển thị hoặc mô tả của một nhóm; mã nhóm giữ nguyên",
        "change the name or purpose of a gallery; its id stays",
    ),
    "help.gallery.delete": (
        "xóa một nhóm; các hồ sơ trong nhóm vẫn được giữ",
        "delete a gallery; the subjects in it stay enrolled",
    ),
    "help.gallery.add": ("đưa hồ sơ vào một nhóm", "put subjects into a gallery"),
    "help.gallery.remove": (
        "đưa hồ sơ ra khỏi một nhóm; hồ sơ vẫn được giữ",
        "take subjects out of a gallery; they stay enrolled",
    ),
    "help.gallery.id": ("mã nhóm", "id of the gallery"),
    "help.gallery.new_id": (
        "mã nhóm: chữ thường không dấu, số, - và _",
        "id of the gallery: lower-case letters, digits, - and _",
    ),
    "help.gallery.name": ("tên hiển thị", "name to show"),
    "help.gallery.serves": ("nhóm dùng để làm gì", "what the gallery is for"),
    "help.gallery.subjects": ("mã hồ sơ", "ids of subjects"),
    "help.gallery.yes": (
        "xác nhận xóa cả khi trong nhóm còn hồ sơ",
        "confirm, also where subjects are still in it",
    ),
    # -- subject --
    "help.subject": ("hồ sơ đã đăng ký", "enrolled subjects"),
    "help.subject.list": ("hồ sơ theo thứ tự đăng ký", "subjects in the order in which they came"),
    "help.subject.show": ("một hồ sơ và các mẫu của hồ sơ", "one subject and its references"),
    "help.subject.delete": ("xóa một hồ sơ cùng mọi mẫu", "delete a subject with all references"),
    "help.subject.delete_reference": ("xóa một mẫu", "delete one reference"),
    "help.subject.gallery": ("chỉ các hồ sơ của nhóm này", "only those of this gallery"),
    "help.subject.limit": ("số hồ sơ (mặc định: %(default)s)", "how many (default: %(default)s)"),
    "help.subject.id": ("mã hồ sơ", "id of the subject"),
    "help.subject.external_id": (
        "số định danh của đơn vị (ví dụ số CCCD) thay cho mã hồ sơ",
        "the force's own number in place of the subject's id",
    ),
    "help.subject.image": (
        "ghi ảnh đã đăng ký của một mẫu ra tệp",
        "write the enrolled image of a reference to a file",
    ),
    "help.subject.png": ("ảnh PNG để xem thay cho tệp gốc", "a PNG to look at in place of the file as it came"),
    "help.subject.template": (
        "ghi vân tay đã đăng ký ra tệp theo ISO/IEC 19794-2:2005, cho hệ thống khác",
        "write an enrolled fingerprint to a file of ISO/IEC 19794-2:2005, for another system",
    ),
    "help.subject.file": ("tệp mới", "a new file"),
    "help.subject.find": (
        "tìm hồ sơ theo tên, số giấy tờ hoặc số của đơn vị",
        "find subjects by name, by the number of a document or by the force's own number",
    ),
    "help.subject.name": (
        "các từ của họ tên hoặc tên gọi khác, không cần dấu, theo thứ tự bất kỳ",
        "words of the name or another name, with or without diacritics, in any order",
    ),
    "help.subject.beginnings": ("tìm cả từ bắt đầu bằng các từ này", "also words that begin with these"),
    "help.subject.document": (
        "số CCCD (12 chữ số), CMND (9) hoặc hộ chiếu, kể cả số cũ hoặc hết hạn",
        "number of a CCCD (12 digits), CMND (9) or passport, also a former or expired one",
    ),
    "help.subject.own_number": ("số hồ sơ của đơn vị, đúng từng ký tự", "the force's own number, exactly"),
    "help.record": ("thông tin ghi trong hồ sơ", "what is recorded of subjects"),
    "help.record.show": ("mọi trường đã ghi", "every field that is recorded"),
    "help.record.update": (
        "sửa các trường; lịch sử giữ lại nội dung cũ",
        "change fields; the history keeps what they were",
    ),
    "help.record.history": ("mọi lần sửa, ai sửa và vì sao", "every change, who made it and why"),
    "help.record.seal": ("giữ hồ sơ và không tìm kiếm nữa", "keep a subject and search it no more"),
    "help.record.unseal": ("lại tìm kiếm một hồ sơ đã niêm phong", "search a sealed subject again"),
    "help.record.past_retention": (
        "các hồ sơ quá hạn lưu giữ; không xóa gì",
        "records past their retention date; deletes nothing",
    ),
    "help.record.on": ("tính đến ngày này (mặc định: hôm nay)", "as of this day (default: today)"),
    "help.record.merge": (
        "nhập một hồ sơ vào hồ sơ khác của cùng một người",
        "one person has two subjects: merge one into the other",
    ),
    "help.record.source": ("hồ sơ được nhập; mã của nó sẽ dẫn tới hồ sơ kia", "whose id will lead to the other"),
    "help.record.into": ("hồ sơ còn lại", "the subject that stays"),
    "help.record.move": ("chuyển mẫu sang đúng người", "references of the wrong person go where they belong"),
    "help.record.references": ("số của mẫu (subject show liệt kê)", "ids of references (subject show lists them)"),
    "help.record.from": ("hồ sơ đang có các mẫu", "the subject that has them"),
    "help.record.to": ("hồ sơ nhận các mẫu", "the subject that gets them"),
    "help.record.undo": ("hoàn tác một lần nhập hoặc chuyển", "take a merge or a move back"),
    "help.record.number": ("số ghi trong kết quả và trong lịch sử", "the number in the answer and in the history"),
    "help.record.forms": (
        "các trường mà hồ sơ có thể có, theo biểu mẫu",
        "the fields that a record may have, by form",
    ),
    "help.record.values": (
        "nội dung mới của một trường; để trống sau dấu = để xóa",
        "new text of a field; nothing after = clears it",
    ),
    "help.record.revision": (
        "từ chối nếu hồ sơ đã được sửa sau lần sửa này",
        "refuse where the record was changed since it had this revision",
    ),
    "help.reembed": (
        "tạo mẫu của một gói khác từ các ảnh đã lưu",
        "templates of another pack from the images on record",
    ),
    "help.reembed.status": ("đã làm được đến đâu", "how far it has come"),
    "help.reembed.compare": (
        "gói kế tiếp thay đổi điều gì với hồ sơ của đơn vị (máy chủ phải dừng)",
        "what the next pack changes for the records of this site (while no server runs)",
    ),
    "help.reembed.compare_pack": (
        "gói để so sánh với gói đang dùng (mặc định: packs.next_face, packs.next_fingerprint)",
        "pack to hold against the one in use (default: packs.next_face, packs.next_fingerprint)",
    ),
    "help.reembed.count": (
        "số ảnh được dùng làm mẫu tìm (mặc định: %(default)s)",
        "images that are searched with (default: %(default)s)",
    ),
    "help.reembed.pack": (
        "gói cần xem (mặc định: packs.next_face và packs.next_fingerprint)",
        "pack to speak of (default: packs.next_face and packs.next_fingerprint)",
    ),
    "help.subject.reference": ("số của mẫu", "number of the reference"),
    "help.subject.yes": (
        "xác nhận; việc xóa không thể hoàn tác",
        "confirm that this cannot be undone",
    ),
    "help.subject.request_id": (
        "làm lại một lần xóa bị mất câu trả lời: mã mà lệnh trước đã in; chỉ được thực hiện một lần",
        "repeat a deletion whose answer was lost: the key that it printed; it is carried out once",
    ),
    # -- doctor, calibrate --
    "help.doctor": (
        "đã có gì, còn thiếu gì và cách bổ sung",
        "what is installed, what is missing and how to get it",
    ),
    "help.calibrate": (
        "hiệu chuẩn lại điểm của một gói theo ảnh hoặc vân tay của đơn vị",
        "re-calibrate the scores of a pack on your own photographs or prints",
    ),
    "help.calibrate.data": (
        "mỗi người một thư mục, ảnh nằm trong đó; với gói vân tay thì mỗi ngón một thư mục",
        "one folder per person with photographs in it; for a fingerprint pack one folder per finger with its prints",
    ),
    "help.calibrate.pack": (
        "gói khuôn mặt hoặc vân tay (mặc định: gói khuôn mặt trong cài đặt)",
        "face or fingerprint pack (default: the configured face pack)",
    ),
    "help.calibrate.groups": (
        "bảng thư_mục,nhóm: điểm đúng trong từng nhóm (giới tính và tuổi; máy quét)",
        "table of folder,group: scores hold within each group (sex and age; sensor)",
    ),
    "help.calibrate.ppi": (
        "số điểm ảnh mỗi inch của mọi vân tay (mặc định: theo từng tệp); không dùng cho khuôn mặt",
        "pixels per inch of every print (default: what each file states); not for faces",
    ),
    "help.calibrate.dry_run": ("đo và in, không ghi gì", "measure and print, but write nothing"),
    # -- index --
    "help.index": ("kiểm tra, dựng lại hoặc sửa chỉ mục tìm kiếm", "verify, rebuild or mend the search index"),
    "help.index.verify": (
        "so chỉ mục với kho dữ liệu, từng trang",
        "compare the index with the store, page by page",
    ),
    "option.thorough": (
        "trả lời cho từng byte: trang trống, khóa, từng ảnh, tệp chỉ mục và nhật ký kiểm toán; đọc tất cả",
        "answer for every byte: free pages, keys, every image, index files and the audit log; reads all of it",
    ),
    "help.index.rebuild": ("dựng lại chỉ mục từ kho dữ liệu", "make the index anew from the store"),
    "help.index.mend": (
        "lấy lại từ bản sao lưu những gì bị hỏng trong kho dữ liệu",
        "take what is damaged in the store from a backup",
    ),
    "help.index.compile": (
        "biên dịch mã tìm kiếm và so sánh cho bộ xử lý này ngay bây giờ; nếu không, lần khởi động đầu tiên sẽ làm",
        "compile search and comparison for this processor now; else the first start does it and takes longer",
    ),
    # -- backup, restore, verify-backup --
    "help.backup": (
        "sao lưu cơ sở dữ liệu, kể cả khi máy chủ đang chạy",
        "write a backup of the database, also while the server runs",
    ),
    "help.backup.file": ("tệp sao lưu mới", "the new backup file"),
    "help.backup.new_key": (
        "tạo tệp khóa cho bản sao lưu mã hóa rồi dừng",
        "make a key file for encrypted backups, and stop",
    ),
    "help.backup.scratch": (
        "nơi tạm để bản sao chưa mã hóa; nếu không nêu: cạnh kho dữ liệu, hoặc trong bộ nhớ nếu đĩa đó đầy",
        "where an unencrypted copy may lie meanwhile; else beside the store, or in memory if that disk is full",
    ),
    "help.restore": (
        "dựng cơ sở dữ liệu từ bản sao lưu, vào một thư mục chưa có cơ sở dữ liệu",
        "make a database from a backup, in a folder without one",
    ),
    "help.restore.audit": (
        "tệp nhật ký: xóa lại những gì nhật ký ghi là đã xóa",
        "audit file: delete again what it says was deleted",
    ),
    "help.verify_backup": ("kiểm tra từng byte của bản sao lưu", "check every byte of a backup"),
    # -- audit --
    "help.audit": ("kiểm tra nhật ký kiểm toán", "check the audit log"),
    "help.audit.verify": (
        "kiểm tra mọi bản ghi và vị trí của nó trong chuỗi",
        "check every record and its place in the chain",
    ),
    "help.audit.file": (
        "tệp nhật ký, hoặc thư mục chứa nó (mặc định: theo cài đặt)",
        "the audit file, or the folder that holds it (default: that of the settings)",
    ),
    "help.audit.anchor": (
        "số bản ghi và mã băm của nó đã ghi lại ở nơi khác",
        "a record number and its hash, noted earlier elsewhere",
    ),
    "help.audit.begin_anew": (
        "cất nhật ký bị mất hoặc hỏng sang bên và bắt đầu nhật ký mới, có ghi rõ điều đó; nếu chính kho dữ liệu đã mất "
        "thay đổi thì ghi điều đó vào nhật ký",
        "set a lost or damaged log aside and begin another, which says so; where the store lost changes, record that",
    ),
    "help.audit.operator": (
        "ai quyết định việc này; ghi vào nhật ký mới",
        "who decides this; written to the new log",
    ),
    "help.audit.reason": (
        "nhật ký đã gặp chuyện gì; ghi vào nhật ký mới",
        "what happened to the log; written to the new log",
    ),
    # -- health --
    "help.health": (
        "mã kết thúc 0 khi máy chủ của cài đặt này đang phục vụ",
        "exit code 0 when the server of these settings serves",
    ),
    "help.health.address": (
        "máy chủ (mặc định: địa chỉ trong cài đặt)",
        "server (default: the one of the settings)",
    ),
}
