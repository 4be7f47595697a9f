"""What pupils study: the school's adjustments, choices by class, exemptions and plans of one pupil."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.assessment.models import ProgrammeAdjustment
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.programme_pages import ClassPage, PupilLine, adjustments_of, class_page
from hocbaso.apps.assessment.use_cases.adjust_programme import adjust_programme, drop_adjustment
from hocbaso.apps.assessment.use_cases.set_programmes import (
    decide_result,
    exempt_pupil,
    set_electives,
    set_individual_plan,
)
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.pupils.queries import school_years
from hocbaso.core.errors import NotFound
from hocbaso.interfaces.web.programme_forms import (
    AdjustForm,
    DecideForm,
    DropForm,
    ElectivesForm,
    ExemptForm,
    PlanForm,
)
from hocbaso.interfaces.web.programme_lists import adjustable, decidable, typed_result
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of


@require_actor
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/chuong-trinh/``: the classes of a year and what the school has adjusted."""
    school, actor = school_of(request), actor_of(request)
    post = actor.assignment
    assert post is not None
    policy(request, "assessment.view_programmes", post.school_class or SchoolClass(pk=0, school=school))
    years = school_years(school)
    wanted = request.GET.get("nam", "")
    year = wanted if wanted in years else (years[0] if years else working_year(school))
    may = allowed(actor, "assessment.programmes", school)
    classes = SchoolClass.objects.filter(school=school, school_year=year)
    if post.school_class_id is not None:
        classes = classes.filter(pk=post.school_class_id)
    shown = list(classes)
    made = adjustments_of(school, year)
    form = AdjustForm(
        request.POST if request.POST.get("viec") == "dieu-chinh" else None,
        subjects=adjustable(school, year, shown) if may else (),
    )
    drop = DropForm(request.POST if request.POST.get("viec") == "bo" else None)
    if request.method == "POST":
        policy(request, "assessment.programmes", school)
        done = _adjust(request, form, school, year) or _drop(request, drop, school)
        if done:
            messages.success(request, done)
            return redirect(f"{request.path}?nam={year}")
    context = {
        "school": school,
        "year": year,
        "years": years,
        "classes": shown,
        "made": made,
        "secondary": any(is_secondary(c.grade) for c in shown),
        "may": may,
        "form": form,
        "drop": drop,
    }
    bad = bool(form.errors or drop.errors)
    return render(request, "web/programmes/index.html", context, status=422 if bad else 200)


def _adjust(request: HttpRequest, form: AdjustForm, school: Organisation, year: str) -> str:
    if not form.is_bound or not form.is_valid():
        return ""
    data = form.cleaned_data
    grade, _colon, code = data["subject"].partition(":")
    made = form.attempt(
        lambda: adjust_programme(
            actor_of(request),
            school=school,
            year=year,
            grade=int(grade),
            subject_code=code,
            enabled={"all": True, "none": False}.get(data["offer"]),
            periods=data["periods"],
            regular_columns=data["regular_columns"],
            reason=data["reason"],
            decision=data["decision"],
        ),
        {"adjust_columns": "regular_columns", "adjust.periods": "periods", "": "offer"},
    )
    return _("Đã ghi điều chỉnh chương trình khối %(grade)s.") % {"grade": grade} if made else ""


def _drop(request: HttpRequest, form: DropForm, school: Organisation) -> str:
    if not form.is_bound or not form.is_valid():
        return ""
    row = ProgrammeAdjustment.objects.filter(pk=form.cleaned_data["adjustment"], school=school).first()
    if row is None:
        raise NotFound("not_found", what=_("điều chỉnh này"))

    def drop() -> bool:
        drop_adjustment(actor_of(request), adjustment=row, reason=form.cleaned_data["reason"])
        return True

    return (
        _("Đã bỏ điều chỉnh; môn học trở lại như chương trình.") if form.attempt(drop, {"": "reason"}) else ""
    )


def _electives_form(request: HttpRequest, page: ClassPage) -> ElectivesForm:
    programme = page.programme
    with_topics = {t.subject_code for t in programme.grade.topics} if programme else set()
    return ElectivesForm(
        request.POST or None,
        pupils=[(str(line.enrolment.pk), line.enrolment.pupil.full_name) for line in page.lines],
        electives=[(s.code, s.short_name) for s in page.electives],
        topics=[(s.code, s.short_name) for s in programme.grade.subjects if s.code in with_topics]
        if programme
        else (),
        optional=[(s.code, s.short_name) for s in page.optional],
    )


