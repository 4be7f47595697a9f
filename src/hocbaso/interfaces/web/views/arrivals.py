"""Pupils who come in the course of the year, and what they bring from the other school."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.assessment.models import Moment, YearRecord
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.pupils import queries
from hocbaso.apps.pupils.class_subjects import subjects_of_class
from hocbaso.apps.pupils.models import Arrival, Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases import carry_results as carry
from hocbaso.apps.pupils.use_cases.receive_pupil import Newcomer, Source, receive_pupil
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.core.regulation import tt22
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.interfaces.web.class_forms import ArrivalForm
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.classes import tabs, year_of

_AT = {
    "arrival_sex": "sex",
    "arrival_birth_date": "birth_date",
    "arrival_number_taken": "personal_number",
    "arrival_term": "term",
    "decision_day": "arrived_on",
    "class_closed": "school_class",
    "personal_number.length": "personal_number",
    "personal_number.characters": "personal_number",
    "": "code",
}
_EXTRA_LINES = 3


@require_actor
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/chuyen-den/``: who came this year; one more is received here."""
    school, actor = school_of(request), actor_of(request)
    policy(request, "pupils.receive", school)
    year, years = year_of(request, school)
    classes = list(
        SchoolClass.objects.filter(school=school, school_year=year, closed_on__isnull=True).select_related(
            "school"
        )
    )
    form = ArrivalForm(request.POST or None, classes=[(str(c.pk), c.name) for c in classes])
    if request.method == "POST" and form.is_valid():
        v = form.cleaned_data
        into = next(c for c in classes if str(c.pk) == v["school_class"])
        made = form.attempt(
            lambda: receive_pupil(
                actor,
                school_class=into,
                newcomer=Newcomer(v["code"], v["full_name"], v["birth_date"], v["sex"], v["personal_number"]),
                source=Source(
                    v["source_school"],
                    v["papers_number"],
                    place=v["source_place"],
                    papers_date=v["papers_date"],
                    from_abroad=v["from_abroad"],
                ),
                term=v["term"],
                arrived_on=v["arrived_on"],
            ),
            _AT,
        )
        if made:
            told = {"name": made.pupil.full_name, "class": into.name}
            messages.success(request, _("Đã tiếp nhận %(name)s vào lớp %(class)s.") % told)
            return redirect("web:arrival", made.pk)
    context = {
        "tabs": tabs(request, "arrivals"),
        "year": year,
        "years": years,
        "rows": queries.arrivals_of(school, year),
        "form": form,
    }
    return render(request, "web/classes/arrivals.html", context, status=422 if form.errors else 200)


def _arrival(request: HttpRequest, enrolment_id: int) -> Arrival:
    row = (
        Enrolment.objects.filter(pk=enrolment_id, school_class__school=school_of(request))
        .select_related("pupil", "school_class__school", "arrival")
        .first()
    )
    found: Arrival | None = getattr(row, "arrival", None)
    if row is not None and found is not None:
        school_class, actor = row.school_class, actor_of(request)
        found.enrolment = row
        if allowed(actor, "pupils.receive", school_class.school) or allowed(
            actor, "pupils.single_term", school_class
        ):
            return found
    raise NotFound("not_found", what=_("học sinh chuyển đến này"))


