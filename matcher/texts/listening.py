"""Why a server does not listen or is not reached: one cause a text, each with what to do."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # code: (Vietnamese, English)
    # -- the server's own address --
    "listen.form": (
        "server.address phải là máy:cổng với cổng không quá 65535, ví dụ 127.0.0.1:50551",
        "server.address must be host:port with a port up to 65535, for example 127.0.0.1:50551",
    ),
    "listen.needs_tls": (
        "không có TLS thì máy chủ chỉ lắng nghe tại chính máy này: hãy đặt tls.certificate và tls.key, hoặc đặt "
        "server.address là 127.0.0.1:CỔNG",
        "without TLS the server listens on loopback only: set tls.certificate and tls.key, or server.address to "
        "127.0.0.1:PORT",
    ),
    "listen.in_use": (
        "cổng {port} đang được chương trình khác dùng, có thể là một máy chủ station-matcher đang chạy; hãy dừng "
        "chương trình đó hoặc chọn cổng khác cho server.address",
        "port {port} is in use by another program, perhaps a station-matcher that runs already; stop it, or choose "
        "another port for server.address",
    ),
    "listen.forbidden": (
        "hệ thống không cho dùng cổng {port}: cổng dưới 1024 cần quyền quản trị; hãy chọn cổng khác cho server.address",
        "the system does not let this user listen on port {port}: ports below 1024 need special rights; choose another "
        "one for server.address",
    ),
    "listen.not_ours": (
        "địa chỉ {host} không phải của máy này; hãy đặt server.address là một địa chỉ của máy, hoặc 0.0.0.0 cho mọi "
        "địa chỉ",
        "{host} is no address of this machine; set server.address to one that it has, or to 0.0.0.0 for all of them",
    ),
    "listen.unknown_name": (
        "không tìm được tên máy {host}; hãy kiểm tra server.address",
        "the name {host} is not known; check server.address",
    ),
    "listen.other": (
        "không mở được địa chỉ: {reason}; hãy kiểm tra server.address",
        "the address cannot be opened: {reason}; check server.address",
    ),
    "listen.metrics": (
        "server.metrics_address không dùng được ({reason}); có chương trình khác ở đó không?",
        "server.metrics_address cannot be used ({reason}); is another process there?",
    ),
    "listen.metrics_form": (
        "server.metrics_address phải là cổng hoặc máy:cổng, ví dụ 127.0.0.1:9464",
        "server.metrics_address must be a port, or host:port, for example 127.0.0.1:9464",
    ),
    # -- certificates of the server; {setting} is the name of a setting, as tls.key --
    "tls.missing": ("{setting}: không có tệp này", "{setting}: there is no such file"),
    "tls.unreadable": (
        "{setting} không đọc được: {reason}",
        "{setting} cannot be read: {reason}",
    ),
    "tls.forbidden": (
        "{setting} không đọc được: người chạy máy chủ không có quyền đọc tệp",
        "{setting} cannot be read: the user that runs the server may not read the file",
    ),
    "tls.not_pem": ("{setting} không phải tệp PEM", "{setting} is not a PEM file"),
    "tls.not_certificate": (
        "{setting} không chứa chứng thư PEM đọc được",
        "{setting} is not a PEM certificate",
    ),
    "tls.not_key": (
        "{setting} không chứa khóa PEM đọc được",
        "{setting} holds no PEM key that can be read",
    ),
    "tls.encrypted_key": (
        "{setting} được bảo vệ bằng mật khẩu; máy chủ không hỏi mật khẩu, hãy lưu khóa không có mật khẩu",
        "{setting} is locked with a passphrase, which the server does not ask for; store the key without one",
    ),
    "tls.mismatch": (
        "tls.key không phải khóa của tls.certificate; hãy đặt hai tệp được tạo cùng nhau",
        "tls.key is not the key of tls.certificate; set the two files that were made together",
    ),
    "tls.expired": (
        "{setting} đã hết hạn ngày {date}; hãy lấy chứng thư mới",
        "{setting} expired on {date}; get a new certificate",
    ),
    "tls.not_yet": (
        "{setting} chỉ có hiệu lực từ {date}; hãy kiểm tra đồng hồ của máy hoặc lấy chứng thư khác",
        "{setting} is valid only from {date}; check this machine's clock, or get another certificate",
    ),
    "tls.expires_soon": (
        "Chứng thư của máy chủ hết hạn ngày {date}; hãy thay trước ngày đó",
        "The server's certificate expires on {date}; replace it before then",
    ),
    "tls.no_name": (
        "tls.certificate không nêu tên máy (subjectAltName), nên không máy trạm nào chấp nhận; hãy tạo lại với tên "
        "hoặc địa chỉ IP mà máy trạm dùng",
        "tls.certificate names no host (subjectAltName), so no client would accept it; make it again with the name or "
        "IP address that clients use",
    ),
    "tls.pair": (
        "tls.certificate và tls.key đi đôi với nhau: hãy đặt cả hai hoặc không đặt",
        "tls.certificate and tls.key belong together: set both or none",
    ),
    "tls.root_alone": (
        "tls.client_root cần có tls.certificate và tls.key",
        "tls.client_root needs tls.certificate and tls.key",
    ),
    # -- why a client does not reach a server --
    "reach.refused": (
        "Không có máy chủ nào lắng nghe tại {address}. Hãy chạy station-matcher serve, hoặc kiểm tra --address.",
        "No server listens at {address}. Start it with station-matcher serve, or check --address.",
    ),
    "reach.unknown_name": (
        "Không tìm được tên máy trong {address}. Hãy kiểm tra --address.",
        "The host of {address} is not known. Check --address.",
    ),
    "reach.no_answer": (
        "{address} không trả lời. Hãy kiểm tra mạng, tường lửa và --address.",
        "{address} does not answer. Check the network, the firewall and --address.",
    ),
    "reach.wants_tls": (
        "Máy chủ tại {address} dùng TLS. Hãy nêu --tls-root (chứng thư của nơi đã ký chứng thư máy chủ).",
        "The server at {address} speaks TLS. Give --tls-root (who signed its certificate).",
    ),
    "reach.speaks_plain": (
        "Máy chủ tại {address} không dùng TLS. Hãy bỏ --tls-root, hoặc kiểm tra --address.",
        "The server at {address} does not speak TLS. Leave --tls-root out, or check --address.",
    ),
    "reach.expired": (
        "Chứng thư của máy chủ {address} đã hết hạn. Hãy báo quản trị viên máy chủ.",
        "The certificate of the server {address} has expired. Tell its administrator.",
    ),
    "reach.not_yet": (
        "Chứng thư của máy chủ {address} chưa có hiệu lực. Hãy kiểm tra đồng hồ của máy này.",
        "The certificate of the server {address} is not valid yet. Check this machine's clock.",
    ),
    "reach.unknown_root": (
        "Chứng thư của máy chủ {address} không do --tls-root ký. Hãy kiểm tra tệp đó, và máy chủ có đúng là máy bạn "
        "cần không.",
        "The certificate of the server {address} is not signed by --tls-root. Check that file, and whether this is the "
        "server that you mean.",
    ),
    "reach.wrong_name": (
        "Chứng thư của máy chủ không mang tên trong {address}. Hãy gọi máy chủ bằng tên ghi trong chứng thư.",
        "The server's certificate is not for the host of {address}. Address the server by the name in its certificate.",
    ),
    "reach.certificate_other": (
        "Không chấp nhận được chứng thư của máy chủ {address}: {reason}",
        "The certificate of the server {address} cannot be accepted: {reason}",
    ),
    "reach.wants_certificate": (
        "Máy chủ tại {address} đòi chứng thư của máy trạm. Hãy nêu --tls-certificate và --tls-key.",
        "The server at {address} asks for a certificate of the station. Give --tls-certificate and --tls-key.",
    ),
    "reach.refuses_certificate": (
        "Máy chủ tại {address} không chấp nhận chứng thư của máy trạm này. Hãy báo quản trị viên máy chủ.",
        "The server at {address} does not accept the certificate of this station. Tell its administrator.",
    ),
    "reach.other": (
        "Không kết nối được máy chủ tại {address}: {reason}",
        "The server at {address} cannot be reached: {reason}",
    ),
    "reach.file": (
        "{option}: không đọc được tệp: {reason}",
        "{option}: the file cannot be read: {reason}",
    ),
    "reach.files_not_usable": (
        "Không dùng được --tls-certificate với --tls-key: {reason}. Hai tệp phải là PEM và được tạo cùng nhau.",
        "--tls-certificate and --tls-key cannot be used: {reason}. Both must be PEM, made together.",
    ),
    "reach.root_not_usable": (
        "--tls-root không chứa chứng thư PEM đọc được.",
        "--tls-root holds no PEM certificate that can be read.",
    ),
    "reach.options_pair": (
        "--tls-certificate và --tls-key đi đôi với nhau, và cần có --tls-root.",
        "--tls-certificate and --tls-key belong together, and need --tls-root.",
    ),
    "reach.no_own_name": (
        "chứng thư của máy chủ không có tên máy trong subjectAltName",
        "the server's certificate has no DNS name in its subjectAltName",
    ),
}
