"""Addresses of the local agent's two sides: the page, pairing, lists and values."""

from __future__ import annotations

from django.urls import URLPattern, path

from hocbaso.interfaces.web.views import agent

urlpatterns: list[URLPattern] = [
    path("truong/thiet-bi-ky/", agent.page, name="agent"),
    path("truong/thiet-bi-ky/trang-thai", agent.state, name="agent-state"),
    path("truong/thiet-bi-ky/ghep", agent.pair, name="agent-pair"),
    path("truong/thiet-bi-ky/ghep/ma", agent.code, name="agent-code"),
    path("truong/thiet-bi-ky/ghep/xong", agent.paired, name="agent-paired"),
    path("truong/thiet-bi-ky/ngat", agent.leave, name="agent-leave"),
    path("truong/thiet-bi-ky/danh-sach", agent.hand_out, name="agent-list"),
    path("truong/thiet-bi-ky/chu-ky", agent.take, name="agent-values"),
    path("truong/thiet-bi-ky/dang-ky", agent.prove, name="agent-prove"),
    path("truong/thiet-bi-ky/dang-ky/chu-ky", agent.proof, name="agent-proof"),
]
