"""Addresses of the public verification."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import verification, verification_report

urlpatterns: list[URLPattern] = [
    path("xac-thuc", verification.by_code, name="verify"),
    path("xac-thuc/", verification.with_slash),
    path("xac-thuc/tep", verification.by_file, name="verify-file"),
    path("xac-thuc/ngay-sinh", verification.open_up, name="verify-open"),
    path("xac-thuc/ban-the-hien", verification.rendition, name="verify-pdf"),
    path("xac-thuc/bang-chung", verification.proof, name="verify-proof"),
    path("xac-thuc/phieu", verification.slip, name="verify-slip"),
    path("xac-thuc/bien-ban", verification_report.report, name="verify-report"),
]
