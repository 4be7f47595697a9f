"""Homes: the school's day, staff, the managing levels."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts import queries as accounts
from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.accounts.use_cases.activation import waiting
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight import progress as oversight
from hocbaso.apps.oversight import schools
from hocbaso.core.regulation.secondary import SECONDARY_GRADES
from hocbaso.engines.workbooks.text import bare
from hocbaso.interfaces.web import nav, tasks, tasks_identity, tasks_stamps
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

#: Posts that see the whole school's progress; the others see their class.
_WHOLE = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK)
MAX_ROWS = 200


@require_actor
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """``/truong/``: what I must do now, how far we are, which classes stand still."""
    actor = actor_of(request)
    if actor.role in nav.MANAGING_ROLES:
        return redirect("web:managing")
    school, post = school_of(request), actor.assignment
    assert post is not None
    year = post.school_year or oversight.working_year(school)
    only = None if actor.role in _WHOLE else post.school_class
    seen = actor.role in _WHOLE or only is not None  # a group head has no numbers yet
    progress = oversight.progress(school, year, only) if seen else None
    context: dict[str, Any] = {"school": school, "year": year, "now": clock.now(), "progress": progress}
    if progress is not None and not progress.pupils and not progress.unsupported:
        context["first_steps"] = _first_steps(actor, school)
        return render(request, "web/home/empty.html", context)
    open_tasks = tasks.tasks_for(actor, progress)
    context |= {"tasks": open_tasks, "tasks_heading": tasks.heading(open_tasks)}
    if progress is not None and progress.unsupported:
        names = [row.school_class.name for row in progress.unsupported]
        context["unsupported"] = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    if progress is not None and progress.pupils:
        context["measures"] = _measures(actor, progress, _urls(request))
    if actor.role in _WHOLE and progress is not None:
        context |= _whole_school(school, progress)
    return render(request, "web/home/today.html", context)


def _urls(request: HttpRequest) -> set[str]:
    """Addresses that the actor's menu offers: other numbers lead nowhere."""
    return {item.url for item in nav.items(actor_of(request), request.path)}


def _measures(actor: Actor, progress: oversight.Progress, urls: set[str]) -> list[dict[str, Any]]:
    """Lines of progress; what is left links to where it can be seen."""
    pupils = progress.pupils
    units = {"em": _("học sinh"), "hb": _("học bạ")}
    teachers_sign = any(  # in primary by a dated setting: then closed sheets wait for them
        c.school_class.grade in SECONDARY_GRADES or c.closed > c.subjects_signed for c in progress.classes
    )
    subjects = ("subjects_signed", _("Giáo viên môn học đã ký"), "hb", "", "/truong/hoc-ba/", "")
    lines = (
        ("verified", _("Đã xác thực danh tính"), "em", "", "/truong/hoc-sinh/", "?loc=danh-tinh"),
        ("complete", _("Đã đủ kết quả các môn"), "em", "", "/truong/so-diem/", ""),
        ("closed", _("Đã chốt kết quả"), "em", "", "/truong/tong-ket/", ""),
        *((subjects,) if teachers_sign else ()),
        ("homeroom_signed", _("Giáo viên chủ nhiệm đã ký"), "hb", "", "/truong/hoc-ba/", ""),
        ("principal_signed", _("Hiệu trưởng đã ký"), "hb", "", "/truong/hoc-ba/", ""),
        ("issued", _("Đã phát hành (đóng dấu số)"), "hb", "seal", "/truong/hoc-ba/", ""),
    )
    rows = []
    for field, label, unit, kind, url, query in lines:
        value = progress.total(field)
        left = pupils - value
        text = (_("còn %(n)s em") if unit == "em" else _("còn %(n)s")) % {"n": number(left)}
        rows.append(
            {
                "label": label,
                "value": value,
                "unit": units[unit],
                "kind": kind,
                "link": url + query if url in urls else "",
                "link_text": text if left else "",
            }
        )
    return rows


def _whole_school(school: Organisation, progress: oversight.Progress) -> dict[str, Any]:
    """Classes that stand still and what was issued day by day. Two queries."""
    holders = {
        p.role: p.user.full_name
        for p in accounts.assignments_of(school).filter(role__in=(Role.PRINCIPAL, Role.SEAL_KEEPER))
    }
    by_day = oversight.issued_by_day(school)
    return {
        "stuck": tasks.stuck(progress, holders.get(Role.PRINCIPAL, ""), holders.get(Role.SEAL_KEEPER, "")),
        "unfinished": len(progress.unfinished),
        "trend": _trend(by_day),
        "trend_total": sum(n for _day, n in by_day),
    }


def _trend(by_day: list[tuple[Any, int]]) -> dict[str, Any] | None:
    """Geometry of the bar chart: 24 units a day, the highest 40 units tall; None when there is nothing."""
    highest = max((n for _day, n in by_day), default=0)
    if not highest:
        return None
    bars = []
    for index, (day, n) in enumerate(by_day):
        height = 40.5 * n / highest
        bars.append(
            {
                "x": 4 + 24 * index,
                "middle": 12 + 24 * index,
                "y": f"{56 - height:.2f}",
                "height": f"{height:.2f}",
                "label_y": f"{53 - height:.2f}",
                "n": n,
                "day": f"{day:%d/%m}",
                "named": index % 3 == 0,
            }
        )
    best = max(by_day, key=lambda pair: pair[1])
    words = _("Học bạ phát hành mỗi ngày từ %(first)s đến %(last)s; cao nhất %(n)s học bạ ngày %(best)s") % {
        "first": date_vi(by_day[0][0]),
        "last": date_vi(by_day[-1][0]),
        "n": best[1],
        "best": date_vi(best[0]),
    }
    return {"bars": bars, "words": words}


