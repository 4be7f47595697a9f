"""Addresses of closing, signing and issuing."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import closing, issuing, key_places, signing, signing_place

urlpatterns: list[URLPattern] = [
    path("truong/tong-ket/", closing.index, name="closing"),
    path("truong/tong-ket/<int:class_id>/", closing.school_class, name="closing-class"),
    path("truong/tong-ket/<int:class_id>/da-chot", closing.done, name="closing-done"),
    path("truong/tong-ket/<int:class_id>/danh-hieu/<int:enrolment_id>", closing.title, name="closing-title"),
    path(
        "truong/tong-ket/<int:class_id>/len-lop/<int:enrolment_id>",
        closing.promotion,
        name="closing-promotion",
    ),
    path("truong/ky/", signing.index, name="signing"),
    path("truong/ky/hieu-truong/", signing.principal, name="signing-principal"),
    path("truong/ky/mon/<int:class_id>/", signing.subject, name="signing-subject"),
    path("truong/ky/<int:class_id>/", signing.homeroom, name="signing-class"),
    path("truong/ky/lan/<int:batch_id>/", signing.receipt, name="signing-receipt"),
    path("truong/ky/lan/<int:batch_id>/buoc", signing.step, name="signing-step"),
    path("truong/ky/lan/<int:batch_id>/tien-do", signing_place.progress, name="signing-progress"),
    path("truong/ky/lan/<int:batch_id>/ma", signing_place.codes, name="signing-codes"),
    path("truong/ky/lan/<int:batch_id>/may-nay", signing_place.agent, name="signing-agent"),
    path("tai-khoan/khoa-ky/", key_places.index, name="key-places"),
    path("tai-khoan/khoa-ky/thu", key_places.test, name="key-place-test"),
    path("tai-khoan/khoa-ky/dang-ky/<int:case_id>", key_places.proof, name="key-place-proof"),
    path("truong/phat-hanh/", issuing.desk, name="issuing"),
    path("truong/phat-hanh/lan/<int:batch_id>/", signing.receipt, name="issuing-receipt"),
    path("truong/phat-hanh/goi-tin-cay", issuing.bundle, name="issuing-bundle"),
    path("truong/phat-hanh/hoc-ba-xml", issuing.package, name="issuing-package"),
]
