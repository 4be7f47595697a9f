"""The pupil's portrait is kept by its digest; the one before stays for the sheets made with it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.pupils.models import Photo
from hocbaso.apps.pupils.use_cases.set_photo import set_photo
from hocbaso.core.errors import NotAllowed
from tests.unit.apps.accounts import people


def picture(size=(900, 1400), mode="RGB", kind="JPEG", colour="steelblue", **options) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_a_new_portrait_replaces_the_old_one_which_stays_for_earlier_sheets():
    school = people.school()
    in_class = people.school_class(school)
    enrolment = people.enrol(in_class, 1)
    homeroom = people.actor(Role.HOMEROOM, school, in_class)
    first = set_photo(homeroom, enrolment=enrolment, content=picture())
    second = set_photo(homeroom, enrolment=enrolment, content=picture(colour="tan"))
    enrolment.pupil.refresh_from_db()
    assert enrolment.pupil.photo == second
    assert set(Photo.objects.all()) == {first, second}
    details = Event.objects.filter(action="pupils.set_photo").order_by("-sequence").first().details
    assert details == {"before": first.digest, "after": second.digest}


@pytest.mark.django_db
def test_only_clerk_and_homeroom_teacher_set_portraits():
    school = people.school()
    enrolment = people.enrol(people.school_class(school), 1)
    other = people.actor(Role.HOMEROOM, school, people.school_class(school, "1B"))
    for actor in (other, people.actor(Role.PRINCIPAL, school)):
        with pytest.raises(NotAllowed):
            set_photo(actor, enrolment=enrolment, content=picture())
    assert set_photo(people.actor(Role.DATA_CLERK, school), enrolment=enrolment, content=picture())