def _first_steps(actor: Actor, school: Organisation) -> list[dict[str, Any]]:
    """What an empty school does first, and who can do it."""
    clerk = _("Việc này của nhân viên dữ liệu.")
    steps = (
        (
            "pupils.import",
            _("Nhập danh sách học sinh"),
            _("Từ tệp Excel của cơ sở dữ liệu ngành. Lớp được tạo theo danh sách."),
        ),
        (
            "accounts.import_staff",
            _("Nhập danh sách cán bộ, giáo viên"),
            _("Kèm phân công chủ nhiệm và giảng dạy."),
        ),
        (
            "assessment.import_results",
            _("Nhập kết quả, hoặc giáo viên nhập trong sổ điểm"),
            _("Khi đã có học sinh và phân công."),
        ),
    )
    return [
        {
            "title": title,
            "text": text,
            "url": "/truong/nhap-lieu/" if allowed(actor, permission, school) else "",
            "who": clerk,
        }
        for permission, title, text in steps
    ]


def _looked_for(wanted: str, *values: str) -> bool:
    """Whether a name, code or account holds what was typed, however it was written."""
    key = bare(wanted)
    return bool(key) and any(key in bare(value) for value in values)


@sensitive_post_parameters("tim")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def staff(request: HttpRequest) -> HttpResponse:
    """``/truong/can-bo/``: the people of the school, what each is assigned to, and what is missing.

    POST looks for somebody: what is typed may be a personal number, which never stands in an address. Whoever
    may not see the school's identities finds nobody by a number.
    """
    school = school_of(request)
    policy(request, "accounts.view_staff", school)
    wanted = " ".join(request.POST.get("tim", "").split())[:100]
    by_number = allowed(actor_of(request), "identity.view_school", school)
    members = list(accounts.staff_of(school))
    numbers = {m.code: m.personal_number for m in members if m.personal_number} if by_number else {}
    posts: dict[int, list[Assignment]] = {}
    for post in accounts.assignments_of(school):
        posts.setdefault(post.user_id, []).append(post)
    rows = [
        {
            "code": m.code,
            "name": m.full_name,
            "position": m.position,
            "account": m.user.username if m.user else "",
            "posts": [_described(p) for p in posts.pop(m.user_id, [])] if m.user_id else [],
        }
        for m in members
    ]
    for others in posts.values():  # accounts without a personnel file
        person = others[0].user
        rows.append(
            {
                "code": "",
                "name": person.full_name,
                "position": "",
                "account": person.username,
                "posts": [_described(p) for p in others],
            }
        )
    gaps = sum(p["gap"] for row in rows for p in row["posts"])  # type: ignore[index]
    chosen = request.GET.get("loc", "")
    if chosen == "thieu-quyet-dinh":
        shown = [row for row in rows if any(p["gap"] for p in row["posts"])]  # type: ignore[index]
    elif chosen == "chua-phan-cong":
        shown = [row for row in rows if not row["posts"]]
    else:
        shown = rows
    if wanted:
        digits = wanted.replace(" ", "")
        shown = [
            row
            for row in shown
            if numbers.get(str(row["code"])) == digits
            or _looked_for(wanted, str(row["name"]), str(row["code"]), str(row["account"]))
        ]
    idle = sum(not row["posts"] for row in rows)
    return render(
        request,
        "web/home/staff.html",
        {
            "rows": shown,
            "total": len(rows),
            "gaps": gaps,
            "idle": idle,
            "chosen": chosen,
            "wanted": wanted,
            "by_number": by_number,
            "may_import": allowed(actor_of(request), "accounts.import_staff", school),
            "may_activate": allowed(actor_of(request), "accounts.assign", school)
            and bool(waiting(school, actor_of(request))),
        },
    )


def _described(post: Assignment) -> dict[str, Any]:
    label = nav.post_label(post)
    if post.subject_code and post.school_class is not None:
        from hocbaso.interfaces.web.posts import subject_names

        names = subject_names((post.subject_code,), post.school_class.grade)
        label = f"{label}: {names}" if names else label
    return {"label": label, "gap": post.decision_is_missing, "decision": post.decision_number}


@require_actor
@require_safe
def managing(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/``: numbers of each school below the unit, no names of pupils."""
    actor = actor_of(request)
    if actor.role not in nav.MANAGING_ROLES:
        return redirect("web:home")
    unit = school_of(request)
    policy(request, "organisations.progress", unit)
    year = schools.newest_year(unit)
    search = " ".join(request.GET.get("tim", "").split())[:100]
    rows = schools.board(unit, year, search)
    totals = {name: sum(getattr(r, name) for r in rows) for name in ("pupils", "closed", "signed", "issued")}
    return render(
        request,
        "web/home/managing.html",
        {
            "unit": unit,
            "year": year,
            "now": clock.now(),
            "rows": rows[:MAX_ROWS],
            "n_schools": len(rows),
            "totals": totals,
            "search": search,
            "campaigns": tasks_identity.of_unit(actor, unit),
            "stamps": tasks_stamps.of_unit(actor, unit),
        },
    )
