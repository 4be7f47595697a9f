"""Addresses of identity: the four steps, classes, staff, one person, sendings, letters."""

from __future__ import annotations

from django.urls import path

from hocbaso.interfaces.web.views import identity, identity_person, identity_send

urlpatterns = [
    path("truong/danh-tinh/", identity.overview, name="identity"),
    path("truong/danh-tinh/buoc/<int:step>/", identity.step, name="identity-step"),
    path("truong/danh-tinh/lop/<int:class_id>/", identity.of_class, name="identity-class"),
    path("truong/danh-tinh/can-bo/", identity.staff, name="identity-staff"),
    path("truong/danh-tinh/can-bo/<str:code>/", identity_person.member, name="identity-member"),
    path("truong/danh-tinh/hoc-sinh/<str:code>/", identity_person.pupil, name="identity-person"),
    path("truong/danh-tinh/gui/", identity_send.order, name="identity-send"),
    path("truong/danh-tinh/gui/<int:sending_id>/", identity_send.sending, name="identity-sending"),
    path("truong/danh-tinh/giay-bao/", identity_send.letters, name="identity-letters"),
]
