"""A lost password or telephone."""

from __future__ import annotations

import pytest
from django.test import Client

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.use_cases import second_factor
from hocbaso.apps.accounts.use_cases.reset_access import reset_access
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.core.errors import NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


def test_password_and_second_factor_go_and_open_sessions_end():
    person = people.user()
    second_factor.propose_secret(user=person)
    person.totp_confirmed_at = clock.now()
    person.save()
    client = Client()
    client.force_login(person)
    code = reset_access(Actor.operator(), user=person)
    person.refresh_from_db()
    assert person.check_password(code)
    assert person.must_change_password
    assert (person.totp_secret, person.totp_confirmed_at) == ("", None)
    assert client.get("/vi-tri").headers["Location"] == "/"
    event = Event.objects.get(action="accounts.reset_access")
    assert event.target == person.username
    assert code not in str(event.details)


def test_a_colleague_cannot_reset_another_and_nobody_himself():
    school = people.school()
    principal = people.actor(Role.PRINCIPAL, school)
    admin = people.actor(Role.SYSTEM_ADMIN, school)
    for actor, other in ((people.actor(Role.DATA_CLERK, school), principal), (admin, admin)):
        with pytest.raises(NotAllowed):
            reset_access(actor, user=other.user)
    assert reset_access(admin, user=principal.user)
