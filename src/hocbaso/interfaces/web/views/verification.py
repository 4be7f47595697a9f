"""Public verification: by code, by QR, by file; no account, minimal data until the date of birth is given."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.common import clock
from hocbaso.apps.transcripts import public_verification, queries
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.public_verification import Found
from hocbaso.apps.transcripts.use_cases.open_sheet import open_sheet
from hocbaso.apps.transcripts.use_cases.render import public_booklet
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, Unreadable, register
from hocbaso.interfaces.web import paper, verdict_page
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.limiter import Limiter, TooOften

register(
    {
        "upload_too_large": (
            "Tệp lớn hơn {limit} MB nên không được đọc. Tệp học bạ số chỉ vài trăm KB; hãy chọn đúng tệp.",
            "The file is larger than {limit} MB.",
        ),
        "upload_missing": ("Hãy chọn một tệp XML, PDF hoặc ảnh chụp mã QR.", "Choose a file."),
        "not_opened": (
            "Hãy nhập ngày sinh của học sinh trước khi tải bản PDF.",
            "The date of birth has to be given first.",
        ),
    }
)

MAX_UPLOAD_MB = 10
OPEN_FOR = timedelta(minutes=10)
_OPENED = "opened_sheets"
lookups = Limiter(per_minute=60, burst=60)
uploads = Limiter(per_minute=12, burst=12)

View = Callable[..., HttpResponse]


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def limited(limiter: Limiter) -> Callable[[View], View]:
    """At most so many requests an address; nothing that was shown is kept by the browser."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            try:
                limiter.take(_address(request))
                response = view(request)
            except TooOften as error:
                response = _page(request, error=error, status=429)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return wrap


def _page(
    request: HttpRequest,
    found: Found | None = None,
    *,
    error: DomainError | None = None,
    error_at: str = "ma-hoc-ba",
    file_name: str = "",
    typed: str = "",
    status: int | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "typed": typed,
        "error": words(error) if error else "",
        "error_at": error_at,
        "now": clock.now(),
        "limit": MAX_UPLOAD_MB,
    }
    if found is not None:
        from hocbaso.interfaces.web.views.verification_report import slip_of  # it shares these limits

        context["v"] = verdict_page.describe(found, file_name=file_name)
        context["report"] = slip_of(found.verdict, request)
        if found.issued is not None:
            context |= _holder(request, found.issued)
    status = status or (status_of(error) if error else 200)
    return render(request, "web/verification/page.html", context, status=status)


def _holder(request: HttpRequest, issued: IssuedSheet) -> dict[str, Any]:
    """The whole content, when the holder has given the date of birth."""
    until = opened_until(request, issued)
    if until is None:
        return {"opened": False, "slip": slip_query(issued)}
    return {
        "opened": True,
        "until": until,
        "slip": slip_query(issued),
        "paper": paper.of_sheet(issued.sheet, [], issued),
        "public": True,
    }


def slip_query(issued: IssuedSheet) -> str:
    return urlencode({"c": issued.code, "h": issued.digest[:16]})


def opened_until(request: HttpRequest, issued: IssuedSheet) -> datetime | None:
    """Until when this visitor may see the whole sheet."""
    text = request.session.get(_OPENED, {}).get(issued.code)
    until = datetime.fromisoformat(text) if text else None
    return until if until and until > clock.now() else None


@require_safe
def with_slash(request: HttpRequest) -> HttpResponse:
    """The address is printed without a slash."""
    query = request.META.get("QUERY_STRING", "")
    return redirect("/xac-thuc" + (f"?{query}" if query else ""))


@require_safe
@limited(lookups)
def by_code(request: HttpRequest) -> HttpResponse:
    """``/xac-thuc?c=<code>&h=<digits>``."""
    typed = request.GET.get("c", "").strip()[:120]
    if not typed:
        return _page(request)
    try:
        found = public_verification.verify_code(typed, request.GET.get("h", "").strip().lower()[:64])
    except DomainError as error:
        return _page(request, error=error, typed=typed)
    return _page(request, found, typed=found.verdict.code or typed)


