"""What can go wrong with a key that lives elsewhere, in sentences for the person who signs.

:class:`SigningStopped` is about the key, never about the document in hand: the run stops, what was made is
kept, what is left waits and can be signed later. Any other :class:`DomainError` is said before anything is
signed (a wrong PIN, no such token).
"""

from __future__ import annotations

from hocbaso.core.errors import ServiceUnavailable, register

RESUME = "Các tờ đã ký vẫn được giữ; những tờ còn lại thầy cô ký tiếp sau, không tờ nào bị ký hai lần."

register(
    {
        "token_module_unusable": (
            "Không nạp được trình điều khiển của thiết bị ký (tệp {module}). Hãy cài lại phần mềm của nhà "
            "cung cấp hoặc báo quản trị hệ thống.",
            "The PKCS#11 module {module} cannot be loaded.",
        ),
        "token_absent": (
            "Không thấy thiết bị ký {token}. Thầy cô hãy cắm thiết bị rồi thử lại.",
            "Token {token} is not present.",
        ),
        "token_ambiguous": (
            "Có nhiều thiết bị ký cùng tên {token}. Hãy rút bớt, hoặc "
            "ghi số sê-ri của thiết bị trong cấu hình.",
            "Several tokens are named {token}; name the serial number.",
        ),
        "token_pin_cancelled": (
            "Thầy cô chưa nhập mã PIN nên chưa ký gì.",
            "No PIN was given; nothing was signed.",
        ),
        "token_pin_wrong": (
            "Mã PIN của thiết bị ký chưa đúng. {tries}",
            "Wrong PIN. {tries_en}",
        ),
        "token_pin_locked": (
            "Thiết bị ký {token} đã bị khóa mã PIN do nhập sai nhiều lần. Hãy liên hệ nơi cấp chứng thư "
            "số để mở khóa; trong lúc đó chưa ký được.",
            "The PIN of token {token} is locked.",
        ),
        "token_pin_unset": (
            "Mã PIN của thiết bị ký {token} chưa được đặt hoặc đã hết hạn. Hãy đặt mã PIN mới bằng phần mềm "
            "của nhà cung cấp rồi thử lại.",
            "The PIN of token {token} is not set or has expired.",
        ),
        "token_key_absent": (
            "Trên thiết bị ký {token} không có chứng thư số đã chọn kèm khóa riêng của nó. Hãy kiểm tra "
            "thiết bị và chứng thư số đã đăng ký.",
            "Token {token} holds no such certificate with its private key.",
        ),
        "token_key_ambiguous": (
            "Trên thiết bị ký {token} có {count} chứng thư số ký được. Hãy ghi rõ dùng chứng thư số nào "
            "trong cấu hình.",
            "Token {token} holds {count} certificates that could sign; name one.",
        ),
        "token_pin_each_time": (
            "Thiết bị ký {token} đòi mã PIN cho từng chữ ký nên không ký được cả danh sách. Hãy nhờ nơi cấp "
            "đổi cách dùng khóa.",
            "Token {token} asks for the PIN with each signature (CKA_ALWAYS_AUTHENTICATE).",
        ),
        "token_removed": (
            "Thiết bị ký đã bị rút hoặc mất kết nối. " + RESUME,
            "The token was removed or lost.",
        ),
        "token_rejected": (
            "Thiết bị ký từ chối ký hoặc thầy cô đã bấm hủy trên thiết bị. " + RESUME,
            "The token or its holder refused to sign.",
        ),
        "token_driver_failed": (
            "Trình điều khiển của thiết bị ký gặp lỗi ({detail}). " + RESUME,
            "The token's driver failed ({detail}).",
        ),
        "token_silent": (
            "Thiết bị ký không trả lời trong {seconds} giây nên đã dừng. " + RESUME,
            "The token did not answer within {seconds} seconds.",
        ),
        "token_closed": (
            "Phiên làm việc với thiết bị ký đã đóng. Thầy cô hãy mở lại và nhập mã PIN. " + RESUME,
            "The session with the token is closed.",
        ),
        "token_busy": (
            "Thiết bị ký đang ký một danh sách khác. Thầy cô hãy chờ danh sách đó xong rồi thử lại.",
            "The token is signing another list.",
        ),
    }
)


class SigningStopped(ServiceUnavailable):
    """The key cannot sign any more for now; the documents are as they were."""
