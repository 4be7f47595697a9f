"""Addresses of the pupils' pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import pupils

urlpatterns: list[URLPattern] = [
    path("truong/hoc-sinh/", pupils.roster, name="pupils"),
    path("truong/hoc-sinh/<str:code>/", pupils.pupil, name="pupil"),
    path("truong/hoc-sinh/<str:code>/anh", pupils.photo, name="pupil-photo"),
]
