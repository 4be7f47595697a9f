"""The words of the answers, and times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hocbaso.core.errors import register
from hocbaso.engines.trust.paths import PathResult, PathState

#: Vietnam keeps UTC+7 without daylight saving.
VIETNAM = timezone(timedelta(hours=7))

ROLE_NAMES = {
    "gvbm": "giáo viên môn học",
    "gvcn": "giáo viên chủ nhiệm",
    "hieu_truong": "hiệu trưởng",
    "con_dau": "con dấu số của trường",
}

ENVIRONMENT_WARNING = "Môi trường THỬ NGHIỆM, không có giá trị pháp lý"

register(
    {
        "verify_empty": (
            "Tệp rỗng. Thầy cô hãy chọn tệp XML, PDF hoặc gói ZIP của học bạ số.",
            "The file is empty.",
        ),
        "verify_unknown_kind": (
            "Không nhận ra loại tệp. Chỉ xác thực được tệp XML, PDF, gói ZIP của học bạ số "
            "hoặc nội dung mã QR in trên học bạ.",
            "Neither XML, PDF, ZIP package nor the text of a verification QR code.",
        ),
        "verify_too_large": (
            "Tệp vượt giới hạn nên không được mở: {what} (giới hạn {limit}).",
            "The file exceeds a limit and is not opened: {what} (limit {limit}).",
        ),
        "verify_not_transcript": (
            "Tệp XML này không phải học bạ số. Thầy cô hãy chọn tệp XML do trường phát hành.",
            "The XML file is not a transcript of this system.",
        ),
        "verify_pdf_unreadable": (
            "Không đọc được tệp PDF: tệp hỏng, bị khóa hoặc không đúng quy cách.",
            "The PDF cannot be read: {detail}.",
        ),
        "verify_pdf_without_xml": (
            "Tệp PDF không đính kèm dữ liệu học bạ số (hocba.xml), nên không có gì để xác thực. "
            "Thầy cô hãy dùng đúng bản PDF do trường phát hành, không dùng bản quét hoặc bản in lại.",
            "The PDF has no attachment hocba.xml.",
        ),
        "verify_package_unreadable": (
            "Không mở được gói ZIP: {what}.",
            "The ZIP package cannot be opened: {what}.",
        ),
    }
)


def in_vietnam(moment: datetime) -> datetime:
    """A moment as clocks in Vietnam show it; 99991231235959Z (RFC 5280: no end) has no later hour."""
    try:
        return moment.astimezone(VIETNAM)
    except OverflowError:
        return moment


def day(moment: datetime) -> str:
    """``28/05/2026`` as in Vietnam."""
    return f"{in_vietnam(moment):%d/%m/%Y}"


def day_and_time(moment: datetime) -> str:
    """``08:00 ngày 28/05/2026`` as in Vietnam."""
    return f"{in_vietnam(moment):%H:%M ngày %d/%m/%Y}"


def role_name(role: str) -> str:
    """The Vietnamese name of a role; ``la`` is whoever signed in none."""
    return "người lạ" if role == "la" else ROLE_NAMES.get(role, role)


def path_sentence(result: PathResult, who: str) -> str:
    """What is wrong with the certificate of ``who`` at the time of signing; empty when it is good."""
    moment = day(result.when) if result.when else ""
    if result.of_authority:
        who = f"nơi cấp chứng thư số cho {who}"
    if result.state is PathState.REVOCATION_UNKNOWN and result.when:
        return (
            f"Chứng thư số của {who} đang bị tạm đình chỉ từ ngày {moment}; cần hỏi lại nơi cấp sau khi có "
            "quyết định."
        )
    return {
        PathState.OK: "",
        PathState.EXPIRED: f"Chứng thư số của {who} đã hết hạn ngày {moment}, trước khi phát hành.",
        PathState.NOT_YET_VALID: f"Chứng thư số của {who} chỉ có hiệu lực từ ngày {moment}, sau khi ký.",
        PathState.REVOKED: (
            f"Chứng thư số của {who} đã bị thu hồi ngày {moment} ({result.reason}), "
            "trước khi học bạ được phát hành."
        ),
        PathState.COMPROMISED: (
            f"Chứng thư số của {who} đã bị thu hồi ngày {moment} ({result.reason}), nên không còn biết "
            "dấu thời gian nào của nơi này là thật."
        ),
        PathState.UNKNOWN_ISSUER: f"Chứng thư số của {who} không do nơi cấp được tin cậy cấp.",
        PathState.BAD_CHAIN: f"Đường dẫn chứng thư số của {who} không hợp lệ.",
        PathState.BAD_USAGE: f"Chứng thư số của {who} không được cấp cho việc này.",
        PathState.REVOCATION_UNKNOWN: (
            f"Chưa biết chứng thư số của {who} có bị thu hồi hay không: thiếu danh sách thu hồi đúng lúc ký."
        ),
    }[result.state]
