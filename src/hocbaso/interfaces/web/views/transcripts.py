"""Year sheets: the list by class, one sheet as it was signed, its files."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.privacy.watermark import note_export
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts import documents, queries
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases.render import preview_pdf, sealed_booklet
from hocbaso.apps.transcripts.waiting.queries import waiting_since
from hocbaso.core.errors import NotAllowed, NotFound, register
from hocbaso.interfaces.web import paper
from hocbaso.interfaces.web.desk_results import result_words
from hocbaso.interfaces.web.templatetags.hbs import date_vi, datetime_vi
from hocbaso.interfaces.web.views import actor_of, require_actor, school_of

register(
    {
        "sheet_not_found": (
            "Trường không có học bạ mang mã này, hoặc học bạ không thuộc lớp của thầy cô.",
            "No such sheet in this school.",
        ),
        "sheet_not_issued": (
            "Học bạ này chưa phát hành nên chưa có tệp XML.",
            "The sheet is not issued yet.",
        ),
    }
)

#: State → (status kind, shape, words).
_STATES: dict[str, tuple[str, str]] = {
    SheetState.AWAITING_SUBJECTS: ("idle", "clock"),
    SheetState.FROZEN: ("idle", "clock"),
    SheetState.HOMEROOM_SIGNED: ("idle", "clock"),
    SheetState.PRINCIPAL_SIGNED: ("idle", "clock"),
    SheetState.ISSUED: ("sealed", "seal"),
    "replaced": ("warn", "swap"),
    "revoked": ("stop", "cross"),
}
_FILTERS = ("", *(s.value for s in SheetState if s != SheetState.VOIDED))
MOST = 500


def state_words(state: str) -> str:
    """The state in words."""
    return {
        SheetState.AWAITING_SUBJECTS: _("Chờ giáo viên môn học ký"),
        SheetState.FROZEN: _("Chờ chủ nhiệm ký"),
        SheetState.HOMEROOM_SIGNED: _("Chờ hiệu trưởng ký"),
        SheetState.PRINCIPAL_SIGNED: _("Chờ phát hành"),
        SheetState.ISSUED: _("Đã phát hành"),
        SheetState.VOIDED: _("Đã trả lại"),
        "replaced": _("Đã thay thế"),
        "revoked": _("Đã thu hồi"),
    }[state]


@require_actor
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/hoc-ba/``: sheets by class and state."""
    actor, school = actor_of(request), school_of(request)
    post = actor.assignment
    assert post is not None
    whole = allowed(actor, "transcripts.view_school", school)
    own = post.school_class
    if not whole and not (own and allowed(actor, "transcripts.view_class", own)):
        raise NotAllowed("not_allowed", what=_("xem học bạ"))
    year = own.school_year if own and not whole else working_year(school)
    classes = list(SchoolClass.objects.filter(school=school, school_year=year)) if whole else [own]
    chosen = next((c for c in classes if c and c.name == request.GET.get("lop")), None)
    chosen = chosen or (own if not whole else None)
    rows = queries.sheets(school, year).defer("body")
    if chosen is not None:
        rows = rows.filter(school_class=chosen)
    found = list(rows.select_related("pupil", "school_class", "enrolment"))
    counts = Counter(row.state for row in found)
    state = request.GET.get("tinh-trang", "")
    state = state if state in _FILTERS else ""
    wanted = [row for row in found if not state or row.state == state]
    shown = _lines(wanted[:MOST])
    context = {
        "year": year,
        "school": school,
        "whole": whole,
        "classes": classes,
        "chosen": chosen,
        "filters": [
            {
                "label": state_words(s) if s else _("Tất cả"),
                "n": counts[s] if s else len(found),
                "url": _query(chosen if whole else None, s),
                "current": s == state,
            }
            for s in _FILTERS
        ],
        "state": state,
        "lines": shown,
        "total": len(wanted),
    }
    return render(request, "web/transcripts/index.html", context)


def _query(chosen: SchoolClass | None, state: str) -> str:
    from urllib.parse import urlencode

    values = {"lop": chosen.name if chosen else "", "tinh-trang": state}
    return "?" + urlencode({k: v for k, v in values.items() if v})


def _sealed_words(since: datetime) -> str:
    """Instead of "Chờ phát hành" while the seal waits for its time stamp."""
    return _("Đã đóng dấu %(when)s, chờ dấu thời gian") % {"when": datetime_vi(since)}


