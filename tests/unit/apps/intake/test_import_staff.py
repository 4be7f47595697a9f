"""What importing a staff list does to records, accounts and assignments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import authenticate

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember, User
from hocbaso.apps.accounts.use_cases.activation import activation_codes
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import Outcome, import_workbook
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from tests.unit.apps.intake.books import YEAR, book, school, staff

pytestmark = pytest.mark.django_db
ME = Actor.operator()
MAY = datetime(2026, 5, 20, 3, tzinfo=UTC)


@pytest.fixture
def hoa_mai() -> Organisation:
    made = school()
    SchoolClass.objects.create(school=made, school_year=YEAR, name="3A", grade=3)
    return made


def load(where: Organisation, *rows: dict[str, str], at: datetime = MAY, accept: bool = False) -> Outcome:
    with clock.standing_at(at):
        return import_workbook(
            ME,
            kind=Kind.STAFF,
            school=where,
            year=YEAR,
            data=book(rows),
            file_name="cb.xlsx",
            accept_good_rows=accept,
        )


def posts(code: str, on: datetime = MAY) -> set[tuple[str, str, str]]:
    """(role, class, subject) that the member of staff holds on a day."""
    held = Assignment.objects.filter(user__staff_records__code=code).select_related("school_class")
    return {
        (a.role, a.school_class.name if a.school_class else "", a.subject_code)
        for a in held
        if a.valid_from <= on.date() and (a.valid_to is None or a.valid_to >= on.date())
    }


def test_position_homeroom_class_and_teaching_become_assignments(hoa_mai: Organisation) -> None:
    load(
        hoa_mai,
        staff(1, Vị_trí_việc_làm="Hiệu trưởng"),
        staff(2, Lớp_chủ_nhiệm="3A", Phân_công_giảng_dạy="3A: tất cả trừ môn chuyên"),
        staff(3, Phân_công_giảng_dạy="3A: Ngoại ngữ; 3A: Âm nhạc"),
        staff(4, Vị_trí_việc_làm="Văn thư"),
    )
    assert posts("CB00GV001") == {("hieu_truong", "", "")}
    assert posts("CB00GV002") == {("gvcn", "3A", ""), ("gvbm", "3A", "*")}
    assert posts("CB00GV003") == {("gvbm", "3A", "ngoai-ngu-1"), ("gvbm", "3A", "am-nhac")}
    assert posts("CB00GV004") == {("van_thu", "", ""), ("du_lieu", "", "")}
    assert set(Assignment.objects.values_list("valid_from", flat=True)) == {date(2025, 8, 1)}


def test_a_second_import_finds_everybody_the_same(hoa_mai: Organisation) -> None:
    rows = (staff(1, Lớp_chủ_nhiệm="3A", Phân_công_giảng_dạy="3A: Toán"), staff(2))
    load(hoa_mai, *rows)
    outcome = load(hoa_mai, *rows)
    assert outcome.batch is None
    assert outcome.plan.report()["same"] == 2


def test_user_names_tell_schools_apart_and_nobody_has_a_password(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1), staff(2, Mã_cán_bộ="79000101GV777"))
    load(school("79000999"), staff(1))
    names = set(User.objects.values_list("username", flat=True))
    assert names == {"79000101.cb00gv001", "79000101gv777", "79000999.cb00gv001"}
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_a_post_that_moved_ends_yesterday_and_begins_today(hoa_mai: Organisation) -> None:
    first = (staff(1, Lớp_chủ_nhiệm="3A"), staff(2))
    load(hoa_mai, *first)
    later = MAY + timedelta(days=10)
    outcome = load(hoa_mai, staff(1), staff(2, Lớp_chủ_nhiệm="3A"), at=later)
    assert {c.after for r in outcome.plan.rows for c in r.changes} == {"(thôi)", "Giáo viên chủ nhiệm lớp 3A"}
    old, new = Assignment.objects.filter(role=Role.HOMEROOM).order_by("valid_from")
    assert old.valid_to == later.date() - timedelta(days=1)
    assert (new.valid_from, new.valid_to) == (later.date(), None)
    assert posts("CB00GV001", later) == set()


def test_a_mistake_corrected_on_the_same_day_leaves_no_right_behind(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1, Vị_trí_việc_làm="Hiệu trưởng"), staff(2))
    load(hoa_mai, staff(1), staff(2, Vị_trí_việc_làm="Hiệu trưởng"))
    load(hoa_mai, staff(1, Vị_trí_việc_làm="Hiệu trưởng"), staff(2))
    assert posts("CB00GV001") == {("hieu_truong", "", "")}
    assert posts("CB00GV002") == set()


def test_people_outside_the_file_keep_their_posts_and_are_listed(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1, Vị_trí_việc_làm="Hiệu trưởng"), staff(2, Lớp_chủ_nhiệm="3A"))
    outcome = load(hoa_mai, staff(3))
    assert [m.key for m in outcome.plan.missing] == ["CB00GV001", "CB00GV002"]
    assert posts("CB00GV001") == {("hieu_truong", "", "")}
    load(hoa_mai, staff(3, Lớp_chủ_nhiệm="3A"))  # which only one person can hold
    assert posts("CB00GV002") == set()
    assert posts("CB00GV001") == {("hieu_truong", "", "")}


def test_who_has_left_holds_no_post(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1, Lớp_chủ_nhiệm="3A"))
    load(hoa_mai, staff(1, Lớp_chủ_nhiệm="3A", Trạng_thái_CB="Nghỉ hưu"))
    assert posts("CB00GV001") == set()


def test_a_second_principal_is_refused(hoa_mai: Organisation) -> None:
    outcome = load(hoa_mai, staff(1, Vị_trí_việc_làm="Hiệu trưởng"), staff(2, Vị_trí_việc_làm="Hiệu trưởng"))
    assert [i.code for i in outcome.plan.issues if i.severity == "error"] == ["two_principals"]
    assert outcome.batch is None


def test_a_class_that_the_year_lacks_is_made_and_said(hoa_mai: Organisation) -> None:
    outcome = load(hoa_mai, staff(1, Lớp_chủ_nhiệm="5B"))
    assert "class_created" in [i.code for i in outcome.plan.issues]
    assert SchoolClass.objects.get(name="5B").grade == 5


def test_a_subject_that_the_grade_lacks_gives_no_right(hoa_mai: Organisation) -> None:
    SchoolClass.objects.create(school=hoa_mai, school_year=YEAR, name="1A", grade=1)
    load(hoa_mai, staff(1, Phân_công_giảng_dạy="1A: Tin học; 3A: Tin học"))
    assert posts("CB00GV001") == {("gvbm", "3A", "tin-hoc")}


def test_posts_given_by_the_administrator_are_not_touched(hoa_mai: Organisation) -> None:
    clerk = User.objects.create_user("lan", "mot cau de nho 1", full_name="Mai Lan")
    Assignment.objects.create(user=clerk, organisation=hoa_mai, role="du_lieu", valid_from=date(2020, 1, 1))
    load(hoa_mai, staff(1, Vị_trí_việc_làm="Văn thư"))
    assert Assignment.objects.get(user=clerk).valid_to is None


def test_undo_takes_accounts_and_assignments_back(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1, Lớp_chủ_nhiệm="3A"))
    batch = load(hoa_mai, staff(1), staff(2, Lớp_chủ_nhiệm="3A"), at=MAY + timedelta(days=3)).batch
    assert batch is not None
    with clock.standing_at(MAY + timedelta(days=3, hours=2)):
        undo_batch(ME, batch.pk)
    assert posts("CB00GV001", MAY + timedelta(days=3)) == {("gvcn", "3A", "")}
    assert StaffMember.objects.count() == User.objects.count() == 1


def test_an_activation_code_opens_the_account_once_it_is_the_last_one(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1))
    old = activation_codes(ME, hoa_mai)[0]
    new = activation_codes(ME, hoa_mai)[0]
    assert authenticate(username=old.username, password=old.code) is None
    user = authenticate(username=new.username, password=new.code)
    assert isinstance(user, User)
    assert user.must_change_password
    user.set_password("mot cau de nho 1")
    user.must_change_password = False
    user.save()
    assert activation_codes(ME, hoa_mai) == []


def test_codes_of_one_school_never_open_an_account_that_works_elsewhere(hoa_mai: Organisation) -> None:
    load(hoa_mai, staff(1))
    user = User.objects.get()
    Assignment.objects.create(
        user=user, organisation=school("79000999"), role="hieu_truong", valid_from=date(2020, 1, 1)
    )
    assert activation_codes(ME, hoa_mai) == []
