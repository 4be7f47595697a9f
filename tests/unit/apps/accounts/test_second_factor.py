"""One-time codes: a step to either side, each code once, set up once."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from hocbaso.apps.accounts.models import SIGNING_ROLES, Role
from hocbaso.apps.accounts.use_cases import second_factor as sf
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
STEP = timedelta(seconds=sf.STEP)


@pytest.fixture
def person(monkeypatch):
    # With a secret of chance, codes of two steps are the same once in some hundred thousand runs.
    with monkeypatch.context() as fixed:
        fixed.setattr(pyotp, "random_base32", lambda: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        made = people.user()
        sf.propose_secret(user=made)
    return made


@pytest.fixture
def enrolled(person):
    with clock.standing_at(people.DAY - timedelta(days=9)):
        sf.enrol_totp(user=person, code=code(person, clock.now()))
    return person


def code(user, at):
    return pyotp.TOTP(user.totp_secret).at(at)


def confirm(user, given, at=people.DAY):
    with clock.standing_at(at):
        sf.confirm_totp(user=user, code=given)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_of_the_present_or_a_neighbouring_step_is_taken(enrolled, steps):
    confirm(enrolled, code(enrolled, people.DAY + steps * STEP))
    assert Event.objects.filter(action="accounts.confirm_totp").exists()


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_two_steps_away_is_refused(enrolled, steps):
    with pytest.raises(DomainError, match="không đúng hoặc đã hết hạn"):
        confirm(enrolled, code(enrolled, people.DAY + steps * STEP))


def test_a_code_is_taken_once(enrolled):
    given = code(enrolled, people.DAY)
    confirm(enrolled, given)
    with pytest.raises(DomainError) as caught:
        confirm(enrolled, given)
    assert caught.value.code == "totp_used"


def test_an_older_code_is_refused_after_a_newer_one(enrolled):
    confirm(enrolled, code(enrolled, people.DAY + STEP))
    with pytest.raises(DomainError) as caught:
        confirm(enrolled, code(enrolled, people.DAY))
    assert caught.value.code == "totp_used"


def test_the_code_of_enrolment_does_not_sign_in_a_second_time(person):
    with clock.standing_at(people.DAY):
        given = code(person, people.DAY)
        sf.enrol_totp(user=person, code=given)
        with pytest.raises(DomainError) as caught:
            sf.confirm_totp(user=person, code=given)
    assert caught.value.code == "totp_used"


def test_guessing_codes_has_to_wait(enrolled):
    for _ in range(5):
        with pytest.raises(DomainError, match="không đúng"):
            confirm(enrolled, "000000")
    with pytest.raises(DomainError) as caught:
        confirm(enrolled, code(enrolled, people.DAY))
    assert caught.value.code == "sign_in_wait"


@pytest.mark.parametrize("given", ["", "12345", "１２３４５６", "abcdef"])
def test_what_is_no_code_is_refused(enrolled, given):
    with pytest.raises(DomainError):
        confirm(enrolled, given)


def test_the_secret_stays_the_same_until_confirmed_and_is_not_shown_afterwards(person):
    first = person.totp_secret
    assert sf.propose_secret(user=person) == first
    with clock.standing_at(people.DAY):
        sf.enrol_totp(user=person, code=code(person, people.DAY))
    with pytest.raises(DomainError) as caught:
        sf.propose_secret(user=person)
    assert caught.value.code == "totp_already_enrolled"


def test_without_enrolment_no_code_confirms(person):
    with pytest.raises(DomainError) as caught:
        confirm(person, code(person, people.DAY))
    assert caught.value.code == "totp_not_enrolled"


@pytest.mark.parametrize("role", list(Role))
def test_the_second_factor_is_asked_of_whoever_signs_or_enters_results(role):
    unit = people.school()
    person = people.user()
    people.post(person, unit, role)
    assert sf.is_required(person) is (role in SIGNING_ROLES)
