"""Addresses of number search, duplicates, merge cases and temporary codes."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import matching_search

urlpatterns: list[URLPattern] = [
    path("truong/tim-so-dinh-danh/", matching_search.searches, name="number-searches"),
    path("truong/tim-so-dinh-danh/<str:code>/", matching_search.search_one, name="number-search"),
]
