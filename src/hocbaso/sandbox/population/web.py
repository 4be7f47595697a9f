"""The registry over HTTP (WSGI), mounted at ``/population``, with all its bad days.

POST ``/v1/verify``, ``/v1/residence``, ``/v1/accept``: JSON with the headers of the bus. To this machine
only: ``/v1/admin/settings`` (GET, PUT), ``/v1/admin/counters`` (GET), ``/v1/admin/reset`` (POST).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import httpx

from hocbaso.engines.population import GatewaySettings, XRoadPopulation
from hocbaso.sandbox.population.behaviour import Behaviour
from hocbaso.sandbox.population.registry import Json, PopulationRegistry

MOUNT = "/population"
_MAX_BODY = 1024 * 1024
_MAX_ITEMS = 100
_SUBJECT = ("so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "ma_tinh", "ma_xa", "tinh", "xa")


class _Refused(Exception):
    """An HTTP error; ``after`` becomes ``Retry-After``."""

    def __init__(self, status: int, kind: str, after: int | None = None) -> None:
        super().__init__(kind)
        self.status, self.kind, self.after = status, kind, after


@dataclass
class _Reply:
    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: Chunks with pauses in between, instead of the content at once.
    drip: float = 0.0
    announced: int | None = None  # a Content-Length that is not kept


class _Rate:
    """The registry's own rate limit; a second's worth (200 at least) may come at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rate, self._level, self._at = 0.0, 0.0, 0.0

    def take(self, rate: float, items: int, now: float) -> float:
        """0 when the items may pass, otherwise the seconds after which they might."""
        with self._lock:
            most = max(200.0, rate)
            if rate != self._rate:
                self._rate, self._level, self._at = rate, most, now
            self._level = min(most, self._level + (now - self._at) * rate)
            self._at = now
            if items <= self._level:
                self._level -= items
                return 0.0
            return (items - self._level) / rate


class _Service:
    def __init__(
        self, registry: PopulationRegistry, sleep: Callable[[float], None], dice: Callable[[], float]
    ) -> None:
        self.registry = registry
        self.sleep, self._dice = sleep, dice
        self._rate = _Rate()

    def answer(self, environ: WSGIEnvironment) -> _Reply:
        path, method = environ.get("PATH_INFO", "").removeprefix(MOUNT), environ["REQUEST_METHOD"]
        try:
            if path.startswith("/v1/admin/"):
                return self._admin(environ, method, path.removeprefix("/v1/admin/"))
            if path not in ("/v1/verify", "/v1/residence", "/v1/accept"):
                raise _Refused(404, "Server.UnknownService")
            if method != "POST":
                raise _Refused(405, "Client.MethodNotAllowed")
            return self._serve(environ, path.removeprefix("/v1/"))
        except _Refused as refused:
            error = {"type": refused.kind, "message": refused.kind, "detail": str(uuid4())}
            headers = {"X-Road-Error": refused.kind}
            if refused.after is not None:
                headers["Retry-After"] = str(refused.after)
            return _Reply(refused.status, json.dumps(error).encode(), headers)

    def _admin(self, environ: WSGIEnvironment, method: str, what: str) -> _Reply:
        if environ.get("REMOTE_ADDR") not in ("127.0.0.1", "::1"):
            raise _Refused(403, "Client.LoopbackOnly")
        registry = self.registry
        if (method, what) == ("GET", "counters"):
            return _json(registry.store.counters())
        if (method, what) == ("POST", "reset"):
            registry.store.forget_answers()
            return _json({})
        if what == "settings" and method in ("GET", "PUT"):
            behaviour = registry.behaviour.current()
            if method == "PUT":
                try:
                    behaviour = registry.behaviour.change(json.loads(_body(environ)))
                except (ValueError, TypeError, AttributeError) as error:
                    return _Reply(400, str(error).encode())
            return _json(behaviour.as_json())
        raise _Refused(404, "Server.UnknownService")

    def _serve(self, environ: WSGIEnvironment, service: str) -> _Reply:
        behaviour = self.registry.behaviour.current()
        if behaviour.down(self.registry.now()):
            raise _Refused(503, "Server.ServerProxy.ServiceFailed.Outage", behaviour.retry_after)
        body = _body(environ)
        client, message = _checked_headers(environ, body)
        items = _items(body, message, service)
        if behaviour.latency_ms or behaviour.latency_jitter_ms:
            self.sleep((behaviour.latency_ms + behaviour.latency_jitter_ms * self._dice()) / 1000)
        if self._dice() < behaviour.error_rate:
            raise _Refused(500, "Server.ServerProxy.ServiceFailed.InternalError")
        if behaviour.rate_per_second:
            wait = self._rate.take(behaviour.rate_per_second, len(items), time.monotonic())
            if wait:
                raise _Refused(429, "Client.RateLimited", int(wait) + 1)
        return self._processed(behaviour, client, message, service, items)

    def _processed(
        self, behaviour: Behaviour, client: str, message: str, service: str, items: list[Json]
    ) -> _Reply:
        document: Json = {"message_id": message}
        if service == "verify":
            document["answers"] = self.registry.verify(client, items)
            if all(one["outcome"] == "rate_limited" for one in document["answers"]):
                raise _Refused(429, "Client.QuotaExceeded", self.registry.seconds_to_midnight())
        elif service == "residence":
            document["answer"] = self.registry.residence(client, items[0])
        else:
            document["answer"] = self.registry.accept(client, items[0])
        reply = _json(document, {"X-Road-Id": message, "X-Road-Client": client})
        if self._dice() < behaviour.lost_rate:
            return _Reply(200, b"", announced=len(reply.content))
        if self._dice() < behaviour.malformed_rate:
            kinds = behaviour.malformed_kinds
            reply = _spoilt(kinds[int(self._dice() * len(kinds)) % len(kinds)], document, reply)
        if self._dice() < behaviour.slow_rate:
            reply.drip = behaviour.slow_seconds
        return reply


