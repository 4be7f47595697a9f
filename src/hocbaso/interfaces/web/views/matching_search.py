"""Search the register for pupils without number, and accept what it offers one by one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.identity.queries import FIELD_LABELS
from hocbaso.apps.matching import aliases
from hocbaso.apps.matching.queries import WithoutNumber, without_number
from hocbaso.apps.matching.use_cases.answer_offer import accept, decline
from hocbaso.apps.matching.use_cases.search import (
    Found,
    search,
    search_many,
    waiting_offer,
)
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, require_actor, school_of

MAX_SHOWN = 200


def _classes(request: HttpRequest) -> list[SchoolClass]:
    """Classes whose pupils the actor may search for. One query.

    :raises NotAllowed: none at all.
    """
    actor, school = actor_of(request), school_of(request)
    post = actor.assignment
    if allowed(actor, "matching.search", school):
        rows = SchoolClass.objects.filter(school=school, school_year=working_year(school))
        return list(rows.select_related("school"))
    own = post.school_class if post is not None else None
    if own is not None and allowed(actor, "matching.search_class", own):
        return [own]
    raise NotAllowed("not_allowed", what=_("tìm số định danh cho học sinh"))


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def searches(request: HttpRequest) -> HttpResponse:
    """``/truong/tim-so-dinh-danh/``: pupils without number, what was found, and one button for a class."""
    classes = _classes(request)
    wanted = request.POST.get("lop", "") or request.GET.get("lop", "")
    one = next((c for c in classes if str(c.pk) == wanted), classes[0] if len(classes) == 1 else None)
    error = ""
    if request.method == "POST":
        try:
            _act(request, classes, one)
        except DomainError as refusal:
            error = words(refusal)
        else:
            return redirect(reverse("web:number-searches") + (f"?lop={one.pk}" if one else ""))
    year = classes[0].school_year if classes else ""
    lines = without_number(school_of(request), year, one) if classes else []
    waiting = [line for line in lines if line.found and line.found.outcome == "one"]
    context = {
        "school": school_of(request),
        "classes": classes,
        "one": one,
        "year": year,
        "waiting": waiting,
        "others": [line for line in lines if line not in waiting][:MAX_SHOWN],
        "total": len(lines),
        "askable": sum(1 for line in lines if _askable(line)),
        "labels": FIELD_LABELS,
        "error": error,
    }
    return render(request, "web/matching/searches.html", context, status=422 if error else 200)


def _askable(line: WithoutNumber) -> bool:
    """A search about it would ask something new."""
    return not line.missing and line.found is None


def _act(request: HttpRequest, classes: list[SchoolClass], one: SchoolClass | None) -> None:
    if request.POST.get("viec") != "tim-lop":
        _decide(request, _own(request, classes, request.POST.get("hoc-sinh", "")))
        return
    year = classes[0].school_year if classes else ""
    lines = [line for line in without_number(school_of(request), year, one) if _askable(line)]
    found = search_many(actor_of(request), [line.enrolment.pupil for line in lines[:MAX_SHOWN]])
    failed = next((f.sentence for f in found if f.outcome == "unavailable"), "")
    if failed:
        messages.warning(request, failed)
    counts = {"n": len(found), "one": sum(f.outcome == "one" for f in found)}
    messages.success(
        request, _("Đã hỏi %(n)s em; %(one)s em có một người phù hợp, chờ thầy cô xem.") % counts
    )


def _own(request: HttpRequest, classes: list[SchoolClass], code: str) -> Pupil:
    """A pupil who studies in one of these classes.

    :raises NotFound: ``no_such_pupil``, also for one who has left.
    """
    rows = Enrolment.objects.filter(pupil__code=code, school_class__in=classes, active=True)
    row = rows.select_related("pupil").first()
    if row is None:
        raise NotFound("no_such_pupil")
    return row.pupil


def _decide(request: HttpRequest, pupil: Pupil) -> None:
    """Accept or decline the offer that the page showed."""
    actor, sent = actor_of(request), request.POST
    found = waiting_offer(pupil)
    if found is None or str(found.search_id) != sent.get("luot", ""):
        raise DomainError("search_no_offer")
    if sent.get("viec") == "khong-phai":
        decline(actor, pupil, found.token)
        messages.success(request, _("Đã bỏ kết quả này của %(name)s.") % {"name": pupil.full_name})
        return
    taken = accept(actor, pupil, found.token)
    told = {
        "sent": _("%(name)s đã có số định danh; yêu cầu xác thực đã được gửi."),
        "incomplete": _("%(name)s đã có số định danh. Còn điểm phải xác nhận trước khi gửi xác thực."),
        "duplicate": _(
            "Số này đang ở một hồ sơ khác. %(name)s được đưa vào danh sách nghi trùng hồ sơ để xem xét."
        ),
    }[taken.outcome] % {"name": pupil.full_name}
    (messages.warning if taken.outcome == "duplicate" else messages.success)(request, told)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def search_one(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/tim-so-dinh-danh/<code>/``: one pupil: search, offer, and what to do with the outcome."""
    classes = _classes(request)
    try:
        pupil = _own(request, classes, code)
    except NotFound:
        known = aliases.find(code)
        if known is None or known.code == code:
            raise
        _own(request, classes, known.code)
        return redirect("web:number-search", known.code)
    error, status, found = "", 200, waiting_offer(pupil)
    if request.method == "POST":
        try:
            if request.POST.get("viec") == "tim":
                found = search(actor_of(request), pupil)
                if found.outcome != "unavailable":
                    return redirect("web:number-search", code)
                error, status = found.sentence, 503
            else:
                _decide(request, pupil)
                return redirect("web:number-search", code)
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    pupil.refresh_from_db()
    return render(request, "web/matching/search.html", _one(request, pupil, found, error), status=status)


def _one(request: HttpRequest, pupil: Pupil, found: Found | None, error: str) -> dict[str, Any]:
    enrolment = (
        Enrolment.objects.filter(pupil=pupil, school_class__school=school_of(request))
        .select_related("school_class__school")
        .order_by("-school_class__school_year", "-active", "-pk")
        .first()
    )
    return {
        "pupil": pupil,
        "enrolment": enrolment,
        "found": found if found is not None and found.outcome != "unavailable" else None,
        "soft": [FIELD_LABELS[name] for name in (found.soft if found else ())],
        "error": error,
        "pair": _pair_of(request, pupil),
    }


def _pair_of(request: HttpRequest, pupil: Pupil) -> int | None:
    """The open pair that the pupil's search led to, when the actor may see pairs. One query."""
    from hocbaso.apps.matching.models import Pair, PairKind, PairState

    if not allowed(actor_of(request), "matching.view", school_of(request)):
        return None
    rows = Pair.objects.filter(kind=PairKind.NUMBER, state=PairState.OPEN)
    found = rows.filter(first=pupil).first() or rows.filter(second=pupil).first()
    return found.pk if found else None
