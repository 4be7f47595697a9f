"""Checks of test papers: the principal's list and assignment, the checker's page."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import Assignment, User
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation, valid_on
from hocbaso.apps.organisations.queries import setting
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.periods.models import Review, ReviewMethod
from hocbaso.apps.periods.papers import recorded_marks
from hocbaso.apps.periods.parts import COLUMN_NAMES, MOMENT_NAMES, TEST_COLUMNS
from hocbaso.apps.periods.policies import CHECKER_ROLES
from hocbaso.apps.periods.scope import columns_of, moments_of_grade
from hocbaso.apps.periods.states import OPEN_REVIEWS
from hocbaso.apps.periods.use_cases.review import (
    DEFAULT_SAMPLE,
    Paper,
    assign_review,
    cancel_review,
    enter_papers,
    finish_review,
)
from hocbaso.apps.pupils.class_subjects import subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.core.vietnamese.names import sort_key
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_review": ("Không có lần kiểm tra này.", "There is no such review."),
        "review_choose": ("Chọn lớp, môn, cột và người kiểm tra.", "Choose class, subject, column, checker."),
        "review_saved_partly": (
            "Đã lưu, trừ {n} bài chưa đọc được: {what}",
            "Saved but for {n} papers: {what}",
        ),
    }
)


@require_actor
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """``/truong/kiem-tra/``: the school's checks; those that wait for the reader first."""
    school, actor = school_of(request), actor_of(request)
    if school.kind != Kind.SCHOOL:
        raise NotAllowed("not_allowed", what=_("xem kết quả kiểm tra bài"))
    policy(request, "periods.view_reviews", school)
    rows = list(
        Review.objects.filter(school_class__school=school).select_related("school_class__school", "checker")
    )
    assert actor.user is not None
    rows.sort(key=lambda r: not (r.checker_id == actor.user.pk and r.state in OPEN_REVIEWS))  # type: ignore[union-attr]
    context = {
        "rows": rows,
        "me": actor.user.pk,
        "open_states": OPEN_REVIEWS,
        "may_assign": allowed(actor, "periods.assign_review", school),
        "signing_waits": setting(school, "signing_waits_for_review") == "yes",
    }
    return render(request, "web/periods/reviews.html", context)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest) -> HttpResponse:
    """The principal gives a check to a head of a subject group or a school leader."""
    school = school_of(request)
    policy(request, "periods.assign_review", school)
    year = working_year(school)
    classes = list(SchoolClass.objects.filter(school=school, school_year=year).select_related("school"))
    sent: QueryDict = request.POST if request.method == "POST" else request.GET
    school_class = next((c for c in classes if str(c.pk) == sent.get("lop", "")), None)
    error = ""
    if request.method == "POST":
        try:
            review = _assign(request, school, school_class)
        except DomainError as refusal:
            error = words(refusal)
        else:
            text = _("Đã giao %(name)s kiểm tra.") % {"name": review.checker.full_name}
            messages.success(request, text)
            return redirect("web:reviews")
    context: dict[str, Any] = {
        "year": year,
        "classes": classes,
        "school_class": school_class,
        "sent": {
            "part": sent.get("phan", ""),
            "test": sent.get("bai", ""),
            "checker": sent.get("nguoi", ""),
            "method": sent.get("cach", ReviewMethod.BLIND),
            "size": sent.get("so-bai", DEFAULT_SAMPLE),
            "due": sent.get("han", ""),
        },
        "checkers": _checkers(school),
        "methods": [(m.value, m.label) for m in ReviewMethod],
        "error": error,
        "at": "phan" if school_class else "lop",
    }
    if school_class is not None:
        context["parts"] = [(s.code, s.name) for s in subjects_of_class(school_class)]
        context["tests"] = _tests(school_class)
    return render(request, "web/periods/assign.html", context, status=422 if error else 200)


def _tests(school_class: SchoolClass) -> list[tuple[str, str]]:
    """Tests on paper of a class: moment and column in one choice."""
    own = [c for c in TEST_COLUMNS if c in columns_of("", school_class.grade)]
    return [
        (f"{moment}:{column}", f"{COLUMN_NAMES[column]} · {MOMENT_NAMES[moment]}")
        for moment in moments_of_grade(school_class.grade)
        for column in own
        if column == "score" or (column == "retest") == (moment == "he")
    ]


