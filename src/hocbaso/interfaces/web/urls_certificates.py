"""Addresses of certificates: readiness, registration by proof, requests, the register as of a date."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import (
    certificates,
    certificates_own,
    certificates_requests,
    certificates_setting,
    certificates_watch,
)

_UNIT = "quan-ly/chung-thu/don-vi/<str:code>"

urlpatterns: list[URLPattern] = [
    path("truong/chung-thu/", certificates.board, name="certificates"),
    path("truong/chung-thu/tep", certificates.export, name="certificates-file"),
    path("truong/chung-thu/dang-ky/", certificates.start, name="certificate-register"),
    path("truong/chung-thu/dang-ky/<int:case_id>/", certificates.proof, name="certificate-proof"),
    path("truong/chung-thu/cua-toi/", certificates_own.own, name="certificate-own"),
    path("truong/chung-thu/ket-thuc/", certificates_own.end, name="certificate-end"),
    path("truong/chung-thu/ket-thuc/<int:case_id>/", certificates_own.ending, name="certificate-ending"),
    path("truong/chung-thu/giao-vien-mon/", certificates_setting.school, name="certificate-setting"),
    path("truong/chung-thu/so-dang-ky/", certificates.register_as_of, name="certificate-as-of"),
    path("truong/chung-thu/de-nghi/", certificates_requests.requests_page, name="certificate-requests"),
    path(
        "truong/chung-thu/de-nghi/<str:number>/",
        certificates_requests.request_page,
        name="certificate-request",
    ),
    path("quan-ly/chung-thu/", certificates_watch.watch, name="certificates-watch"),
    path(
        "quan-ly/chung-thu/giao-vien-mon/",
        certificates_setting.managing,
        name="certificates-watch-setting",
    ),
    path(f"{_UNIT}/", certificates_watch.watch, name="certificates-watch-unit"),
    path(f"{_UNIT}/tep", certificates_watch.export, name="certificates-watch-file"),
]
