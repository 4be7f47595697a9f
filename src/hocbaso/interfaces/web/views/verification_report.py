"""The report of a verification that somebody has just seen, to be kept: JSON or "Biên bản xác thực" as PDF.

Nothing of an uploaded file stays at the node: the page carries its report itself, compressed and signed by
the node for a quarter of an hour; what comes back is told as it was judged then, by whom and when.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hocbaso import __version__
from hocbaso.apps.common import clock
from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.rendering.reports import render_report
from hocbaso.engines.trust.verification import Verdict
from hocbaso.engines.trust.verification.report import report_json, report_of
from hocbaso.interfaces.web.views.verification import limited, uploads

register(
    {
        "report_over": (
            "Lần kiểm tra này đã hết hạn lập biên bản. Hãy kiểm tra lại tệp hoặc mã rồi tải biên bản.",
            "The report of that verification is not at hand any more; verify again.",
        ),
    }
)

KEPT = timedelta(minutes=15)
_SALT = "hocbaso.verification.report"
#: A sheet with thirty signatures has some 20 kB.
_LONGEST = 256 * 1024


def slip_of(verdict: Verdict, request: HttpRequest) -> str:
    """The report as a text that the page carries: what the page shows, and digests of what it does not."""
    person = request.user
    by = getattr(person, "full_name", "") if person.is_authenticated else _("khách, không đăng nhập")
    made = report_of(
        verdict, now=clock.now(), software=f"hocbaso {__version__}", place=request.get_host(), by=str(by)
    )
    return signing.dumps(
        {"until": (clock.now() + KEPT).timestamp(), "report": made}, salt=_SALT, compress=True
    )


def _read(slip: str) -> dict[str, Any]:
    """:raises Unreadable: ``report_over``: too old, or not made by this node."""
    if len(slip) > _LONGEST:
        raise Unreadable("report_over")
    try:
        kept = signing.loads(slip, salt=_SALT)
    except signing.BadSignature as error:
        raise Unreadable("report_over") from error
    if kept["until"] < clock.now().timestamp():
        raise Unreadable("report_over")
    report: dict[str, Any] = kept["report"]
    return report


@require_POST
@limited(uploads)
def report(request: HttpRequest) -> HttpResponse:
    """``POST /xac-thuc/bien-ban``: ``phieu`` from the page, ``dang`` = ``pdf`` or ``json``."""
    made = _read(request.POST.get("phieu", ""))
    data = report_json(made)
    as_pdf = request.POST.get("dang") != "json"
    content = render_report(made, data) if as_pdf else data.encode()
    kind, ending = ("application/pdf", "bien-ban.pdf") if as_pdf else ("application/json", "bao-cao.json")
    name = f"{made['document']['code'] or 'hoc-ba'}.{ending}"
    header = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": header or "attachment"})
