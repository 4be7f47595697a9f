"""Addresses of residence."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import residence, residence_pupil

urlpatterns: list[URLPattern] = [
    path("truong/cu-tru/", residence.index, name="residence"),
    path("truong/cu-tru/lop/<int:class_id>/", residence.in_class, name="residence-class"),
    path("truong/cu-tru/don-vi-cu/", residence.mapping, name="residence-mapping"),
    path("truong/cu-tru/don-vi-cu/<str:key>/", residence.ask, name="residence-ask"),
    path("truong/cu-tru/ngoai-le/", residence.exceptions, name="residence-exceptions"),
    path("truong/cu-tru/hoc-sinh/<str:code>/", residence_pupil.pupil, name="residence-pupil"),
    path("truong/cu-tru/hoc-sinh/<str:code>/ban-in", residence_pupil.printed, name="residence-print"),
    path("truong/cu-tru/hoc-sinh/<str:code>/ngoai-le", residence_pupil.exception, name="residence-exception"),
]
