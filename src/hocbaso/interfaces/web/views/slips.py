"""Confirmation slips: the class's page, the paper's answer, and the guardian's page behind a secret link."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings as node
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.books.facts import class_facts
from hocbaso.apps.common import clock
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.watermark import mark_text
from hocbaso.apps.pupils.models import Pupil, SchoolClass
from hocbaso.apps.quality import queries
from hocbaso.apps.quality.models import Proposal, Slip
from hocbaso.apps.quality.slip_fields import BY_KEY, FIELDS, lines, shown
from hocbaso.apps.quality.use_cases.proposals import reject, take_over
from hocbaso.apps.quality.use_cases.slips import (
    RELATION,
    RELATIONS,
    VALID,
    Printed,
    Said,
    Unanswered,
    answer_by_phone,
    answer_on_paper,
    find_slip,
    masked_value,
    open_slip,
    print_slips,
)
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.engines.rendering.slips import SlipPage, SlipSheet, render_slip_sheet
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.limiter import Limiter, TooOften
from hocbaso.interfaces.web.views import actor_of, class_of, require_actor, school_of

register(
    {
        "no_such_slip": ("Không có phiếu này.", "There is no such slip."),
        "no_such_proposal": ("Không có đề nghị này.", "There is no such proposal."),
        "slip_closed": (
            "Trang này chỉ mở khi đã nhập đúng ngày sinh. Xin nhập lại ngày sinh.",
            "The date of birth must be given first.",
        ),
    }
)

_OPENED = "opened_slips"
_OPEN_FOR = timedelta(minutes=30)
lookups = Limiter(per_minute=60, burst=60)


# --- the school's side


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def of_class(request: HttpRequest, class_id: int) -> HttpResponse:
    """Print slips; see who answered; take over what guardians say, or say why not."""
    found = class_of(request, class_id, "quality.view_class")
    actor, error, wrong = actor_of(request), "", 0
    sent = request.POST
    if request.method == "POST":
        if sent.get("viec") == "in":
            return _print(actor, found, sent)
        proposal = _proposal(found, sent.get("de-nghi", ""))
        try:
            _decide(request, proposal, sent)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, wrong = words(refusal), proposal.pk
        else:
            return redirect(reverse("web:quality-slips", args=[class_id]))
    rows = queries.slips_of_class(found)
    viewed(actor, [row.enrolment for row in rows], "list", "slip", school_class=found)
    context = {
        "school_class": found,
        "rows": rows,
        "proposals": [_shown(p, row.enrolment.pupil) for row in rows for p in row.waiting],
        "answered": sum(bool(row.slip and row.slip.answered_at) for row in rows),
        "may_print": allowed(actor, "quality.print_slips", found),
        "may_take": allowed(actor, "quality.take_over", found),
        "may_record": allowed(actor, "quality.record_answer", found),
        "days": VALID.days,
        "error": error,
        "wrong": wrong,
        "retyped": sent.get("gia-tri", "") if wrong else "",
        "tab": "phieu",
    }
    return render(request, "web/quality/slips.html", context, status=422 if error else 200)


def _shown(proposal: Proposal, pupil: Pupil) -> dict[str, Any]:
    field = BY_KEY[proposal.field]
    return {
        "id": proposal.pk,
        "pupil": pupil,
        "label": field.label,
        "now": shown(field, pupil),
        "value": masked_value(field, proposal.value),
        "who": f"{proposal.answer.relation} {proposal.answer.name}".strip(),
        "on": proposal.answer.said_on,
        "channel": proposal.answer.get_channel_display(),
        "may_edit": field.kind != "number",
    }


def _proposal(school_class: SchoolClass, number: str) -> Proposal:
    found = (
        Proposal.objects.filter(
            pk=int(number), pupil__enrolments__school_class=school_class, pupil__enrolments__active=True
        )
        .select_related("answer__slip__school_class", "pupil")
        .first()
        if number.isascii() and number.isdigit() and len(number) < 12
        else None
    )
    if found is None:
        raise NotFound("no_such_proposal")
    return found


def _decide(request: HttpRequest, proposal: Proposal, sent: QueryDict) -> None:
    actor, name = actor_of(request), proposal.pupil.full_name
    label = BY_KEY[proposal.field].label
    if sent.get("quyet") == "tu-choi":
        reject(actor, proposal=proposal, reason=sent.get("ly-do", ""))
        told = _("Đã giữ nguyên mục “%(label)s” của em %(name)s. Phụ huynh sẽ thấy lý do.")
    else:
        value = sent.get("gia-tri", "").strip()
        take_over(actor, proposal=proposal, value=value if value and value != proposal.value else None)
        told = _("Đã ghi mục “%(label)s” của em %(name)s theo phụ huynh.")
    messages.success(request, told % {"label": label, "name": name})


def _print(actor: Actor, found: SchoolClass, sent: QueryDict) -> HttpResponse:
    chosen = [
        int(text) for text in sent.getlist("hs") if text.isascii() and text.isdigit() and len(text) < 12
    ]
    with transaction.atomic():  # slips that could not be set on paper do not end the ones at home
        printed = print_slips(actor, school_class=found, pupils=chosen or None)
        content = _sheet(actor, found, printed)
    header = content_disposition_header(True, f"Phiếu đối chiếu lớp {found.name}.pdf")
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = header or "attachment"
    return response


def _sheet(actor: Actor, found: SchoolClass, printed: list[Printed]) -> bytes:
    facts = class_facts(found)
    stamp = mark_text(
        actor,
        _("Phiếu đối chiếu gửi phụ huynh"),
        what=f"Phiếu đối chiếu lớp {found.name}",
        persons=len(printed),
        unit=found.school,
    )
    sheet = SlipSheet(
        school=facts.school.name,
        manager=facts.school.manager,
        class_name=found.name,
        year=found.school_year,
        homeroom=facts.head.homeroom,
        valid_until=f"{printed[0].slip.expires_at.astimezone(clock.VIETNAM):%d/%m/%Y}",
        trial=node.HOCBASO_ENVIRONMENT == "thu_nghiem",
        stamp=stamp,
        pages=tuple(
            SlipPage(
                one.pupil.full_name,
                tuple((field.label, value) for field, value in lines(one.pupil)),
                f"{node.HOCBASO_PUBLIC_URL.rstrip('/')}/phieu/{one.token}",
            )
            for one in printed
        ),
    )
    return render_slip_sheet(sheet, clock.now())


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def paper(request: HttpRequest, number: int) -> HttpResponse:
    """The homeroom teacher writes down what came back on paper."""
    slip = (
        Slip.objects.filter(pk=number, school_class__school=school_of(request))
        .select_related("pupil", "school_class__school")
        .first()
    )
    actor = actor_of(request)
    if slip is None or not allowed(actor, "quality.record_answer", slip.school_class):
        raise NotFound("no_such_slip")
    if slip.answered_at or slip.voided_at:
        messages.info(request, _("Phiếu này đã được trả lời hoặc đã thay bằng phiếu mới."))
        return redirect("web:quality-slips", slip.school_class_id)
    form = _Form(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            answer_on_paper(
                actor,
                slip=slip,
                said=form.said,
                relation=form.relation,
                name=form.name,
                said_on=_day(request.POST.get("ngay", "")),
            )
        except NotAllowed:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Đã ghi phiếu của em %(name)s.") % {"name": slip.pupil.full_name})
            return redirect("web:quality-slips", slip.school_class_id)
    if request.method != "POST":
        viewed(actor, [slip.pupil], "file", "slip")
    context = {"slip": slip, "paper": True, "today": clock.today(), **form.context(slip.pupil)}
    return render(request, "web/quality/paper.html", context, status=form.status)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.today()


class _Form:
    """What was ticked and written, and what is wrong with it."""

    def __init__(self, sent: QueryDict | None) -> None:
        self.sent = sent if sent is not None else QueryDict()
        self.errors: dict[str, str] = {}
        self.general = ""
        self.status = 200

    @property
    def said(self) -> dict[str, Said]:
        if self.sent.get("viec") == "tat-ca-dung":
            return {field.key: Said(True) for field in FIELDS}
        found = {}
        for field in FIELDS:
            tick = self.sent.get(f"f-{field.key}", "")
            if tick in ("dung", "sai"):
                found[field.key] = Said(tick == "dung", self.sent.get(f"g-{field.key}", ""))
        return found

    @property
    def relation(self) -> str:
        return self.sent.get("quan-he", "")

    @property
    def name(self) -> str:
        return self.sent.get("ten", "")

    def refuse(self, error: DomainError) -> None:
        """Keep what was typed and say what is wrong, at its field."""
        self.status = 422
        if isinstance(error, Unanswered):
            self.errors = {key: words(one) for key, one in error.errors.items()}
            self.general = self.errors.pop(RELATION, "")
        else:
            self.general = words(error)

    def context(self, pupil: Pupil) -> dict[str, Any]:
        """For the template ``answer.html``."""
        return {
            "fields": [
                {
                    "key": field.key,
                    "label": field.label,
                    "value": value,
                    "kind": field.kind,
                    "no": field.no,
                    "tick": self.sent.get(f"f-{field.key}", ""),
                    "typed": self.sent.get(f"g-{field.key}", ""),
                    "error": self.errors.get(field.key, ""),
                }
                for field, value in lines(pupil)
            ],
            "errors": [(key, text) for key, text in self.errors.items()],
            "general": self.general,
            "relations": RELATIONS,
            "relation": self.relation,
            "name": self.name,
            "provinces": [item.name for item in codelists.provinces()],
        }


# --- the guardian's side


@require_http_methods(["GET", "HEAD", "POST"])
def guardian(request: HttpRequest, token: str) -> HttpResponse:
    """``/phieu/<token>``: the birth date first; then the fields; then what the school made of it."""
    try:
        lookups.take(_address(request))
        slip = find_slip(token)
    except DomainError as error:
        status = 429 if isinstance(error, TooOften) else status_of(error)
        return _told(request, "web/quality/slip_error.html", {"error": words(error)}, status)
    if not _is_open(request, slip):
        return _door(request, slip, token)
    slip.pupil.refresh_from_db()
    if slip.answered_at:
        return _thanks(request, slip)
    form = _Form(request.POST if request.method == "POST" and "viec" in request.POST else None)
    if request.method == "POST":
        try:
            answer_by_phone(slip=slip, said=form.said, relation=form.relation, name=form.name)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return redirect("web:slip", token)
    context = {"slip": slip, "paper": False, **form.context(slip.pupil)}
    return _told(request, "web/quality/slip_answer.html", context, form.status)


def _door(request: HttpRequest, slip: Slip, token: str) -> HttpResponse:
    """Nothing about the pupil yet, not even the name."""
    error, status = "", 200
    if request.method == "POST":
        try:
            if "ngay-sinh" not in request.POST:
                raise DomainError("slip_closed")
            open_slip(slip=slip, birth_date=request.POST["ngay-sinh"][:20], address=_address(request))
        except DomainError as refusal:
            error, status = words(refusal), 429 if refusal.code == "slip_wait" else 422
        else:
            kept = {
                key: until
                for key, until in request.session.get(_OPENED, {}).items()
                if datetime.fromisoformat(until) > clock.now()
            }
            until = clock.iso_seconds(clock.now() + _OPEN_FOR)
            request.session[_OPENED] = {**kept, str(slip.pk): until}
            return redirect("web:slip", token)
    return _told(request, "web/quality/slip_door.html", {"error": error}, status)


def _is_open(request: HttpRequest, slip: Slip) -> bool:
    text = request.session.get(_OPENED, {}).get(str(slip.pk))
    return bool(text) and datetime.fromisoformat(text) > clock.now()


def _thanks(request: HttpRequest, slip: Slip) -> HttpResponse:
    answer = slip.answer
    rows = [
        {
            "label": BY_KEY[p.field].label,
            "value": masked_value(BY_KEY[p.field], p.value),
            "state": p.state,
            "words": p.get_state_display(),
            "reason": p.reason,
        }
        for p in answer.proposals.all()
        if p.field in BY_KEY
    ]
    context = {"slip": slip, "answer": answer, "rows": rows, "right": len(answer.right)}
    return _told(request, "web/quality/slip_thanks.html", context, 200)


def _told(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """A page that no browser keeps and no search engine lists; the link is told to nobody else."""
    response = render(request, template, {**context, "topbar_slim": True}, status=status)
    response.headers["Cache-Control"] = "no-store"
    # Not "no-referrer": browsers then send "Origin: null" with the form, which the CSRF check refuses.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
