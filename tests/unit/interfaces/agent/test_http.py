"""Who is let in over real HTTP: host, origin, preflight, kind and size of the body, the two sides apart."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.interfaces.agent.guard import Denied, Gate, origin_of, read_fields
from hocbaso.interfaces.agent.http import site_doors, window_doors
from hocbaso.interfaces.agent.program import Agent, Options
from hocbaso.interfaces.agent.protocol import MAX_BODY_OCTETS
from tests.unit.interfaces.agent.support import (
    PIN,
    SITE,
    FakeKeyring,
    Site,
    b64,
    call,
    finished,
    list_message,
    running,
)

EVIL = "https://ke-xau.example"
HELLO = {"token": ""}


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with running() as made:
        yield made


def own(agent: Agent) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{agent.port}", "Sec-Fetch-Site": "same-origin"}


def window_key(agent: Agent) -> str:
    status, _, data = call(agent, "/window/open", {"once": agent.windows.word()}, headers=own(agent))
    assert status == 200
    return str(data["key"])


def preflight(agent: Agent, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, answer, _ = call(
        agent,
        path,
        method="OPTIONS",
        headers={"Content-Type": None, **asked, **named},  # type: ignore[dict-item]
    )
    return status, answer


def test_a_page_of_the_site_is_answered_and_nothing_but_that_page_may_read_it(agent: Agent) -> None:
    status, headers, data = call(agent, "/v1/hello", HELLO)
    assert (status, data["agent"], data["paired"]) == (200, "hocbaso", False)
    assert headers["access-control-allow-origin"] == SITE
    assert "access-control-allow-credentials" not in headers
    assert headers["vary"] == "Origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    ["ke-xau.example", "ke-xau.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.ke-xau.example",
     "0.0.0.0:{port}", "[::1]:{port}", "LOCALHOST.:{port}", "", None],
)  # fmt: skip
def test_another_name_that_leads_here_is_refused_so_that_rebinding_gets_nothing(
    agent: Agent, host: str | None
) -> None:
    name = host.format(port=agent.port) if host is not None else None
    for method, path in (("POST", "/v1/hello"), ("GET", "/"), ("OPTIONS", "/v1/hello")):
        status, headers, _ = call(
            agent,
            path,
            HELLO if method == "POST" else None,
            method=method,
            headers={"Host": name},  # type: ignore[dict-item]
        )
        assert status in (400, 421)
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "", None, SITE + ":443", SITE.replace("https", "http"), SITE + ".ke-xau.example",
     SITE + "/", SITE.upper(), "http://localhost:3000", "http://127.0.0.1:{port}"],
)  # fmt: skip
def test_another_origin_gets_neither_an_answer_nor_leave_to_ask(agent: Agent, origin: str | None) -> None:
    named = origin.format(port=agent.port) if origin is not None else None
    for path in site_doors(agent.desk):
        status, headers, data = call(agent, path, HELLO, headers={"Origin": named})  # type: ignore[dict-item]
        assert (status, data["code"]) == (403, "origin")
        assert "access-control-allow-origin" not in headers
    status, headers, _ = call(
        agent,
        "/v1/sign",
        method="OPTIONS",
        headers={"Origin": named, "Access-Control-Request-Method": "POST"},  # type: ignore[dict-item]
    )
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]


def test_a_stranger_who_knocked_is_told_to_the_person(agent: Agent) -> None:
    call(agent, "/v1/hello", HELLO, headers={"Origin": EVIL})
    assert agent.desk.view(0, 0)["stranger"] == EVIL
    for strange in ("https://x.example\x1b]0;PIN\x07", "https://x.example\x9b2J", "https://x.ex\xe4mple"):
        status, _, _ = call(agent, "/v1/hello", HELLO, headers={"Origin": strange})
        assert (status, agent.desk.view(0, 0)["stranger"]) == (403, EVIL)


def test_two_hosts_or_two_origins_are_refused(agent: Agent) -> None:
    for doubled in (f"Host: 127.0.0.1:{agent.port}", f"Origin: {SITE}"):
        request = (
            f"POST /v1/hello HTTP/1.1\r\nHost: 127.0.0.1:{agent.port}\r\nOrigin: {SITE}\r\n{doubled}\r\n"
            "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n" + json.dumps(HELLO)
        )
        with socket.create_connection(("127.0.0.1", agent.port), 30) as wire:
            wire.sendall(request.encode())
            assert wire.recv(100).split()[1] in (b"403", b"421")


def test_a_preflight_allows_a_post_of_json_from_a_public_page_and_no_more(agent: Agent) -> None:
    status, headers = preflight(agent, "/v1/sign", Access_Control_Request_Private_Network="true")
    assert status == 204
    assert headers["access-control-allow-origin"] == SITE
    assert headers["access-control-allow-methods"] == "POST"
    assert headers["access-control-allow-headers"] == "content-type"
    assert headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in preflight(agent, "/v1/sign")[1]
    assert preflight(agent, "/v1/sign", Access_Control_Request_Method="PUT")[0] == 403
    assert preflight(agent, "/v1/sign", Access_Control_Request_Headers="authorization")[0] == 403
    assert preflight(agent, "/v1/khac")[0] == 404
    for path in window_doors(agent.desk, agent.windows):
        assert preflight(agent, path)[0] == 404, "the window's side is for no site"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "TRACE", "CONNECT", "PATCH"])
def test_nothing_happens_but_by_post(agent: Agent, method: str) -> None:
    for path in (*site_doors(agent.desk), *window_doors(agent.desk, agent.windows)):
        assert call(agent, path, method=method)[0] in (404, 501)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": {"Content-Type": "text/plain"}}, 415),
        ({"headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
        ({"headers": {"Content-Type": None}}, 415),
        ({"headers": {"Transfer-Encoding": "chunked"}}, 400),
        ({"headers": {"Content-Encoding": "gzip"}}, 400),
        ({"headers": {"Content-Length": str(MAX_BODY_OCTETS + 1)}}, 413),
        ({"headers": {"Content-Length": "-1"}}, 411),
        ({"headers": {"Content-Length": "1e3"}}, 411),
        ({"raw": b"{"}, 400),
        ({"raw": b"[" * 20_000}, 400),
        ({"raw": b'{"token": "", "token": ""}'}, 400),
        ({"raw": b'{"token": NaN}'}, 400),
        ({"raw": b"\xff\xfe"}, 400),
        ({"body": {}}, 400),
        ({"body": {"token": 1}}, 400),
        ({"body": {"token": "", "pin": PIN}}, 400),
        ({"body": [HELLO]}, 400),
    ],
)
def test_a_body_is_json_of_exactly_the_fields_or_refused(
    agent: Agent, changes: dict[str, Any], status: int
) -> None:
    found, _, data = call(agent, "/v1/hello", changes.pop("body", HELLO), **changes)
    assert found == status
    assert PIN not in json.dumps(data)


def test_addresses_are_exact(agent: Agent) -> None:
    for path in ("/v1/hello?x=1", "/v1/hello/", "/v1//hello", "/v1/%68ello", "/../etc/passwd",
                 "http://127.0.0.1/v1/hello", "*"):  # fmt: skip
        assert call(agent, path, HELLO)[0] == 404
        assert call(agent, path, method="GET")[0] == 404


def test_the_windows_side_is_out_of_every_pages_reach(agent: Agent) -> None:
    key = window_key(agent)
    doors = window_doors(agent.desk, agent.windows)
    for path, door in doors.items():
        body = {name: {"key": key}.get(name, 0 if kind is int else "x") for name, kind in door.fields.items()}
        for headers in ({}, {"Origin": EVIL}, {"Origin": None}, {"Origin": "null"},
                        {**own(agent), "Sec-Fetch-Site": "cross-site"},
                        {**own(agent), "Origin": f"http://localhost:{agent.port}"}):  # fmt: skip
            status, answer, data = call(agent, path, body, headers=headers)  # type: ignore[arg-type]
            assert (status, data["code"]) == (403, "origin")
            assert "access-control-allow-origin" not in answer
    status, _, data = call(agent, "/window/pin", {"key": "x", "job": "", "pin": PIN}, headers=own(agent))
    assert (status, data["code"]) == (409, "agent_window_strange")


def test_no_address_of_the_sites_side_has_room_for_a_pin(agent: Agent) -> None:
    assert not any("pin" in door.fields for door in site_doors(agent.desk).values())
    assert [
        path for path, door in window_doors(agent.desk, agent.windows).items() if "pin" in door.fields
    ] == ["/window/pin"]


def test_the_windows_address_opens_once_and_the_page_can_be_framed_by_nobody(agent: Agent) -> None:
    word = agent.windows.word()
    assert call(agent, "/window/open", {"once": word}, headers=own(agent))[0] == 200
    for again in (word, "", "x"):
        status, _, data = call(agent, "/window/open", {"once": again}, headers=own(agent))
        assert (status, data["code"]) == (409, "agent_window_used")
    for path in ("/", "/window.js", "/window.css"):
        status, headers, content = call(agent, path, method="GET", headers={"Origin": None})  # type: ignore[dict-item]
        assert status == 200
        assert len(content) > 500
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_a_whole_list_over_the_wire() -> None:
    ring = FakeKeyring()
    with running(ring) as agent:
        key, site = window_key(agent), Site()

        def view() -> dict[str, Any]:
            data: dict[str, Any] = call(agent, "/window/view", {"key": key, "since": 0}, headers=own(agent))[
                2
            ]
            return data

        _, _, asked = call(agent, "/v1/pair/ask", {"account": site.account, "key": b64(site.public)})
        shown = view()["attempt"]
        assert (shown["origin"], shown["account"]) == (SITE, site.account)
        assert shown["code"] not in json.dumps(asked)
        proof = site.prove(asked, shown["code"])
        status, _, _ = call(agent, "/v1/pair/finish", {"attempt": asked["attempt"], "proof": proof})
        assert status == 200
        token = site.keys.page_token()
        text, seal = site.seal(list_message(4))
        _, _, job = call(agent, "/v1/sign", {"token": token, "text": text, "seal": seal})
        finished(agent.desk)
        assert view()["job"]["total"] == 4
        status, _, data = call(
            agent, "/window/pin", {"key": key, "job": job["job"], "pin": PIN}, headers=own(agent)
        )
        assert (status, data) == (200, {"taken": True})
        finished(agent.desk)
        _, _, found = call(agent, "/v1/watch", {"token": token, "job": job["job"], "after": 0, "wait": 5})
        assert (found["state"], len(found["values"])) == ("done", 4)
        assert ring.pins == [PIN]
        assert call(agent, "/v1/pair/leave", {"token": token})[0] == 200
        _, _, gone = call(agent, "/v1/watch", {"token": token, "job": job["job"], "after": 0, "wait": 0})
        assert gone["code"] == "agent_not_paired"


def test_a_second_agent_finds_the_port_taken_and_no_agent_serves_its_own_address(agent: Agent) -> None:
    for options, code in (
        (Options((SITE,), port=agent.port), "agent_port_taken"),
        (Options(()), "agent_needs_site"),
    ):
        with pytest.raises(DomainError) as caught:
            Agent(options, FakeKeyring())  # type: ignore[arg-type]
        assert caught.value.code == code
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DomainError) as caught:
        Agent(Options((f"http://127.0.0.1:{port}",), port=port), FakeKeyring())  # type: ignore[arg-type]
    assert caught.value.code == "agent_site_wrong"


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        ("https://hocba.edu.vn", "https://hocba.edu.vn"),
        ("https://HocBa.edu.vn:443/", "https://hocba.edu.vn"),
        ("https://hocba.edu.vn:8443", "https://hocba.edu.vn:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_site_is_named_as_browsers_name_it(site: str, origin: str) -> None:
    assert origin_of(site) == origin


@pytest.mark.parametrize(
    "site",
    ["http://hocba.edu.vn", "hocba.edu.vn", "https://", "https://a@b.vn", "https://b.vn/x", "https://b.vn?x",
     "ftp://b.vn", "javascript:1", "https://b.vn:x", "https://b .vn", "null", "*", ""],
)  # fmt: skip
def test_a_site_without_tls_or_with_more_than_an_origin_is_refused(site: str) -> None:
    with pytest.raises(DomainError) as caught:
        origin_of(site)
    assert caught.value.code == "agent_site_wrong"


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_octets_are_fields_or_denied(body: bytes) -> None:
    with suppress(Denied):
        assert set(read_fields(body, {"token": str})) == {"token"}


@given(st.lists(st.text(max_size=60), max_size=3))
@settings(max_examples=60)
def test_only_the_two_loopback_names_are_hosts(values: list[str]) -> None:
    gate = Gate(24817, (SITE,))
    if len(values) == 1 and values[0] in ("127.0.0.1:24817", "localhost:24817"):
        assert gate.check_host(values)
    else:
        with pytest.raises(Denied):
            gate.check_host(values)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3))
@settings(max_examples=30)
def test_octets_that_are_no_request_change_nothing(agent: Agent, parts: list[bytes]) -> None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", agent.port), 30) as wire:
        for part in parts:
            wire.sendall(part)
        wire.sendall(b"\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        answer = wire.recv(64)
        assert answer[:5] in (b"", b"HTTP/", b'{"cod')  # an answer of HTTP/0.9 has no head
        assert b" 200 " not in answer
    assert call(agent, "/v1/hello", HELLO)[0] == 200
