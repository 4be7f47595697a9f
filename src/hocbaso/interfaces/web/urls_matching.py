"""Addresses of number search, duplicates, merge cases and temporary codes."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import matching, matching_codes, matching_search, matching_staff

_SCHOOL, _ABOVE = {"area": "school"}, {"area": "managing"}

urlpatterns: list[URLPattern] = [
    path("truong/tim-so-dinh-danh/", matching_search.searches, name="number-searches"),
    path("truong/tim-so-dinh-danh/<str:code>/", matching_search.search_one, name="number-search"),
    path(
        "truong/tim-so-dinh-danh/can-bo/<str:code>/",
        matching_staff.search_member,
        name="number-search-staff",
    ),
    path("truong/trung-ho-so/", matching.duplicates, _SCHOOL, name="duplicates"),
    path("truong/trung-ho-so/<int:pair_id>/", matching.duplicate, _SCHOOL, name="duplicate"),
    path("truong/trung-ho-so/<int:pair_id>/gop", matching.propose_merge, name="merge-new"),
    path("truong/trung-ho-so/vu/<str:number>/", matching.case, _SCHOOL, name="merge-case"),
    path("truong/trung-ho-so/ma-tam/", matching_codes.codes, name="temporary-codes"),
    path("quan-ly/trung-ho-so/", matching.duplicates, _ABOVE, name="duplicates-watch"),
    path("quan-ly/trung-ho-so/<int:pair_id>/", matching.duplicate, _ABOVE, name="duplicate-watch"),
    path("quan-ly/trung-ho-so/vu/<str:number>/", matching.case, _ABOVE, name="merge-watch"),
]
