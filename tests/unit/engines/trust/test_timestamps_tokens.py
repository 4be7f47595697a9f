"""RFC 3161 tokens: made by the sandbox, read strictly; an authority that is down."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError, ServiceUnavailable
from hocbaso.engines.trust.timestamps import (
    HttpTimeStamper,
    check_token,
    granted_token,
    read_token,
    request_bytes,
)
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.server import make_app
from hocbaso.sandbox.tsa import POLICY, SandboxStamper
from tests.unit.sandbox.cases import NOW, sandbox, signers

DIGEST = hashlib.sha256(b"gia tri chu ky").digest()


@pytest.fixture(scope="module", params=["p256", "rsa2048"])
def authority(request: pytest.FixtureRequest) -> SandboxAuthority:
    return sandbox(request.param)


def test_a_token_states_the_time_and_its_authority(authority: SandboxAuthority) -> None:
    info = check_token(authority.stamper().stamp(DIGEST), DIGEST, authority.roots(), NOW)
    assert info.time == NOW
    assert "THỬ NGHIỆM" in info.tsa_name
    assert info.policy == POLICY
    assert info.certificate == authority.unit("tsa").certificate


def test_two_tokens_never_share_a_serial_number(authority: SandboxAuthority) -> None:
    stamper = authority.stamper()
    serials = {read_token(stamper.stamp(DIGEST), DIGEST, NOW).serial for _ in range(50)}
    assert len(serials) == 50


def test_a_token_over_something_else_is_refused(authority: SandboxAuthority) -> None:
    with pytest.raises(DomainError) as refused:
        read_token(authority.stamper().stamp(bytes(32)), DIGEST, NOW)
    assert refused.value.code == "timestamp_invalid"


def test_a_token_from_the_future_is_refused(authority: SandboxAuthority) -> None:
    token = authority.stamper(lambda: NOW + timedelta(minutes=6)).stamp(DIGEST)
    with pytest.raises(DomainError) as refused:
        read_token(token, DIGEST, NOW)
    assert refused.value.params["detail"] == "time in the future"
    assert read_token(token, DIGEST, NOW + timedelta(minutes=2)).time == NOW + timedelta(minutes=6)


def test_a_token_dated_outside_its_certificate_is_refused(authority: SandboxAuthority) -> None:
    token = authority.stamper(lambda: NOW - timedelta(days=9000)).stamp(DIGEST)
    with pytest.raises(DomainError):
        read_token(token, DIGEST, NOW)


def test_an_authority_under_no_trusted_root_is_refused(authority: SandboxAuthority, tmp_path) -> None:
    other = SandboxAuthority(tmp_path, clock=lambda: NOW, key_kind="p256")
    token = authority.stamper().stamp(DIGEST)
    for anchors in (other.roots(), ()):
        with pytest.raises(DomainError) as refused:
            check_token(token, DIGEST, anchors, NOW)
        assert refused.value.code == "timestamp_untrusted"


def test_a_signer_who_is_no_time_stamp_authority_is_refused() -> None:
    credential = sandbox().issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
    stamper = SandboxStamper(
        credential.private_key(), (credential.certificate, *credential.chain), lambda: NOW
    )
    with pytest.raises(DomainError) as refused:
        read_token(stamper.stamp(DIGEST), DIGEST, NOW)
    assert refused.value.code == "timestamp_invalid"
    assert signers()[0].certificate == credential.certificate


@pytest.mark.filterwarnings("ignore:Parsed a serial number:Warning")
@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_lies_in_another_certificate(position: int, bit: int) -> None:
    token = sandbox().stamper().stamp(DIGEST)
    good = read_token(token, DIGEST, NOW)
    flipped = bytearray(token)
    flipped[position % len(token)] ^= 1 << bit
    try:
        info = read_token(bytes(flipped), DIGEST, NOW)
    except DomainError:
        return
    assert (info.time, info.certificate, info.serial) == (good.time, good.certificate, good.serial)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_hostile_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(DomainError):
        read_token(data, DIGEST, NOW)
    with pytest.raises(DomainError):
        granted_token(data, DIGEST, None)


def test_an_answer_to_another_question_is_refused(authority: SandboxAuthority) -> None:
    stamper = authority.stamper()
    answer = stamper.respond(request_bytes(DIGEST, 7))
    assert read_token(granted_token(answer, DIGEST, 7), DIGEST, NOW).time == NOW
    for digest, nonce in ((DIGEST, 8), (DIGEST, None), (bytes(32), 7)):
        with pytest.raises(DomainError):
            granted_token(answer, digest, nonce)


def test_what_cannot_be_stamped_gets_a_rejection(authority: SandboxAuthority) -> None:
    for request in (b"", b"\x30\x00", request_bytes(b"kurz", 1), request_bytes(DIGEST, 1)[:-1]):
        answer = authority.stamper().respond(request)
        with pytest.raises(DomainError) as refused:
            granted_token(answer, DIGEST, 1)
        assert refused.value.params["detail"] == "rejection"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, make_app(sandbox()), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_stamp_is_fetched_over_http(served: str) -> None:
    token = HttpTimeStamper(served + "/tsa").stamp(DIGEST)
    assert check_token(token, DIGEST, sandbox().roots(), NOW).time == NOW


@pytest.mark.parametrize("path", ["/khong-co", "/crl/vgca-root.crl"])
def test_an_address_that_gives_no_stamp_is_unavailable(served: str, path: str) -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        HttpTimeStamper(served + path).stamp(DIGEST)
    assert refused.value.code == "timestamp_unavailable"


def test_an_authority_that_is_down_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused at once
        with pytest.raises(ServiceUnavailable) as refused:
            HttpTimeStamper(f"http://127.0.0.1:{taken.getsockname()[1]}/tsa", timeout=2).stamp(DIGEST)
    assert "xin lại sau" in refused.value.message


def test_only_web_addresses_are_asked() -> None:
    with pytest.raises(ValueError, match="http"):
        HttpTimeStamper("file:///etc/passwd")
