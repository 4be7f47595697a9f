"""Addresses of the photos' pages and of the log of views."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import privacy

urlpatterns: list[URLPattern] = [
    path("truong/nhat-ky-xem/so-dinh-danh", privacy.show_number, name="reveal"),
]
