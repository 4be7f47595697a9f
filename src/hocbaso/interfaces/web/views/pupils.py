"""Pupils: the list by class, one pupil's file, the portrait."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import Actor, allowed, holds
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.common.search import matches
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil, SchoolClass
from hocbaso.apps.pupils.use_cases.here import elsewhere
from hocbaso.apps.pupils.use_cases.set_photo import MAX_BYTES, set_photo
from hocbaso.apps.pupils.use_cases.set_register_number import set_register_number
from hocbaso.apps.residence.queries import address_of
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register({"no_such_pupil": ("Trường không có học sinh mang mã này.", "The school has no such pupil.")})

_IDENTITY_STATES = {
    IdentityState.VERIFIED: "ok",
    IdentityState.SENT: "busy",
    IdentityState.NOT_SENT: "idle",
}
MAX_FOUND = 100


def _filters() -> dict[str, tuple[str, Q]]:
    """Name in the address → words and condition."""
    return {
        "thieu-anh": (_("Chưa có ảnh"), Q(pupil__photo__isnull=True, active=True)),
        "danh-tinh": (
            _("Chưa xác thực danh tính"),
            ~Q(pupil__identity_state=IdentityState.VERIFIED) & Q(active=True),
        ),
        "nghi": (_("Không còn học"), Q(active=False)),
    }


def _classes(request: HttpRequest, school: Organisation) -> list[SchoolClass]:
    """The classes that the actor may see, with the number of pupils now in them. Two queries."""
    post = actor_of(request).assignment
    assert post is not None
    whole = allowed(actor_of(request), "pupils.view_school", school)
    if not whole:
        policy(request, "pupils.view_class", post.school_class or SchoolClass(pk=0, school=school))
    classes = SchoolClass.objects.filter(school=school)
    year = request.GET.get("nam", "") or (working_year(school) if whole else "")
    classes = classes.filter(school_year=year) if whole else classes.filter(pk=post.school_class_id or 0)
    return list(classes.annotate(pupils=Count("enrolments", filter=Q(enrolments__active=True))))


def _row(enrolment: Enrolment) -> dict[str, Any]:
    pupil = enrolment.pupil
    return {
        "order": enrolment.order,
        "code": pupil.code,
        "name": pupil.full_name,
        "class": enrolment.school_class.name,
        "birth_date": pupil.birth_date,
        "sex": pupil.sex,
        "personal_number": pupil.personal_number,
        "identity": _IDENTITY_STATES.get(IdentityState(pupil.identity_state), "warn"),
        "identity_words": pupil.get_identity_state_display(),
        "has_photo": pupil.photo_id is not None,
        "status": enrolment.status,
        "active": enrolment.active,
    }


@require_actor
@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    """``/truong/hoc-sinh/``: a class, or whoever is missing something, or whoever is looked for."""
    school = school_of(request)
    classes = _classes(request, school)
    filters = _filters()
    chosen = request.GET.get("loc", "")
    chosen = chosen if chosen in filters else ""
    search = " ".join(request.GET.get("tim", "").split())[:60]
    wanted = request.GET.get("lop", "")
    one = next((c for c in classes if str(c.pk) == wanted), None)
    if one is None and classes and not chosen and not search:
        one = classes[0]
    rows: QuerySet[Enrolment] = (
        Enrolment.objects.filter(school_class__in=classes)
        .select_related("pupil", "school_class")
        .order_by("school_class__grade", "school_class__name", "order", "pupil__sort_key")
    )
    if one is not None:
        rows = rows.filter(school_class=one)
    if search:
        rows = rows.filter(pk__in=_found(rows, search))
    total = rows.count() if chosen or search else None
    if chosen:
        rows = rows.filter(filters[chosen][1])
    people = list(rows[:MAX_FOUND] if one is None else rows)
    viewed(actor_of(request), people, ViewKind.LIST, "roster", school_class=one, unit=school)
    shown = [_row(e) for e in people]
    return render(
        request,
        "web/pupils/roster.html",
        {
            "school": school,
            "classes": classes,
            "year": classes[0].school_year if classes else "",
            "one": one,
            "rows": shown,
            "found": rows.count() if one is None else len(shown),
            "total": total,
            "chosen": chosen,
            "filters": [
                {"key": key, "words": text, "current": key == chosen} for key, (text, _q) in filters.items()
            ],
            "search": search,
            "may_import": allowed(actor_of(request), "pupils.import", school),
        },
    )


def _found(rows: QuerySet[Enrolment], search: str) -> list[int]:
    """Enrolments whose pupil bears that name or code. One query."""
    people = rows.order_by().values_list("pk", "pupil__full_name", "pupil__code")
    return [pk for pk, name, code in people if code == search or matches(search, name)]


def enrolment_of(request: HttpRequest, code: str) -> Enrolment:
    """The pupil's newest enrolment at the school that the actor may see. One query.

    :raises NotFound: ``no_such_pupil``, also for a pupil of a class that is not the actor's.
    """
    rows = (
        Enrolment.objects.filter(pupil__code=code, school_class__school=school_of(request))
        .select_related("pupil", "school_class__school")
        .order_by("-school_class__school_year", "-active", "-pk")
    )
    for row in rows:
        if allowed(actor_of(request), "pupils.view_class", row.school_class):
            return row
    raise NotFound("no_such_pupil")


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def pupil(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/hoc-sinh/<code>/``: the file; the portrait and the register number may be set here."""
    current = aliases.find(code)
    if current is not None and current.code != code:  # a former code, or a file that was merged
        enrolment_of(request, current.code)
        return redirect("web:pupil", current.code)
    enrolment = enrolment_of(request, code)
    viewed(actor_of(request), [enrolment], ViewKind.FILE, "pupil")
    error: dict[str, str] = {}
    if request.method == "POST":
        try:
            done = _change(request, enrolment)
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            field = "so-dang-bo" if "so-dang-bo" in request.POST else "anh"
            error = {"field": field, "text": words(refusal)}
        else:
            messages.success(request, done)
            return redirect("web:pupil", code=code)
    context = {"enrolment": enrolment, "pupil": enrolment.pupil, "error": error, **_file(request, enrolment)}
    return render(request, "web/pupils/pupil.html", context, status=422 if error else 200)


