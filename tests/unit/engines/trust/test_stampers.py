"""Several time-stamp authorities behind one door: order, breakers, and what a wrong answer is worth."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from hocbaso.core.errors import DomainError, ServiceUnavailable
from hocbaso.engines.trust.breakers import Health, LocalMemory, Rules, State
from hocbaso.engines.trust.stampers import Belief, FailoverStamper, Named, Stamp, stamp_all
from hocbaso.engines.trust.timestamps import Access, HttpTimeStamper, check_token
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.outages import MODES
from hocbaso.sandbox.outages import main as switch
from hocbaso.sandbox.server import make_app
from tests.unit.sandbox.cases import sandbox

NOW = datetime(2026, 5, 26, 8, 0, tzinfo=UTC)
DIGEST = hashlib.sha256(b"hoc ba so").digest()
DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(7)]
FIRST, SECOND = "VGCA thử nghiệm", "CA công cộng thử nghiệm"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> SandboxAuthority:
    return SandboxAuthority(tmp_path_factory.mktemp("tsa"), clock=lambda: NOW, key_kind="p256")


@pytest.fixture(autouse=True)
def _good_days(authority: SandboxAuthority) -> Iterator[None]:
    yield
    for name in ("tsa", "tsa2"):
        authority.outages.set(name, "up")


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def stamper(authority: SandboxAuthority, time: Time | None = None, **options: object) -> FailoverStamper:
    named = [Named(one.title, one) for one in authority.stampers()]
    belief = options.pop("belief", Belief(authority.roots(), authority.issuing()))
    return FailoverStamper(named, clock=time or Time(), ticks=lambda: 0.0, belief=belief, **options)


def test_the_preferred_authority_stamps_and_is_told(authority: SandboxAuthority) -> None:
    found = stamper(authority).stamp_checked(DIGEST)
    assert found.authority == FIRST
    assert check_token(found.token, DIGEST, authority.roots(), NOW) == found.info


#: What each bad day is, in the words of health.
FAULTS = {
    "down": "down",
    "html": "DerFault",
    "cut": "DerFault",
    "imprint": "imprint",
    "nonce": "nonce",
    "unknown": "timestamp_untrusted",
    "late": "clock",
}


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_answer_is_a_failure_and_the_next_authority_stamps_within_the_same_call(
    authority: SandboxAuthority, mode: str
) -> None:
    authority.outages.set("tsa", mode)
    double = stamper(authority)
    found = double.stamp_many(DIGESTS)
    assert {one.authority for one in found if isinstance(one, Stamp)} == {SECOND}
    assert all(
        check_token(one.token, d, authority.roots(), NOW) for one, d in zip(found, DIGESTS, strict=True)
    )
    health = double.health()
    assert (health[FIRST].last_fault, health[FIRST].failures) == (
        FAULTS[mode],
        3,
    )  # then it was asked no more
    assert health[SECOND].last_success == NOW


def test_with_all_authorities_down_the_error_names_each_and_why(authority: SandboxAuthority) -> None:
    authority.outages.set("tsa", "down")
    authority.outages.set("tsa2", "html")
    with pytest.raises(ServiceUnavailable) as refused:
        stamper(authority).stamp(DIGEST)
    assert refused.value.code == "timestamp_unavailable"
    assert refused.value.params["detail"] == f"{FIRST}: down; {SECOND}: DerFault"


def test_the_breaker_opens_lets_one_trial_through_and_closes_again(authority: SandboxAuthority) -> None:
    authority.outages.set("tsa", "down")
    time, memory = Time(), LocalMemory()
    double = stamper(authority, time, memory=memory, rules=Rules(failures=2))

    def first() -> Health:
        return double.health()[FIRST]

    double.stamp_many(DIGESTS)
    opened = first()
    assert (opened.failures, opened.state(time.now)) == (2, State.OPEN)
    double.stamp_many(DIGESTS)
    assert first() == opened  # not asked at all
    time.now += timedelta(seconds=30)
    assert first().state(time.now) is State.HALF_OPEN
    double.stamp_many(DIGESTS)
    assert (first().failures, first().open_until) == (
        3,
        time.now + timedelta(seconds=60),
    )  # one trial, longer
    time.now += timedelta(seconds=60)
    authority.outages.set("tsa", "up")
    fresh = SandboxAuthority(authority.vault.directory, clock=time, key_kind="p256")
    again = stamper(fresh, time, memory=memory)
    assert {one.authority for one in again.stamp_many(DIGESTS) if isinstance(one, Stamp)} == {FIRST}
    assert again.health()[FIRST].state(time.now) is State.CLOSED


def test_the_pause_doubles_up_to_the_longest_and_late_failures_do_not_prolong_it() -> None:
    rules, health, moment = Rules(failures=1), Health(), NOW
    pauses = []
    for _ in range(7):
        health = health.failed(moment, "down", rules)
        assert health.open_until is not None
        pauses.append((health.open_until - moment).total_seconds())
        assert health.failed(moment, "down", rules).open_until == health.open_until
        moment = health.open_until
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    assert health.succeeded(moment, 5.0) == Health(
        last_success=moment, last_failure=health.last_failure, last_fault="down", mean_ms=5.0
    )


def test_a_revoked_authority_is_not_believed(authority: SandboxAuthority) -> None:
    bad = authority.stamper().certificate.serial_number

    def revoked(certificate: x509.Certificate, at: datetime) -> bool:
        return certificate.serial_number == bad

    belief = Belief(authority.roots(), authority.issuing(), revoked)
    double = stamper(authority, belief=belief)
    assert double.stamp_checked(DIGEST).authority == SECOND
    assert double.health()[FIRST].last_fault == "revoked"


def test_authorities_need_names_of_their_own(authority: SandboxAuthority) -> None:
    one = authority.stampers()[0]
    for wrong in ([], [Named("a", one), Named("a", one)]):
        with pytest.raises(ValueError, match="names"):
            FailoverStamper(wrong, clock=Time(), ticks=lambda: 0.0)


def test_a_plain_stamper_is_checked_too_and_one_bad_answer_spoils_no_other(
    authority: SandboxAuthority,
) -> None:
    class Swapped:
        def stamp(self, digest: bytes) -> bytes:
            return authority.stamper().stamp(bytes(32) if digest == DIGESTS[1] else digest)

    found = stamp_all(Swapped(), DIGESTS[:3], NOW)
    assert [isinstance(one, DomainError) for one in found] == [False, True, False]


# --- over HTTP ---------------------------------------------------------------------------------------------


class Drip(httpx.SyncByteStream):
    """An answer that comes a hundred octets at a time."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield from (self._content[n : n + 100] for n in range(0, len(self._content), 100))


