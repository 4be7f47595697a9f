"""Addresses of data quality, checklists and slips."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import quality, quality_work, slips

urlpatterns: list[URLPattern] = [
    path("truong/chat-luong/", quality.school, name="quality"),
    path("truong/chat-luong/viec/", quality.work, name="quality-work"),
    path("truong/chat-luong/viec/<int:number>/", quality_work.finding, name="quality-finding"),
    path("truong/chat-luong/giai-trinh/", quality_work.explanations, name="quality-explanations"),
    path("truong/chat-luong/hoc-sinh/<str:code>/", quality_work.pupil, name="quality-pupil"),
    path("truong/chat-luong/lop/<int:class_id>/", quality.school_class, name="quality-class"),
    path("truong/chat-luong/lop/<int:class_id>/doi-chieu/", quality_work.checklist, name="quality-checklist"),
    path("truong/chat-luong/lop/<int:class_id>/phieu/", slips.of_class, name="quality-slips"),
    path("truong/chat-luong/phieu/<int:number>/", slips.paper, name="quality-paper"),
    path("quan-ly/chat-luong/", quality.watch, name="quality-watch"),
    path("phieu/<str:token>", slips.guardian, name="slip"),
]
