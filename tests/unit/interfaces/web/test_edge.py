"""Addresses behind proxies, headers of every answer, size of what is sent."""

from __future__ import annotations

import html

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from hocbaso.apps.accounts.models import SignInAttempt
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.interfaces.web.edge import MAX_BODY, TrustedProxyMiddleware


def seen(settings, proxies, forwarded=None, proto=None):
    """Address and scheme that the pages see of a request from 10.0.0.9."""
    settings.HOCBASO_PROXIES = proxies
    headers = {}
    if forwarded is not None:
        headers["x-forwarded-for"] = forwarded
    if proto is not None:
        headers["x-forwarded-proto"] = proto
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.9")
    TrustedProxyMiddleware(lambda _request: HttpResponse())(request)
    return request.META["REMOTE_ADDR"], request.scheme


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.7", "10.0.0.9"),  # nobody in front: the header is the client's own word
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the left part was written by the client
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.5", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),  # fewer than there are proxies: somebody came round them
        (1, None, "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "unknown", "10.0.0.9"),
        (1, "<script>", "10.0.0.9"),
        (1, "203.0.113.7:51000", "203.0.113.7"),
        (1, '"[2001:db8::1]:51000"', "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_the_nth_address_from_the_right(settings, proxies, forwarded, address):
    assert seen(settings, proxies, forwarded)[0] == address


def test_the_scheme_is_believed_of_trusted_proxies_alone(settings):
    assert seen(settings, 0, proto="https")[1] == "http"
    assert seen(settings, 1, proto="https")[1] == "https"
    assert seen(settings, 1, proto="http, https")[1] == "https"  # the last one is the proxy's
    assert seen(settings, 1, proto="javascript")[1] == "http"


@pytest.mark.django_db
def test_failed_sign_ins_count_for_the_client_behind_the_proxy(settings):
    settings.HOCBASO_PROXIES = 1
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    headers = {"x-forwarded-for": "198.51.100.1, 203.0.113.7"}
    Client(headers=headers).post("/", {"username": "ai", "password": "sai"}, REMOTE_ADDR="10.0.0.9")
    assert SignInAttempt.objects.get().address == throttle.hashed("203.0.113.7")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/khong-co", "/xac-thuc", "/healthz", "/log/key", "/schemas/khong-co"])
def test_every_answer_carries_the_headers_that_browsers_obey(path):
    headers = Client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    for directive in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ):
        assert directive in policy
    assert "unsafe" not in policy
    assert "*" not in policy


@pytest.mark.django_db
def test_answers_for_machines_do_not_vary_with_cookies():
    for path in ("/log/key", "/healthz"):
        response = Client().get(path)
        assert "Cookie" not in response.headers.get("Vary", "")
        assert not response.cookies


@pytest.mark.django_db
def test_cookies_are_for_this_site_and_the_session_for_no_script(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from tests.unit.apps.accounts import people

    people.user()
    response = Client().post("/", {"username": "quynhttd", "password": people.PASSWORD})
    session = response.cookies["sessionid"]
    assert session["httponly"] is True
    assert session["samesite"] == "Lax"
    assert response.cookies["csrftoken"]["samesite"] == "Lax"


@pytest.mark.django_db
def test_a_body_that_no_form_takes_is_refused_unread():
    class Body:
        def read(self, *_size):
            raise AssertionError("it was read")

        readline = read

    response = Client().generic(
        "POST",
        "/",
        **{"CONTENT_LENGTH": str(MAX_BODY + 1), "wsgi.input": Body(), "CONTENT_TYPE": "text/plain"},
    )
    assert response.status_code == 413
    assert "lớn hơn 32 MB" in html.unescape(response.content.decode())
    assert "Content-Security-Policy" in response.headers
