"""Addresses of programmes: school adjustments, pupils' choices, exemptions, individual plans."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import programmes

urlpatterns: list[URLPattern] = [
    path("truong/chuong-trinh/", programmes.index, name="programmes"),
    path("truong/chuong-trinh/<int:class_id>/", programmes.one, name="programmes-class"),
    path("truong/chuong-trinh/<int:class_id>/<int:enrolment_id>/", programmes.pupil, name="programmes-pupil"),
]
