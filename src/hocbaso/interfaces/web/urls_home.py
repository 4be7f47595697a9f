"""Addresses of the homes: the school's day, staff, the managing levels."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import home

urlpatterns: list[URLPattern] = [
    path("truong/", home.today, name="home"),
    path("truong/can-bo/", home.staff, name="staff"),
    path("quan-ly/", home.managing, name="managing"),
]
