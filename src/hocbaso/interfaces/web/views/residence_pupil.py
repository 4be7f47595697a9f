"""Residence of one pupil: the dated history, what differs, a statement, an exception, the print."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.privacy.watermark import mark_text
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.pupils.use_cases.here import elsewhere
from hocbaso.apps.residence import background, queries
from hocbaso.apps.residence.models import Answer, Kind, Lookup, Paper, PaperException, Source, Stay, Told
from hocbaso.apps.residence.use_cases.decide import keep_file, take_over
from hocbaso.apps.residence.use_cases.fetch import missing, order_lookups
from hocbaso.apps.residence.use_cases.note_exception import note_exception, reasons_for
from hocbaso.apps.residence.use_cases.state_abode import state_abode
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.core.residence import full_address
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.residence_forms import commune_code_of, order_words, place_fields
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.pupils import enrolment_of


def _enrolment(request: HttpRequest, code: str) -> Enrolment:
    """:raises NotFound: ``no_such_pupil``, also for one who went to another school: where the family lives
    now is no longer ours to know.
    """
    enrolment = enrolment_of(request, code)
    policy(request, "residence.view_class", enrolment.school_class)
    if elsewhere([enrolment.pupil_id], enrolment.school_class.school_id):
        raise NotFound("no_such_pupil")
    return enrolment


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def pupil(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/cu-tru/hoc-sinh/<code>/``: the history with dates and sources; decisions are taken here."""
    actor, enrolment = actor_of(request), _enrolment(request, code)
    found = enrolment.pupil
    error: dict[str, str] = {}
    if request.method == "POST":
        doing = request.POST.get("viec", "")
        try:
            done = _act(request, enrolment, doing)
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            error = {"at": _AT.get(doing, ""), "text": words(refusal)}
        else:
            messages.success(request, done)
            return redirect("web:residence-pupil", code=code)
    viewed(actor, [found], ViewKind.FILE, "residence")
    background.wake()
    today, files = clock.today(), queries.files_of(found)
    told = [_difference(found.current_address, enrolment, row) for row in queries.open_told(found)]
    context = {
        "enrolment": enrolment,
        "pupil": found,
        "school_class": enrolment.school_class,
        "today": today,
        "file": full_address(found.hamlet, found.commune, found.province),
        "permanent": queries.address_of(found, today),
        "current": queries.address_of(found, today, Kind.CURRENT),
        "told": told,
        "history": queries.history_of(found),
        "answers": list(Answer.objects.filter(pupil__in=files).order_by("-id")[:10]),
        "exceptions": list(PaperException.objects.filter(pupil__in=files)),
        "waiting": Lookup.objects.filter(pupil=found, state__in=("queued", "sent")).first(),
        "lacks": missing(found),
        "kinds": [(k.value, k.label) for k in (Kind.CURRENT, Kind.TEMPORARY)],
        "may_fetch": allowed(actor, "residence.fetch_class", enrolment.school_class),
        "may_record": allowed(actor, "residence.record", enrolment.school_class),
        "may_except": allowed(actor, "residence.exception", enrolment.school_class.school),
        "error": error,
        "sent": request.POST if error else {},
        **place_fields(request.POST, school_of(request)),
    }
    return render(request, "web/residence/pupil.html", context, status=422 if error else 200)


#: Which field an error of a doing leads to.
_AT = {"giu": "ly-do", "khai": "so-nha", "nhan": "xa"}


def _difference(current_address: str, enrolment: Enrolment, row: Told) -> dict[str, Any]:
    """File and register side by side."""
    entry, found = row.entry, enrolment.pupil
    in_file = (
        full_address(found.hamlet, found.commune, found.province)
        if row.kind == Kind.PERMANENT
        else current_address
    )
    return {
        "row": row,
        "file": in_file,
        "register": full_address(entry["detail"], entry["commune"], entry["province"]),
        "since": entry["since"],
        "mapped": entry["mapped"],
        "relation": entry["relation"],
        "asks_commune": not entry["commune_code"],
        "verified_field": row.kind == Kind.PERMANENT and row.units_differ,
    }


