"""Addresses of long-term preservation."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import preservation

urlpatterns: list[URLPattern] = [
    path("truong/luu-tru/", preservation.school_page, name="preservation"),
    path("quan-ly/luu-tru/", preservation.watch, name="preservation-watch"),
    path("quan-ly/luu-tru/<str:code>/", preservation.watch_school, name="preservation-watch-school"),
]
