"""The seed of the second factor is not to be read in the database."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.db import connection

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import secret_field

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOCBASO_HOME = tmp_path
    return tmp_path


def stored(user):
    with connection.cursor() as cursor:
        cursor.execute("SELECT totp_secret FROM accounts_user WHERE id = %s", [user.pk])
        return cursor.fetchone()[0]


def make(name="an"):
    return User.objects.create(username=name, full_name="An", totp_secret=SECRET)


def test_the_database_holds_no_plain_secret_and_two_equal_ones_look_different():
    first, second = make(), make("binh")
    assert User.objects.get(pk=first.pk).totp_secret == SECRET
    assert SECRET not in stored(first)
    assert stored(first) != stored(second)


def test_empty_stays_empty_and_can_be_asked_for():
    user = User.objects.create(username="an", full_name="An")
    assert stored(user) == ""
    assert User.objects.filter(totp_secret="").get() == user
    User.objects.update(totp_secret=SECRET)
    assert User.objects.get().totp_secret == SECRET


def test_only_the_owner_reads_the_key(home: Path):
    make()
    key = home / "keys" / "fields.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert [p.name for p in key.parent.iterdir()] == ["fields.key"]


def test_without_the_key_nothing_is_known_nothing_is_lost_and_no_new_key_appears(home: Path, settings):
    user = make()
    sealed = stored(user)
    settings.HOCBASO_HOME = home / "elsewhere"
    found = User.objects.get(pk=user.pk)
    assert found.totp_secret == ""
    found.save()
    assert stored(user) == sealed
    assert not (home / "elsewhere").exists()
    settings.HOCBASO_HOME = home
    assert User.objects.get(pk=user.pk).totp_secret == SECRET


def test_an_altered_value_opens_nothing():
    user = make()
    sealed = stored(user)
    altered = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET totp_secret = %s WHERE id = %s", [altered, user.pk])
    assert User.objects.get(pk=user.pk).totp_secret == ""


def test_a_second_process_takes_the_key_that_is_there(home: Path):
    user = make()
    secret_field._cipher.cache_clear()
    make("binh")
    assert User.objects.get(pk=user.pk).totp_secret == SECRET
