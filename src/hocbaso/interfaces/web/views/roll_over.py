"""The roll-over to the next school year: plan, choices, report, undo; and the numbers of the register."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.organisations.models import Level, Organisation
from hocbaso.apps.pupils.models import RollOver
from hocbaso.apps.pupils.use_cases import number_register as register_numbers
from hocbaso.apps.pupils.use_cases import roll_over as cases
from hocbaso.apps.pupils.use_cases.plan_roll_over import (
    FINAL_GRADES,
    Choices,
    RollOverPlan,
    Way,
    plan_roll_over,
)
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web.class_forms import SeriesForm
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.classes import tabs, year_of

SHOWN = 60


def _choices(sent: QueryDict) -> Choices:
    """What the form chose; names left as they were proposed are choices too."""

    def numbered(prefix: str) -> dict[int, str]:
        return {
            int(key.removeprefix(prefix)): " ".join(str(value).split())[:20]
            for key, value in sent.items()
            if key.startswith(prefix) and key.removeprefix(prefix).isdecimal() and str(value).strip()
        }

    return Choices(numbered("lop-"), numbered("o-lai-"), "phan-cong" in sent)


def _chosen(request: HttpRequest, school: Organisation, year: str) -> tuple[Choices, RollOver | None]:
    draft = cases.prepared(school, year)
    if request.method == "POST":
        return _choices(request.POST), draft
    return (Choices.from_json(draft.choices) if draft else Choices()), draft


@require_actor
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/ket-chuyen/``: what the roll-over would do; choices are kept, or carried out."""
    school, actor = school_of(request), actor_of(request)
    policy(request, "pupils.plan_roll_over", school)
    year, years = year_of(request, school)
    choices, draft = _chosen(request, school, year)
    error = ""
    if request.method == "POST":
        doing = request.POST.get("viec", "")
        try:
            if doing == "luu":
                cases.prepare(actor, school=school, from_year=year, choices=choices)
                messages.success(request, _("Đã lưu phương án. Chưa có lớp hay học sinh nào thay đổi."))
                return redirect(f"{reverse('web:roll-over')}?nam={year}")
            if doing == "ket-chuyen":
                batch = cases.roll_over(
                    actor,
                    school=school,
                    from_year=year,
                    choices=choices,
                    seen=request.POST.get("phuong-an", "-"),
                )
                return redirect("web:roll-over-batch", batch.pk)
            policy(request, "pupils.plan_roll_over", school)
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            error = words(refusal)
    plan = plan_roll_over(school, year, choices)
    context = {
        "tabs": tabs(request, "roll-over"),
        "school": school,
        "year": year,
        "years": years,
        "plan": plan,
        "draft": draft,
        "error": error,
        "may_apply": allowed(actor, "pupils.roll_over", school),
        "batches": list(RollOver.objects.filter(school=school, from_year=year).exclude(state="prepared")),
        **_lists(plan),
    }
    return render(request, "web/classes/roll_over.html", context, status=422 if error else 200)


def _lists(plan: RollOverPlan) -> dict[str, Any]:
    pending = plan.people(Way.PENDING)
    held = [*plan.people(Way.CHOOSE), *plan.people(Way.STAY)]
    return {
        "rows": [
            (
                cp,
                cp.count(Way.UP) + cp.count(Way.LEAVE),
                cp.count(Way.STAY) + cp.count(Way.CHOOSE),
                cp.count(Way.PENDING),
                cp.count(Way.DONE),
            )
            for cp in plan.classes
        ],
        "held": [(one, list(plan.grades.get(one.enrolment.school_class.grade, ()))) for one in held],
        "pending": pending[:SHOWN],
        "pending_total": len(pending),
        "final_grades": FINAL_GRADES,
        "going": len(plan.moving),
    }


@require_actor
@require_http_methods(["GET", "POST"])
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """``/truong/ket-chuyen/<batch>/``: what was done, and undoing it."""
    school, actor = school_of(request), actor_of(request)
    found = cases.find_batch(actor, school, batch_id)
    error = ""
    if request.method == "POST":
        try:
            cases.undo_roll_over(actor, school=school, batch_id=batch_id)
            messages.success(request, _("Đã hoàn tác lần kết chuyển số %(n)s.") % {"n": batch_id})
            return redirect("web:roll-over-batch", batch_id)
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            error = words(refusal)
    context = {
        "tabs": tabs(request, "roll-over"),
        "batch": found,
        "report": found.report,
        "error": error,
        "can_undo": cases.can_undo(found) and allowed(actor, "pupils.roll_over", school),
    }
    return render(request, "web/classes/roll_over_batch.html", context, status=422 if error else 200)


@require_actor
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """``/truong/dang-bo/``: how numbers look, who waits for one, giving them."""
    school = school_of(request)
    policy(request, "pupils.number", school)
    levels = register_numbers.levels_of(school)
    level = request.POST.get("cap") or request.GET.get("cap", "")
    level = level if level in levels else next(iter(levels), "")
    form = None
    waiting: list[register_numbers.Numbered] = []
    if level:
        series = register_numbers.series_of(school, level)
        sent = request.POST if request.POST.get("viec") == "mau" else None
        form = SeriesForm(sent, initial={"pattern": series.pattern, "first": series.first})
        if request.method == "POST" and (done := _number(request, form, school, level)):
            messages.success(request, done)
            return redirect(f"{reverse('web:register')}?cap={level}")
        waiting = register_numbers.propose(school, level)
    context = {
        "tabs": tabs(request, "register"),
        "levels": [(code, Level(code).label, code == level) for code in levels],
        "level": level,
        "form": form,
        "waiting": waiting[:SHOWN],
        "total": len(waiting),
    }
    return render(request, "web/classes/register.html", context, status=422 if form and form.errors else 200)


def _number(request: HttpRequest, form: SeriesForm, school: Organisation, level: str) -> str:
    actor = actor_of(request)
    if request.POST.get("viec") == "cap-so":
        made = register_numbers.assign_register_numbers(actor, school=school, level=level)
        return _("Đã cấp số đăng bộ cho %(n)s học sinh.") % {"n": len(made)}
    if request.POST.get("viec") == "mau" and form.is_valid():
        done = form.attempt(
            lambda: register_numbers.choose_series(actor, school=school, level=level, **form.cleaned_data),
            {"": "pattern"},
        )
        return _("Đã lưu mẫu số đăng bộ.") if done else ""
    return ""
