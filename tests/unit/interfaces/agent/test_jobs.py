"""One list, one PIN: asked in the window, stopped cleanly, gone on with; the PIN is kept nowhere."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.keys import verify_digest
from hocbaso.interfaces.agent.desk import PAGE_SECONDS, Desk
from hocbaso.interfaces.agent.jobs import PATIENCE_SECONDS, Job
from hocbaso.interfaces.agent.terminal import TerminalWindow
from tests.unit.interfaces.agent.support import (
    PIN,
    SITE,
    Clock,
    FakeKeyring,
    Site,
    challenge_message,
    finished,
    list_message,
    prepared,
    teacher,
)


class Bench:
    """A paired desk with a list of ten on it."""

    def __init__(self, message: dict[str, Any] | None = None) -> None:
        self.ring, self.clock, self.wanted = FakeKeyring(), Clock(), 0
        self.desk = Desk((SITE,), self.ring, clock=self.clock, attention=self.attention)
        self.site = Site()
        self.token = self.site.pair(self.desk)
        self.message = message or list_message(10)

    def attention(self) -> None:
        self.wanted += 1

    def ask(self) -> str:
        asked = self.desk.ask(SITE, self.token, *self.site.seal(self.message))
        finished(self.desk)
        return str(asked["job"])

    def pin(self, job: str, pin: str = PIN) -> Job:
        assert self.desk.give_pin(job, pin)
        return finished(self.desk)

    def watch(self, job: str, after: int = 0) -> dict[str, Any]:
        return self.desk.watch(SITE, self.token, job, after, 0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.desk.unpair()


def test_a_class_is_signed_with_one_pin_after_the_person_saw_it(bench: Bench) -> None:
    job = bench.ask()
    shown = bench.desk.view(0, 0)["job"]
    assert (shown["total"], shown["signed"], shown["state"]) == (10, 0, "waiting")
    assert shown["digest"] == bench.message["digest"]
    assert len(shown["items"]) == 10
    assert bench.ring.signed == [], "nothing before the PIN"
    assert bench.wanted == 2, "for the code and for the PIN"
    bench.pin(job)
    found = bench.watch(job)
    assert (found["state"], found["signed"], found["error"]) == ("done", 10, None)
    assert bench.ring.pins == [PIN]
    assert bench.ring.open_sessions == 0
    digests = [one.digest for one in prepared(10)]
    assert bench.ring.signed == digests
    assert [number for number, _ in found["values"]] == list(range(1, 11))
    assert bench.watch(job, 7)["values"] == found["values"][7:]


def test_a_token_pulled_out_midway_leaves_what_was_signed_and_goes_on_with_a_new_pin(bench: Bench) -> None:
    bench.ring.pull_out_after = 4
    job = bench.ask()
    bench.pin(job)
    stopped = bench.watch(job)
    assert (stopped["state"], stopped["signed"]) == ("waiting", 4)
    assert stopped["error"]["code"] == "token_removed"
    assert bench.ring.open_sessions == 0
    bench.ring.absent = True
    bench.pin(job)
    assert bench.watch(job)["error"]["code"] == "agent_other_token"
    bench.ring.absent = False
    bench.pin(job)
    assert bench.watch(job)["state"] == "done"
    assert bench.ring.signed == [one.digest for one in prepared(10)], "nothing twice"
    assert bench.ring.pins == [PIN, PIN]


def test_a_wrong_pin_is_never_tried_again_by_itself(bench: Bench) -> None:
    job = bench.ask()
    bench.pin(job, "planted-wrong")
    assert bench.ring.pins == ["planted-wrong"]
    shown = bench.desk.view(0, 0)["job"]
    assert shown["error"]["code"] == "token_pin_wrong"
    bench.pin(job)
    assert bench.ring.pins == ["planted-wrong", PIN]
    assert bench.watch(job)["state"] == "done"


def test_nothing_is_signed_when_the_person_declines_or_does_not_answer(bench: Bench) -> None:
    for end, code in (
        (lambda job: bench.desk.decline(job), "agent_declined"),
        (lambda job: bench.desk.cancel(SITE, bench.token, job), "agent_cancelled"),
        (lambda _: bench.clock.wait(PATIENCE_SECONDS), "agent_no_answer"),
        (lambda _: bench.desk.unpair(), "agent_unpaired"),
    ):
        bench.message = list_message(2)
        bench.token = bench.site.pair(bench.desk)
        job = bench.ask()
        end(job)
        found = bench.desk.job
        assert found is not None
        with bench.desk.changed:
            bench.desk.changed.notify_all()  # the clock of a test wakes nobody
            assert bench.desk.changed.wait_for(lambda: found.finished, 30)  # noqa: B023
        assert found.error is not None
        assert found.error.code == code
        assert not bench.desk.give_pin(job, PIN)
    assert bench.ring.pins == []


def test_a_list_whose_page_is_gone_is_not_signed(bench: Bench) -> None:
    job = bench.ask()
    bench.clock.wait(PAGE_SECONDS + 1)
    assert not bench.desk.give_pin(job, PIN)
    found = bench.desk.job
    assert found is not None
    with bench.desk.changed:
        assert bench.desk.changed.wait_for(lambda: found.finished, 30)
    assert found.error is not None
    assert found.error.code == "agent_page_gone"
    assert bench.ring.pins == []


def test_a_pin_that_comes_as_the_list_ends_is_not_kept(bench: Bench) -> None:
    bench.ask()
    work = bench.desk.job.work if bench.desk.job else None
    assert work is not None
    job = Job(work, bench.ring, bench.desk.changed, bench.clock)  # its thread has not looked yet
    assert job.give_pin("planted-pin")
    job.end(DomainError("agent_declined"))
    job.run()
    assert (job.finished, bench.ring.pins) == (True, [])
    kept = [getattr(job, name) for name in dir(job) if not name.startswith("__") and name != "left"]
    assert "planted-pin" not in map(str, kept)


def test_a_value_that_does_not_verify_never_leaves(bench: Bench) -> None:
    bench.ring.wrong_values = True
    job = bench.ask()
    bench.pin(job)
    found = bench.watch(job)
    assert (found["values"], found["error"]["code"]) == ([], "agent_value_wrong")


def test_a_new_list_takes_the_place_of_one_that_waits(bench: Bench) -> None:
    first = bench.ask()
    bench.message = list_message(3)
    second = bench.ask()
    assert not bench.desk.give_pin(first, PIN)
    bench.pin(second)
    assert bench.watch(second)["state"] == "done"
    assert len(bench.ring.signed) == 3


def test_a_challenge_is_signed_for_the_registration_of_a_token() -> None:
    bench = Bench(challenge_message())
    job = bench.ask()
    shown = bench.desk.view(0, 0)["job"]
    assert (shown["kind"], shown["total"]) == ("challenge", 1)
    bench.pin(job)
    [[number, value]] = bench.watch(job)["values"]
    assert number == 0
    from base64 import b64decode

    assert verify_digest(teacher().certificate, bench.ring.signed[0], b64decode(value))


def test_the_pin_stays_in_no_object_of_the_agent(bench: Bench) -> None:
    pin = "".join(["planted-", "memory-", "pin"])  # made here, so that no constant holds it
    job = bench.ask()
    bench.pin(job, pin)
    bench.ring.pins.clear()
    gc.collect()
    holders = [
        one
        for one in gc.get_objects()
        if issubclass(type(one), dict)  # a lazy object of another test would wake up at isinstance
        and any(value is pin or value == pin for value in list(one.values()) if issubclass(type(value), str))
        and one is not globals()
        and one.get("pin") is not pin
    ]
    assert holders == []
    found = bench.desk.job
    assert found is not None
    assert found._pin is None
    assert pin not in repr(vars(found))


def test_the_terminal_asks_once_and_an_empty_line_declines(bench: Bench) -> None:
    said: list[str] = []
    answers = [PIN]
    window = TerminalWindow(bench.desk, said.append, lambda question: said.append(question) or answers.pop())
    job = bench.ask()
    window.tell(bench.desk.view(0, 0))
    finished(bench.desk)
    window.tell(bench.desk.view(0, 0))
    assert bench.watch(job)["state"] == "done"
    assert any("Yêu cầu ký: Ký học bạ lớp 3A" in line for line in said)
    assert any("Đã ký xong 10 mục" in line for line in said)
    assert PIN not in "".join(said)
    answers.append("")
    bench.message = list_message(1)
    job = bench.ask()
    window.tell(bench.desk.view(0, 0))
    found = bench.desk.job
    assert found is not None
    with bench.desk.changed:
        assert bench.desk.changed.wait_for(lambda: found.finished, 30)
    assert bench.watch(job)["state"] == "ended"


def test_a_token_with_keys_of_its_own_gets_no_pin_from_here(bench: Bench) -> None:
    bench.ring.token = replace(bench.ring.token, pad=True)
    bench.ask()
    assert bench.desk.view(0, 0)["job"]["token"]["pad"] is True
