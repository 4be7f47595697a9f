"""Refusals become pages (or JSON) with their sentence."""

from __future__ import annotations

import html
import json

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory

from hocbaso.apps.accounts.models import Role
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, ServiceUnavailable, Unreadable, register
from hocbaso.interfaces.web import errors
from tests.unit.apps.accounts import people

register(
    {
        "test_refusal": ("Chỉ từ {low} đến {high}.", "Only {low} to {high}."),
        "test_other": ("Điều khác.", "Other."),
    }
)
pytestmark = pytest.mark.django_db


def request(accept: str = "text/html") -> HttpRequest:
    return RequestFactory().get("/truong/x", headers={"accept": accept})


@pytest.mark.parametrize(
    ("kind", "status"),
    [(DomainError, 422), (NotAllowed, 403), (NotFound, 404), (Unreadable, 400), (ServiceUnavailable, 503)],
)
def test_a_refusal_is_a_page_with_its_sentence_and_status(kind, status):
    response = errors.domain_error(request(), kind("test_refusal", low=0, high=10))
    page = html.unescape(response.content.decode())
    assert response.status_code == status
    assert "Chỉ từ 0 đến 10." in page
    assert "test_refusal" in page
    assert 'class="topbar"' in page


def test_a_script_gets_json():
    response = errors.domain_error(request("application/json"), DomainError("test_refusal", low=0, high=10))
    assert json.loads(response.content) == {"code": "test_refusal", "message": "Chỉ từ 0 đến 10."}
    assert response.status_code == 422


def test_a_page_that_is_not_there_stands_in_the_frame():
    response = Client().get("/khong-co-trang-nay")
    assert response.status_code == 404
    assert "Không tìm thấy trang này" in html.unescape(response.content.decode())


def test_what_the_policy_refuses_is_said_in_its_words(as_role):
    client, _post = as_role(Role.DATA_CLERK)
    client_of_seal, _post = as_role(Role.SEAL_KEEPER)
    assert client.get("/truong/can-bo/").status_code == 200
    response = client_of_seal.get("/truong/can-bo/")
    assert response.status_code == 403
    assert "xem danh sách cán bộ, giáo viên" in html.unescape(response.content.decode())


def test_a_server_error_shows_no_traceback(monkeypatch, as_role):
    client, _post = as_role(Role.DATA_CLERK)
    client.raise_request_exception = False
    monkeypatch.setattr("hocbaso.interfaces.web.views.home.clock.now", lambda: 1 / 0)
    response = client.get("/truong/")
    page = html.unescape(response.content.decode())
    assert response.status_code == 500
    assert "Lỗi này do hệ thống" in page
    assert "ZeroDivisionError" not in page


def test_a_server_error_is_told_even_when_the_frame_itself_fails(monkeypatch):
    monkeypatch.setattr(errors, "render", lambda *_a, **_k: 1 / 0)
    response = errors.server_error(request())
    assert response.status_code == 500
    assert "Hệ thống gặp lỗi" in response.content.decode()


def test_a_stale_form_is_explained():
    people.user()
    client = Client(enforce_csrf_checks=True)
    response = errors.csrf_failure(request(), "no token")
    assert response.status_code == 403
    assert "tải lại trang" in html.unescape(response.content.decode())
    assert client.post("/", {"username": "a", "password": "b"}).status_code == 403


def test_pages_carry_a_strict_policy_and_no_inline_code():
    response = Client().get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert "style=" not in page
    assert "<script" not in page
    assert " onclick" not in page
