"""Addresses of the transcripts pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import transcripts

urlpatterns: list[URLPattern] = [
    path("truong/hoc-ba/", transcripts.index, name="transcripts"),
    path("truong/hoc-ba/<str:code>/", transcripts.sheet, name="transcript"),
    path("truong/hoc-ba/<str:code>/xml", transcripts.xml, name="transcript-xml"),
    path("truong/hoc-ba/<str:code>/pdf", transcripts.pdf, name="transcript-pdf"),
]
