"""The repair page of one pupil or one member of staff: what differs, entry on the spot, send again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.identity import background, queries
from hocbaso.apps.identity.evidence import LABELS
from hocbaso.apps.identity.models import Sending
from hocbaso.apps.identity.queries import FIELD_LABELS
from hocbaso.apps.identity.use_cases import repair
from hocbaso.apps.identity.use_cases.send import send, send_staff
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.letters import collapse
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.identity_desk import Desk, commune_name, context, with_zero
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_identity": (
            "Trường không có hồ sơ này trong danh sách đang học.",
            "There is no such file among those who study here.",
        ),
        "no_such_member": ("Trường không có cán bộ mang mã này.", "There is no such member of staff."),
        "identity_paper_day": ("Ngày của giấy tờ ghi dạng ngày/tháng/năm.", "The paper's date is a date."),
        "identity_commune_name": (
            "{label}: không có “{written}” trong {province}. {near}",
            "{label}: there is no {written!r} in {province}. {near}",
        ),
        "identity_province_first": ("Chọn tỉnh, thành phố thường trú trước.", "Choose the province first."),
    }
)

#: What a form calls a field → what the file calls it.
INPUTS = {
    "ho-ten": "full_name",
    "ngay-sinh": "birth_date",
    "gioi-tinh": "sex",
    "so-dinh-danh": "personal_number",
    "tinh": "province",
    "xa": "commune",
}


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def pupil(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/danh-tinh/hoc-sinh/<code>/``."""
    actor, school = actor_of(request), school_of(request)
    enrolment = _enrolment(actor, school, code)
    (row,) = queries.rows_of_people([enrolment.pupil])
    in_class = enrolment.school_class
    row.enrolment, row.school_class = enrolment, in_class
    return _page(
        Desk(
            request,
            actor,
            school,
            row,
            in_class,
            may_repair=allowed(actor, "identity.repair", in_class),
            may_send=allowed(actor, "identity.send_class", in_class),
            may_print=allowed(actor, "identity.letters", in_class),
        )
    )


def _enrolment(actor: Actor, school: Organisation, code: str) -> Enrolment:
    """The pupil's newest place at the school that the actor may see. One query."""
    rows = (
        queries.studying()
        .filter(pupil__code=code, school_class__school=school)
        .select_related("school_class")
        .order_by("-school_class__school_year", "-pk")
    )
    for row in rows:
        row.school_class.school = school
        if allowed(actor, "identity.view_class", row.school_class):
            return row
    raise NotFound("no_such_identity")


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/danh-tinh/can-bo/<code>/``."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "identity.view_school", school)
    found = StaffMember.objects.filter(organisation=school, code=code).first()
    if found is None:
        raise NotFound("no_such_member")
    found.organisation = school
    (row,) = queries.rows_of_people([found])
    return _page(
        Desk(
            request,
            actor,
            school,
            row,
            None,
            may_repair=allowed(actor, "identity.repair_staff", school),
            may_send=allowed(actor, "identity.send_staff", school),
            may_print=False,
        )
    )


def _page(desk: Desk) -> HttpResponse:
    request = desk.request
    if request.method == "POST":
        try:
            return _DEEDS.get(request.POST.get("viec", ""), _save)(desk)
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            _refused(desk, refusal)
    else:
        if desk.row.job is not None:
            background.wake()
        viewed(desk.actor, [desk.person], "file", "identity")
    status = 422 if desk.error else 200
    return render(request, "web/identity/person.html", context(desk), status=status)


def _refused(desk: Desk, refusal: DomainError) -> None:
    """Show the refusal at its field, with what was typed."""
    desk.person.refresh_from_db()
    desk.error = words(refusal)
    desk.typed = {
        name: desk.request.POST.get(name, "") for name in (*INPUTS, "ghi-chu", "giay-to", "ngay-giay")
    }
    if refusal.code == "identity_lost_zero":
        desk.proposal = str(refusal.params.get("proposal", ""))
    labels = {label: name for name, label in LABELS.items()}
    field_name = labels.get(str(refusal.params.get("label", "")), "")
    inputs = {name: key for key, name in INPUTS.items()}
    desk.error_at = inputs.get(field_name, "") or {
        "identity_lost_zero": "so-dinh-danh",
        "identity_number_taken": "so-dinh-danh",
        "identity_place": "xa",
        "identity_commune_elsewhere": "xa",
        "identity_province_first": "tinh",
        "identity_paper": "giay-to",
        "identity_paper_date": "ngay-giay",
        "identity_paper_day": "ngay-giay",
    }.get(refusal.code, "thong-tin")
    if desk.request.POST.get("viec", "").startswith("xac-nhan"):
        desk.error_at = f"{desk.request.POST['viec']}-{desk.error_at}"


# What a form may ask for ─────────────────────────────────────────────────────────────────────────


def _save(desk: Desk) -> HttpResponse:
    """Keep what was typed; send again when asked to."""
    done = repair.correct(desk.actor, desk.person, _values(desk), desk.request.POST.get("ghi-chu", ""))
    names = ", ".join(dict.fromkeys(_LABELS[name].lower() for name in done.changed))
    saved = _("Đã sửa %(what)s của %(name)s.") % {"what": names, "name": done.person.full_name}
    messages.success(desk.request, saved)
    if desk.request.POST.get("viec") == "luu-gui":
        _send_again(desk)
    return _back(desk)


