"""Addresses of classes, teaching, arrivals, the register and the roll-over."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import arrivals, classes, roll_over, teaching

urlpatterns: list[URLPattern] = [
    path("truong/lop/", classes.index, name="classes"),
    path("truong/lop/<int:class_id>/", classes.one, name="class"),
    path("truong/lop/<int:class_id>/<int:enrolment_id>/", classes.place, name="class-pupil"),
    path("truong/phan-cong/", teaching.index, name="teaching"),
    path("truong/phan-cong/de-xuat", teaching.proposals, name="teaching-proposals"),
    path("truong/phan-cong/<int:class_id>/<slug:row>/", teaching.cell, name="teaching-cell"),
    path("truong/chuyen-den/", arrivals.index, name="arrivals"),
    path("truong/chuyen-den/<int:enrolment_id>/", arrivals.one, name="arrival"),
    path("truong/dang-bo/", roll_over.register, name="register"),
    path("truong/ket-chuyen/", roll_over.index, name="roll-over"),
    path("truong/ket-chuyen/<int:batch_id>/", roll_over.batch, name="roll-over-batch"),
]
