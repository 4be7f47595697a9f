"""Names, managers and mergers in time."""

from __future__ import annotations

from datetime import date

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.queries import present_posts
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.organisations.use_cases import units
from hocbaso.apps.organisations.use_cases.change_unit import (
    change_manager,
    merge,
    record_past_manager,
    rename,
)
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()
DAY = date(2026, 1, 1)


@pytest.fixture
def school():
    return people.school()


def test_a_new_name_keeps_the_old_one_with_its_time(school):
    rename(actor=OPERATOR, unit=school, name="Trường Tiểu học Hai", day=DAY, decision="12/QĐ")
    rename(actor=OPERATOR, unit=school, name="Trường Tiểu học Ba", day=date(2026, 3, 1), decision="13/QĐ")
    school.refresh_from_db()
    assert school.name == "Trường Tiểu học Ba"
    rows = list(school.former_names.order_by("valid_to").values_list("name", "valid_from", "valid_to"))
    assert rows == [
        ("Trường Tiểu học Sao Khuê", date(2025, 7, 1), date(2025, 12, 31)),
        ("Trường Tiểu học Hai", date(2026, 1, 1), date(2026, 2, 28)),
    ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"decision": " "}, "unit_decision_missing"),
        ({"name": "Trường Tiểu học Sao Khuê"}, "unit_name_same"),
        ({"day": date(2025, 7, 1)}, "unit_day_too_early"),
        ({"name": ""}, "school_name_wrong"),
    ],
)
def test_a_wrong_renaming_is_refused(school, fields, code):
    with pytest.raises(DomainError) as caught:
        rename(**{"actor": OPERATOR, "unit": school, "name": "Mới", "day": DAY, "decision": "1", **fields})
    assert caught.value.code == code


def test_a_teacher_cannot_rename(school):
    with pytest.raises(NotAllowed):
        rename(actor=people.actor(Role.PRINCIPAL, school), unit=school, name="Mới", day=DAY, decision="1")


def test_questions_about_the_manager_are_answered_as_of_a_day(school):
    department = Organisation.objects.get(code="so-79")
    office = units.district_office("765")
    change_manager(actor=OPERATOR, unit=school, manager=department, day=DAY, decision="7/QĐ-UBND")
    record_past_manager(
        actor=OPERATOR, unit=school, manager=office, valid_from=date(2010, 1, 1), valid_to=date(2025, 6, 30)
    )
    assert [managers(school, day)[0].code for day in (date(2020, 1, 1), date(2025, 12, 31), DAY)] == [
        "phong-765",
        "xa-26929",
        "so-79",
    ]


def test_a_past_manager_cannot_overlap_another(school):
    with pytest.raises(DomainError) as caught:
        record_past_manager(
            actor=OPERATOR,
            unit=school,
            manager=units.district_office("765"),
            valid_from=date(2010, 1, 1),
            valid_to=date(2025, 7, 1),
        )
    assert caught.value.code == "management_overlap"


def test_a_merger_ends_posts_and_management_the_day_before(school):
    into = people.school("79000102", "Trường Tiểu học Mới")
    person = people.actor(Role.PRINCIPAL, school).user
    merge(actor=OPERATOR, unit=school, into=into, day=DAY, decision="9/QĐ-UBND")
    school.refresh_from_db()
    assert (school.valid_to, school.merged_into, school.name) == (
        date(2025, 12, 31),
        into,
        "Trường Tiểu học Sao Khuê",
    )
    assert present_posts(person, date(2025, 12, 31))
    assert not present_posts(person, DAY)
    assert managers(school, date(2025, 12, 31))
    assert not managers(school, DAY)


def test_a_merger_into_itself_another_kind_or_after_its_end_is_refused(school):
    into = people.school("79000102", "Trường Tiểu học Mới")
    commune = Organisation.objects.get(code="xa-26929")
    for other, code in ((school, "unit_merge_self"), (commune, "unit_merge_kind")):
        with pytest.raises(DomainError) as caught:
            merge(actor=OPERATOR, unit=school, into=other, day=DAY, decision="9")
        assert caught.value.code == code
    merge(actor=OPERATOR, unit=school, into=into, day=DAY, decision="9")
    with pytest.raises(DomainError) as caught:
        rename(actor=OPERATOR, unit=school, name="Mới", day=date(2026, 2, 2), decision="1")
    assert caught.value.code == "unit_ended"
