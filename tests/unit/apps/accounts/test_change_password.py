"""Changing one's own password."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.use_cases.change_password import change_password
from hocbaso.apps.audit.models import Event
from hocbaso.core.errors import DomainError
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("present", "new", "code"),
    [
        ("sai", "con đường làng 9", "password_wrong"),
        (people.PASSWORD, people.PASSWORD, "password_same"),
        (people.PASSWORD, "ngắn quá", "password_short"),
        (people.PASSWORD, "password123", "password_common"),
        (people.PASSWORD, "quynhttd12", "password_similar"),
    ],
)
def test_a_bad_change_is_refused_with_its_reason(present, new, code):
    person = people.user()
    with pytest.raises(DomainError) as caught:
        change_password(user=person, present=present, new=new)
    assert caught.value.code == code
    person.refresh_from_db()
    assert person.check_password(people.PASSWORD)


def test_a_good_change_ends_the_duty_to_change_the_first_password():
    person = people.user(must_change_password=True)
    change_password(user=person, present=people.PASSWORD, new="con đường làng 9")
    person.refresh_from_db()
    assert person.check_password("con đường làng 9")
    assert not person.must_change_password
    event = Event.objects.get()
    assert event.action == "accounts.change_password"
    assert "làng" not in str(event.details)
