"""A driver or a provider that says what it likes: the list stops with a sentence, nothing breaks."""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from pathlib import Path

import httpx
import pytest

from hocbaso.engines.trust.providers.csc import CscClient
from hocbaso.engines.trust.providers.csc_model import Codes, CscSettings
from hocbaso.engines.trust.providers.frames import FramePipe, PipeSilent
from hocbaso.engines.trust.providers.pkcs11 import TokenAddress, driver_environment, open_token
from hocbaso.engines.trust.providers.stops import SigningStopped
from tests.unit.engines.trust.providers.csc_support import URL, Provider
from tests.unit.engines.trust.providers.test_csc import DIGESTS


def _json(body: object) -> httpx.Response:
    kind = {"Content-Type": "application/json"}
    return httpx.Response(200, headers=kind, stream=httpx.ByteStream(json.dumps(body).encode()))


TOKEN = {"label": "x", "serial": "1", "tries": "", "pad": False}


@pytest.mark.parametrize(
    "frames",
    [
        [(b"E", b"[]")],
        [(b"E", b"{" * 2000)],
        [(b"T", b"{}")],
        [(b"T", json.dumps(TOKEN).encode()), (b"L", b'{"certificates": 1, "keys": []}')],
    ],
)
def test_a_worker_that_talks_nonsense_stops_with_a_sentence(frames: list[tuple[bytes, bytes]]) -> None:
    said = b"".join(struct.pack(">cI", kind, len(content)) + content for kind, content in frames)
    script = f"import sys; sys.stdout.buffer.write({said!r}); sys.stdout.flush(); sys.stdin.buffer.read()"
    with pytest.raises(SigningStopped) as caught:
        open_token(
            TokenAddress(Path("/nowhere.so"), "x"), lambda _: "1234", worker=(sys.executable, "-c", script)
        )
    assert caught.value.code == "token_driver_failed"


def test_a_pipe_beyond_the_thousandth_descriptor_is_waited_for() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    place = 1500
    if soft <= place:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    reader, writer = os.pipe()
    os.dup2(reader, place)
    try:
        pipe = FramePipe(place, writer)
        with pytest.raises(PipeSilent):
            pipe.receive(0.0)
        os.write(writer, b"V\0\0\0\1x")
        assert pipe.receive(1.0) == (b"V", b"x")
    finally:
        for descriptor in (place, reader, writer):
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_driver_gets_named_variables_alone() -> None:
    planted = {"SMTP_PASS": "s", "SENTRY_DSN": "s", "REDIS_URL": "s", "CREDENTIALS": "s", "HOCBASO_HOME": "h"}
    assert driver_environment(planted | {"PATH": "/bin", "LC_ALL": "C"}) == {"PATH": "/bin", "LC_ALL": "C"}


def test_an_authorisation_said_to_live_for_ever_ends_within_the_working_day() -> None:
    provider = Provider()
    client = provider.client()
    credential = client.credential(provider.credential_id)
    client.send_otp(credential, DIGESTS[:2])
    codes = Codes({"OTP": provider.service.outbox[-1].code})
    provider.service.spoiled("", {})
    plain = provider.handle_request

    def boasting(request: httpx.Request) -> httpx.Response:
        response = plain(request)
        if request.url.path.endswith("authorize"):
            body = json.loads(response.read()) | {"expiresIn": 10**300}
            return _json(body)
        return response

    provider.handle_request = boasting  # type: ignore[method-assign]
    sad = client.authorize(credential, DIGESTS[:2], codes)
    assert sad.expires - provider.seconds <= 8 * 3600


def test_a_certificate_that_cannot_be_read_and_a_redirect_are_not_followed() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        if request.url.path.endswith("info"):
            headers = {"Location": "http://169.254.169.254/latest/"}
            return httpx.Response(302, headers=headers, stream=httpx.ByteStream(b""))
        return _json({"credentialIDs": ["a"], "nextPageToken": "b"})

    client = CscClient(CscSettings(url=URL), transport=httpx.MockTransport(answer))
    for deed in (client.info, lambda: client.credential("a"), client.credentials):
        with pytest.raises(SigningStopped) as caught:
            deed()
        assert caught.value.code == "csc_answer_unreadable"
    assert all(url.startswith(URL) for url in seen)
