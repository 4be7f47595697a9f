"""The edge of the node: whose address a request has, how large it may be, what every answer carries."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hocbaso.interfaces.web import errors

Next = Callable[[HttpRequest], HttpResponse]

#: Nothing that a form here takes is larger (workbooks 20 MB, documents 10 MB, portraits 5 MB).
MAX_BODY = 32 * 1024 * 1024

_HEADERS = {
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}


def _address(text: str) -> str:
    """The IP address that a proxy wrote (perhaps with a port), or an empty text."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


class TrustedProxyMiddleware:
    """``REMOTE_ADDR`` and the scheme as the ``HOCBASO_PROXIES`` reverse proxies in front saw them.

    Each proxy appends the address of its peer to ``X-Forwarded-For``, so that with *n* trusted proxies the
    *n*-th entry from the right is the client; everything further left was written by the client itself and is
    never believed. With 0 proxies neither header is looked at.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies = settings.HOCBASO_PROXIES
        if proxies:
            entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            found = _address(entries[-proxies]) if len(entries) >= proxies else ""
            if found:
                request.META["REMOTE_ADDR"] = found
            scheme = request.META.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):  # decides over secure cookies, HSTS and the CSRF origin check
                request.META["wsgi.url_scheme"] = scheme
        return self.get_response(request)


class HeadersMiddleware:
    """Headers of every answer that Django and the CSP package do not set."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.META.get("QUERY_STRING"):  # a transcript code may stand in it
            response.headers.setdefault("X-Robots-Tag", "noindex")
        return response


class BodyLimitMiddleware:
    """Refuses a body that no form takes before anybody (the CSRF check, too) spools it to disk."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > MAX_BODY:
            return errors.too_large(request, MAX_BODY // (1024 * 1024))
        return self.get_response(request)
