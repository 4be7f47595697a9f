"""Addresses of the collection workbook and of what is put before the managing unit."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import collection, escalation

_SCHOOL, _MANAGING = {"area": "school"}, {"area": "managing"}
_COLLECTION = "truong/danh-tinh/thu-thap/"
_CASES = "truong/danh-tinh/kien-nghi/"

urlpatterns: list[URLPattern] = [
    path(_COLLECTION, collection.start, name="collection"),
    path(f"{_COLLECTION}tai-ve", collection.download, name="collection-file"),
    path(f"{_COLLECTION}<int:upload_id>/", collection.result, name="collection-upload"),
    path(f"{_COLLECTION}<int:upload_id>/tra-loi", collection.answers, name="collection-answers"),
    path(f"{_COLLECTION}<int:upload_id>/ghi", collection.confirm, name="collection-confirm"),
    path(f"{_COLLECTION}<int:upload_id>/gui-lai", collection.send_again, name="collection-send"),
    path(f"{_COLLECTION}<int:upload_id>/bo", collection.end, name="collection-end"),
    path(f"{_COLLECTION}<int:upload_id>/ghi-chu", collection.annotated, name="collection-annotated"),
    path(_CASES, escalation.cases, name="escalations"),
    path(f"{_CASES}moi", escalation.new, name="escalation-new"),
    path(f"{_CASES}<str:number>/", escalation.case, _SCHOOL, name="escalation"),
    path("quan-ly/kien-nghi/", escalation.watch, name="escalations-managing"),
    path("quan-ly/kien-nghi/<str:number>/", escalation.case, _MANAGING, name="escalation-managing"),
]
