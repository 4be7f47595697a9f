"""Addresses of the pages (design 4.3)."""

from __future__ import annotations

urlpatterns: list = []