def _act(request: HttpRequest, enrolment: Enrolment, doing: str) -> str:
    actor, sent, found = actor_of(request), request.POST, enrolment.pupil
    if doing == "tra-cuu":
        school_class = enrolment.school_class
        order = order_lookups(
            actor, school=school_class.school, year=school_class.school_year, pupils=[found]
        )
        background.wake()
        return order_words(order)
    if doing in ("nhan", "giu"):
        row = _told(found.pk, sent.get("muc", ""))
        if doing == "giu":
            keep_file(actor, row, note=sent.get("ly-do", ""))
            return _("Đã giữ theo hồ sơ. Gia đình báo công an nơi cư trú để dữ liệu dân cư được cập nhật.")
        code = "" if row.entry.get("commune_code") else commune_code_of(sent)
        take_over(actor, row, commune_code=code)
        return _("Đã nhận địa chỉ theo dữ liệu dân cư vào hồ sơ.")
    supersedes = sent.get("thay", "")
    state_abode(
        actor,
        pupil=found,
        kind=sent.get("loai", ""),
        detail=sent.get("so-nha", ""),
        commune_code=commune_code_of(sent),
        said_by=sent.get("nguoi-khai", ""),
        since=sent.get("tu-ngay", "")[:20],
        note=sent.get("ghi-chu", ""),
        supersedes=Stay.objects.filter(pk=_number(supersedes), pupil=found).first() if supersedes else None,
    )
    return _("Đã ghi lời khai.")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _told(pupil_id: int, key: str) -> Told:
    row = Told.objects.filter(pk=_number(key), pupil=pupil_id).first()
    if row is None:
        raise DomainError("residence_decided")
    return row


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def printed(request: HttpRequest, code: str) -> HttpResponse:
    """The print for an admission file, so that nobody is asked for a paper; making it is on record."""
    actor, enrolment = actor_of(request), _enrolment(request, code)
    found = enrolment.pupil
    today = clock.today()
    on = _day(request.GET.get("ngay", "")) or today
    answers = Answer.objects.filter(pupil=found, outcome="matched").order_by("-id")
    answer = answers.first()
    addresses = [queries.address_of(found, on, kind, source=Source.POPULATION) for kind in Kind.values]
    by_register = [a for a in addresses if a is not None]
    context: dict[str, Any] = {
        "enrolment": enrolment,
        "pupil": found,
        "school": enrolment.school_class.school,
        "addresses": [(Kind(a.kind).label, a) for a in by_register],
        "history": [line for line in queries.history_of(found) if line.stay.source == "population"],
        "relation": next(
            (line.stay.relation for line in queries.history_of(found) if line.now and line.stay.relation), ""
        ),
        "answer": answer,
        "on": on,
        "mark": "",
    }
    if request.method == "POST" and by_register:
        viewed(actor, [found], ViewKind.EXPORT, "residence")
        purpose = "In thông tin cư trú cho hồ sơ nhập học, thay giấy tờ cư trú"
        unit = enrolment.school_class.school
        context["mark"] = mark_text(actor, purpose, what="residence", persons=1, unit=unit)
    else:
        viewed(actor, [found], ViewKind.FILE, "residence")
    return render(request, "web/residence/print.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def exception(request: HttpRequest, code: str) -> HttpResponse:
    """Note that a paper was looked at, with the failed look-up and the reason."""
    enrolment = _enrolment(request, code)
    policy(request, "residence.exception", enrolment.school_class.school)
    found, sent = enrolment.pupil, request.POST
    error = ""
    if request.method == "POST":
        try:
            note_exception(
                actor_of(request),
                pupil=found,
                paper=sent.get("giay", ""),
                reason=sent.get("ly-do", ""),
                explanation=sent.get("giai-thich", ""),
                voluntary=sent.get("tu-nguyen", "") == "1",
                kind=sent.get("loai", ""),
                detail=sent.get("so-nha", ""),
                commune_code=commune_code_of(sent),
                since=sent.get("tu-ngay", "")[:20],
                paper_number=sent.get("so-giay", ""),
                paper_date=_day(sent.get("ngay-giay", "")),
            )
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            error = words(refusal)
        else:
            messages.success(request, _("Đã ghi trường hợp ngoại lệ; mục này có trong báo cáo của trường."))
            return redirect("web:residence-pupil", code=code)
    reasons = reasons_for(found)
    context = {
        "enrolment": enrolment,
        "pupil": found,
        "reasons": [(r.value, r.label) for r in reasons],
        "papers": [(p.value, p.label) for p in Paper],
        "kinds": [(k.value, k.label) for k in Kind],
        "error": error,
        "sent": sent,
        **place_fields(sent, school_of(request)),
    }
    return render(request, "web/residence/exception.html", context, status=422 if error else 200)
