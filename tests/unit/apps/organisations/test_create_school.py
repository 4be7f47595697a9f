"""A school and the units above it."""

from __future__ import annotations

from datetime import date

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import is_managed_by, managers
from hocbaso.apps.organisations.use_cases import units
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("levels", "manager"),
    [
        (["mam_non"], "xa-26929"),
        (["tieu_hoc"], "xa-26929"),
        (["tieu_hoc", "thcs"], "xa-26929"),
        (["thpt"], "so-79"),
        (["thcs", "thpt"], "so-79"),
        (["gdtx"], "so-79"),
    ],
)
def test_the_highest_level_decides_who_manages(levels, manager):
    school = people.school(levels=levels)
    assert managers(school)[0].code == manager


def test_the_manager_may_be_named():
    assert managers(people.school(managed_by="so"))[0].code == "so-79"


def test_the_units_above_are_made_once_with_their_official_names():
    first = people.school()
    people.school("79000102", "Trường Tiểu học Khác")
    assert [unit.name for unit in managers(first)] == [
        "Ủy ban nhân dân phường Bình Thạnh",
        "Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh",
        "Bộ Giáo dục và Đào tạo",
    ]
    assert Organisation.objects.exclude(kind=Kind.SCHOOL).count() == 3


def test_levels_are_kept_once_each_lowest_first():
    assert people.school(levels=["thpt", "tieu_hoc", "thpt"]).levels == ["tieu_hoc", "thpt"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "mã trường"}, "school_code_wrong"),
        ({"code": "1" * 21}, "school_code_wrong"),
        ({"code": ""}, "school_code_wrong"),
        ({"name": "  "}, "school_name_wrong"),
        ({"levels": []}, "school_levels_wrong"),
        ({"levels": ["dai_hoc"]}, "school_levels_wrong"),
        ({"province_code": "78"}, "province_unknown"),
        ({"commune_code": "99999"}, "commune_unknown"),
        ({"province_code": "01"}, "commune_elsewhere"),
        ({"managed_by": "phong"}, "school_manager_wrong"),
        ({"ownership": "state"}, "school_ownership_wrong"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_left_behind(fields, code):
    with pytest.raises(DomainError) as caught:
        people.school(**fields)
    assert caught.value.code == code
    assert not Organisation.objects.exists()


def test_a_code_is_given_once():
    people.school()
    with pytest.raises(DomainError) as caught:
        people.school(name="Trường Khác")
    assert caught.value.code == "school_code_taken"
    assert "Sao Khuê" in str(caught.value)


def test_an_officer_adds_schools_of_the_own_unit_only():
    people.school()
    commune = Organisation.objects.get(code="xa-26929")
    officer = people.actor(Role.COMMUNE_OFFICER, commune)
    assert units.commune("79", "26929") == commune
    made = create_school(
        actor=officer, code="2", name="Trường Hai", levels=["thcs"], province_code="79", commune_code="26929"
    )
    assert is_managed_by(made, commune)
    with pytest.raises(NotAllowed):
        create_school(
            actor=officer,
            code="3",
            name="Trường Ba",
            levels=["thpt"],
            province_code="79",
            commune_code="26929",
        )
    assert not Organisation.objects.filter(code="3").exists()


def test_the_event_names_school_and_manager():
    people.school()
    event = Event.objects.get()
    assert (event.action, event.target, event.organisation) == (
        "organisations.create",
        "79000101",
        "79000101",
    )
    assert event.details["manager"] == "xa-26929"


def test_a_district_office_is_history_only():
    office = units.district_office("765")
    assert (office.kind, office.valid_to) == (Kind.DISTRICT_OFFICE, date(2025, 6, 30))
    assert office.name.startswith("Phòng Giáo dục và Đào tạo quận ")


def test_only_the_administrator_may_act_without_a_unit():
    teacher = people.actor(Role.SUBJECT_TEACHER, people.school())
    with pytest.raises(NotAllowed):
        create_school(
            actor=teacher, code="9", name="Trường", levels=["thcs"], province_code="79", commune_code="26929"
        )
    assert create_school(
        actor=Actor.operator(),
        code="9",
        name="Trường",
        levels=["thcs"],
        province_code="79",
        commune_code="26929",
    )
