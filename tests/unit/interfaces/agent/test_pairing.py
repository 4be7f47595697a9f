"""Pairing: the code, its tries, its end; messages that only the paired server can write."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hocbaso.core.errors import DomainError
from hocbaso.interfaces.agent.desk import Desk
from hocbaso.interfaces.agent.guessing import FIRST_PAUSE, LONGEST_PAUSE, WRONG_CODES, WRONG_IN_RUN
from hocbaso.interfaces.agent.pairing import ATTEMPT_SECONDS, IDLE_SECONDS, LONGEST_SECONDS
from hocbaso.interfaces.agent.protocol import Transcript, agree
from tests.unit.interfaces.agent.support import (
    PIN,
    SITE,
    Clock,
    FakeKeyring,
    Site,
    b64,
    challenge_message,
    finished,
    list_message,
)


def code_of(desk: Desk) -> str:
    assert desk.pairings.attempt is not None
    return desk.pairings.attempt.code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def code_refused(desk: Desk, site: Site, asked: dict[str, str], code: str) -> str:
    with pytest.raises(DomainError) as caught:
        desk.finish_pairing(SITE, asked["attempt"], site.prove(asked, code))
    return caught.value.code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk((SITE,), FakeKeyring(), clock=clock)


def test_both_sides_prove_that_they_know_the_code_and_come_to_the_same_keys(desk: Desk) -> None:
    token = Site().pair(desk)
    assert desk.hello(SITE, token)["paired"] is True
    assert desk.hello("https://khac.example", token)["paired"] is False
    assert desk.hello(SITE, "")["paired"] is False


def test_three_wrong_codes_end_an_attempt(desk: Desk, clock: Clock) -> None:
    site = Site()
    asked = desk.ask_pairing(SITE, site.account, b64(site.public))
    code = code_of(desk)
    refusals = []
    for _ in range(3):
        refusals.append(code_refused(desk, site, asked, wrong(code)))
        clock.wait(LONGEST_PAUSE / 30)
    assert refusals == ["agent_code_wrong", "agent_code_wrong", "agent_attempt_over"]
    assert code_refused(desk, site, asked, code) == "agent_attempt_over"


@pytest.mark.parametrize(("guesses", "attempts"), [(3, 3), (1, 9), (2, 5), (0, 30)])
def test_guessing_closes_the_door_however_it_is_spread(
    desk: Desk, clock: Clock, guesses: int, attempts: int
) -> None:
    for _ in range(attempts):
        site = Site()
        asked = desk.ask_pairing(SITE, site.account, b64(site.public))
        code = code_of(desk)
        for _ in range(guesses):
            code_refused(desk, site, asked, wrong(code))
            desk.pairings.guesses._free_at = 0.0  # as if the pause were over
    with pytest.raises(DomainError) as caught:
        desk.ask_pairing(SITE, site.account, b64(site.public))
    assert caught.value.code == "agent_pairing_closed"
    assert desk.view(0, 0)["closed"] is True
    desk.allow_pairing()
    assert Site().pair(desk)


def pause_of(desk: Desk) -> float:
    """Seconds until a code may be asked for or tried."""
    try:
        desk.pairings.guesses.check()
    except DomainError as error:
        if error.code != "agent_pairing_pause":
            raise
        return float(error.params["seconds"])
    return 0.0


def test_each_wrong_code_makes_the_next_wait_longer_and_a_hasty_one_is_not_looked_at(
    desk: Desk, clock: Clock
) -> None:
    site, pauses = Site(), []
    asked = desk.ask_pairing(SITE, site.account, b64(site.public))
    for _ in range(WRONG_CODES - 1):
        code_refused(desk, site, asked, wrong(code_of(desk)))
        pauses.append(seconds := pause_of(desk))
        if seconds and desk.pairings.attempt is not None:  # not even the right one
            assert code_refused(desk, site, asked, code_of(desk)) == "agent_pairing_pause"
        clock.wait(seconds)
        assert pause_of(desk) == 0
        if desk.pairings.attempt is None:
            asked = desk.ask_pairing(SITE, site.account, b64(site.public))
    assert [round(seconds // FIRST_PAUSE) for seconds in pauses] == [0, 1, 2, 4, 8, 16, 32, 60]
    assert desk.pairings.guesses.in_run == WRONG_CODES - 1
    assert Site().pair(desk)


def test_a_run_takes_so_many_wrong_codes_whatever_is_allowed_and_the_person_is_told(desk: Desk) -> None:
    assert desk.view(0, 0)["wrong"] is None
    site = Site()
    for number in range(WRONG_IN_RUN):
        desk.allow_pairing()
        if number % 5 == 4:
            Site().pair(desk)  # a pairing in between forgives nothing
        asked = desk.ask_pairing(SITE, site.account, b64(site.public))
        code_refused(desk, site, asked, wrong(code_of(desk)))
        told = desk.view(0, 0)["wrong"]
        assert told == {
            "count": number + 1,
            "limit": WRONG_IN_RUN,
            "origin": SITE,
            "account": site.account,
        }
    desk.allow_pairing()
    with pytest.raises(DomainError) as caught:
        desk.ask_pairing(SITE, site.account, b64(site.public))
    assert caught.value.code == "agent_pairing_shut"
    assert desk.view(0, 0)["closed"] is True


def test_a_code_lives_three_minutes_and_the_person_can_refuse(desk: Desk, clock: Clock) -> None:
    site = Site()
    asked = desk.ask_pairing(SITE, site.account, b64(site.public))
    code = code_of(desk)
    clock.wait(ATTEMPT_SECONDS)
    assert code_refused(desk, site, asked, code) == "agent_attempt_over"
    asked = desk.ask_pairing(SITE, site.account, b64(site.public))
    code = code_of(desk)
    desk.refuse_pairing()
    assert code_refused(desk, site, asked, code) == "agent_attempt_over"


def test_the_code_of_one_attempt_pairs_no_other_key_account_or_origin(desk: Desk) -> None:
    site, stranger = Site(), Site()
    asked = desk.ask_pairing(SITE, site.account, b64(site.public))
    code = code_of(desk)
    assert code_refused(desk, stranger, asked, code) == "agent_code_wrong"
    site.account = "Người khác (khac)"
    assert code_refused(desk, site, asked, code) == "agent_code_wrong"
    site.account, site.origin = Site().account, "https://khac.example"
    with pytest.raises(DomainError) as caught:
        desk.finish_pairing(site.origin, asked["attempt"], site.prove(asked, code))
    assert caught.value.code == "agent_attempt_over"


@pytest.mark.parametrize("seconds", [IDLE_SECONDS, LONGEST_SECONDS])
def test_a_pairing_ends_when_idle_and_after_a_working_day(desk: Desk, clock: Clock, seconds: float) -> None:
    token = Site().pair(desk)
    spent = 0.0
    while spent < seconds:
        assert desk.hello(SITE, token)["paired"] is True
        step = IDLE_SECONDS if seconds == IDLE_SECONDS else IDLE_SECONDS - 1
        clock.wait(step)
        spent += step
    assert desk.hello(SITE, token)["paired"] is False


def test_a_new_pairing_ends_the_old_one_and_its_work(desk: Desk) -> None:
    first = Site()
    token = first.pair(desk)
    asked = desk.ask(SITE, token, *first.seal(list_message()))
    Site().pair(desk)
    assert desk.hello(SITE, token)["paired"] is False
    job = finished(desk)
    assert desk.give_pin(asked["job"], PIN) is False
    with desk.changed:
        assert desk.changed.wait_for(lambda: job.finished, 30)
    assert job.error is not None
    assert job.error.code == "agent_unpaired"


def test_a_list_that_the_paired_server_did_not_write_is_refused(desk: Desk) -> None:
    site = Site()
    token = site.pair(desk)
    text, seal = site.seal(list_message())
    forged = json.dumps(json.loads(text) | {"title": "Ký hết"}, ensure_ascii=False)
    other = Site()
    other.pair(Desk((SITE,), FakeKeyring(), clock=Clock()))
    for sent in ((forged, seal), (text, "00" * 32), (text, ""), (text, "é"), other.seal(list_message())):
        with pytest.raises(DomainError) as caught:
            desk.ask(SITE, token, *sent)
        assert caught.value.code == "agent_seal_wrong"
    assert desk.job is None


def test_a_message_is_taken_once_and_only_under_its_own_pairing(desk: Desk) -> None:
    site = Site()
    token = site.pair(desk)
    text, seal = site.seal(challenge_message())
    desk.ask(SITE, token, text, seal)
    finished(desk)
    with pytest.raises(DomainError) as caught:
        desk.ask(SITE, token, text, seal)
    assert caught.value.code == "agent_message_used"
    foreign = json.dumps(json.loads(text) | {"pairing": "00" * 16}, ensure_ascii=False)
    with pytest.raises(DomainError) as caught:
        desk.ask(SITE, token, foreign, site.keys.seal(foreign))
    assert caught.value.code == "agent_seal_wrong"
    with pytest.raises(DomainError) as caught:
        desk.ask(SITE, "00" * 32, text, seal)
    assert caught.value.code == "agent_not_paired"


@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31), b"", b"x" * 31, b"x" * 33])
def test_keys_that_agree_on_nothing_secret_are_refused(key: bytes) -> None:
    with pytest.raises(DomainError) as caught:
        agree(X25519PrivateKey.generate(), key, Transcript(SITE, "a", "b", b"", b""))
    assert caught.value.code == "agent_key_unusable"


def test_no_part_of_a_transcript_runs_into_the_next() -> None:
    one = Transcript("https://a", "b", "c", b"k", b"l").octets()
    assert one != Transcript("https://ab", "", "c", b"k", b"l").octets()
    assert one != Transcript("https://a", "bc", "", b"k", b"l").octets()
