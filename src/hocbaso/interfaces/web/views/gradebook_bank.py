"""The comment bank: a person's own sentences and the school's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from hocbaso.interfaces.web.views import require_actor


@require_actor
@require_http_methods(["GET", "POST"])
def bank(request: HttpRequest) -> HttpResponse:
    return render(request, "web/gradebook/bank.html")