@require_actor
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, enrolment_id: int) -> HttpResponse:
    """``/truong/chuyen-den/<enrolment>/``: the carried results, moment by moment, and the open questions."""
    arrival = _arrival(request, enrolment_id)
    enrolment, actor = arrival.enrolment, actor_of(request)
    school_class = enrolment.school_class
    viewed(actor, [enrolment], ViewKind.FILE, "arrival")
    moments = carry.moments_before(school_class, arrival)
    wanted = request.POST.get("thoi-diem") or request.GET.get("thoi-diem", "")
    moment = next((m for m in moments if m.value == wanted), moments[-1] if moments else None)
    problems: dict[str, str] = {}
    if request.method == "POST":
        if request.POST.get("viec") == "mot-hoc-ky":
            try:
                carry.decide_single_term(actor, enrolment=enrolment, reason=request.POST.get("ly-do", ""))
                messages.success(request, _("Đã ghi quyết định đánh giá theo một học kỳ."))
                return redirect("web:arrival", enrolment_id)
            except DomainError as refusal:
                if refusal.code == "not_allowed":
                    raise
                problems["ly-do"] = words(refusal)
        elif moment is not None:
            policy(request, "pupils.receive", school_class.school)
            done = carry.carry_results(
                actor,
                enrolment=enrolment,
                moment=moment,
                values=_values(request, school_class),
                unmatched=[
                    (request.POST.get(f"mon-khac-{n}", ""), request.POST.get(f"kq-khac-{n}", ""))
                    for n in range(len(arrival.unmatched) + _EXTRA_LINES)
                ],
            )
            problems = done.problems
            if not problems:
                messages.success(request, _("Đã ghi %(n)s kết quả của trường cũ.") % {"n": done.written})
                return redirect(f"{request.path}?thoi-diem={moment.value}")
    context = {
        "arrival": arrival,
        "enrolment": enrolment,
        "pupil": enrolment.pupil,
        "school_class": school_class,
        "moments": moments,
        "ratings": [str(rating.value) for rating in tt22.Rating],
        "moment": moment,
        "problems": problems,
        "primary": school_class.grade in PRIMARY_GRADES,
        "may_carry": allowed(actor, "pupils.receive", school_class.school),
        "may_decide": allowed(actor, "pupils.single_term", school_class),
        **(_sheet(request, arrival, moment, problems) if moment else {}),
    }
    return render(request, "web/classes/arrival.html", context, status=422 if problems else 200)


def _values(request: HttpRequest, school_class: SchoolClass) -> dict[str, Any]:
    codes = [s.code for s in subjects_of_class(school_class)]
    if school_class.grade in PRIMARY_GRADES:
        return {
            code: {name: request.POST.get(f"{code}.{name}", "") for name in ("level", "score", "comment")}
            for code in codes
        }
    return {code: request.POST.get(code, "") for code in [*codes, carry.CONDUCT]}


def _sheet(
    request: HttpRequest, arrival: Arrival, moment: Moment, problems: dict[str, str]
) -> dict[str, Any]:
    """The lines of the form: as typed when refused, else as stored. Two queries."""
    enrolment = arrival.enrolment
    stored = carry.carried_values(enrolment, moment)
    primary = enrolment.school_class.grade in PRIMARY_GRADES
    lines, missing = [], []
    for subject in subjects_of_class(enrolment.school_class):
        row = stored.get(subject.code)
        if row is None and subject.compulsory:
            missing.append(subject.name)
        if primary:
            score = "" if row is None or row.score is None else str(row.score)
            values = {
                "level": row.level if row else "",
                "score": score,
                "comment": row.comment if row else "",
            }
            if problems:
                values = {name: request.POST.get(f"{subject.code}.{name}", "") for name in values}
            lines.append({"subject": subject, **values, "problem": _problem(problems, subject.code)})
        else:
            value = request.POST.get(subject.code, "") if problems else (row.carried if row else "")
            shown = value.replace(".", ",") if not problems else value
            lines.append({"subject": subject, "value": shown, "problem": _problem(problems, subject.code)})
    conduct = ""
    if not primary:
        record = YearRecord.objects.filter(enrolment=enrolment).first()
        field = "conduct_1" if moment == Moment.TERM_ONE else "conduct_2"
        conduct = request.POST.get(carry.CONDUCT, "") if problems else getattr(record, field, "")
    others = [*arrival.unmatched, *({"name": "", "value": ""} for _n in range(_EXTRA_LINES))]
    return {"lines": lines, "missing": missing, "conduct": conduct, "others": list(enumerate(others))}


def _problem(problems: dict[str, str], code: str) -> str:
    return problems.get(code) or problems.get(f"{code}:score", "")