def make_population_app(
    registry: PopulationRegistry,
    *,
    sleep: Callable[[float], None] = time.sleep,
    dice: Callable[[], float] | None = None,
) -> WSGIApplication:
    """The WSGI application; paths begin with ``/population``.

    :param dice: decides which answers go wrong; the registry's own unless told.
    """
    service = _Service(registry, sleep, dice or registry.dice)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = service.answer(environ)
        length = len(reply.content) if reply.announced is None else reply.announced
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(length),
            "Cache-Control": "no-store",
            **reply.headers,
        }
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(headers.items()))
        return _dripping(reply, service.sleep) if reply.drip else [reply.content]

    return app


def in_process_port(
    registry: PopulationRegistry,
    settings: GatewaySettings | None = None,
    *,
    now: Callable[[], datetime] | None = None,
    **options: Any,
) -> XRoadPopulation:
    """The real gateway with this registry behind it, without a network."""
    transport = httpx.WSGITransport(make_population_app(registry))
    settings = settings or GatewaySettings(url="http://127.0.0.1/population")
    return XRoadPopulation(settings, now=now or registry.now, transport=transport, **options)


def open_registry(directory: Path | str) -> PopulationRegistry:
    """The registry inside the sandbox's directory."""
    return PopulationRegistry(Path(directory) / "population")


def _dripping(reply: _Reply, sleep: Callable[[float], None]) -> Iterator[bytes]:
    parts = 20
    size = max(1, -(-len(reply.content) // parts))
    for at in range(0, len(reply.content), size):
        sleep(reply.drip / parts)
        yield reply.content[at : at + size]


def _json(value: Any, headers: dict[str, str] | None = None) -> _Reply:
    return _Reply(200, json.dumps(value, ensure_ascii=False).encode(), headers or {})


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdigit() or int(length) > _MAX_BODY:
        raise _Refused(413, "Client.BodyTooLong")
    content: bytes = environ["wsgi.input"].read(int(length))
    return content


def _checked_headers(environ: WSGIEnvironment, body: bytes) -> tuple[str, str]:
    client, message = environ.get("HTTP_X_ROAD_CLIENT", ""), environ.get("HTTP_X_ROAD_ID", "")
    if client.count("/") != 3 or not all(client.split("/")):
        raise _Refused(400, "Client.InvalidClientIdentifier")
    if not message or not environ.get("HTTP_X_ROAD_USERID"):
        raise _Refused(400, "Client.MissingHeader")
    hashed = base64.b64encode(hashlib.sha512(body).digest()).decode()
    if environ.get("HTTP_X_ROAD_REQUEST_HASH") != hashed:
        raise _Refused(400, "Client.RequestHashDiffers")
    return client, message


def _items(body: bytes, message: str, service: str) -> list[Json]:
    try:
        document = json.loads(body.decode())
        items = document["items"] if service == "verify" else [document["item"]]
        ids = {_checked_item(item, service) for item in items}
        if document["message_id"] != message or not 1 <= len(items) == len(ids) <= _MAX_ITEMS:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _Refused(400, "Client.InvalidBody") from None
    return list(items)


def _checked_item(item: Json, service: str) -> str:
    """Its id, when every part is there and is text."""
    texts = [item["request_id"], *(item["purpose"][name] for name in ("code", "legal_basis"))]
    texts += [item["subject"][name] for name in _SUBJECT]
    texts += [item["requester"][name] for name in ("unit", "user")]
    if service == "accept":
        texts.append(item["token"])
    if not all(isinstance(text, str) and len(text) <= 1000 for text in texts) or not texts[0]:
        raise ValueError("not a question")
    "".join(texts).encode()  # half a surrogate pair cannot be stored
    return str(texts[0])


def _spoilt(kind: str, document: Json, reply: _Reply) -> _Reply:
    """The reply as broken systems send it."""
    content = reply.content
    if kind == "truncated":
        return _Reply(200, content[: len(content) // 2], reply.headers, announced=len(content))
    if kind == "not_json":
        return _Reply(200, b"<html><body>502 Bad Gateway</body></html>", reply.headers)
    if kind == "oversized":
        return _Reply(200, content + b" " * (2 * _MAX_BODY), reply.headers)
    if kind == "wrong_shape":
        return _json({"message_id": document["message_id"], "answers": {}, "answer": []}, reply.headers)
    changed: Json = json.loads(content)
    answers = changed.get("answers") or [changed.get("answer")]
    if kind == "other_id":
        answers[0]["request_id"] = str(uuid4())
    elif kind == "missing" and "answers" in changed:
        changed["answers"] = answers[:-1]
    elif kind == "missing":
        del changed["answer"]
    else:  # contradiction
        answers[-1] |= {"outcome": "mismatch", "fields": {}, "entries": [{}], "so_dinh_danh": "x"}
    return _json(changed, reply.headers)
