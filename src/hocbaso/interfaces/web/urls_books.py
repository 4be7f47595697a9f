"""Addresses of the school's books."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import books

urlpatterns: list[URLPattern] = [
    path("truong/so-sach/", books.index, name="books"),
    path("truong/so-sach/tai/<slug:slug>", books.download, name="books-file"),
    path("truong/so-sach/ma/", books.find, name="books-find"),
    path("truong/so-sach/ma/<str:code>", books.place, name="books-code"),
]