def _checkers(school: Organisation) -> list[tuple[int, str]]:
    """People who may check. One query."""
    posts = Assignment.objects.filter(
        valid_on(clock.today()), organisation=school, role__in=CHECKER_ROLES
    ).select_related("user")
    people = {post.user_id: f"{post.user.full_name} ({post.get_role_display()})" for post in posts}
    return sorted(people.items(), key=lambda pair: sort_key(pair[1].partition(" (")[0]))


def _assign(request: HttpRequest, school: Organisation, school_class: SchoolClass | None) -> Review:
    sent = request.POST
    moment, _colon, column = sent.get("bai", "").partition(":")
    people = dict(_checkers(school))
    checker = sent.get("nguoi", "")
    if school_class is None or not checker.isdecimal() or int(checker) not in people or not column:
        raise DomainError("review_choose")
    size = sent.get("so-bai", "")
    due = sent.get("han", "")
    return assign_review(
        actor_of(request),
        school_class=school_class,
        part=sent.get("phan", "")[:40],
        moment=moment[:4],
        column=column[:40],
        method=ReviewMethod.CHECKLIST if sent.get("cach") == ReviewMethod.CHECKLIST else ReviewMethod.BLIND,
        checker=User.objects.get(pk=int(checker)),
        size=int(size) if size.isascii() and size.isdigit() else 0,
        due=_date(due),
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, review_id: int) -> HttpResponse:
    """One check: the checker types or ticks; everybody who sees the list sees the result."""
    actor, school = actor_of(request), school_of(request)
    found = (
        Review.objects.filter(pk=review_id, school_class__school=school)
        .select_related("school_class__school", "checker", "assigned_by")
        .first()
    )
    if found is None or not allowed(actor, "periods.view_reviews", school):
        raise NotFound("no_such_review")
    error = ""
    if request.method == "POST":
        try:
            _act(request, found)
        except DomainError as refusal:
            error = words(refusal)
            found.refresh_from_db()
        else:
            return redirect(request.path)
    open_still = found.state in OPEN_REVIEWS
    context = {
        "review": found,
        "items": list(found.items.select_related("enrolment__pupil")),
        "blind": found.method == ReviewMethod.BLIND,
        "open": open_still,
        "mine": open_still and allowed(actor, "periods.review", found),
        "may_cancel": open_still and allowed(actor, "periods.assign_review", school),
        "recorded": {} if found.method == ReviewMethod.BLIND else _recorded(found),
        "error": error,
        "comment": request.POST.get("nhan-xet", ""),
    }
    return render(request, "web/periods/review.html", context, status=422 if error else 200)


def _recorded(found: Review) -> dict[int, str]:
    """What the system holds: shown beside the papers in a check list, never in a blind entry."""
    keys = list(found.items.values_list("enrolment_id", flat=True))
    return recorded_marks(found.school_class, found.part, found.moment, found.column, keys)


def _act(request: HttpRequest, found: Review) -> None:
    actor, sent = actor_of(request), request.POST
    act = sent.get("viec", "")
    if act == "huy":
        cancel_review(actor, review=found)
        messages.success(request, _("Đã hủy lần kiểm tra."))
        return
    wrong = enter_papers(actor, review=found, papers=_papers(found, sent))
    if wrong:
        raise DomainError("review_saved_partly", n=len(wrong), what=" ".join(wrong.values()))
    if act in ("xac-nhan", "tra-lai"):
        finish_review(actor, review=found, confirm=act == "xac-nhan", comment=sent.get("nhan-xet", ""))
    messages.success(request, _("Đã lưu."))


def _papers(found: Review, sent: QueryDict) -> dict[int, Paper]:
    papers = {}
    for pk in found.items.values_list("pk", flat=True):
        said = sent.get(f"khop-{pk}", "")
        papers[pk] = Paper(
            mark=sent.get(f"diem-{pk}", "")[:20],
            agrees={"co": True, "khong": False}.get(said),
            note=sent.get(f"ghi-{pk}", ""),
        )
    return papers
