"""Texts of `station-matcher index`, `backup`, `restore`, `verify-backup` and `audit`, Vietnamese and English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    "stage.columns": ("Đọc bộ lọc", "Reading filters"),
    "stage.cache": ("Đọc tệp chỉ mục", "Reading index files"),
    "stage.index": ("Dựng chỉ mục", "Building the index"),
    "stage.compile": ("Biên dịch", "Compiling"),
    "stage.verify": ("Kiểm tra", "Verifying"),
    "stage.checks": ("Tạo mã kiểm tra cho từng dòng", "Making the checks of rows"),
    "stage.restore": ("Khôi phục", "Restoring"),
    "stage.backup": ("Sao lưu", "Backing up"),
    "stage.encrypt": ("Mã hóa", "Encrypting"),
    "stage.rotate": ("Bọc lại khóa", "Wrapping keys"),
    "index.whole": (
        "Kho dữ liệu và chỉ mục khớp nhau: {subjects} hồ sơ, {references} mẫu tham chiếu.",
        "Store and index agree: {subjects} subjects, {references} references.",
    ),
    "index.every_byte": (
        "Đã đọc từng byte của kho dữ liệu, khóa, ảnh, chỉ mục và nhật ký kiểm toán: đúng như khi ghi.",
        "Every byte of store, keys, images, index files and audit log was read, and is as it was written.",
    ),
    "stage.pages": ("Trang của kho dữ liệu", "Pages of the store"),
    "stage.keys": ("Khóa", "Keys"),
    "stage.images": ("Ảnh", "Images"),
    "stage.cache_files": ("Tệp chỉ mục", "Index files"),
    "stage.audit": ("Nhật ký kiểm toán", "Audit log"),
    "thorough.header": (
        "Lỗi: phần đầu của tệp kho dữ liệu không như phần mềm này ghi. Hãy khôi phục bản sao lưu.",
        "Problem: the header of the store file is not one that this software writes. Restore a backup.",
    ),
    "thorough.schema": (
        "Lỗi: lược đồ kho dữ liệu khác lược đồ đã biết ở {count} chỗ, trước hết là {said}. Hãy khôi phục bản sao lưu.",
        "Problem: the schema of the store is not the known one in {count} places, first {said}. Restore a backup.",
    ),
    "thorough.numbers": (
        "Lỗi: số thứ tự tiếp theo của bảng {said} nhỏ hơn số đã cấp. Hãy khôi phục bản sao lưu.",
        "Problem: the next number of the table {said} is lower than one that was given. Restore a backup.",
    ),
    "thorough.free_pages": (
        "Lỗi: {count} trang trống của kho dữ liệu còn nội dung. Không mẫu nào bị ảnh hưởng.",
        "Problem: {count} free pages of the store hold something. No row is affected.",
    ),
    "thorough.unused_space": (
        "Lỗi: phần không dùng của {count} trang kho dữ liệu có nội dung; nay đã được xóa. Không mẫu nào bị ảnh hưởng.",
        "Problem: the unused space of {count} pages of the store held something; now overwritten. No row is affected.",
    ),
    "thorough.row_tails": (
        "Lỗi: sau chỗ kết thúc của {count} dòng dài trong kho dữ liệu có nội dung không thuộc dòng nào. Nếu không có "
        "dòng nào bị báo hỏng thì không mẫu nào bị ảnh hưởng; kho khôi phục từ bản sao lưu không còn nội dung đó.",
        "Problem: behind the end of {count} long rows of the store stands something that belongs to no row. Where no "
        "row is said to be damaged, none is affected; a store restored from a backup has nothing there.",
    ),
    "thorough.key_slots": (
        "Lỗi: {count} khóa đang dùng không mở được. Hãy đặt lại bản sao của keys.slots.",
        "Problem: {count} keys in use do not open. Put back the copy of keys.slots.",
    ),
    "thorough.key_slots_unused": (
        "Lỗi: {count} khóa không ai dùng không mở được, cũng chưa bị hủy. Không hồ sơ nào bị ảnh hưởng.",
        "Problem: {count} keys that nobody uses do not open, and were not erased. No record is affected.",
    ),
    "thorough.images": (
        "Lỗi: {count} ảnh không mở được hoặc không phải ảnh đã đăng ký.",
        "Problem: {count} images do not open, or are not those that were enrolled.",
    ),
    "thorough.stray_files": (
        "Lỗi: {count} tệp trong kho ảnh không thuộc về ai. Không hồ sơ nào bị ảnh hưởng.",
        "Problem: {count} files among the images belong to nobody. No record is affected.",
    ),
    "thorough.cache_refused": (
        "Lỗi: tệp chỉ mục của {count} gói bị hỏng; nay đã được dựng lại từ kho dữ liệu.",
        "Problem: the index files of {count} packs were damaged; they were made anew from the store just now.",
    ),
    "thorough.cache_files": (
        "Lỗi: {count} tệp chỉ mục khác với lúc ghi. Hãy chạy: station-matcher index rebuild.",
        "Problem: {count} index files differ from what was written. Run: station-matcher index rebuild.",
    ),
    "thorough.audit": (
        "Lỗi: nhật ký kiểm toán bị thay đổi từ bản ghi {said}. Hãy chạy: station-matcher audit verify.",
        "Problem: the audit log was changed from record {said} on. Run: station-matcher audit verify.",
    ),
    "index.problem": ("Lỗi: {problem}", "Problem: {problem}"),
    "index.mended": (
        "Đã lấy lại {count} mẫu tham chiếu từ bản sao lưu: {ids}",
        "{count} references were taken from the backup and are searched again: {ids}",
    ),
    "index.mended_rows": (
        "Đã lấy lại {count} dòng khác từ bản sao lưu. Chúng như lúc sao lưu: hãy kiểm tra những gì đã thay đổi từ đó.",
        "{count} other rows were taken from the backup. They are as they were then: look at what was changed since.",
    ),
    "index.not_mended_row": (
        "Vẫn hỏng, bản sao lưu này không có: {row}",
        "Still damaged, and not in this backup: {row}",
    ),
    "index.not_mended": (
        "{count} mẫu tham chiếu vẫn hỏng; bản sao lưu không có chúng: {ids}. "
        "Hãy dùng bản sao lưu khác, hoặc xóa và đăng ký lại.",
        "{count} references are still damaged; the backup does not have them: {ids}. Use another backup, or delete and "
        "enroll them again.",
    ),
    "error.backup.keys": (
        "Bản sao lưu là của cơ sở dữ liệu đã mã hóa; hãy chỉ ra bản sao khóa của nó: --keys TỆP",
        "The backup is of an encrypted database; name the copy of its keys: --keys FILE",
    ),
    "error.backup.keys_there": (
        "Thư mục đích đã có tệp khóa (keys.slots): hãy khôi phục không kèm --keys, hoặc chuyển tệp đó đi nơi khác.",
        "The folder has keys already (keys.slots): restore without --keys, or move them away.",
    ),
    "error.backup.keys_other": (
        "Bản sao khóa này thuộc một cơ sở dữ liệu khác.",
        "This copy of the keys is of another database.",
    ),
    "error.backup.keys_older": (
        "Bản sao khóa cũ hơn bản sao lưu; hãy dùng bản mới hơn, hoặc --without-missing-keys để bỏ qua những gì không "
        "mở được.",
        "The copy of the keys is older than the backup; use a newer one, or --without-missing-keys to leave out what "
        "it "
        "does not open.",
    ),
    "error.backup.other_database": (
        "Bản sao lưu thuộc một cơ sở dữ liệu khác; chưa thay đổi gì.",
        "The backup is of another database; nothing was changed.",
    ),
    "index.mend": (
        "Hãy chạy: station-matcher index rebuild. Nếu mẫu tham chiếu hay dòng khác hỏng: station-matcher index mend "
        "BACKUP. "
        "Nếu kho dữ liệu hỏng, hãy khôi phục bản sao lưu.",
        "Run: station-matcher index rebuild. If references or other rows are damaged, take them from a backup: "
        "station-matcher index mend BACKUP. "
        "If the store itself is damaged, restore a backup.",
    ),
    "index.compiled": (
        "Đã biên dịch mã tìm kiếm và so sánh cho bộ xử lý này trong {seconds} giây.",
        "Search and comparison are compiled for this processor; it took {seconds} s.",
    ),
    "index.rebuilt": ("Đã dựng lại chỉ mục.", "The index was rebuilt."),
    "backup.usage": (
        "Cần tên tệp: station-matcher backup TỆP, hoặc station-matcher backup --new-key TỆP",
        "A file is missing: station-matcher backup FILE, or station-matcher backup --new-key FILE",
    ),
    "backup.written": (
        "Đã sao lưu {subjects} hồ sơ, {references} mẫu tham chiếu ({size} MB, {sealed}).",
        "Backed up {subjects} subjects, {references} references ({size} MB, {sealed}).",
    ),
    "backup.encrypted": ("mã hóa bằng khóa sao lưu", "encrypted with the backup key"),
    "backup.plain": ("không dùng khóa sao lưu", "without a backup key"),
    "backup.whole": (
        "Bản sao lưu nguyên vẹn: {subjects} hồ sơ, {references} mẫu tham chiếu, lập lúc {time} ({sealed}).",
        "The backup is whole: {subjects} subjects, {references} references, made {time} ({sealed}).",
    ),
    "backup.key_made": (
        "Đã tạo tệp khóa. Hãy cất một bản ở nơi khác: mất khóa là mất mọi bản sao lưu mã hóa.",
        "The key file was made. Keep a copy elsewhere: without the key no encrypted backup can be restored.",
    ),
    "restore.done": (
        "Đã khôi phục {subjects} hồ sơ, {references} mẫu tham chiếu.",
        "Restored {subjects} subjects, {references} references.",
    ),
    "restore.deleted_again": (
        "Đã xóa lại {subjects} hồ sơ và {references} mẫu tham chiếu bị xóa sau khi sao lưu.",
        "Deleted again what was deleted after the backup: {subjects} subjects, {references} references.",
    ),
    "restore.no_audit": (
        "Chú ý: không có nhật ký (--audit), nên những gì bị xóa sau khi sao lưu có thể đã trở lại.",
        "Note: without the audit file (--audit), what was deleted after the backup may be back.",
    ),
    "audit.whole": (
        "Nhật ký nguyên vẹn: {count} bản ghi. Bản ghi cuối có mã băm {hash}",
        "The audit chain is whole: {count} records. Hash of the last: {hash}",
    ),
    "audit.empty": (
        "Nhật ký không có bản ghi nào. Hãy kiểm tra đường dẫn: máy chủ đã từng chạy thì nhật ký không trống.",
        "The audit log has no record. Check the path: where a server has run, the log is not empty.",
    ),
    "audit.no_file": (
        "không có tệp hay thư mục này; hãy kiểm tra --file",
        "there is no such file or folder; check --file",
    ),
    "audit.no_log_in_folder": (
        "thư mục không có nhật ký {name}; hãy kiểm tra --file",
        "the folder has no audit log {name}; check --file",
    ),
    "audit.not_recorded": (
        "Chú ý: việc này đã làm xong nhưng chưa ghi được vào nhật ký: {reason}",
        "Note: this was done, but could not be recorded in the audit log: {reason}",
    ),
    "audit.nothing_lost": (
        "Nhật ký nguyên vẹn nên được giữ lại; lệnh này chỉ dùng khi nhật ký đã mất hoặc bị thay đổi.",
        "The audit log is whole and stays; this command is for a log that is lost or was changed.",
    ),
    "audit.begun_anew": (
        "Đã cất nhật ký cũ sang bên và bắt đầu nhật ký mới: {path}. Hãy giữ các tệp đã cất.",
        "The old log was set aside and a new one begun: {path}. Keep the files set aside.",
    ),
    "audit.store_gone_on_with": (
        "Nhật ký nguyên vẹn nên được giữ lại; đã ghi vào đó rằng kho dữ liệu thiếu {count} thay đổi. Máy chủ khởi động "
        "được; hãy làm lại các thay đổi đó theo nhật ký, nhất là các lần xóa.",
        "The audit log is whole and stays; it now says that the store lacks {count} changes. The server can start; "
        "make these changes again by the log, deletions above all.",
    ),
    "restore.no_head": (
        "Chú ý: bản sao lưu này thuộc phiên bản cũ, không ghi nhật ký đã đến đâu; không biết nhật ký có đủ hay không.",
        "Note: this backup is of an older version and does not say how far the log had come; "
        "whether the log is complete is not known.",
    ),
    "audit.broken": (
        "Nhật ký bị đứt ở bản ghi {number}: {reason}. {count} bản ghi trước đó nguyên vẹn.",
        "The audit chain is broken at record {number}: {reason}. The {count} records before it are whole.",
    ),
    "audit.recovered": (
        "{count} lần có phần cuối dở dang do mất điện hoặc tắt đột ngột, đã ghi nhận trong nhật ký.",
        "{count} incomplete ends after a sudden stop were moved aside and recorded.",
    ),
    "audit.no_head": (
        "Chú ý: thiếu tệp .head, nên không biết có mất bản ghi ở cuối hay không.",
        "Note: the .head file is missing, so records lost at the end would not be noticed.",
    ),
    "audit.incomplete_line": ("dòng cuối dở dang", "its line is incomplete"),
    "audit.not_a_record": ("không phải là bản ghi", "it is not a record"),
    "audit.record_changed": ("nội dung bị thay đổi", "its content was changed"),
    "audit.record_missing_or_moved": ("bản ghi bị mất hoặc bị dời chỗ", "a record is missing or was moved"),
    "audit.sequence_broken": ("số thứ tự sai", "its number is wrong"),
    "audit.differs_from_noted_hash": ("khác với mã băm đã ghi lại", "it differs from the hash noted elsewhere"),
    "audit.missing_at_end": ("bản ghi ở cuối bị mất", "records at the end are missing"),
    "error.locked": (
        "Cơ sở dữ liệu đang được máy chủ sử dụng. Hãy dừng máy chủ trước.",
        "The server is using the database. Stop it first.",
    ),
    "error.full": (
        "Đĩa đã đầy; chưa ghi gì. Hãy giải phóng dung lượng.",
        "The disk is full; nothing was written. Free some space.",
    ),
    "error.write": (
        "Đĩa từ chối ghi; chưa ghi gì. Hãy kiểm tra đĩa và quyền truy cập.",
        "The disk refused to write; nothing was stored. Check the disk and its permissions.",
    ),
    "error.damaged": ("Kho dữ liệu bị hỏng. Hãy khôi phục bản sao lưu.", "The store is damaged. Restore a backup."),
    "error.schema": (
        "Cơ sở dữ liệu thuộc phiên bản phần mềm mới hơn.",
        "The database was written by a newer version of this software.",
    ),
    "error.backup.damaged": (
        "Bản sao lưu bị hỏng hoặc không đầy đủ. Hãy dùng bản khác.",
        "The backup is damaged or incomplete. Use another one.",
    ),
    "error.backup.format": (
        "Tệp này không phải bản sao lưu của phiên bản phần mềm này.",
        "The file is not a backup of this version of the software.",
    ),
    "error.backup.key_missing": (
        "Bản sao lưu được mã hóa và chưa có khóa. Hãy chỉ định --key-file, hoặc đặt storage.backup_key_file.",
        "The backup is encrypted and no key was given. Give --key-file, or set storage.backup_key_file.",
    ),
    "error.backup.key_other": (
        "Khóa này không phải khóa của bản sao lưu. Hãy tìm tệp khóa được dùng khi tạo bản sao lưu.",
        "This is not the key of the backup. Find the key file that was in use when it was made.",
    ),
    "error.backup.key": (
        "Khóa không đúng, hoặc bản sao lưu bị hỏng; bản sao lưu của phiên bản cũ không cho biết là trường hợp nào. "
        "Hãy thử khóa khác, rồi bản sao lưu khác.",
        "The key is another one, or the backup is damaged; a backup of an older version does not say which. Try "
        "another key, then another backup.",
    ),
    "error.backup.not_sealed": (
        "Đã có khóa nhưng bản sao lưu không được mã hóa, nên không biết có phải do bạn tạo ra hay không; "
        "không dùng nó. Nếu chắc chắn, hãy chạy lại với --no-key.",
        "There is a key, but the backup is not encrypted, so nobody knows whether it is yours; it was not used. "
        "If you are sure of it, run again with --no-key.",
    ),
    "error.backup.content": (
        "Bản sao lưu chứa nội dung không do phần mềm này ghi ra; chưa khôi phục gì. Hãy dùng bản khác. ({reason})",
        "The backup holds what this software does not write; nothing was restored. Use another one. ({reason})",
    ),
    "error.backup.key_file": (
        "Tệp này không phải tệp khóa: tệp khóa chứa đúng 64 chữ số thập lục phân.",
        "This is not a key file: a key file holds 64 hexadecimal digits and nothing else.",
    ),
    "error.backup.key_file_missing": (
        "Không có tệp khóa này. Hãy kiểm tra --key-file hoặc storage.backup_key_file.",
        "There is no such key file. Check --key-file or storage.backup_key_file.",
    ),
    "error.backup.key_file_unreadable": (
        "Không đọc được tệp khóa. Hãy kiểm tra quyền đọc của người chạy lệnh. ({reason})",
        "The key file cannot be read. Check that whoever runs this may read it. ({reason})",
    ),
    "error.backup.key_file_exists": (
        "Đã có tệp mang tên này; tệp khóa mới không ghi đè. Hãy chọn tên khác.",
        "A file of that name exists; a new key replaces nothing. Choose another name.",
    ),
    "error.backup.key_file_unwritable": (
        "Không ghi được tệp khóa. Hãy kiểm tra thư mục và quyền ghi. ({reason})",
        "The key file cannot be written. Check the folder and its permissions. ({reason})",
    ),
    "error.backup.target": (
        "Nơi ghi đã có dữ liệu; không ghi đè. Hãy chọn tên hoặc thư mục khác.",
        "Something is there already and is not overwritten. Choose another name or folder.",
    ),
    "error.backup.source": (
        "Thư mục không có cơ sở dữ liệu nguyên vẹn. Hãy kiểm tra đường dẫn và chạy: station-matcher index verify",
        "The folder has no whole database to back up. Check the path and run: station-matcher index verify",
    ),
    "error.backup.scratch": (
        "Đĩa của cơ sở dữ liệu không còn chỗ hoặc chỉ đọc, và bộ nhớ không đủ. Hãy chỉ định --scratch THƯ_MỤC trên một "
        "đĩa tin cậy: ở đó tạm thời có bản sao chưa mã hóa.",
        "The disk of the database is full or read-only, and the memory is too small. Give --scratch FOLDER on a disk "
        "that you trust: an unencrypted copy lies there for a while.",
    ),
    "error.backup.unreadable": (
        "Không đọc hoặc ghi được tệp sao lưu. Hãy kiểm tra đường dẫn và quyền truy cập.",
        "The backup file cannot be read or written. Check the path and its permissions.",
    ),
    "error.audit": ("Lỗi nhật ký: {reason}", "Audit: {reason}"),
    "error.other": ("Không thành công: {reason}", "Failed: {reason}"),
}
