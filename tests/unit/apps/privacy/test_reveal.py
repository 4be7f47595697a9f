"""A whole number is shown to few, for a purpose, on record, so many a day."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.privacy.log import viewed_by_school
from hocbaso.apps.privacy.masking import masked_in, masked_number, masked_phone
from hocbaso.apps.privacy.models import Purpose, ViewEntry, ViewKind
from hocbaso.apps.privacy.use_cases.reveal import reveal
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
NUMBER = "079317394341"


@pytest.fixture
def pupil():
    return people.enrol(people.school_class(people.school()), 1, personal_number=NUMBER)


def _clerk(pupil):
    return people.actor(Role.DATA_CLERK, pupil.school_class.school)


def test_masks_leave_too_little_to_use():
    assert masked_number(NUMBER) == "079•••••••41"
    assert [masked_number(short) for short in ("", "7", "12345678")] == ["", "7", "•••••••8"]
    assert masked_phone("0903 123 456") == "•••••••456"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Thông báo số 079 317 394 341, ngày 12/05/2019", "Thông báo số 079•••••••41, ngày 12/05/2019"),
        ("CCCD 079.317.394.341; mẹ 0903 123 456", "CCCD 079•••••••41; mẹ 0903 123 456"),
        ("Quyết định 12/QĐ ngày 12.05.2019", "Quyết định 12/QĐ ngày 12.05.2019"),
    ],
)
def test_numbers_in_free_words_are_masked_and_dates_and_telephones_are_not(written, kept):
    assert masked_in(written) == kept


def test_a_list_of_several_schools_is_one_insert(pupil, django_assert_num_queries):
    other = people.enrol(people.school_class(people.school("79000102")), 2)
    groups = [(row.school_class.school, [row.pupil]) for row in (pupil, other)]
    clerk = _clerk(pupil)
    with django_assert_num_queries(1):
        viewed_by_school(clerk, groups, ViewKind.LIST, "escalation")
    rows = ViewEntry.objects.order_by("pk")
    assert [(row.organisation, row.pupil) for row in rows] == [(u, p) for u, (p,) in groups]


def test_a_number_is_shown_once_its_purpose_is_on_record(pupil):
    clerk = _clerk(pupil)
    assert reveal(clerk, pupil.pupil, Purpose.COMPARE, "pupil") == NUMBER
    entry = ViewEntry.objects.get()
    assert (entry.kind, entry.pupil, entry.role, entry.where) == (
        ViewKind.REVEAL,
        pupil.pupil,
        Role.DATA_CLERK,
        "pupil",
    )
    event = Event.objects.get(action="privacy.revealed")
    assert event.target == pupil.pupil.code
    assert NUMBER not in str(event.details) + entry.purpose


@pytest.mark.parametrize(
    ("purpose", "note", "code"),
    [("", "", "reveal_purpose"), ("vui", "", "reveal_purpose"), ("khac", "  abc ", "reveal_note")],
)
def test_without_a_purpose_nothing_is_shown(pupil, purpose, note, code):
    with pytest.raises(DomainError) as refused:
        reveal(_clerk(pupil), pupil.pupil, purpose, "pupil", note)
    assert refused.value.code == code
    assert not ViewEntry.objects.exists()


def test_the_day_has_a_limit(pupil):
    clerk, unit = _clerk(pupil), pupil.school_class.school
    DatedSetting.objects.create(
        organisation=unit, key="reveals_a_day", value="2", valid_from=people.START, legal_basis="x"
    )
    for _n in range(2):
        reveal(clerk, pupil.pupil, Purpose.FAMILY, "pupil")
    with pytest.raises(DomainError) as refused:
        reveal(clerk, pupil.pupil, Purpose.FAMILY, "pupil")
    assert refused.value.code == "reveal_too_often"
    assert "2 người" in str(refused.value)
    reveal(_clerk(pupil), pupil.pupil, Purpose.FAMILY, "pupil")  # somebody else's day is his own


def test_a_homeroom_teacher_sees_only_the_own_class(pupil):
    unit = pupil.school_class.school
    other = people.school_class(unit, "1B")
    with pytest.raises(NotAllowed):
        reveal(people.actor(Role.HOMEROOM, unit, other), pupil.pupil, Purpose.COMPARE, "pupil")


def test_views_are_kept_two_years_against_everybody(pupil):
    reveal(_clerk(pupil), pupil.pupil, Purpose.COMPARE, "pupil")
    for change in (
        lambda: ViewEntry.objects.update(purpose="x"),
        lambda: ViewEntry.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_the_number_of_a_pupil_who_left_is_the_next_schools_to_show(pupil):
    former, other = _clerk(pupil), people.school("79000103")
    pupil.active = False
    pupil.save()
    assert reveal(former, pupil.pupil, Purpose.FAMILY, "pupil") == NUMBER  # left, and studies nowhere yet
    pupil.pupil.enrolments.create(school_class=people.school_class(other), status="Chuyển đến kỳ 2")
    with pytest.raises(NotAllowed):
        reveal(former, pupil.pupil, Purpose.FAMILY, "pupil")
    assert reveal(people.actor(Role.DATA_CLERK, other), pupil.pupil, Purpose.FAMILY, "pupil") == NUMBER
