"""Addresses of the gradebook pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import (
    gradebook,
    gradebook_bank,
    gradebook_check,
    gradebook_export,
    gradebook_session,
)

_ROOT = "truong/so-diem/"
_PART = f"{_ROOT}<int:class_id>/<slug:part>/"

urlpatterns: list[URLPattern] = [
    path(_ROOT, gradebook.index, name="gradebook"),
    path(f"{_ROOT}dang-nhap-lai/", gradebook_session.sign_in, name="gradebook-sign-in"),
    path(f"{_ROOT}mau-nhan-xet/", gradebook_bank.bank, name="gradebook-bank"),
    path(f"{_ROOT}<int:class_id>/", gradebook.class_page, name="gradebook-class"),
    path(_PART, gradebook.sheet, name="gradebook-sheet"),
    path(f"{_PART}kiem-tra/", gradebook_check.check, name="gradebook-check"),
    path(f"{_PART}lich-su/", gradebook.history, name="gradebook-history"),
    path(f"{_PART}tep-excel/", gradebook_export.export, name="gradebook-export"),
    path(f"{_PART}quanh/", gradebook_session.around, name="gradebook-around"),
]
