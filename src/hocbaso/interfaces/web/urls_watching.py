"""Addresses of watching the verification, of campaigns and of reminders."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import campaigns, reminders, watching

_SCHOOL, _MANAGING = {"area": "school"}, {"area": "managing"}
_UNIT = "quan-ly/danh-tinh/don-vi/<str:code>"

urlpatterns: list[URLPattern] = [
    path("quan-ly/danh-tinh/", watching.overview, name="watching"),
    path(f"{_UNIT}/", watching.overview, name="watching-unit"),
    path(f"{_UNIT}/lop/<int:class_id>/", watching.in_class, name="watching-class"),
    path(f"{_UNIT}/tep", watching.export, name="watching-export"),
    path(f"{_UNIT}/dem-lai", watching.again, name="watching-recount"),
    path("quan-ly/danh-tinh/nhac/", reminders.sent, name="reminders"),
    path("quan-ly/danh-tinh/nhac/gui", reminders.send, name="reminders-send"),
    path("quan-ly/danh-tinh/nhac/<int:reminder_id>/", reminders.letter, _MANAGING, name="reminder-sent"),
    path("quan-ly/danh-tinh/dot/", campaigns.managing, name="campaigns"),
    path("quan-ly/danh-tinh/dot/moi", campaigns.new, _MANAGING, name="campaign-new"),
    path("quan-ly/danh-tinh/dot/<int:campaign_id>/", campaigns.detail, _MANAGING, name="campaign"),
    path("quan-ly/danh-tinh/dot/<int:campaign_id>/tep", campaigns.export, name="campaign-export"),
    path("truong/danh-tinh/dot/", campaigns.school, name="school-progress"),
    path("truong/danh-tinh/dot/moi", campaigns.new, _SCHOOL, name="school-campaign-new"),
    path("truong/danh-tinh/dot/<int:campaign_id>/", campaigns.detail, _SCHOOL, name="school-campaign"),
    path("truong/danh-tinh/dot/nhac/<int:reminder_id>/", reminders.letter, _SCHOOL, name="reminder"),
]
