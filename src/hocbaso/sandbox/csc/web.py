"""The provider over HTTP (WSGI), mounted at ``/csc/v2``, with its bad days.

To this machine only: ``/csc/v2/admin/enrol`` (POST: name, personal_number, organisation, pin → credentialID),
``/csc/v2/admin/outbox`` (GET: the OTPs sent), ``/csc/v2/admin/settings`` (GET, PUT).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hocbaso.sandbox.csc.service import Json, Problem, RemoteSigningService

MOUNT = "/csc/v2"
_MAX_BODY = 1024 * 1024
_JSON = "application/json"
_Reply = tuple[int, str, bytes]
_PHRASES = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}


def make_csc_app(
    service: RemoteSigningService, sleep: Callable[[float], None] = time.sleep
) -> WSGIApplication:
    """The WSGI application in front of ``service``.

    :param sleep: waits the seconds of :attr:`Behaviour.delay`.
    """

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, kind, content = _answer(service, environ, sleep)
        except Problem as problem:
            status, kind, content = problem.status, _JSON, _dump({"error": problem.code})
        headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
        if status == 302:
            headers.append(("Location", "http://127.0.0.1:9/elsewhere"))
        start_response(f"{status} {_PHRASES.get(status, 'Error')}", headers)
        return [content]

    return app


def _answer(
    service: RemoteSigningService, environ: WSGIEnvironment, sleep: Callable[[float], None]
) -> _Reply:
    method = environ.get("PATH_INFO", "").removeprefix(MOUNT).strip("/")
    if method.startswith("admin/"):
        return _admin(service, environ, method.removeprefix("admin/"))
    if environ["REQUEST_METHOD"] != "POST":
        raise Problem("invalid_request", 405)
    answer = service.handle(method, _body(environ), environ.get("HTTP_AUTHORIZATION", ""))
    if service.behaviour.on == method and service.behaviour.delay:
        sleep(service.behaviour.delay)
    wrong = service.mood(method)
    if method == "signatures/signHash":
        answer = service.spoiled(wrong, answer)
    return _spoiled(wrong, _dump(answer))


def _spoiled(wrong: str, content: bytes) -> _Reply:
    if wrong == "html":
        return 200, "text/html; charset=utf-8", b"<!doctype html><title>Maintenance</title>"
    if wrong == "redirect":
        return 302, "text/plain", b""
    if wrong == "huge":
        return 200, _JSON, b'{"signatures":["' + b"A" * (4 * 1024 * 1024) + b'"]}'
    if wrong == "cut":
        return 200, _JSON, content[: len(content) // 2]
    if wrong == "500":
        return 503, "text/plain", b"busy"
    return 200, _JSON, content


def _admin(service: RemoteSigningService, environ: WSGIEnvironment, what: str) -> _Reply:
    if environ.get("REMOTE_ADDR") not in ("127.0.0.1", "::1"):
        raise Problem("loopback_only", 403)
    verb = environ["REQUEST_METHOD"]
    if (verb, what) == ("GET", "outbox"):
        return 200, _JSON, _dump({"messages": [asdict(message) for message in service.outbox]})
    if (verb, what) == ("POST", "enrol"):
        body = _body(environ)
        try:
            credential = service.authority.issue_person(
                body["name"], body["personal_number"], body["organisation"]
            )
        except KeyError:
            raise Problem("invalid_request") from None
        return 200, _JSON, _dump({"credentialID": service.enrol(credential, str(body.get("pin", "")))})
    if what == "settings" and verb in ("GET", "PUT"):
        if verb == "PUT":
            try:
                service.behaviour = service.behaviour.changed(_body(environ))
            except (ValueError, TypeError):
                raise Problem("invalid_request") from None
        return 200, _JSON, _dump(asdict(service.behaviour))
    raise Problem("invalid_request", 404)


def _body(environ: WSGIEnvironment) -> Json:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > _MAX_BODY:
        raise Problem("invalid_request", 413)
    content = environ["wsgi.input"].read(int(length))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(content.decode("utf-8", "replace")))
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        raise Problem("invalid_request") from None
    if not isinstance(body, dict):
        raise Problem("invalid_request")
    return body


def _dump(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
