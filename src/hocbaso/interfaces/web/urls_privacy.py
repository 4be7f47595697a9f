"""Addresses of the photos' pages and of the log of views."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import photos, privacy

urlpatterns: list[URLPattern] = [
    path("truong/anh/", photos.index, name="photos"),
    path("truong/anh/lop/<int:class_id>/", photos.school_class, name="photos-class"),
    path("truong/anh/hoc-sinh/<str:code>/", photos.one_pupil, name="photos-one"),
    path("truong/anh/dot/<int:number>/", photos.batch, name="photos-batch"),
    path("truong/anh/dot/<int:number>/<int:item_id>/", photos.item, name="photos-item"),
    path("truong/anh/dot/<int:number>/<int:item_id>/anh", photos.item_image, name="photos-item-image"),
    path("truong/nhat-ky-xem/", privacy.views, name="views"),
    path("truong/nhat-ky-xem/hoc-sinh/<str:pupil_code>/", privacy.views_of_one, name="views-pupil"),
    path("quan-ly/nhat-ky-xem/", privacy.schools, name="views-schools"),
    path("quan-ly/nhat-ky-xem/<str:code>/", privacy.views, name="views-school"),
    path(
        "quan-ly/nhat-ky-xem/<str:code>/hoc-sinh/<str:pupil_code>/",
        privacy.views_of_one,
        name="views-school-pupil",
    ),
    path("truong/nhat-ky-xem/so-dinh-danh", privacy.show_number, name="reveal"),
]
