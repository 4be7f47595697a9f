"""Do subject teachers sign primary year sheets? The dated setting of a school or a department."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting, Kind
from hocbaso.apps.organisations.use_cases.dated_settings import present, set_dated
from hocbaso.apps.signing.seats import PRIMARY_SETTING
from hocbaso.core.errors import DomainError, NotAllowed, register
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register({"setting_day": ("Ghi ngày áp dụng, ví dụ 2026-09-05.", "The day of the setting is missing.")})


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def school(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/giao-vien-mon/``: what holds, since when, on which basis; the principal sets it."""
    policy(request, "certificates.view", school_of(request))
    return _page(request, "web:certificate-setting")


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def managing(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/chung-thu/giao-vien-mon/``: the department sets it for its schools."""
    policy(request, "certificates.watch", school_of(request))
    return _page(request, "web:certificates-watch-setting")


def _page(request: HttpRequest, here: str) -> HttpResponse:
    actor, unit = actor_of(request), school_of(request)
    error, status, field = "", 200, ""
    if request.method == "POST":
        try:
            day = _day(request.POST.get("tu-ngay", ""))
            value = {"co": "yes", "khong": "no", "theo-cap-tren": ""}.get(request.POST.get("chon", ""), "?")
            set_dated(
                actor,
                unit=unit,
                key=PRIMARY_SETTING,
                value=value,
                valid_from=day,
                basis=request.POST.get("can-cu", ""),
            )
            messages.success(request, _("Đã ghi. Áp dụng cho các lớp chốt kết quả từ ngày đã chọn."))
            return redirect(here)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status, field = words(refusal), status_of(refusal), _FIELDS.get(refusal.code, "")
    found = present(unit, PRIMARY_SETTING)
    rows = DatedSetting.objects.filter(organisation=unit, key=PRIMARY_SETTING).order_by("-valid_from")
    context: dict[str, Any] = {
        "unit": unit,
        "is_school": unit.kind == Kind.SCHOOL,
        "primary": unit.kind != Kind.SCHOOL or "tieu_hoc" in (unit.levels or []),
        "on": found.value == "yes",
        "row": found.row,
        "inherited": found.row is not None and found.row.organisation_id != unit.pk,
        "rows": rows[:50],
        "first_day": request.POST.get("tu-ngay", clock.today().isoformat()),
        "may_set": allowed(actor, "organisations.settings", unit),
        "basis": request.POST.get("can-cu", ""),
        "chosen": request.POST.get("chon", ""),
        "error": error,
        "field": field,
        "link": f"#{field}" if field else "",
        "may_view": unit.kind == Kind.SCHOOL,
    }
    return render(request, "web/certificates/setting.html", context, status=status)


_FIELDS = {"setting_basis": "can-cu", "setting_past": "tu-ngay", "setting_day": "tu-ngay"}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise DomainError("setting_day") from None
