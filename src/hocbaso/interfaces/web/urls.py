"""Addresses of the pages (design 4.3). Each area has ``views/<area>.py`` and ``urls_<area>.py``.

All names live in the namespace ``web``: ``{% url "web:sign-in" %}``.
"""

from __future__ import annotations

from django.urls import include, path

app_name = "web"

_AREAS = (
    "health",
    "auth",
    "home",
    "pupils",
    "identity",
    "collection",
    "classes",
    "imports",
    "gradebook",
    "programmes",
    "lineage",
    "periods",
    "signing",
    "agent",
    "certificates",
    "transcripts",
    "books",
    "quality",
    "matching",
    "residence",
    "watching",
    "verification",
    "offline",
    "log",
    "preservation",
    "privacy",
)

urlpatterns = [path("", include(f"hocbaso.interfaces.web.urls_{area}")) for area in _AREAS]
