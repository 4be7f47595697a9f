"""Who teaches what: the matrix of a year and one cell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts import teaching
from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.accounts.queries import ALL_OTHERS
from hocbaso.apps.accounts.use_cases.assign import assign, end_assignment
from hocbaso.apps.accounts.use_cases.confirm_proposals import confirm_proposals, drop_proposals
from hocbaso.apps.accounts.use_cases.designate_signer import designate_signer, substitute_signer
from hocbaso.apps.accounts.use_cases.stand_in import replace_teacher, stand_in
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.class_subjects import subject_name, subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.interfaces.web.class_forms import TeachingForm
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.classes import tabs, year_of

_AT = {
    "assign_taken": "first_day",
    "assign_twice": "user",
    "assign_own": "user",
    "assign_inactive": "user",
    "assign_dates": "last_day",
    "assign_longer": "last_day",
    "stand_in_same": "user",
    "stand_in_first_day": "first_day",
    "stand_in_last_day": "last_day",
    "stand_in_reason": "reason",
    "signer_decision": "decision_number",
    "signer_reason": "reason",
    "signer_same": "user",
    "signer_own": "user",
    "signer_twice": "user",
    "signer_inactive": "user",
    "": "post",
}


@require_actor
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/phan-cong/``: subjects × classes of one grade (or of the whole year)."""
    school = school_of(request)
    policy(request, "accounts.view_staff", school)
    year, years = year_of(request, school)
    classes = teaching.classes_of(school, year)
    grades = sorted({c.grade for c in classes})
    wanted = request.GET.get("khoi", "")
    grade = int(wanted) if wanted.isascii() and wanted.isdigit() and int(wanted) in grades else None
    if grade is None and wanted != "tat-ca" and grades:
        grade = grades[0]
    shown = [c for c in classes if grade is None or c.grade == grade]
    proposals = teaching.proposals_of(school, year)
    context = {
        "tabs": tabs(request, "teaching"),
        "school": school,
        "year": year,
        "years": years,
        "grades": grades,
        "grade": grade,
        "matrix": teaching.matrix(shown),
        "total": len(classes),
        "proposals": len(proposals),
    }
    return render(request, "web/classes/teaching.html", context)


def _row_name(school_class: SchoolClass, row: str) -> str:
    if row == teaching.HOMEROOM_ROW:
        return _("Chủ nhiệm")
    code = ALL_OTHERS if row == teaching.OTHERS_ROW else row
    return subject_name(school_class, code)


def _known(school_class: SchoolClass, row: str) -> bool:
    if row in (teaching.HOMEROOM_ROW, teaching.OTHERS_ROW):
        return True
    if any(s.code == row for s in subjects_of_class(school_class)):
        return True
    return Assignment.objects.filter(school_class=school_class, subject_code=row).exists()


@require_actor
@require_http_methods(["GET", "POST"])
def cell(request: HttpRequest, class_id: int, row: str) -> HttpResponse:
    """``/truong/phan-cong/<class>/<subject>/``: who, from when to when, and every change of it."""
    school_class = class_of(request, class_id, "accounts.view_teaching")
    if not _known(school_class, row):
        raise NotFound("not_found", what=_("môn học này ở lớp"))
    actor, school = actor_of(request), school_class.school
    posts = teaching.cell_history(school_class, row)
    people = teaching.teaching_staff(school)
    form = TeachingForm(
        request.POST if "action" in request.POST else None,
        posts=[(str(post.pk), _post_words(post)) for post in posts],
        people=[(str(person.pk), f"{person.full_name} ({person.username})") for person in people],
        initial={"first_day": clock.today(), "action": "thay" if posts else "giao"},
    )
    if request.method == "POST":
        policy(request, "accounts.assign", school)
        done = (
            _designate(request, actor, posts)
            if "ky" in request.POST
            else _change(form, actor, school_class, row, posts, people)
        )
        if done:
            messages.success(request, done)
            return redirect("web:teaching-cell", class_id, row)
    today = clock.today()
    context = {
        "school_class": school_class,
        "row": row,
        "name": _row_name(school_class, row),
        "posts": [(post, _state(post, today)) for post in posts],
        "parts": next((s.parts for s in subjects_of_class(school_class) if s.code == row), ()),
        "may": allowed(actor, "accounts.assign", school),
        "may_designate": allowed(actor, "accounts.designate_signer", school),
        "is_subject": row != teaching.HOMEROOM_ROW,
        "form": form,
    }
    return render(request, "web/classes/cell.html", context, status=422 if form.errors else 200)


def _state(post: Assignment, today: Any) -> str:
    if post.valid_from > today:
        return "coming"
    return "past" if post.valid_to is not None and post.valid_to < today else "present"


def _post_words(post: Assignment) -> str:
    span = _("từ %(day)s") % {"day": f"{post.valid_from:%d/%m/%Y}"}
    if post.valid_to is not None:
        span += " " + _("đến hết %(day)s") % {"day": f"{post.valid_to:%d/%m/%Y}"}
    return f"{post.user.full_name}, {span}"


