"""All URLs of a node (design 4.3)."""

from django.urls import include, path

urlpatterns = [path("", include("hocbaso.interfaces.web.urls"))]

handler400 = "hocbaso.interfaces.web.errors.bad_request"
handler403 = "hocbaso.interfaces.web.errors.forbidden"
handler404 = "hocbaso.interfaces.web.errors.not_found"
handler500 = "hocbaso.interfaces.web.errors.server_error"
