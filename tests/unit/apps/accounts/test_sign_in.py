"""Signing in: one sentence for every failure, growing waits, old hashes made anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password

from hocbaso.apps.accounts.models import SignInAttempt, User
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.accounts.use_cases.sign_in import sign_in
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def attempt(name="quynhttd", password="sai", address=HOME, at=people.DAY):
    with clock.standing_at(at):
        return sign_in(username=name, password=password, address=address)


def refused(**arguments):
    with pytest.raises(DomainError) as caught:
        attempt(**arguments)
    return caught.value


def test_the_right_password_signs_in_and_leaves_an_event():
    person = people.user()
    assert attempt(password=people.PASSWORD) == person
    assert list(Event.objects.values_list("action", "target")) == [("accounts.sign_in", "quynhttd")]


def test_unknown_name_closed_account_and_wrong_password_read_the_same():
    people.user()
    people.user("dongtk", "Tài Khoản Đóng", is_active=False)
    answers = {
        str(refused(name="khongco")),
        str(refused(name="dongtk", password=people.PASSWORD)),
        str(refused()),
    }
    assert len(answers) == 1


def test_an_unknown_name_is_not_written_into_the_audit_chain():
    refused(name="mật khẩu gõ nhầm ô")
    assert not Event.objects.exists()


def test_the_address_is_kept_hashed_only():
    people.user()
    refused()
    assert HOME not in SignInAttempt.objects.get().address


def test_an_old_hash_is_made_anew_with_the_first_hasher(settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    person = people.user()
    person.password = make_password(people.PASSWORD, hasher="pbkdf2_sha256")
    person.save()
    attempt(password=people.PASSWORD)
    person.refresh_from_db()
    assert person.password.startswith("argon2")


def test_a_light_hash_is_not_told_by_a_quick_answer(settings, monkeypatch):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    person = people.user()
    person.password = make_password(people.PASSWORD, hasher="pbkdf2_sha256")
    person.save()
    worked = []
    monkeypatch.setattr(User, "set_password", lambda self, raw: worked.append(raw))
    refused()
    assert worked == ["sai"]


def fail_times(n, *, start=people.DAY, **arguments):
    """n failures, each right after the wait before it; the moment after the last."""
    at = start
    for _ in range(n):
        while True:
            error = refused(at=at, **arguments)
            if error.code == "sign_in_failed":
                break
            at += timedelta(seconds=error.params["seconds"])
        at += timedelta(seconds=1)
    return at


def test_five_failures_are_free_and_then_the_wait_doubles():
    people.user()
    waits = [throttle.ACCOUNT.wait_after(n) for n in (4, 5, 6, 7, 8, 20)]
    assert waits == [0, 30, 60, 120, 240, 900]
    at = fail_times(5)
    assert refused(at=at).params["seconds"] == 29
    assert refused(at=at, password=people.PASSWORD).code == "sign_in_wait", "the right one has to wait too"
    assert attempt(at=at + timedelta(seconds=29), password=people.PASSWORD)


def test_attempts_during_a_wait_do_not_prolong_it():
    people.user()
    at = fail_times(5)
    for _ in range(10):
        refused(at=at)
    assert attempt(at=at + timedelta(seconds=30), password=people.PASSWORD)


def test_an_unknown_name_waits_like_a_known_one():
    people.user()
    known, unknown = fail_times(5), fail_times(5, name="khongco")
    assert refused(at=known).params == refused(at=unknown, name="khongco").params


def test_one_address_that_tries_many_names_has_to_wait():
    people.user()
    at = people.DAY
    for n in range(30):
        refused(name=f"ten{n}", at=at)
    assert refused(at=at, password=people.PASSWORD).code == "sign_in_wait"
    assert attempt(at=at, password=people.PASSWORD, address=ELSEWHERE)


def test_strangers_cannot_lock_a_person_out_where_he_signs_in_usually():
    people.user()
    attempt(password=people.PASSWORD, at=people.DAY - timedelta(days=2))
    at = fail_times(8, address=ELSEWHERE)
    assert refused(at=at, address=ELSEWHERE).code == "sign_in_wait"
    assert attempt(at=at, password=people.PASSWORD, address=HOME)


def test_success_ends_the_count():
    people.user()
    at = fail_times(4)
    attempt(at=at, password=people.PASSWORD)
    fail_times(4, start=at + timedelta(seconds=1))
