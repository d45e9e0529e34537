"""Texts of encryption at rest: `encrypt`, `keys`, and what is said where a key is missing. Vietnamese and English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "help.encrypt": (
        "mã hóa tại chỗ một cơ sở dữ liệu chưa mã hóa; có thể dừng rồi chạy lại",
        "encrypt a plain database in place; may be stopped and repeated",
    ),
    "help.keys": ("khóa của cơ sở dữ liệu đã mã hóa", "the keys of an encrypted database"),
    "help.keys.show": (
        "cơ sở dữ liệu có được mã hóa không, bằng khóa chủ nào",
        "whether the database is encrypted, and with which master key",
    ),
    "help.keys.copy": (
        "sao khóa của các hồ sơ, thứ mà không bản sao lưu nào chứa",
        "copy the keys of subjects, which no backup holds",
    ),
    "help.keys.copy.file": (
        "tệp mới; hãy giữ tách khỏi các bản sao lưu và hủy bản sao trước đó",
        "the new file; keep it apart from backups and destroy the copy before it",
    ),
    "help.keys.rotate": (
        "bọc lại các khóa bằng khóa chủ khác; không ghi lại dữ liệu",
        "wrap the keys with another master key; no data is written",
    ),
    "help.keys.rotate.new_key": (
        "tệp của khóa chủ mới; được tạo nếu chưa có",
        "file of the new master key; made where it is not there",
    ),
    "error.signing_key": (
        "không đọc hoặc không tạo được tệp khóa ký (storage.signing_key_file): tệp phải có 64 chữ số thập lục phân",
        "the signing key file (storage.signing_key_file) cannot be read or made; it holds 64 hexadecimal digits",
    ),
    "help.erasure": ("giấy chứng nhận xóa dữ liệu", "certificates of erasure"),
    "help.erasure.verify": (
        "kiểm tra một giấy chứng nhận, không cần máy chủ",
        "check a certificate, without a server",
    ),
    "help.erasure.file": ("tệp giấy chứng nhận", "the file of the certificate"),
    "help.erasure.public_key": (
        "khóa công khai của đơn vị đã ký (mặc định: của máy này, nếu có)",
        "public key of the station that signed it (default: that of this machine, where it has one)",
    ),
    "help.erasure.key": (
        "in khóa công khai dùng để kiểm tra giấy chứng nhận của máy này",
        "print the public key by which certificates of this station are checked",
    ),
    "help.subject.certificate": (
        "ghi giấy chứng nhận xóa vào tệp này",
        "write the certificate of erasure to this file",
    ),
    "erasure.none": ("Tệp này không phải giấy chứng nhận xóa.", "This is not a certificate of erasure."),
    "erasure.not_given": (
        "Máy chủ không cấp giấy chứng nhận xóa.",
        "The server gave no certificate of erasure.",
    ),
    "erasure.forged": (
        "Chữ ký không đúng: giấy chứng nhận đã bị sửa.",
        "The signature does not fit: the certificate was changed.",
    ),
    "erasure.other_key": (
        "Giấy chứng nhận do một khóa khác ký: {key}",
        "The certificate was signed with another key: {key}",
    ),
    "erasure.unknown_key": (
        "Không có khóa để so: hãy kiểm tra rằng {key} là khóa của đơn vị (--public-key).",
        "There is no key to compare with: make sure that {key} is the station's (--public-key).",
    ),
    "erasure.merged": (
        "Cùng với hồ sơ này, các hồ sơ đã nhập vào nó cũng bị xóa: {subjects}",
        "Destroyed with it, since they had been merged into it: {subjects}",
    ),
    "erasure.genuine": (
        "Chữ ký đúng. Hồ sơ {subject}, mẫu tham chiếu {references}, xóa lúc {time}: {rows} dòng, {keys} khóa, "
        "{images} ảnh đã bị hủy.",
        "The signature fits. Subject {subject}, references {references}, deleted {time}: {rows} rows, {keys} keys and "
        "{images} images were destroyed.",
    ),
    "erasure.left": ("Vẫn còn tìm thấy: {where}", "Still found: {where}"),
    "erasure.absent": (
        "Đã tìm lại {count} mẫu tham chiếu: không còn mẫu nào.",
        "{count} references were searched for again: none is there.",
    ),
    "erasure.not_searched": (
        "Không tìm lại được các mẫu tham chiếu {references}: không có mẫu để tìm, vì đã hỏng hoặc đã xóa từ trước.",
        "References {references} were not searched for again: there was no template to search with, because it was "
        "damaged or had been deleted before.",
    ),
    "help.restore.keys": (
        "bản sao khóa của cơ sở dữ liệu đã mã hóa (station-matcher keys copy)",
        "copy of the keys of an encrypted database, by station-matcher keys copy",
    ),
    "help.restore.without_keys": (
        "bỏ qua những gì được đăng ký sau khi sao khóa, thay vì từ chối",
        "leave out what was enrolled after the keys were copied, rather than refuse",
    ),
    "serve.key_made": (
        "Dữ liệu được mã hóa. Khóa chủ vừa được tạo: {path}. Hãy cất một bản sao ở nơi khác, tách khỏi dữ liệu và "
        "các bản "
        "sao lưu: mất khóa là mất toàn bộ dữ liệu, lộ khóa cùng dữ liệu là lộ tất cả.",
        "The database is encrypted. Its master key was made: {path}. Keep a copy elsewhere, apart from the data and "
        "from "
        "backups: without the key everything is lost, and whoever has both reads everything.",
    ),
    "serve.not_encrypted": (
        "Dữ liệu chưa được mã hóa. Hãy dừng máy chủ và chạy: station-matcher encrypt",
        "The database is not encrypted. Stop the server and run: station-matcher encrypt",
    ),
    "keys.no_database": (
        "Thư mục này không có cơ sở dữ liệu; cơ sở dữ liệu mới được mã hóa ngay từ đầu.",
        "There is no database in this folder; a new one is encrypted from its first start.",
    ),
    "keys.encrypted": (
        "Đã mã hóa toàn bộ dữ liệu. Các bản sao lưu cũ vẫn chưa mã hóa: hãy sao lưu lại, rồi hủy chúng. "
        "Hãy sao khóa: station-matcher keys copy TỆP",
        "Everything is encrypted. Backups made before are not: make a new one, then destroy them. "
        "Copy the keys: station-matcher keys copy FILE",
    ),
    "keys.encrypted_again": (
        "Toàn bộ dữ liệu được mã hóa; việc này đã được bắt đầu hoặc hoàn tất từ trước. Bản sao lưu nào được làm trước "
        "khi mã hóa thì vẫn chưa mã hóa.",
        "Everything is encrypted; this was begun or done before. Backups made before the database was encrypted are "
        "not encrypted.",
    ),
    "keys.plain": ("Cơ sở dữ liệu chưa được mã hóa.", "The database is not encrypted."),
    "keys.shown": (
        "Cơ sở dữ liệu được mã hóa bằng khóa chủ {key_id}.",
        "The database is encrypted with master key {key_id}.",
    ),
    "keys.fits": ("Khóa trong cấu hình đúng là {key_id}.", "The settings name this key: {key_id}."),
    "keys.fits_not": (
        "Khóa trong cấu hình là {key_id}, một khóa khác; máy chủ sẽ không mở được dữ liệu.",
        "The settings name another key, {key_id}; no server can open the database with it.",
    ),
    "keys.copied": (
        "Đã sao khóa. Hãy giữ bản này tách khỏi các bản sao lưu, và hủy bản sao khóa trước đó: "
        "bản cũ còn mở được những gì đã xóa từ sau đó.",
        "The keys were copied. Keep the copy apart from backups, and destroy the copy before it: an old one still "
        "opens "
        "what was erased since.",
    ),
    "keys.rotated": (
        "Khóa chủ {old} đã được thay bằng {new}. Hãy đặt storage.master_key_file thành tệp mới, sao lại khóa "
        "(station-matcher keys copy), rồi hủy khóa cũ và các bản sao khóa cũ.",
        "Master key {old} was replaced by {new}. Set storage.master_key_file to the new file, copy the keys again "
        "(station-matcher keys copy), then destroy the old key and the old copies.",
    ),
    "restore.without_key": (
        "Không khôi phục {subjects} hồ sơ và {references} mẫu tham chiếu: khóa của chúng không còn (đã xóa sau khi "
        "sao lưu, hoặc đăng ký sau khi sao khóa).",
        "Left out {subjects} subjects and {references} references whose keys are gone: they were erased after the "
        "backup, "
        "or enrolled after the keys were copied.",
    ),
    "error.key.missing": (
        "Dữ liệu được mã hóa mà không có khóa chủ: hãy đặt lại tệp khóa từ bản sao (storage.master_key_file).",
        "The database is encrypted and its master key is not there: put the key file back from its copy "
        "(storage.master_key_file).",
    ),
    "error.key.wrong": (
        "Dữ liệu được mã hóa bằng một khóa chủ khác; chưa thay đổi gì.",
        "The database was encrypted with another master key; nothing was changed.",
    ),
    "error.key.form": (
        "Khóa chủ phải là 64 chữ số thập lục phân.",
        "A master key has 64 hexadecimal digits.",
    ),
    "error.key.rights": (
        "Người khác đọc được tệp khóa chủ; hãy chạy: chmod 600 TỆP",
        "Others may read the master key file; run: chmod 600 FILE",
    ),
    "error.key.unreadable": (
        "Không đọc được tệp khóa chủ; hãy kiểm tra đường dẫn và quyền.",
        "The master key file cannot be read; check the path and its rights.",
    ),
    "error.key.command": (
        "Lệnh in khóa chủ (storage.master_key_command) bị lỗi: {reason}",
        "The command that prints the master key (storage.master_key_command) failed: {reason}",
    ),
    "error.key.target": (
        "Tệp đã có sẵn, thư mục của tệp không có, hoặc không ghi được; hãy chọn nơi khác, hoặc đặt "
        "storage.master_key_file.",
        "The file exists already, its folder is not there, or it cannot be written; choose another place, or set "
        "storage.master_key_file.",
    ),
    "error.key.slots": (
        "Tệp khóa của cơ sở dữ liệu (keys.slots) không có, hoặc là của cơ sở dữ liệu khác; hãy đặt lại từ bản sao "
        "khóa.",
        "The keys of the database (keys.slots) are not there, or are of another database; put them back from their "
        "copy.",
    ),
    "error.key.store": (
        "Khóa (keys.slots) nằm trong thư mục dữ liệu nhưng kho dữ liệu của nó không có, hoặc là kho khác: hãy đặt lại "
        "kho đó hoặc phục hồi bản sao lưu. Muốn bắt đầu lại từ đầu thì dọn trống thư mục.",
        "The keys (keys.slots) lie in the data folder, and their store is not there, or is another one: put that store "
        "back, or restore a backup. To begin anew, empty the folder.",
    ),
    "error.key.damaged": (
        "Khóa trong cơ sở dữ liệu bị hỏng; hãy đặt lại keys.slots từ bản sao khóa.",
        "A key of the database is damaged; put keys.slots back from its copy.",
    ),
    "error.key.erased": (
        "Khóa đã được hủy cùng với những gì nó mở.",
        "The key was erased together with what it opened.",
    ),
    "error.key.unknown": (
        "Tệp khóa cũ hơn kho dữ liệu; hãy dùng bản sao khóa mới hơn.",
        "The keys are older than the store; use a newer copy of them.",
    ),
}
