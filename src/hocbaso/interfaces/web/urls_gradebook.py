"""Addresses of the gradebook pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import gradebook

_ROOT = "truong/so-diem/"
_PART = f"{_ROOT}<int:class_id>/<slug:part>/"

urlpatterns: list[URLPattern] = [
    path(_ROOT, gradebook.index, name="gradebook"),
    path(f"{_ROOT}<int:class_id>/", gradebook.class_page, name="gradebook-class"),
    path(_PART, gradebook.sheet, name="gradebook-sheet"),
    path(f"{_PART}kiem-tra/", gradebook.check, name="gradebook-check"),
    path(f"{_PART}lich-su/", gradebook.history, name="gradebook-history"),
]
