"""Data quality: the school's and the class's scores, the worklist, the managing units' numbers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight import schools
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.quality import queries
from hocbaso.apps.quality.models import DayScore, Finding, State
from hocbaso.apps.quality.use_cases.compute import run
from hocbaso.apps.quality.use_cases.explain import decide
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.core.quality import BY_ID, DIMENSION_NAMES, Dimension, Owner, Severity
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.quality_words import owner_words, show
from hocbaso.interfaces.web.templatetags.hbs import date_vi
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of

register({"no_such_finding": ("Không có việc này.", "There is no such finding.")})

_ON_PAGE = 50
MAX_SCHOOLS = 200


def _meanings() -> dict[str, str]:
    return {
        "Đúng": _("khớp dữ liệu dân cư, đúng danh mục"),
        "Đủ": _("đủ mục bắt buộc, ảnh, đối chiếu"),
        "Sạch": _("không trùng, không mâu thuẫn"),
        "Sống": _("còn mới, đã xác thực trong năm"),
    }


def measures(tally: queries.Tally) -> list[dict[str, Any]]:
    """The four lines of a score."""
    meanings = _meanings()
    return [
        {"label": f"{name}: {meanings[name]}", "done": part.done, "total": part.total}
        for name, part in tally.parts
    ]


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def school(request: HttpRequest) -> HttpResponse:
    """``/truong/chat-luong/``: the four words in numbers, the classes worst first; POST computes anew."""
    actor, unit = actor_of(request), school_of(request)
    post = actor.assignment
    assert post is not None
    if actor.role == Role.HOMEROOM and post.school_class_id and request.method != "POST":
        return redirect("web:quality-class", post.school_class_id)
    year = working_year(unit)
    if request.method == "POST":
        done = run(actor, school=unit, year=year)
        told = {"n": done.pupils, "opened": done.opened, "solved": done.solved}
        messages.success(
            request, _("Đã tính lại %(n)s học sinh: %(opened)s việc mới, %(solved)s việc đã xong.") % told
        )
        return redirect("web:quality")
    policy(request, "quality.view_school", unit)
    board = queries.school_board(unit, year)
    context = {
        "school": unit,
        "year": year,
        "board": board,
        "measures": measures(board.total),
        "trend": _trend(queries.days_of(unit, year)),
        "may_run": allowed(actor, "quality.run", unit),
        "explained": queries.explanations(unit, year) if actor.role == Role.PRINCIPAL else [],
    }
    return render(request, "web/quality/school.html", context)


def _trend(days: list[DayScore]) -> dict[str, Any] | None:
    """Geometry of the line of the last days: whole score in per mille; None for fewer than two days."""
    if len(days) < 2:
        return None
    points = []
    for place, day in enumerate(days):
        part = queries.tally_of([day]).whole
        points.append((12 + place * 320 / max(1, len(days) - 1), part, day.day))
    first, last = points[0], points[-1]
    told = {
        "from": date_vi(first[2]),
        "to": date_vi(last[2]),
        "before": _percent(first[1].permille),
        "after": _percent(last[1].permille),
    }
    return {
        "line": " ".join(f"{x:.1f},{56 - part.permille / 25:.1f}" for x, part, _day in points),
        "words": _("Điểm chung từ %(before)s ngày %(from)s đến %(after)s ngày %(to)s") % told,
        "rows": [(date_vi(day), part.done, part.total) for _x, part, day in reversed(points)],
    }


def _percent(permille: int) -> str:
    return f"{permille // 10},{permille % 10}%"


@require_actor
@require_safe
def school_class(request: HttpRequest, class_id: int) -> HttpResponse:
    """A class: its score, its commonest findings, its pupils worst first."""
    found = class_of(request, class_id, "quality.view_class")
    actor = actor_of(request)
    board = queries.class_board(found)
    board.pupils.sort(key=lambda line: (-_errors(line), line.whole.permille, line.enrolment.order))
    viewed(actor, [line.enrolment for line in board.pupils], "list", "quality", school_class=found)
    context = {
        "school_class": found,
        "board": board,
        "measures": measures(board.tally),
        "own": [show(row) for row in board.own],
        "tab": "diem",
        "whole_school": allowed(actor, "quality.view_school", found.school),
    }
    return render(request, "web/quality/class.html", context)


def _errors(line: queries.PupilLine) -> int:
    return line.mark.errors if line.mark else 0


def _own_owner(request: HttpRequest) -> str:
    role = actor_of(request).role
    return role if role in {o.value for o in Owner} else ""


@require_actor
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """``/truong/chat-luong/viec/``: what I must put right or explain, due first."""
    actor, unit = actor_of(request), school_of(request)
    post = actor.assignment
    assert post is not None
    own_class: SchoolClass | None = None
    if actor.role == Role.HOMEROOM:
        own_class = post.school_class
        policy(request, "quality.view_class", own_class or SchoolClass(pk=0, school=unit))
    else:
        policy(request, "quality.view_school", unit)
    year = own_class.school_year if own_class else working_year(unit)
    sent = request.GET
    owner = sent.get("ai", _own_owner(request))
    owner = owner if owner in {o.value for o in Owner} else ""
    chosen = sent.get("lop", "")
    chosen = chosen if chosen.isascii() and chosen.isdigit() and len(chosen) < 12 else ""
    class_id = own_class.pk if own_class else int(chosen) if chosen else None
    rule = sent.get("luat", "") if sent.get("luat", "") in BY_ID else ""
    severity = sent.get("muc", "") if sent.get("muc", "") in set(Severity) else ""
    rows = queries.worklist(
        unit,
        year,
        owner=owner,
        school_class=class_id if class_id is None or class_id < 2**31 else 0,
        rule=rule,
        severity=severity,
        states=[State.OPEN],
    )
    page = Paginator(rows, _ON_PAGE).get_page(sent.get("trang"))
    shown = [row for row in page.object_list if row.rule in BY_ID]
    viewed(actor, {row.pupil_id for row in shown if row.pupil_id}, "list", "quality", school_class=own_class)
    context = {
        "rows": [show(row) for row in shown],
        "page": page,
        "total": page.paginator.count,
        "owner": owner,
        "owners": [(o.value, owner_words(o)) for o in Owner] if own_class is None else [],
        "classes": list(SchoolClass.objects.filter(school=unit, school_year=year))
        if own_class is None
        else [],
        "class_id": class_id,
        "rule": BY_ID.get(rule),
        "severity": severity,
        "query": _query(owner=owner, lop=chosen, luat=rule, muc=severity),
        "own_class": own_class,
    }
    return render(request, "web/quality/work.html", context)


def _query(*, owner: str, **others: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"ai": owner, **{k: v for k, v in others.items() if v}})


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/chat-luong/``: numbers of the schools below the unit; principals' explanations."""
    actor, unit = actor_of(request), school_of(request)
    policy(request, "quality.watch", unit)
    year = schools.newest_year(unit)
    below = {one.pk: one for one in schools.schools_under(unit).order_by("name")}
    error = ""
    if request.method == "POST":
        try:
            _decide_above(request, set(below))
        except NotAllowed:
            raise
        except DomainError as refusal:
            error = words(refusal)
        else:
            return redirect("web:quality-watch")
    days = queries.latest_days(below, year)
    rows = [_school_row(one, days.get(one.pk)) for one in below.values()]
    rows.sort(key=lambda row: (row["tally"] is not None, row["permille"], row["school"].name))
    total = queries.tally_of(days.values())
    explained = queries.explanations_above(below, year)
    context = {
        "unit": unit,
        "year": year,
        "rows": rows[:MAX_SCHOOLS],
        "n_schools": len(rows),
        "counted": len(days),
        "total": total,
        "measures": measures(total),
        "explained": [
            {"row": show(row, steps=list(row.steps.all())), "school": row.school.name} for row in explained
        ],
        "may_decide": actor.role != Role.AUDITOR,
        "error": error,
        "today": clock.today(),
    }
    return render(request, "web/quality/watch.html", context, status=422 if error else 200)


def _school_row(unit: Organisation, day: DayScore | None) -> dict[str, Any]:
    tally = queries.tally_of([day]) if day else None
    return {
        "school": unit,
        "tally": tally,
        "day": day,
        "permille": tally.whole.permille if tally else 0,
        "parts": [(DIMENSION_NAMES[d], tally.part(d)) for d in Dimension] if tally else [],
    }


def _decide_above(request: HttpRequest, schools_below: set[int]) -> None:
    sent = request.POST
    number = sent.get("viec", "")
    finding = (
        Finding.objects.filter(pk=int(number), school__in=schools_below, owner=Role.PRINCIPAL)
        .select_related("school", "school_class", "pupil")
        .first()
        if number.isascii() and number.isdigit() and len(number) < 12
        else None
    )
    if finding is None:
        raise NotFound("no_such_finding")
    accept = sent.get("quyet", "") == "chap-nhan"
    decide(actor_of(request), finding=finding, accept=accept, text=sent.get("ly-do", ""))
    messages.success(request, _("Đã chấp nhận giải trình.") if accept else _("Đã trả lại giải trình."))
