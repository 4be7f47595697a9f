"""First codes: who prints whose."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, StaffMember, User
from hocbaso.apps.accounts.use_cases.activation import activation_codes, waiting
from hocbaso.core.errors import NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
#: staff code → (position in the file, posts)
STAFF = {
    "CB01": ("Hiệu trưởng", [Role.PRINCIPAL]),
    "CB02": ("Phó hiệu trưởng", [Role.DEPUTY_PRINCIPAL]),
    "CB03": ("Văn thư", [Role.SEAL_KEEPER, Role.DATA_CLERK]),
    "CB04": ("Nhân viên", [Role.DATA_CLERK]),
    "CB05": ("Giáo viên", [Role.GROUP_HEAD]),
    "CB06": ("Giáo viên", [Role.GROUP_HEAD, Role.SEAL_KEEPER]),
    "CB07": ("Giáo viên; Phó hiệu trưởng", [Role.GROUP_HEAD]),  # promised, not yet given
    "CB08": ("Giáo viên", []),
}


@pytest.fixture
def school():
    made = people.school()
    for code, (position, roles) in STAFF.items():
        user = User.objects.create(username=code.lower(), full_name=code, password="!")
        StaffMember.objects.create(organisation=made, code=code, full_name=code, position=position, user=user)
        for role in roles:
            people.post(user, made, role)
    return made


def codes(actor, school):
    return [slip.staff_code for slip in activation_codes(actor, school)]


def test_the_operator_prints_every_code(school):
    assert codes(Actor.operator(), school) == list(STAFF)


def test_a_clerk_never_holds_the_code_of_a_leader_or_of_somebody_who_may_become_one(school):
    assert codes(people.actor(Role.DATA_CLERK, school), school) == ["CB05"]


def test_the_principal_prints_clerks_and_teachers(school):
    people.Assignment.objects.filter(role=Role.PRINCIPAL).delete()
    assert codes(people.actor(Role.PRINCIPAL, school), school) == ["CB04", "CB05"]


def test_the_administrator_of_the_department_prints_every_code(school):
    department = people.Organisation.objects.get(code="so-79")
    assert codes(people.actor(Role.SYSTEM_ADMIN, department), school) == list(STAFF)


def test_what_is_waiting_is_what_would_be_printed(school):
    clerk = people.actor(Role.DATA_CLERK, school)
    assert [m.code for m in waiting(school, clerk)] == ["CB05"]


def test_accounts_in_use_and_those_that_work_elsewhere_get_no_code(school):
    elsewhere = people.school("79000102", "Trường Tiểu học Khác")
    people.post(User.objects.get(username="cb05"), elsewhere, Role.GROUP_HEAD)
    assert codes(people.actor(Role.DATA_CLERK, school), school) == []


def test_nobody_else_prints(school):
    for role in (Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.HOMEROOM, Role.AUDITOR):
        with pytest.raises(NotAllowed):
            activation_codes(people.actor(role, school), school)