class Web(httpx.BaseTransport):
    """The sandbox's server without a network; ``spoil`` may change an answer."""

    def __init__(self, authority: SandboxAuthority) -> None:
        self._inner = httpx.WSGITransport(app=make_app(authority))
        self._lock = threading.Lock()
        self.spoil = lambda request, response: response
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.asked.append(request)
            answer = self._inner.handle_request(request)
            answer.read()
            given = self.spoil(request, answer)
            if isinstance(given.stream, Drip):
                return given
            return httpx.Response(
                given.status_code, headers=given.headers, stream=httpx.ByteStream(given.content)
            )


def over_http(authority: SandboxAuthority, web: Web, **options: object) -> FailoverStamper:
    addresses = {FIRST: "https://tsa.example.vn/tsa", SECOND: "https://tsa.example.vn/tsa2"}
    named = [
        Named(name, HttpTimeStamper(url, transport=web, **options), lanes=4)
        for name, url in addresses.items()
    ]
    belief = Belief(authority.roots(), authority.issuing())
    return FailoverStamper(named, clock=Time(), ticks=lambda: 0.0, belief=belief)


@pytest.mark.parametrize("mode", MODES)
def test_over_http_a_bad_day_of_the_first_is_taken_over_by_the_second(
    authority: SandboxAuthority, mode: str
) -> None:
    web = Web(authority)
    assert {one.authority for one in over_http(authority, web).stamp_many(DIGESTS)} == {FIRST}
    assert switch([str(authority.vault.directory), "tsa", mode]) == 0
    found = over_http(authority, web).stamp_many(DIGESTS)
    assert {one.authority for one in found} == {SECOND}
    assert [one.info.nonce is not None for one in found] == [True] * len(DIGESTS)