@require_actor
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/chuong-trinh/<class>/``: who studies what beyond the class; choices for the ticked pupils."""
    school_class = class_of(request, class_id, "assessment.view_programmes")
    page = class_page(school_class)
    may = allowed(actor_of(request), "assessment.programmes", school_class.school)
    chooses = bool(page.electives or page.optional)
    form = _electives_form(request, page)
    if request.method == "POST":
        policy(request, "assessment.programmes", school_class.school)
        if form.is_valid():
            ticked = set(form.cleaned_data["pupils"])
            count = form.attempt(
                lambda: set_electives(
                    actor_of(request),
                    enrolments=[x.enrolment for x in page.lines if str(x.enrolment.pk) in ticked],
                    electives=form.codes("electives"),
                    topics=form.codes("topics"),
                    optional=form.codes("optional"),
                    decision=form.cleaned_data["decision"],
                ),
                {"electives.count": "electives", "topics.count": "topics", "topics.subject": "topics"},
            )
            if count is not None:
                messages.success(request, _("Đã ghi môn lựa chọn của %(n)s học sinh.") % {"n": count})
                return redirect("web:programmes-class", class_id)
    context = {
        "school_class": school_class,
        "page": page,
        "may": may,
        "chooses": chooses,
        "form": form,
        "ticked": set(request.POST.getlist("pupils")),
        "undecided": [x for x in page.lines if page.electives and not x.electives],
    }
    return render(request, "web/programmes/class.html", context, status=422 if form.errors else 200)


@require_actor
@require_http_methods(["GET", "POST"])
def pupil(request: HttpRequest, class_id: int, enrolment_id: int) -> HttpResponse:
    """``/truong/chuong-trinh/<class>/<pupil>/``: exemptions, individual plan, decided results."""
    school_class = class_of(request, class_id, "assessment.view_programmes")
    page = class_page(school_class)
    line = next((x for x in page.lines if x.enrolment.pk == enrolment_id), None)
    if line is None:
        raise NotFound("not_found", what=_("học sinh này trong lớp"))
    forms = _PupilForms(request, page, line)
    if request.method == "POST":
        policy(request, "assessment.programmes", school_class.school)
        done = forms.save()
        if done:
            messages.success(request, done)
            return redirect("web:programmes-pupil", class_id, enrolment_id)
    context = {
        "school_class": school_class,
        "line": line,
        "may": allowed(actor_of(request), "assessment.programmes", school_class.school),
        "secondary": is_secondary(school_class.grade),
        "exempt": forms.exempt,
        "plan": forms.plan,
        "decide": forms.decide,
    }
    return render(request, "web/programmes/pupil.html", context, status=422 if forms.bad else 200)


class _PupilForms:
    """The three forms of one pupil, of which one may have been sent."""

    def __init__(self, request: HttpRequest, page: ClassPage, line: PupilLine) -> None:
        self.actor, self.line, self.page = actor_of(request), line, page

        def data(doing: str) -> Any:
            return request.POST if request.POST.get("viec") == doing else None

        own = line.programme
        self.exempt = ExemptForm(data("mien"), subjects=page.subjects, prefix="mien")
        self.plan = PlanForm(
            data("ke-hoach"),
            initial={
                "individual_plan": line.individual_plan,
                "note": own.plan_note if own else "",
                "decision": own.decision if own else "",
            },
            prefix="ke-hoach",
        )
        self.decide = DecideForm(data("quyet-dinh"), subjects=decidable(page, line), prefix="quyet-dinh")

    @property
    def bad(self) -> bool:
        return bool(self.exempt.errors or self.plan.errors or self.decide.errors)

    def save(self) -> str:
        """What was done, in a sentence; empty when nothing was."""
        return self._exempt() or self._plan() or self._decide()

    def _exempt(self) -> str:
        form = self.exempt
        if not form.is_bound or not form.is_valid():
            return ""
        data = form.cleaned_data
        done = form.attempt(
            lambda: exempt_pupil(
                self.actor,
                enrolment=self.line.enrolment,
                subject_code=data["subject"],
                reason=data["reason"],
                decision=data["decision"],
            ),
            {"": "subject"},
        )
        return (_("Đã ghi miễn học.") if data["reason"] else _("Đã bỏ miễn học.")) if done else ""

    def _plan(self) -> str:
        form = self.plan
        if not form.is_bound or not form.is_valid():
            return ""
        done = form.attempt(
            lambda: set_individual_plan(self.actor, enrolment=self.line.enrolment, **form.cleaned_data),
            {"": "note"},
        )
        return _("Đã ghi kế hoạch giáo dục cá nhân.") if done else ""

    def _decide(self) -> str:
        form = self.decide
        if not form.is_bound or not form.is_valid():
            return ""
        data = form.cleaned_data
        done = form.attempt(
            lambda: decide_result(
                self.actor,
                enrolment=self.line.enrolment,
                subject_code=data["subject"],
                value=typed_result(self.page, data["subject"], data["value"]),
                reason=data["reason"],
            ),
            {"programme_reason": "reason", "": "value"},
        )
        return _("Đã ghi kết quả do Hiệu trưởng quyết định.") if done else ""
