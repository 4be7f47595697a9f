"""Addresses of entry periods, unlock cases and checks of papers."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import periods, periods_reviews, periods_unlock

_SCHOOL, _PROVINCE = {"area": "school"}, {"area": "province"}

urlpatterns: list[URLPattern] = [
    path("truong/dot-nhap/", periods.calendar, name="periods"),
    path("truong/dot-nhap/moi", periods.new, _SCHOOL, name="period-new"),
    path("truong/dot-nhap/<int:period_id>/", periods.detail, _SCHOOL, name="period"),
    path("quan-ly/dot-nhap/", periods.province, name="province-periods"),
    path("quan-ly/dot-nhap/moi", periods.new, _PROVINCE, name="province-period-new"),
    path("quan-ly/dot-nhap/<int:period_id>/", periods.detail, _PROVINCE, name="province-period"),
    path("truong/mo-khoa/", periods_unlock.cases, name="unlock-cases"),
    path("truong/mo-khoa/moi", periods_unlock.new, name="unlock-new"),
    path("truong/mo-khoa/<str:number>/", periods_unlock.case, _SCHOOL, name="unlock-case"),
    path("truong/mo-khoa/<str:number>/bien-ban", periods_unlock.minutes, name="unlock-minutes"),
    path("truong/mo-khoa/<str:number>/tep/<int:file_id>", periods_unlock.signed, name="unlock-signed"),
    path("quan-ly/mo-khoa/", periods_unlock.watch, name="unlock-watch"),
    path(
        "quan-ly/mo-khoa/<str:number>/", periods_unlock.case, {"area": "managing"}, name="unlock-watch-case"
    ),
    path("truong/kiem-tra/", periods_reviews.reviews, name="reviews"),
    path("truong/kiem-tra/giao", periods_reviews.assign, name="review-assign"),
    path("truong/kiem-tra/<int:review_id>/", periods_reviews.review, name="review"),
]
