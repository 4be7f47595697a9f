"""Addresses of certificates: readiness, registration by proof, requests, the register as of a date."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import certificates, certificates_requests

urlpatterns: list[URLPattern] = [
    path("truong/chung-thu/", certificates.board, name="certificates"),
    path("truong/chung-thu/tep", certificates.export, name="certificates-file"),
    path("truong/chung-thu/dang-ky/", certificates.start, name="certificate-register"),
    path("truong/chung-thu/dang-ky/<int:case_id>/", certificates.proof, name="certificate-proof"),
    path("truong/chung-thu/so-dang-ky/", certificates.register_as_of, name="certificate-as-of"),
    path("truong/chung-thu/de-nghi/", certificates_requests.requests_page, name="certificate-requests"),
    path(
        "truong/chung-thu/de-nghi/<str:number>/",
        certificates_requests.request_page,
        name="certificate-request",
    ),
    path("quan-ly/chung-thu/", certificates.watch, name="certificates-watch"),
]