def test_answers_to_swapped_questions_are_not_taken(authority: SandboxAuthority) -> None:
    """Each answer goes to the question before it: right tokens, wrong places."""
    web, last = Web(authority), [b""]

    def swap(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        last.append(response.content)
        return httpx.Response(200, content=last[-2]) if request.url.path == "/tsa" else response

    web.spoil = swap
    assert {one.authority for one in over_http(authority, web).stamp_many(DIGESTS)} == {SECOND}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"Location": "https://elsewhere.example.vn/tsa"}),
        httpx.Response(200, content=b"\x30" * (300 * 1024)),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"<!DOCTYPE html><title>Proxy</title>"),
        httpx.Response(429),
    ],
)
def test_what_is_no_answer_of_an_authority_goes_to_the_next(
    authority: SandboxAuthority, answer: httpx.Response
) -> None:
    web = Web(authority)
    web.spoil = lambda request, response: answer if request.url.path == "/tsa" else response
    assert over_http(authority, web).stamp_checked(DIGEST).authority == SECOND
    assert all(request.url.host == "tsa.example.vn" for request in web.asked)


def test_an_answer_that_drips_is_cut_off_when_the_time_is_over(authority: SandboxAuthority) -> None:
    web, ticks = Web(authority), iter(range(0, 10_000, 4))

    def drip(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, stream=Drip(response.content)) if request.url.path == "/tsa" else response

    web.spoil = drip
    double = over_http(authority, web, steady=lambda: float(next(ticks)))
    assert double.stamp_checked(DIGEST).authority == SECOND
    assert double.health()[FIRST].last_fault == "too slow"


def test_an_authority_that_never_answers_is_left_behind(authority: SandboxAuthority) -> None:
    over = threading.Event()

    class Silent:
        def token(self, digest: bytes, *, nonce: int) -> bytes:
            over.wait(60)
            raise OSError

    second = authority.stampers()[1]
    named = [Named("im lặng", Silent(), lanes=4, patience=0.01), Named(SECOND, second)]
    double = FailoverStamper(named, clock=Time(), ticks=lambda: 0.0)
    found = double.stamp_many(DIGESTS)
    over.set()
    assert {one.authority for one in found if isinstance(one, Stamp)} == {SECOND}
    assert double.health()["im lặng"].last_fault == "too slow"


def test_a_closed_connection_is_tried_once_more(authority: SandboxAuthority) -> None:
    web, turns = Web(authority), []

    def break_once(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        turns.append(request)
        if len(turns) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return response

    web.spoil = break_once
    assert over_http(authority, web).stamp_checked(DIGEST).authority == FIRST
    assert len(turns) == 2


def test_secrets_go_to_the_authority_alone(authority: SandboxAuthority, tmp_path: Path) -> None:
    web = Web(authority)
    web.spoil = lambda request, response: httpx.Response(401, content=b"mat-khau-cua-nut")
    access = Access(user="nut", password="mat-khau-cua-nut")
    client = HttpTimeStamper("https://tsa.example.vn/tsa", access=access, transport=web)
    with pytest.raises(ServiceUnavailable) as refused:
        client.stamp(DIGEST)
    assert web.asked[0].headers["Authorization"].startswith("Basic ")
    told = f"{refused.value!r} {refused.value.params} {refused.value.message_en} {client!r} {access!r}"
    assert "mat-khau" not in told
    for url in ("http://tsa.example.vn/tsa", "ftp://tsa.example.vn", "https://nut:mat-khau@tsa.example.vn/"):
        with pytest.raises(ValueError, match=r"https|holds no") as wrong:
            HttpTimeStamper(url, access=access)
        assert "mat-khau" not in str(wrong.value)


@pytest.mark.parametrize("name", ["tsa", "tsa2"])
def test_both_authorities_of_the_sandbox_lead_to_their_own_family(name: str) -> None:
    root = sandbox().roots()[0 if name == "tsa" else 1]
    token = sandbox().stamper(name=name).token(DIGEST, nonce=5)
    assert check_token(token, DIGEST, [root], NOW).nonce == 5
    other = sandbox().roots()[1 if name == "tsa" else 0]
    with pytest.raises(DomainError):
        check_token(token, DIGEST, [other], NOW)
    assert sandbox().knows(sandbox().stamper(name=name).certificate.serial_number)


def test_the_switch_knows_its_modes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [switch([str(tmp_path), "tsa", "hay-đấy"]), switch([str(tmp_path), "tsa3", "up"]), switch([])] == [
        2
    ] * 3
    assert "down" in capsys.readouterr().err
