"""Addresses of the public log and of the published schemas."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import log

urlpatterns: list[URLPattern] = [
    path("log/key", log.keys, name="log-keys"),
    path("log/<str:year>/key", log.key, name="log-key"),
    path("log/<str:year>/checkpoint", log.checkpoint, name="log-checkpoint"),
    path("log/<str:year>/tile/<path:rest>", log.tile, name="log-tile"),
    path("schemas/<str:name>", log.schema, name="schema"),
]
