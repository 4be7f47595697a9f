"""Homes: the school's day, staff, the managing levels."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from hocbaso.interfaces.web.views import require_actor


@require_actor
def today(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


staff = managing = today
