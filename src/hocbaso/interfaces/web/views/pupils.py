"""Pupils."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from hocbaso.interfaces.web.views import require_actor


@require_actor
def roster(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def pupil(request: HttpRequest, code: str) -> HttpResponse:
    return HttpResponse("")


photo = pupil
