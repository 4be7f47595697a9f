"""Asking authorities: answers and lists kept, forged ones refused, a silent authority left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from hocbaso.engines.trust.authority import Revocation
from hocbaso.engines.trust.revocation_answers import KEEP_ANSWER, REST, AuthorityAnswers
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.revocation import question

NOW = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)
GOOD, REVOKED, UNKNOWN = Revocation.GOOD, Revocation.REVOKED, Revocation.UNKNOWN


class World:
    """A sandbox authority, a holder, and a wire that gives what ``give`` makes and counts."""

    def __init__(self, directory) -> None:
        self.now = NOW
        self.authority = SandboxAuthority(directory, key_kind="p256", clock=lambda: self.now)
        self.holder = self.authority.issue_person("Nguyễn Văn An", "079190001234", "Trường A")
        self.certificate = self.holder.certificate
        self.asked = 0
        self.give = self.ocsp
        self.answers = AuthorityAnswers(self.authority.issuing(), lambda: self.ask)

    def ask(self, certificate, issuer):
        self.asked += 1
        return self.give(certificate, issuer)

    def ocsp(self, certificate, issuer):
        return self.authority.ocsp_for(question(certificate, issuer))

    def crl(self, certificate, issuer):
        return self.authority.crl("cong_cong-issuing").public_bytes(Encoding.DER)

    def state(self, certificate=None, later=timedelta()):
        self.now = NOW + later
        return self.answers.revocation(certificate or self.certificate, self.now).state


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("way", ["ocsp", "crl"])
def test_a_good_and_a_revoked_certificate_are_told_apart(world, way):
    world.give = getattr(world, way)
    lost = world.authority.issue_person("Trần Thị Bình", "079190009999", "Trường A")
    world.authority.revoke(lost.certificate, NOW - timedelta(days=1))
    assert world.state() == GOOD
    told = world.answers.revocation(lost.certificate, NOW)
    assert (told.state, told.since) == (REVOKED, NOW - timedelta(days=1))


def test_one_list_serves_every_certificate_of_its_issuer_and_an_answer_is_kept_for_minutes(world):
    world.give = world.crl
    others = [world.authority.issue_person("x", f"07919000{n:04d}", "y") for n in range(20)]
    assert {world.state(one.certificate) for one in others} == {GOOD}
    assert world.asked == 1
    world.answers = AuthorityAnswers(world.authority.issuing(), lambda: world.ask)
    world.give, world.asked = world.ocsp, 0
    for later in (timedelta(), KEEP_ANSWER / 2, KEEP_ANSWER * 2):
        assert world.state(later=later) == GOOD
    assert world.asked == 2


def test_a_silent_authority_is_left_alone_for_some_minutes_and_then_asked_again(world):
    world.give = lambda *_: None
    assert [world.state() for _ in range(5)] == [UNKNOWN] * 5
    assert world.asked == 1
    world.give = world.ocsp
    assert world.state(later=REST - timedelta(seconds=1)) == UNKNOWN
    assert world.state(later=REST) == GOOD


def test_a_strangers_certificate_names_no_address_to_this_node(world, tmp_path_factory):
    stranger = SandboxAuthority(tmp_path_factory.mktemp("other"), key_kind="p256", clock=lambda: NOW)
    foreign = stranger.issue_person("Nguyễn Văn An", "079190001234", "Trường A").certificate
    assert world.state(foreign) == UNKNOWN
    assert world.asked == 0


def test_a_teachers_own_key_answers_for_nobody(world):
    """A certificate of the same authority that is no responder (RFC 6960 section 4.2.2.2)."""
    issuer = next(one for one in world.authority.issuing() if one.subject == world.certificate.issuer)

    def forged(certificate, _issuer):
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate,
            issuer,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.GOOD,
            NOW,
            NOW + timedelta(days=1),
            None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, world.certificate)
        builder = builder.certificates([world.certificate])
        return builder.sign(world.holder.private_key(), hashes.SHA256()).public_bytes(Encoding.DER)

    world.give = forged
    assert world.state() == UNKNOWN


@pytest.mark.parametrize("answer", [b"", b"\x30\x00", b"<html>", b"\x30\x84\xff\xff\xff\xff"])
def test_nonsense_is_no_answer(world, answer):
    world.give = lambda *_: answer
    assert world.state() == UNKNOWN


def test_an_answer_of_yesterday_played_again_is_refused(world):
    old = world.crl(None, None)
    world.give = lambda *_: old
    assert world.state(later=timedelta(days=8)) == UNKNOWN