_LABELS = LABELS | {"province_code": LABELS["province"], "commune_code": LABELS["commune"]}


def _values(desk: Desk) -> dict[str, str]:
    """The fields whose input says something else than the file."""
    sent, person = desk.request.POST, desk.person
    values: dict[str, str] = {}
    for key, shown in (
        ("ho-ten", person.full_name),
        ("ngay-sinh", format_vi(person.birth_date)),
        ("gioi-tinh", person.sex),
    ):
        if key in sent and sent[key] != shown:
            values[INPUTS[key]] = sent[key][:200]
    number = collapse(sent.get("so-dinh-danh", ""))[:40]
    if sent.get("them-so-0") == "1":  # offered, and ticked by whoever has the paper before him
        number = with_zero(person, number or person.personal_number) or number
    if sent.get("bo-so") == "1":
        values["personal_number"] = ""
    elif number:
        values["personal_number"] = number
    if isinstance(person, Pupil) and ("tinh" in sent or "xa" in sent):
        values |= _place(person, sent)
    return values


def _place(person: Pupil, sent: Mapping[str, str]) -> dict[str, str]:
    """Codes of the residence that was typed; nothing when it is the file's.

    :raises DomainError: ``identity_province_first``, ``identity_commune_name``
    """
    code, written = sent.get("tinh", person.province_code), collapse(sent.get("xa", ""))[:120]
    if code == person.province_code and written in ("", commune_name(person)):
        return {}
    province = codelists.province(code)
    if province is None:
        raise DomainError("identity_province_first")
    commune = codelists.find_commune(code, written)
    if commune is None:
        near = [c.name for c in codelists.propose(codelists.communes(code), written)] if written else []
        raise DomainError(
            "identity_commune_name",
            label=LABELS["commune"],
            written=written or "(trống)",
            province=province.name,
            near=_("Có phải %(names)s?") % {"names": ", ".join(near)}
            if near
            else _("Thầy cô chọn trong danh sách."),
        )
    return {"province_code": code, "commune_code": commune.code}


def _send(desk: Desk) -> HttpResponse:
    _send_again(desk)
    return _back(desk)


def _send_again(desk: Desk) -> Sending:
    """Queue the person; what keeps him from being sent is told."""
    if desk.in_class is None:
        made = send_staff(desk.actor, school=desk.school, year=working_year(desk.school), staff=[desk.person])
    else:
        made = send(
            desk.actor,
            school=desk.school,
            year=desk.in_class.school_year,
            school_class=desk.in_class,
            pupils=[desk.person],
        )
    background.wake()
    name = {"name": desk.person.full_name}
    if made.queued:
        messages.success(desk.request, _("Đã gửi xác thực %(name)s.") % name)
    elif made.incomplete:
        lacks = [LABELS[field_name].lower() for field_name in dict.fromkeys(made.incomplete[0]["missing"])]
        text = (
            _("Chưa gửi được: hồ sơ còn thiếu %(what)s.") % {"what": ", ".join(lacks)}
            if lacks
            else _("Chưa gửi được: cần xác nhận cảnh báo về số định danh, ngày sinh ở dưới.")
        )
        messages.warning(desk.request, text)
    else:
        messages.info(
            desk.request, _("%(name)s đã xác thực hoặc đang chờ trả lời, không cần gửi lại.") % name
        )
    return made


def _confirm_warnings(desk: Desk) -> HttpResponse:
    paper, day = _paper(desk)
    note = desk.request.POST.get("ghi-chu", "")
    repair.confirm_warnings(desk.actor, desk.person, paper=paper, paper_date=day, note=note)
    messages.success(desk.request, _("Đã ghi nhận: số định danh và ngày sinh đúng như hồ sơ."))
    if desk.request.POST.get("gui") == "1":
        _send_again(desk)
    return _back(desk)


def _confirm_difference(desk: Desk) -> HttpResponse:
    paper, day = _paper(desk)
    repair.confirm_difference(
        desk.actor,
        desk.person,
        fields=[name for name in desk.request.POST.getlist("muc") if name in FIELD_LABELS],
        paper=paper,
        paper_date=day,
        note=desk.request.POST.get("ghi-chu", ""),
    )
    messages.success(desk.request, _("Đã ghi nhận: giấy tờ ghi đúng như hồ sơ."))
    return _back(desk)


def _paper(desk: Desk) -> tuple[str, date | None]:
    """The paper that was seen and its date."""
    text = desk.request.POST.get("ngay-giay", "")
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise DomainError("identity_paper_day") from None
    return desk.request.POST.get("giay-to", "")[:200], day


def _back(desk: Desk) -> HttpResponse:
    """To the list that the form came from, or to this page again."""
    step = desk.request.POST.get("ve", "")
    if step in ("1", "2", "3"):
        return redirect("web:identity-step", int(step))
    return redirect(desk.request.path)


_DEEDS: dict[str, Callable[[Desk], HttpResponse]] = {
    "luu": _save,
    "luu-gui": _save,
    "gui": _send,
    "xac-nhan-canh-bao": _confirm_warnings,
    "xac-nhan-sai-lech": _confirm_difference,
}