def _change(request: HttpRequest, enrolment: Enrolment) -> str:
    """Do what the form asks; the words that say it was done."""
    actor = actor_of(request)
    if "so-dang-bo" in request.POST:
        set_register_number(actor, enrolment=enrolment, number=request.POST["so-dang-bo"])
        return _("Đã lưu số đăng bộ.")
    sent = request.FILES.get("anh")
    content = sent.read(MAX_BYTES + 1) if sent is not None else b""
    set_photo(actor, enrolment=enrolment, content=content, name=sent.name or "" if sent is not None else "")
    return _("Đã lưu ảnh. Ảnh được cắt theo khung 3×4 và bỏ mọi thông tin đi kèm.")


def _file(request: HttpRequest, enrolment: Enrolment) -> dict[str, Any]:
    """Fields in groups, school years, sheets, events; those of merged files too. Six queries."""
    p: Pupil = enrolment.pupil
    gone = bool(elsewhere([p.pk], enrolment.school_class.school_id))  # then the family is not ours to know
    may_edit = not gone and allowed(actor_of(request), "pupils.edit", enrolment.school_class)
    files = aliases.files_of(p)
    years = Enrolment.objects.filter(pupil__in=files, school_class__school=school_of(request))
    sheets = YearSheet.objects.filter(pupil__in=files, school=school_of(request)).exclude(
        state=SheetState.VOIDED
    )
    return {
        "may_edit": may_edit,
        "groups": _groups(p, whole=not gone and _knows_family(actor_of(request), enrolment)),
        "may_extract": allowed(actor_of(request), "privacy.extract", enrolment.school_class.school),
        "may_see_residence": not gone
        and allowed(actor_of(request), "residence.view_class", enrolment.school_class),
        "identity": _IDENTITY_STATES.get(IdentityState(p.identity_state), "warn"),
        "years": years.select_related("school_class").order_by("-school_class__school_year"),
        "may_see_sheets": allowed(actor_of(request), "transcripts.view_class", enrolment.school_class),
        "sheets": sheets.only("code", "version", "state", "school_year", "frozen_at").order_by(
            "-school_year"
        ),
        "events": [
            {"at": e.at, "by": e.actor, "words": _event_words().get(e.action, e.action)}
            for e in Event.objects.filter(target=p.code).order_by("-sequence")[:20]
        ],
    }


def _event_words() -> dict[str, str]:
    return {
        "pupils.set_photo": _("Đổi ảnh"),
        "pupils.set_register_number": _("Đổi số đăng bộ"),
        "pupils.import": _("Nhập từ danh sách Excel"),
    }


def _knows_family(actor: Actor, enrolment: Enrolment) -> bool:
    """Whoever keeps the file or leads the school; a subject teacher or the seal keeper needs no telephone of
    a family, no address and no parent's occupation."""
    return allowed(actor, "pupils.edit", enrolment.school_class) or holds(
        actor, enrolment.school_class.school_id, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL
    )


def _groups(p: Pupil, *, whole: bool) -> list[tuple[str, list[tuple[str, str]]]]:
    """The file in groups; what is empty is said so. Without ``whole`` only where the pupil comes from."""
    if not whole:
        return [(_("Nơi sinh, quê quán"), [(_("Nơi sinh"), p.birth_place), (_("Quê quán"), p.home_town)])]
    residence = ", ".join(part for part in (p.hamlet, p.commune, p.province) if part)
    dated = address_of(p, clock.today())
    if dated is not None and dated.commune_code == p.commune_code:
        residence = dated.sentence
    return [
        (
            _("Nơi ở và liên hệ"),
            [
                (_("Thường trú"), residence),
                (_("Nơi ở hiện tại"), p.current_address),
                (_("Nơi sinh"), p.birth_place),
                (_("Quê quán"), p.home_town),
                (_("Điện thoại"), p.phone),
            ],
        ),
        (
            _("Gia đình"),
            [
                (_("Họ tên cha"), _person(p.father_name, p.father_occupation, p.father_birth_year)),
                (_("Họ tên mẹ"), _person(p.mother_name, p.mother_occupation, p.mother_birth_year)),
                (_("Người giám hộ"), p.guardian_name),
            ],
        ),
    ]


def _person(name: str, occupation: str, birth_year: str) -> str:
    return ", ".join(
        part
        for part in (name, occupation, _("sinh %(year)s") % {"year": birth_year} if birth_year else "")
        if part
    )


@require_actor
@require_safe
def photo(request: HttpRequest, code: str) -> HttpResponse:
    """The portrait's bytes, for whoever may see the pupil."""
    found = enrolment_of(request, code).pupil.photo
    if found is None:
        raise NotFound("not_found", what=_("ảnh của học sinh này"))
    # ``no-store`` (by the decorator): a child's face does not stay on the disk of a shared PC.
    return HttpResponse(bytes(found.content), content_type=found.media_type)


def pupil_url(code: str) -> str:
    """Address of a pupil's file, for other areas."""
    return reverse("web:pupil", args=[code])
