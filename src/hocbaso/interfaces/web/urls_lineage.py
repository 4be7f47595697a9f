"""Addresses of the history behind results: the school's own leaders, and auditors from outside."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import lineage

urlpatterns: list[URLPattern] = [
    path("truong/truy-vet/", lineage.index, name="lineage"),
    path("truong/truy-vet/hoc-sinh/<int:enrolment_id>/", lineage.pupil, name="lineage-pupil"),
    path("truong/truy-vet/hoc-ba/<str:code>/", lineage.sheet, name="lineage-sheet"),
    path("quan-ly/truy-vet/", lineage.schools, name="lineage-schools"),
    path("quan-ly/truy-vet/<slug:school>/", lineage.index, name="lineage-school"),
    path(
        "quan-ly/truy-vet/<slug:school>/hoc-sinh/<int:enrolment_id>/",
        lineage.pupil,
        name="lineage-school-pupil",
    ),
    path("quan-ly/truy-vet/<slug:school>/hoc-ba/<str:code>/", lineage.sheet, name="lineage-school-sheet"),
]
