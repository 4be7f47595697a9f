"""Addresses of signing in, the second factor, and the choice of a post."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.i18n import set_language

from hocbaso.interfaces.web.views import auth

urlpatterns: list[URLPattern] = [
    path("", auth.sign_in, name="sign-in"),
    path("dang-xuat", auth.sign_out, name="sign-out"),
    path("ma-xac-nhan", auth.confirm_code, name="confirm-code"),
    path("ma-xac-nhan/cai-dat", auth.enrol, name="enrol"),
    path("hop-cat/ma", auth.demo_code, name="demo-code"),
    path("mat-khau", auth.change_password, name="change-password"),
    path("vi-tri", auth.choose_post, name="choose-post"),
    path("ngon-ngu", set_language, name="set-language"),
]
