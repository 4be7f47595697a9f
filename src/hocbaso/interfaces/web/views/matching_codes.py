"""Temporary codes: pupils who bear one, enrolling a child without code, the Ministry's code when it comes."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.matching.models import TemporaryCode, WhyTemporary
from hocbaso.apps.matching.use_cases.temporary import Child, enrol_without_code, is_temporary, rekey
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest) -> HttpResponse:
    """``/truong/trung-ho-so/ma-tam/``."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "matching.temporary", school)
    error, status = "", 200
    if request.method == "POST":
        try:
            told = _rekeyed(request) if request.POST.get("viec") == "doi-ma" else _enrolled(request)
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
        else:
            messages.success(request, told)
            return redirect("web:temporary-codes")
    given = TemporaryCode.objects.filter(school=school).select_related("pupil").order_by("-pk")
    context = {
        "school": school,
        "rows": [{"given": row, "open": is_temporary(row.pupil.code)} for row in given],
        "classes": SchoolClass.objects.filter(
            school=school, school_year=working_year(school), closed_on__isnull=True
        ),
        "reasons": WhyTemporary.choices,
        "today": clock.today().isoformat(),
        "form": _typed(request) if error else {},
        "may_rekey": allowed(actor, "matching.rekey", school),
        "error": error,
    }
    return render(request, "web/matching/codes.html", context, status=status)


def _typed(request: HttpRequest) -> dict[str, str]:
    """What was typed, for the form that comes back."""
    names = {
        "name": "ho-ten",
        "birth": "ngay-sinh",
        "sex": "gioi-tinh",
        "nationality": "quoc-tich",
        "place": "lop",
        "day": "ngay",
        "why": "ly-do",
        "evidence": "can-cu",
        "guardian": "giam-ho",
    }
    return {key: request.POST.get(name, "") for key, name in names.items()}


def _enrolled(request: HttpRequest) -> str:
    sent, school = request.POST, school_of(request)
    wanted = sent.get("lop", "")
    school_class = next(
        (
            c
            for c in SchoolClass.objects.filter(school=school).select_related("school")
            if str(c.pk) == wanted
        ),
        None,
    )
    if school_class is None:
        raise DomainError("temporary_lacks", what=_("lớp"))
    try:
        day = date.fromisoformat(sent.get("ngay", ""))
    except ValueError:
        raise DomainError("temporary_lacks", what=_("ngày vào lớp")) from None
    child = Child(
        full_name=sent.get("ho-ten", ""),
        birth_date=sent.get("ngay-sinh", ""),
        sex=sent.get("gioi-tinh", ""),
        nationality=sent.get("quoc-tich", ""),
        guardian_name=sent.get("giam-ho", ""),
    )
    made = enrol_without_code(
        actor_of(request),
        school_class,
        child,
        why=sent.get("ly-do", ""),
        evidence=sent.get("can-cu", ""),
        day=day,
    )
    told = _("Đã mở hồ sơ của %(name)s với mã tạm %(code)s.")
    return told % {"name": made.pupil.full_name, "code": made.pupil.code}


def _rekeyed(request: HttpRequest) -> str:
    school = school_of(request)
    row = (
        TemporaryCode.objects.filter(school=school, code=request.POST.get("ma-cu", ""))
        .select_related("pupil")
        .first()
    )
    if row is None:
        raise NotFound("no_such_pupil")
    code = "".join(request.POST.get("ma-moi", "").split()).upper()
    rekey(actor_of(request), row.pupil, code, reason=_("Mã do Bộ cấp, nhập tay"), school=school)
    told = _("%(name)s mang mã %(code)s. Mã tạm cũ vẫn tìm ra em.")
    return told % {"name": row.pupil.full_name, "code": code}
