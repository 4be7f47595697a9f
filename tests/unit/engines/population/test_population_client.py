"""The gateway as a guest of the registry."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.engines.population import (
    DailyQuota,
    Fault,
    GatewaySettings,
    NightWindow,
    Outcome,
    PopulationUnavailable,
    Query,
    WrongSettings,
)
from tests.unit.engines.population.cases import NOON, World, answered, good, query

Registry = Callable[[httpx.Request], httpx.Response]


def in_turn(*answers: httpx.Response | Exception | Registry) -> Registry:
    left = list(answers)

    def registry(request: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    return registry


def refused(world: World, registry: Registry, **options: object) -> PopulationUnavailable:
    with world.gateway(registry, **options) as gateway, pytest.raises(PopulationUnavailable) as caught:
        gateway.ask([query()])
    return caught.value


def refused_batch(world: World, asked: list[Query], **options: object) -> PopulationUnavailable:
    with world.gateway(good, **options) as gateway, pytest.raises(PopulationUnavailable) as caught:
        gateway.ask(asked)
    return caught.value


def test_a_batch_carries_the_headers_of_the_bus_and_purpose_with_every_question() -> None:
    world = World()
    asked = [query(user="Nguyễn An"), query("", user="Nguyễn An")]
    # The canned answer says that a search matched by number, which no gateway believes.
    error = refused_batch(world, asked, url="https://bus.example/r1/VN/GOV/BCA/dan-cu/")
    assert error.fault is Fault.MALFORMED
    request = world.seen[0]
    body = json.loads(request.content)
    assert str(request.url) == "https://bus.example/r1/VN/GOV/BCA/dan-cu/v1/verify"
    assert request.headers["X-Road-Client"].count("/") == 3
    assert request.headers["X-Road-Id"] == body["message_id"]
    assert request.headers["X-Road-UserId"] == "Nguy%E1%BB%85n%20An"
    expected = base64.b64encode(hashlib.sha512(request.content).digest()).decode()
    assert request.headers["X-Road-Request-Hash"] == expected
    for item, one in zip(body["items"], asked, strict=True):
        assert item["request_id"] == one.request_id
        assert item["purpose"] == {"code": one.purpose.code, "legal_basis": one.purpose.legal_basis}
        assert item["requester"] == {"unit": "79000101", "user": "Nguyễn An"}
        assert item["subject"]["so_dinh_danh"] == one.subject.personal_number


def test_answers_come_in_the_order_of_the_questions_whatever_the_registrys() -> None:
    def shuffled(request: httpx.Request) -> httpx.Response:
        document = answered(request)
        document["answers"].reverse()
        return httpx.Response(200, json=document)

    asked = [query() for _ in range(7)]
    with World().gateway(shuffled) as gateway:
        answers = gateway.ask(asked)
    assert [answer.request_id for answer in answers] == [one.request_id for one in asked]
    assert all(answer.verified and answer.outcome is Outcome.MATCHED for answer in answers)
    assert len({answer.request_digest for answer in answers}) == 7


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(500),
        httpx.Response(502),
        httpx.Response(503, headers={"Retry-After": "3"}),
        httpx.Response(429, headers={"Retry-After": "3"}),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("down"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(200, content=b"<html>"),
    ],
)
def test_what_may_be_repeated_is_repeated_as_it_was(failure: httpx.Response | Exception) -> None:
    world = World()
    with world.gateway(in_turn(failure, failure, good)) as gateway:
        assert gateway.ask([query()])[0].verified
    assert len(world.seen) == 3
    assert len({(request.content, request.headers["X-Road-Id"]) for request in world.seen}) == 1
    asked_to_wait = isinstance(failure, httpx.Response) and "Retry-After" in failure.headers
    least = 3.0 if asked_to_wait else 0.0
    assert world.slept == [least + 0.25, least + 0.5]  # half of the ceilings 0.5 and 1: the dice say 0.5


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 204])
def test_a_refusal_is_not_repeated(status: int) -> None:
    world = World()
    error = refused(
        world, in_turn(httpx.Response(status, headers={"Location": "https://elsewhere.example/"}))
    )
    assert (error.fault, error.lasting, len(world.seen)) == (Fault.REFUSED, True, 1)


def test_a_long_retry_after_is_told_and_not_slept() -> None:
    world = World()
    after = (NOON + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    error = refused(world, in_turn(httpx.Response(429, headers={"Retry-After": after})), dice=0.0)
    assert (error.fault, error.retry_at) == (Fault.BUSY, NOON + timedelta(hours=2))
    assert world.slept == []


@pytest.mark.parametrize("text", ["", "-1", "soon", "1e9", "9" * 400, "Sat, 99 Nov 2026 99:00:00 GMT", "٣"])
def test_a_strange_retry_after_is_survived(text: str) -> None:
    reply = httpx.Response(503, headers=[(b"Retry-After", text.encode())])
    assert refused(World(), in_turn(reply), attempts=1).retry_at is not None


def test_a_dead_registry_is_left_alone_and_tried_again_by_one_message() -> None:
    world = World()
    with world.gateway(in_turn(httpx.ConnectError("down")), attempts=10) as gateway:
        with pytest.raises(PopulationUnavailable) as first:
            gateway.ask([query()])
        assert len(world.seen) == 5, "the breaker opens before the attempts are used up"
        with pytest.raises(PopulationUnavailable) as second:
            gateway.ask([query()])
        assert len(world.seen) == 5, "nothing goes out while it is open"
        assert second.value.retry_at is not None
        assert first.value.retry_at is not None
        world.seconds = (second.value.retry_at - NOON).total_seconds()
        with pytest.raises(PopulationUnavailable):
            gateway.ask([query()])
        assert len(world.seen) == 6, "one trial"


def test_a_registry_that_recovers_is_asked_as_before() -> None:
    world = World()
    with world.gateway(in_turn(*[httpx.Response(500)] * 5, good), attempts=5) as gateway:
        with pytest.raises(PopulationUnavailable) as caught:
            gateway.ask([query()])
        assert caught.value.retry_at is not None
        world.seconds = (caught.value.retry_at - NOON).total_seconds()
        assert gateway.ask([query()])[0].verified
        assert gateway.ask([query()])[0].verified


def test_the_quota_counts_what_may_have_arrived_and_nothing_else() -> None:
    world = World()
    quota = DailyQuota(5, used=1)
    registry = in_turn(httpx.ConnectError("down"), httpx.ReadTimeout("lost"), good)
    with world.gateway(registry, attempts=1, quota=quota) as gateway:
        for expected in (4, 2):  # never sent; sent, the answer lost
            with pytest.raises(PopulationUnavailable):
                gateway.ask([query(), query()])
            assert gateway.room() == expected
        assert len(gateway.ask([query(), query()])) == 2
        with pytest.raises(PopulationUnavailable) as caught:
            gateway.ask([query()])
    assert caught.value.fault is Fault.QUOTA
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.isoformat() == "2026-11-21T00:00:00+07:00"


def test_outside_the_hours_nothing_goes_out() -> None:
    world = World()
    error = refused(world, good, window=NightWindow.parse("20:00-05:00"))
    assert (error.fault, world.seen) == (Fault.WINDOW, [])
    assert error.retry_at is not None
    assert error.retry_at.isoformat() == "2026-11-20T20:00:00+07:00"


def test_the_pace_keeps_below_the_registrys_rate() -> None:
    world = World()
    with world.gateway(good, rate=50.0) as gateway:
        for _ in range(5):
            gateway.ask([query() for _ in range(100)])
    assert world.seconds == pytest.approx(8.0)  # the first 100 at once, then 50 a second


def test_an_answer_that_drips_is_given_up() -> None:
    world = World()

    def drip() -> Iterator[bytes]:
        for _ in range(1000):
            world.seconds += 1
            yield b" "
        raise AssertionError("read to the end")

    error = refused(world, lambda _: httpx.Response(200, content=drip()), attempts=1, read_timeout=20)
    assert (error.fault, error.params["detail"]) == (Fault.UNAVAILABLE, "the answer drips")


def test_an_answer_too_long_is_not_read_to_its_end() -> None:
    taken = 0

    def flood() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * 65536

    error = refused(World(), lambda _: httpx.Response(200, content=flood()), attempts=1, max_answer=200_000)
    assert (error.fault, taken) == (Fault.MALFORMED, 4)


def test_a_packed_answer_is_refused() -> None:
    def packed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answered(request), headers={"Content-Encoding": "gzip"})

    assert refused(World(), packed).fault is Fault.MALFORMED


def test_a_batch_too_large_or_with_an_id_twice_is_a_mistake_of_the_caller() -> None:
    one = query()
    with World().gateway(good) as gateway:
        assert gateway.ask([]) == []
        for wrong in ([query() for _ in range(101)], [one, one]):
            with pytest.raises(ValueError, match="100"):
                gateway.ask(wrong)


def test_a_node_without_address_says_so() -> None:
    assert refused(World(), good, url="").fault is Fault.NOT_CONFIGURED


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://registry.example/"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "https://user:secret@registry.example/"},
        {"client": "only-a-name"},
        {"attempts": 0},
        {"read_timeout": 0.0},
        {"rate": float("nan")},
    ],
)
def test_settings_that_would_leak_or_hang_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(WrongSettings):
        GatewaySettings(**wrong)  # type: ignore[arg-type]


def test_nothing_printed_holds_the_persons_data() -> None:
    asked = query(full_name="Trần Bảo Hoa")
    shown = repr(asked) + str(refused(World(), in_turn(httpx.Response(200, content="Trần Bảo Hoa".encode()))))
    assert "Hoa" not in shown
    assert asked.subject.personal_number not in shown


@given(st.lists(st.sampled_from(["ok", "500", "429", "cut", "html", "400"]), min_size=1, max_size=12))
def test_whatever_happens_there_is_a_whole_answer_or_a_clear_error(script: list[str]) -> None:
    world = World()
    kinds: dict[str, httpx.Response | Exception | Registry] = {
        "ok": good,
        "500": httpx.Response(500),
        "429": httpx.Response(429, headers={"Retry-After": "1"}),
        "cut": httpx.ReadError("cut"),
        "html": httpx.Response(200, content=b"<html>"),
        "400": httpx.Response(400),
    }
    asked = [query() for _ in range(3)]
    with world.gateway(in_turn(*[kinds[kind] for kind in script])) as gateway:
        for _ in range(4):
            error, answers = None, []
            try:
                answers = gateway.ask(asked)
            except PopulationUnavailable as caught:
                error = caught
            told = [one.request_id for one in asked] if error is None else []
            assert [one.request_id for one in answers] == told
            if error is not None and not error.lasting:
                assert error.retry_at is not None
                assert error.retry_at >= world.now()
            world.seconds += 1
    assert len({request.content for request in world.seen}) == 1
