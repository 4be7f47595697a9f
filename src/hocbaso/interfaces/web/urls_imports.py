"""Addresses of the imports pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import imports

_ROOT = "truong/nhap-lieu/"

urlpatterns: list[URLPattern] = [
    path(_ROOT, imports.start, name="imports"),
    path(f"{_ROOT}ma-kich-hoat", imports.activation, name="imports-activation"),
    path(f"{_ROOT}<int:batch_id>", imports.batch, name="imports-batch"),
    path(f"{_ROOT}<int:batch_id>/tien-do", imports.progress, name="imports-progress"),
    path(f"{_ROOT}<int:batch_id>/tra-loi", imports.answers, name="imports-answers"),
    path(f"{_ROOT}<int:batch_id>/tep-ghi-chu", imports.annotated, name="imports-annotated"),
    path(f"{_ROOT}<int:batch_id>/xac-nhan", imports.confirm, name="imports-confirm"),
    path(f"{_ROOT}<int:batch_id>/huy", imports.cancel, name="imports-cancel"),
    path(f"{_ROOT}<int:batch_id>/hoan-tac", imports.undo, name="imports-undo"),
]