def _designate(request: HttpRequest, actor: Actor, posts: list[Assignment]) -> str:
    wanted = request.POST.get("ky", "")
    post = next((p for p in posts if str(p.pk) == wanted.removeprefix("thoi-")), None)
    if post is None:
        return ""
    signs = not wanted.startswith("thoi-")
    try:
        designate_signer(actor, assignment=post, signs=signs)
    except DomainError as refusal:
        if refusal.code == "not_allowed":
            raise
        messages.error(request, words(refusal))
        return ""
    if signs:
        return _("%(name)s ký môn này cho lớp.") % {"name": post.user.full_name}
    return _("Đã bỏ chỉ định; tất cả người dạy cùng ký.")


def _change(
    form: TeachingForm,
    actor: Actor,
    school_class: SchoolClass,
    row: str,
    posts: list[Assignment],
    people: list[User],
) -> str:
    if not form.is_valid():
        return ""
    v = form.cleaned_data
    # The form has asked for both where the action needs them; its lists are these.
    post = cast(Assignment, next((p for p in posts if str(p.pk) == v["post"]), None))
    user = cast(User, next((p for p in people if str(p.pk) == v["user"]), None))
    papers = {name: v[name] for name in ("decision_number", "decision_date", "decision_signer")}
    homeroom = row == teaching.HOMEROOM_ROW
    code = "" if homeroom else ALL_OTHERS if row == teaching.OTHERS_ROW else row
    calls: dict[str, Callable[[], Any]] = {
        "giao": lambda: assign(
            actor,
            user=user,
            organisation=school_class.school,
            role=Role.HOMEROOM if homeroom else Role.SUBJECT_TEACHER,
            school_class=school_class,
            subject_code=code,
            valid_from=v["first_day"],
            valid_to=v["last_day"],
            **papers,
        ),
        "thay": lambda: replace_teacher(
            actor,
            assignment=post,
            user=user,
            first_day=v["first_day"],
            reason=v["reason"],
            **papers,
        ),
        "day-thay": lambda: stand_in(
            actor,
            assignment=post,
            user=user,
            first_day=v["first_day"],
            last_day=v["last_day"],
            reason=v["reason"],
            **papers,
        ),
        "ket-thuc": lambda: end_assignment(
            actor,
            assignment=post,
            last_day=v["last_day"],
            reason=v["reason"],
        ),
        "ky-thay": lambda: substitute_signer(
            actor,
            assignment=post,
            subject_code=code,
            user=user,
            reason=v["reason"],
            valid_from=v["first_day"],
            valid_to=v["last_day"],
            **papers,
        ),
    }
    done: Assignment | None = form.attempt(calls[v["action"]], _AT)
    if done is None:
        return ""
    if v["action"] == "ket-thuc":
        return _("Phân công của %(name)s kết thúc hết ngày %(day)s.") % {
            "name": done.user.full_name,
            "day": f"{done.valid_to:%d/%m/%Y}",
        }
    return _("Đã giao %(name)s, %(span)s.") % {
        "name": done.user.full_name,
        "span": _post_words(done).removeprefix(f"{done.user.full_name}, "),
    }


@require_actor
@require_http_methods(["GET", "POST"])
def proposals(request: HttpRequest) -> HttpResponse:
    """``/truong/phan-cong/de-xuat``: last year's posts, to be confirmed by a decision or dropped."""
    school, actor = school_of(request), actor_of(request)
    policy(request, "accounts.view_staff", school)
    year, _years = year_of(request, school)
    error = ""
    if request.method == "POST":
        policy(request, "accounts.assign", school)
        chosen = [int(pk) for pk in request.POST.getlist("chon") if pk.isascii() and pk.isdigit()][:5000]
        try:
            if request.POST.get("viec") == "bo":
                count = drop_proposals(actor, school=school, year=year, chosen=chosen)
                messages.success(request, _("Đã bỏ %(n)s đề xuất.") % {"n": count})
            else:
                made = confirm_proposals(
                    actor,
                    school=school,
                    year=year,
                    chosen=chosen,
                    decision_number=request.POST.get("so-quyet-dinh", "")[:80],
                )
                messages.success(request, _("Đã phân công theo %(n)s đề xuất.") % {"n": len(made)})
            return redirect(f"{reverse('web:teaching')}?nam={year}")
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            error = words(refusal)
    rows = [
        (row, _row_name(row.school_class, _row_code(row.role, row.subject_code)))
        for row in teaching.proposals_of(school, year)
    ]
    context = {
        "tabs": tabs(request, "teaching"),
        "year": year,
        "rows": rows,
        "error": error,
        "may": allowed(actor, "accounts.assign", school),
    }
    return render(request, "web/classes/proposals.html", context, status=422 if error else 200)


def _row_code(role: str, subject_code: str) -> str:
    if role == Role.HOMEROOM:
        return teaching.HOMEROOM_ROW
    return teaching.OTHERS_ROW if subject_code == ALL_OTHERS else subject_code
