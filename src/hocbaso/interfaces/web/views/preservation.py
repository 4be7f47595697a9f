"""Long-term preservation: which sheets are at which level, what is due when and why, one next action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.preservation.boards import board, totals, years_of
from hocbaso.apps.preservation.evidence_records.queries import summary
from hocbaso.apps.preservation.standing import Standing, standing
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew
from hocbaso.apps.preservation.words import alarm_words, level_words, reason_words
from hocbaso.apps.preservation.work import Outcome
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.errors import NotFound, register
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_archive": (
            "Đơn vị này không quản lý trường nào có mã như vậy.",
            "No such school under this unit.",
        )
    }
)

_PAGE = 200
#: Sheets of one press of the button: some seconds.
_STEP = 300
_KINDS = {"B-B": "stop", "B-T": "warn", "B-LT": "ok", "B-LTA": "ok"}


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def school_page(request: HttpRequest) -> HttpResponse:
    """``/truong/luu-tru/``: POST does a piece of the work that the worker would do."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "preservation.view", school)
    if school.kind != Kind.SCHOOL:
        return redirect("web:preservation-watch")
    if request.method == "POST":
        policy(request, "preservation.run", school)
        _tell(request, *(_piece(run, actor, school) for run in (extend, renew)))
        return redirect("web:preservation")
    return _shown(request, school, may_run=allowed(actor, "preservation.run", school))


def _piece(run: Callable[..., Outcome], actor: Actor, school: Organisation) -> Outcome:
    """One press: what failed a short while ago is tried again only when there is nothing else, so that it
    keeps no other sheet waiting, however often somebody presses."""
    done = run(actor, school=school, limit=_STEP, patient=True)
    idle = not (done.done or done.failed or done.waiting or done.stopped)
    return run(actor, school=school, limit=_STEP) if idle else done


def _shown(request: HttpRequest, school: Organisation, *, may_run: bool, back: str = "") -> HttpResponse:
    years = years_of(school)
    year = request.GET.get("nam", "")
    sheets = IssuedSheet.objects.filter(sheet__school=school)
    chosen = year if year in years else ""
    found = standing(sheets.filter(sheet__school_year=chosen) if chosen else sheets)
    context = {
        "school": school,
        "found": found,
        "years": years if len(years) > 1 else [],
        "chosen": chosen,
        "levels": [
            {"level": level, "kind": _KINDS[level], "words": level_words(level), "sheets": count}
            for level, count in found.levels.items()
            if count or level in ("B-LT", "B-LTA")
        ],
        "lasting": found.levels["B-LT"] + found.levels["B-LTA"],
        "groups": [{"it": group, "why": reason_words(group.reason)} for group in found.groups],
        "alarms": [(one.code, alarm_words(one)) for one in found.alarms],
        "next": _next(found),
        "records": summary(school, chosen),
        "may_run": may_run,
        "back": back,
    }
    return render(request, "web/preservation/school.html", context)


def _next(found: Standing) -> dict[str, Any]:
    """The one thing to do, or that there is nothing."""
    if not found.total:
        return {"kind": "idle", "words": _("Chưa có học bạ nào được phát hành, nên chưa có gì để lưu trữ.")}
    if found.due:
        words = _("%(n)s tờ đã đến hạn nối dấu thời gian.") % {"n": found.due}
        return {"kind": "warn", "words": words, "press": True}
    if found.extendable:
        words = _("%(n)s tờ chờ lấy chứng thư và thông tin thu hồi.") % {"n": found.extendable}
        return {"kind": "busy", "words": words, "press": True}
    if found.levels["B-B"]:
        words = _("%(n)s tờ chờ dấu thời gian; hệ thống tự xin lại.") % {"n": found.levels["B-B"]}
        return {"kind": "busy", "words": words}
    return {
        "kind": "ok",
        "words": _("Hiện không phải làm gì."),
        "first": found.groups[0] if found.groups else None,
    }


def _tell(request: HttpRequest, extended: Outcome, renewed: Outcome) -> None:
    stopped = extended.stopped or renewed.stopped
    if stopped:
        messages.warning(request, stopped)
    done = extended.done + renewed.done
    if done:
        messages.success(request, _("Đã làm xong cho %(n)s tờ.") % {"n": done})
    failed = extended.failed + renewed.failed
    if failed:
        messages.warning(
            request, _("%(n)s tờ chưa làm được; lý do ở mục “Chưa làm được” bên dưới.") % {"n": failed}
        )
    waiting = extended.waiting + renewed.waiting
    if waiting:
        words = _("%(n)s tờ chờ thông tin thu hồi mới hơn; hệ thống tự làm tiếp.") % {"n": waiting}
        messages.success(request, words)
    if not (done or failed or waiting or stopped):
        messages.success(request, _("Hiện không phải làm gì."))


@require_actor
@require_safe
def watch(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/luu-tru/``: numbers of the schools below, without names."""
    unit = school_of(request)
    policy(request, "preservation.watch", unit)
    schools = schools_under(unit).order_by("name", "code")
    page = Paginator(schools, _PAGE).get_page(request.GET.get("trang"))
    rows = board(list(page.object_list))
    context = {
        "unit": unit,
        "page": page,
        "rows": rows,
        "n_schools": page.paginator.count,
        "sums": totals(rows),
    }
    return render(request, "web/preservation/watch.html", context)


@require_actor
@require_safe
def watch_school(request: HttpRequest, code: str) -> HttpResponse:
    """``/quan-ly/luu-tru/<code>/``: one school as it sees itself; nothing can be set going.

    :raises NotFound: ``no_such_archive``.
    """
    policy(request, "preservation.watch", school_of(request))
    school = schools_under(school_of(request)).filter(code=code).first()
    if school is None:
        raise NotFound("no_such_archive")
    return _shown(request, school, may_run=False, back=reverse("web:preservation-watch"))
