"""A staff list gives and ends only the posts that whoever imports it may give and end."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.accounts.use_cases import import_staff
from hocbaso.apps.intake.models import Batch, Change, Kind
from hocbaso.apps.intake.planning import Recorder
from hocbaso.apps.intake.use_cases.write_plan import keep_file
from hocbaso.core.errors import DomainError
from hocbaso.engines.workbooks.staff import read_staff
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import YEAR, book, staff

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


@pytest.fixture
def school():
    made = people.school()
    people.school_class(made, "3A", 3)
    return made


def load(actor, school, *rows, told=None):
    """Plan (knowing who acts, unless ``told`` says somebody else) and write: issues and the batch."""
    plan = import_staff.plan(school, YEAR, read_staff(book(rows), year=YEAR), actor=told or actor)
    batch = Batch.objects.create(
        kind=Kind.STAFF,
        school=school,
        school_year=YEAR,
        file=keep_file(b"x"),
        file_name="x",
        created_by="x",
        created_at=people.DAY,
    )
    recorder = Recorder(batch, actor)
    import_staff.apply(plan, recorder, school, YEAR)
    recorder.flush()
    return [i.message for i in plan.issues if i.code == "post_withheld"], batch


def held(school):
    return {
        (a.user.full_name, a.role)
        for a in Assignment.objects.filter(organisation=school, valid_to=None).select_related("user")
        if a.user.staff_records.exists()
    }


def name(number):
    return StaffMember.objects.get(code=f"CB00GV{number:03d}").full_name


def test_a_clerks_list_makes_nobody_principal_and_says_so(school):
    clerk = people.actor(Role.DATA_CLERK, school)
    told, _ = load(clerk, school, staff(1, Vị_trí_việc_làm="Hiệu trưởng", Lớp_chủ_nhiệm="3A"), staff(2))
    assert held(school) == {(name(1), Role.HOMEROOM)}
    assert told == [
        "Vị trí Hiệu trưởng do quản trị hệ thống phân công nên tệp này không trao được; "
        "thông tin khác của dòng vẫn nhập."
    ]


@pytest.mark.parametrize(
    ("position", "roles"),
    [
        ("Hiệu trưởng", {Role.PRINCIPAL}),
        ("Phó hiệu trưởng", {Role.DEPUTY_PRINCIPAL}),
        ("Văn thư", {Role.SEAL_KEEPER, Role.DATA_CLERK}),
    ],
)
def test_a_clerks_list_neither_gives_nor_ends_what_the_operators_does(position, roles, school):
    clerk = people.actor(Role.DATA_CLERK, school)
    told, _ = load(clerk, school, staff(1, Vị_trí_việc_làm=position))
    assert held(school) == set()
    assert len(told) == len(roles)
    told, _ = load(OPERATOR, school, staff(1, Vị_trí_việc_làm=position))
    assert told == []
    assert held(school) == {(name(1), role) for role in roles}
    for row in (staff(1), staff(1, Trạng_thái_CB="Nghỉ hưu")):
        told, _ = load(clerk, school, row)
        assert held(school) == {(name(1), role) for role in roles}
        assert all("không kết thúc được" in text for text in told)
        assert len(told) == len(roles)
    load(OPERATOR, school, staff(1))
    assert held(school) == set()


def test_a_principal_outside_the_list_is_not_pushed_out_by_a_clerk(school):
    load(OPERATOR, school, staff(1, Vị_trí_việc_làm="Hiệu trưởng"))
    load(people.actor(Role.DATA_CLERK, school), school, staff(2, Vị_trí_việc_làm="Hiệu trưởng"))
    assert held(school) == {(name(1), Role.PRINCIPAL)}


def test_whatever_the_plan_promised_the_writer_asks_again(school):
    clerk = people.actor(Role.DATA_CLERK, school)
    load(clerk, school, staff(1, Vị_trí_việc_làm="Hiệu trưởng", Lớp_chủ_nhiệm="3A"), told=OPERATOR)
    assert held(school) == {(name(1), Role.HOMEROOM)}


def test_the_other_facts_of_such_a_row_are_taken(school):
    clerk = people.actor(Role.DATA_CLERK, school)
    load(clerk, school, staff(1, Vị_trí_việc_làm="Hiệu trưởng"))
    assert StaffMember.objects.get().position == "Hiệu trưởng"


def test_a_clerk_does_not_take_back_what_the_operator_gave(school):
    _, batch = load(OPERATOR, school, staff(1, Vị_trí_việc_làm="Hiệu trưởng"))
    changes = list(Change.objects.filter(batch=batch).order_by("id"))
    with pytest.raises(DomainError) as refusal:
        import_staff.put_back(changes, people.actor(Role.DATA_CLERK, school), "undo")
    assert refusal.value.code == "staff_undo_posts"
    assert held(school) == {(name(1), Role.PRINCIPAL)}
    import_staff.put_back(changes, OPERATOR, "undo")
    assert not Assignment.objects.filter(role=Role.PRINCIPAL).exists()


def test_a_clerk_does_not_bring_back_a_principal_by_undoing(school):
    load(OPERATOR, school, staff(1, Vị_trí_việc_làm="Hiệu trưởng"))
    _, batch = load(OPERATOR, school, staff(1))  # began today: the row is gone
    assert held(school) == set() or Assignment.objects.filter(role=Role.PRINCIPAL, valid_to=None).count() == 0
    changes = list(Change.objects.filter(batch=batch).order_by("id"))
    with pytest.raises(DomainError) as refusal:
        import_staff.put_back(changes, people.actor(Role.DATA_CLERK, school), "undo")
    assert refusal.value.code == "staff_undo_posts"


def test_a_clerk_takes_back_his_own_list(school):
    clerk = people.actor(Role.DATA_CLERK, school)
    _, batch = load(clerk, school, staff(1, Lớp_chủ_nhiệm="3A"))
    import_staff.put_back(list(Change.objects.filter(batch=batch).order_by("id")), clerk, "undo")
    assert held(school) == set()
