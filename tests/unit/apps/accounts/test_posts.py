"""Choosing a post, giving one, ending it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hocbaso.apps.accounts import queries
from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.accounts.use_cases.assign import assign, end_assignment
from hocbaso.apps.accounts.use_cases.choose_post import choose_post
from hocbaso.apps.audit.models import Event
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return people.school()


@pytest.fixture
def person():
    return people.user()


def choose(person, post, second_factor=True):
    return choose_post(user=person, assignment_id=post.pk, second_factor=second_factor)


def test_a_signing_post_needs_the_second_factor(unit, person):
    post = people.post(person, unit, Role.PRINCIPAL)
    with pytest.raises(DomainError) as caught:
        choose(person, post, second_factor=False)
    assert caught.value.code == "second_factor_needed"
    assert choose(person, post) == post


def test_a_clerks_post_does_not(unit, person):
    post = people.post(person, unit, Role.DATA_CLERK)
    assert choose(person, post, second_factor=False) == post
    assert Event.objects.get(action="accounts.choose_post").role == Role.DATA_CLERK


def test_somebody_elses_or_an_ended_post_is_not_found(unit, person):
    other = people.post(people.user("khac", "Người Khác"), unit, Role.DATA_CLERK)
    ended = people.post(person, unit, Role.DATA_CLERK, valid_to=people.START)
    for post in (other, ended):
        with pytest.raises(NotFound):
            choose(person, post)


def test_the_first_password_must_be_changed_before_any_post(unit):
    person = people.user(must_change_password=True)
    with pytest.raises(DomainError) as caught:
        choose(person, people.post(person, unit, Role.DATA_CLERK))
    assert caught.value.code == "password_change_needed"


def test_posts_that_open_the_same_doors_are_one_choice(unit, person):
    own, other = people.school_class(unit, "1A"), people.school_class(unit, "2B", 2)
    people.post(person, unit, Role.HOMEROOM, own)
    people.post(person, unit, Role.SUBJECT_TEACHER, own, subject_code="*")
    people.post(person, unit, Role.SUBJECT_TEACHER, other, subject_code="am-nhac")
    people.post(person, unit, Role.SUBJECT_TEACHER, other, subject_code="my-thuat")
    choices = queries.post_choices(queries.present_posts(person))
    assert [(c.post.role, c.post.school_class.name, c.subjects) for c in choices] == [
        (Role.SUBJECT_TEACHER, "2B", ("am-nhac", "my-thuat")),
        (Role.HOMEROOM, "1A", ("*",)),
    ] or [(c.post.role, c.post.school_class.name, c.subjects) for c in choices] == [
        (Role.HOMEROOM, "1A", ("*",)),
        (Role.SUBJECT_TEACHER, "2B", ("am-nhac", "my-thuat")),
    ]


def give(unit, person, role=Role.DATA_CLERK, by=None, **fields):
    return assign(actor=by or Actor.operator(), user=person, organisation=unit, role=role, **fields)


def test_an_assignment_is_recorded_with_its_decision(unit, person):
    post = give(
        unit,
        person,
        decision_number="41/QĐ-THSK",
        decision_date=date(2025, 8, 20),
        decision_signer="Nguyễn Hoàng Tường Vy",
    )
    assert not post.decision_is_missing
    event = Event.objects.get(action="accounts.assign")
    assert (event.target, event.details["decision"]) == ("quynhttd", "41/QĐ-THSK")


def test_a_missing_decision_is_a_listed_gap(unit, person):
    post = give(unit, person, decision_number="41/QĐ-THSK")
    give(
        unit,
        people.user("du", "Đủ Hồ Sơ"),
        decision_number="1",
        decision_date=people.START,
        decision_signer="A",
    )
    assert list(queries.assignments_without_decision(unit)) == [post]


@pytest.mark.parametrize(
    ("role", "fields", "code"),
    [
        ("vua", {}, "assign_role_unknown"),
        (Role.DEPARTMENT_OFFICER, {}, "assign_role_elsewhere"),
        (Role.HOMEROOM, {}, "assign_class_needed"),
        (Role.SUBJECT_TEACHER, {}, "assign_class_needed"),
        (Role.DATA_CLERK, {"valid_from": date(2026, 1, 2), "valid_to": date(2026, 1, 1)}, "assign_dates"),
    ],
)
def test_an_assignment_that_does_not_fit_is_refused(unit, person, role, fields, code):
    with pytest.raises(DomainError) as caught:
        give(unit, person, role, **fields)
    assert caught.value.code == code


def test_a_class_of_another_school_is_refused(unit, person):
    elsewhere = people.school_class(people.school("79000102", "Trường Tiểu học Khác"))
    with pytest.raises(DomainError) as caught:
        give(unit, person, Role.HOMEROOM, school_class=elsewhere)
    assert caught.value.code == "assign_class_elsewhere"


def test_teaching_needs_a_subject(unit, person):
    with pytest.raises(DomainError) as caught:
        give(unit, person, Role.SUBJECT_TEACHER, school_class=people.school_class(unit))
    assert caught.value.code == "assign_subject_needed"


def test_one_principal_at_a_time_even_when_both_spans_have_an_end(unit, person):
    give(unit, person, Role.PRINCIPAL, valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30))
    other = people.user("khac", "Người Khác")
    with pytest.raises(DomainError) as caught:
        give(unit, other, Role.PRINCIPAL, valid_from=date(2026, 6, 30), valid_to=date(2026, 7, 31))
    assert caught.value.code == "assign_taken"
    assert "Trần Thị Diễm Quỳnh" in str(caught.value)
    assert give(unit, other, Role.PRINCIPAL, valid_from=date(2026, 7, 1))


def test_one_homeroom_teacher_a_class(unit, person):
    in_class = people.school_class(unit)
    give(unit, person, Role.HOMEROOM, school_class=in_class)
    with pytest.raises(DomainError) as caught:
        give(unit, people.user("khac", "Người Khác"), Role.HOMEROOM, school_class=in_class)
    assert caught.value.code == "assign_taken"


def test_the_same_assignment_twice_is_refused(unit, person):
    give(unit, person)
    with pytest.raises(DomainError) as caught:
        give(unit, person)
    assert caught.value.code == "assign_twice"


def test_a_closed_account_gets_no_post(unit):
    with pytest.raises(DomainError) as caught:
        give(unit, people.user(is_active=False))
    assert caught.value.code == "assign_inactive"


def test_nobody_assigns_himself(unit):
    principal = people.actor(Role.PRINCIPAL, unit)
    with pytest.raises(DomainError) as caught:
        give(unit, principal.user, by=principal)
    assert caught.value.code == "assign_own"


def test_a_clerk_cannot_make_a_principal_or_a_seal_keeper(unit, person):
    clerk = people.actor(Role.DATA_CLERK, unit)
    for role in (Role.PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK, Role.SYSTEM_ADMIN):
        with pytest.raises(NotAllowed):
            give(unit, person, role, by=clerk)
    assert give(unit, person, Role.HOMEROOM, by=clerk, school_class=people.school_class(unit))


def test_the_right_ends_with_the_last_day(unit, person):
    post = give(unit, person, valid_from=date(2026, 1, 1))
    end_assignment(
        actor=Actor.operator(), assignment=post, last_day=date(2026, 5, 19), reason="chuyển trường"
    )
    assert queries.present_posts(person, date(2026, 5, 19))
    assert not queries.present_posts(person, date(2026, 5, 20))
    assert Event.objects.get(action="accounts.end_assignment").details["reason"] == "chuyển trường"


def test_an_ended_assignment_is_not_prolonged(unit, person):
    post = give(unit, person, valid_from=date(2026, 1, 1), valid_to=date(2026, 5, 1))
    with pytest.raises(DomainError) as caught:
        end_assignment(actor=Actor.operator(), assignment=post, last_day=date(2026, 5, 1) + timedelta(days=1))
    assert caught.value.code == "assign_longer"
    assert Assignment.objects.get().valid_to == date(2026, 5, 1)
