"""Addresses for machines: liveness, readiness, metrics."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import health

urlpatterns: list[URLPattern] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
