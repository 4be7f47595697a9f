"""Error pages: what happened and what to do next, never a traceback."""

from __future__ import annotations

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hocbaso.core.errors import DomainError, NotAllowed, NotFound, ServiceUnavailable, Unreadable, catalogue

_log = structlog.get_logger("hocbaso.web")

_STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotAllowed, 403),
    (NotFound, 404),
    (ServiceUnavailable, 503),
    (Unreadable, 400),
)


def status_of(error: DomainError) -> int:
    """HTTP status of a refusal; a broken rule is 422."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)


def words(error: DomainError) -> str:
    """The sentence of a refusal in the language of the page."""
    if not (get_language() or "vi").startswith("en"):
        return error.message
    doing = error.params.get("what")
    if isinstance(error, NotAllowed) and doing:  # the policies name it in Vietnamese
        return catalogue()[error.code].en.format(**{**error.params, "what": _(doing)})
    return error.message_en


def wants_json(request: HttpRequest) -> bool:
    """Own scripts ask for JSON; everybody else reads pages."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal as a page, or as ``{"code", "message"}`` for a script."""
    status = status_of(error)
    if wants_json(request):
        return JsonResponse({"code": error.code, "message": words(error)}, status=status)
    return _page(request, status, message=words(error), code=error.code)


def _texts(status: int) -> tuple[str, str, str]:
    """Heading, message and advice of a status."""
    if status == 400:
        return (
            _("Không đọc được yêu cầu này"),
            _("Trình duyệt đã gửi một yêu cầu mà hệ thống không đọc được."),
            _("Thầy cô quay lại trang trước và thử lại."),
        )
    if status == 403:
        return (
            _("Thầy cô chưa được phép làm việc này"),
            _("Quyền xem và làm đi theo vị trí đang chọn."),
            _("Nếu thầy cô có vị trí khác, hãy bấm “Đổi vị trí”."),
        )
    if status == 404:
        return (
            _("Không tìm thấy trang này"),
            _("Địa chỉ có thể đã đổi, hoặc nội dung không thuộc vị trí đang chọn."),
            "",
        )
    if status == 413:
        return _("Tệp quá lớn"), "", _("Chưa có gì thay đổi trong hệ thống.")
    if status == 422:
        return _("Việc này chưa làm được"), "", _("Chưa có gì thay đổi trong hệ thống.")
    if status == 503:
        return (
            _("Dịch vụ cần dùng đang không trả lời"),
            _("Một dịch vụ bên ngoài đang không trả lời."),
            _("Thầy cô thử lại sau ít phút. Những gì đã lưu vẫn giữ nguyên."),
        )
    return (
        _("Hệ thống gặp lỗi"),
        _("Lỗi này do hệ thống, không phải do thầy cô. Việc vừa làm chưa được ghi."),
        _("Thầy cô thử lại; nếu vẫn lỗi, báo cho quản trị hệ thống kèm giờ xảy ra."),
    )


def _page(request: HttpRequest, status: int, *, message: str = "", code: str = "") -> HttpResponse:
    heading, usual, advice = _texts(status)
    context: dict[str, Any] = {
        "status": status,
        "code": code,
        "heading": heading,
        "message": message or usual,
        "advice": advice,
        "home_label": _("Về Việc hôm nay") if getattr(request, "actor", None) else _("Về trang đăng nhập"),
    }
    return render(request, "web/error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is too old or cookies are off."""
    return _page(
        request,
        403,
        message=_("Trang này mở đã lâu nên biểu mẫu hết hiệu lực. Thầy cô tải lại trang rồi gửi lại."),
        code="csrf",
    )


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """The body is larger than anything that is taken here."""
    text = _("Dữ liệu gửi lên lớn hơn %(limit)s MB nên không được đọc. Thầy cô chọn tệp nhỏ hơn.")
    return _page(request, 413, message=text % {"limit": limit})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """The frame itself may need what is broken (the database): then a bare page."""
    try:
        return _page(request, 500)
    except Exception:
        _log.exception("error_page_failed")
        heading, message, advice = _texts(500)
        text = f'<!doctype html><html lang="vi"><meta charset="utf-8"><title>{heading}</title>'
        return HttpResponse(f"{text}<h1>{heading}</h1><p>{message}</p><p>{advice}</p></html>", status=500)