@csrf_exempt  # changes nothing, uses no right of the visitor; too large a body is refused unread
@require_http_methods(["GET", "HEAD", "POST"])
@limited(uploads)
def by_file(request: HttpRequest) -> HttpResponse:
    """``POST /xac-thuc/tep``: XML, PDF or a picture of the QR code."""
    if request.method != "POST":
        return redirect("web:verify")
    try:
        name, data = _uploaded(request)
        scanned = public_verification.address_in_picture(data)
        if scanned is not None:
            return redirect("/xac-thuc?" + urlencode({"c": scanned[0], "h": scanned[1]}))
        return _page(request, public_verification.verify_upload(name, data), file_name=name)
    except TooOften:
        raise
    except DomainError as error:
        return _page(request, error=error, error_at="tep")


def _uploaded(request: HttpRequest) -> tuple[str, bytes]:
    """:raises Unreadable: ``upload_too_large``, ``upload_missing``"""
    limit = MAX_UPLOAD_MB * 1024 * 1024
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > limit + 64 * 1024:
        raise Unreadable("upload_too_large", limit=MAX_UPLOAD_MB)
    file = request.FILES.get("tep")
    if file is None:
        raise Unreadable("upload_missing")
    if (file.size or 0) > limit:
        raise Unreadable("upload_too_large", limit=MAX_UPLOAD_MB)
    return (file.name or "")[:120], file.read()


def issued_of(request: HttpRequest) -> IssuedSheet:
    """The issued version that a request names. :raises NotFound: ``transcript_not_found``"""
    values = request.POST if request.method == "POST" else request.GET
    rows = queries.issued_by_code(values.get("c", "")[:120])
    digits = values.get("h", "")
    found = next((row for row in rows if not digits or row.digest.startswith(digits)), None)
    if found is None:
        raise NotFound("transcript_not_found", code=rows[0].code)
    return found


@require_POST
@limited(lookups)
def open_up(request: HttpRequest) -> HttpResponse:
    """``POST /xac-thuc/ngay-sinh``: the date of birth opens the whole content for ten minutes."""
    issued = issued_of(request)
    try:
        open_sheet(
            issued=issued, birth_date=request.POST.get("ngay-sinh", "")[:20], address=_address(request)
        )
    except DomainError as error:
        found = public_verification.verify_code(issued.code, issued.digest[:16])
        status = 429 if error.code == "birth_date_wait" else 422
        return _page(request, found, error=error, error_at="ngay-sinh", typed=issued.code, status=status)
    kept = {
        code: until
        for code, until in request.session.get(_OPENED, {}).items()
        if datetime.fromisoformat(until) > clock.now()
    }
    request.session[_OPENED] = {**kept, issued.code: clock.iso_seconds(clock.now() + OPEN_FOR)}
    return redirect(f"/xac-thuc?{slip_query(issued)}")


@require_safe
@limited(uploads)
def rendition(request: HttpRequest) -> HttpResponse:
    """The sealed PDF for a holder who has given the date of birth."""
    issued = issued_of(request)
    if opened_until(request, issued) is None:
        raise NotAllowed("not_opened")
    name = f"{issued.code}.v{issued.version}.pdf"
    return _file(public_booklet(issued), "application/pdf", name)


@require_safe
@limited(lookups)
def proof(request: HttpRequest) -> HttpResponse:
    """The inclusion proof of the newest version; nothing personal stands in it."""
    code = request.GET.get("c", "")[:120]
    found = queries.inclusion_proof_of(code)
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    return _file(text.encode(), "application/json", f"{found['code']}.bang-chung.json")


@require_safe
@limited(lookups)
def slip(request: HttpRequest) -> HttpResponse:
    """The verdict as data (the same as ``hocbaso verify --json``), to be kept with a file."""
    found = public_verification.verify_code(
        request.GET.get("c", "")[:120], request.GET.get("h", "").strip().lower()[:64]
    )
    data = {"checked_at": clock.iso_seconds(clock.now()), **found.verdict.to_json()}
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    return _file(text.encode(), "application/json", f"{found.verdict.code}.phieu-kiem-tra.json")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    header = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": header or "attachment"})
