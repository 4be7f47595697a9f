"""Addresses of the verification without a network."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import offline

urlpatterns: list[URLPattern] = [
    path("xac-thuc/ngoai-tuyen", offline.page, name="offline"),
    path("xac-thuc/ngoai-tuyen/tho.js", offline.worker, name="offline-worker"),
    path("xac-thuc/ngoai-tuyen/goi-tin-cay.json", offline.bundle, name="offline-bundle"),
    path("xac-thuc/ma-qr", offline.holder_code, name="verify-qr"),
    path("status/<str:name>", offline.status_list, name="status-list"),
    path("truong/hoc-ba/<str:code>/ma-qr", offline.school_code, name="transcript-qr"),
]