def _lines(rows: list[YearSheet]) -> list[dict[str, Any]]:
    events = queries.statuses([row.code for row in rows])
    sealed = waiting_since([row.pk for row in rows if row.state == SheetState.PRINCIPAL_SIGNED])
    lines = []
    for row in rows:
        event = events.get((row.code, row.version))
        state = event.status if event else row.state
        kind, shape = _STATES[state]
        lines.append(
            {
                "code": row.code,
                "order": row.enrolment.order,
                "name": row.pupil.full_name,
                "class": row.school_class.name,
                "overall": result_words(row),
                "version": row.version,
                "digest": row.digest,
                "kind": kind,
                "shape": shape,
                "words": _sealed_words(sealed[row.pk]) if row.pk in sealed else state_words(state),
            }
        )
    return lines


def sheet_of(request: HttpRequest, code: str) -> YearSheet:
    """A live sheet that the actor may see; ``?phien-ban=`` chooses an older version. One query.

    :raises NotFound: ``sheet_not_found``.
    """
    rows = (
        YearSheet.objects.filter(code=code, school=school_of(request))
        .exclude(state=SheetState.VOIDED)
        .select_related("school_class__school", "school", "pupil", "issued")
    )
    version = request.GET.get("phien-ban", "")
    if version.isdecimal():
        rows = rows.filter(version=int(version[:4]))
    found = rows.order_by("-version").first()
    if found is None or not allowed(actor_of(request), "transcripts.view_class", found.school_class):
        raise NotFound("sheet_not_found")
    return found


def issued_of(found: YearSheet) -> IssuedSheet | None:
    return found.issued if hasattr(found, "issued") else None


@require_actor
@require_safe
def sheet(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/hoc-ba/<code>/``: the form, drawn from the stored bytes."""
    found = sheet_of(request, code)
    viewed(actor_of(request), [found.pupil], ViewKind.FILE, "transcript")
    issued = issued_of(found)
    signatures = list(found.signatures.filter(voided_at__isnull=True).select_related("certificate"))
    versions = list(
        YearSheet.objects.filter(code=found.code)
        .exclude(state=SheetState.VOIDED)
        .defer("body")
        .order_by("-version")
    )
    events = queries.statuses([found.code])
    event = events.get((found.code, found.version))
    state = event.status if event else found.state
    kind, shape = _STATES[state]
    words = state_words(state)
    if found.state == SheetState.PRINCIPAL_SIGNED and (since := waiting_since([found.pk])):
        words = _sealed_words(since[found.pk])
    if issued and not event:
        words = _("%(words)s %(day)s, phiên bản %(n)s") % {
            "words": words,
            "day": date_vi(issued.issued_at),
            "n": found.version,
        }
    context = {
        "sheet": found,
        "issued": issued,
        "event": event,
        "kind": kind,
        "shape": shape,
        "words": words,
        "signatures": [paper.signature_line(s, found) for s in signatures],
        "versions": [
            {
                "n": v.version,
                "words": state_words(events[v.code, v.version].status)
                if (v.code, v.version) in events
                else state_words(v.state),
                "digest": v.digest,
                "current": v.version == found.version,
            }
            for v in versions
        ],
        "paper": paper.of_sheet(found, signatures, issued),
        "draft": issued is None,
        "may_make_code": allowed(actor_of(request), "offline.make_code", found.school_class),
    }
    return render(request, "web/transcripts/sheet.html", context)


def _file(content: bytes, kind: str, name: str, *, inline: bool = False) -> HttpResponse:
    header = content_disposition_header(as_attachment=not inline, filename=name)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": header or "inline"})


@require_actor
@require_safe
def xml(request: HttpRequest, code: str) -> HttpResponse:
    """The issued document with its time stamp. :raises NotFound: ``sheet_not_issued``"""
    found = sheet_of(request, code)
    issued = issued_of(found)
    if issued is None:
        raise NotFound("sheet_not_issued")
    (exported,) = documents.export([issued])
    note_export(actor_of(request), "Học bạ, tệp XML", what="transcript", content=exported.xml, persons=1)
    return _file(exported.xml, "application/xml", f"{found.code}.v{found.version}.xml")


@require_actor
@require_safe
def pdf(request: HttpRequest, code: str) -> HttpResponse:
    """The sealed booklet; before issue the preview of the sheet, opened in the browser."""
    found = sheet_of(request, code)
    issued = issued_of(found)
    if issued is None:
        return _file(
            preview_pdf(actor_of(request), sheet=found),
            "application/pdf",
            f"xem-truoc-{found.code}.pdf",
            inline=True,
        )
    content = sealed_booklet(actor_of(request), issued=issued)
    words = "Học bạ, bản thể hiện PDF"
    note_export(actor_of(request), words, what="transcript", content=content, persons=1)
    return _file(
        content, "application/pdf", f"{found.code}.v{found.version}.pdf", inline="xem" in request.GET
    )
