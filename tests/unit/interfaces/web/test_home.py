"""Việc hôm nay: what each role must do now, with the button that leads there; numbers with their whole."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from hocbaso.apps.accounts.models import Role, StaffMember, User
from hocbaso.apps.assessment.models import Moment, TraitResult
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Batch, Kind, State, WorkbookFile
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.models import EntryPeriod
from hocbaso.core.regulation.programme import programme_for
from hocbaso.core.vietnamese.school_year import SchoolYear
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_may():
    with clock.standing_at(people.DAY):
        yield


def text(response) -> str:
    return html.unescape(response.content.decode())


def tasks(page: str) -> list[tuple[str, str]]:
    """(title, address of its button) of each task, in order."""
    return re.findall(
        r'<h3>(.*?)</h3>.*?<a class="button(?: button-secondary)?" href="(.*?)"', page, flags=re.DOTALL
    )


def fill(school, states=("frozen",), name="1A", days=1, photo=True):
    in_class = people.school_class(school, name)
    for n, state in enumerate(states, 1):
        enrolment = people.enrol(in_class, n)
        people.results(enrolment, at=people.DAY - timedelta(days=days))
        if state:
            people.sheet(enrolment, state, at=people.DAY - timedelta(days=days))
    return in_class


def test_the_principal_signs_what_homeroom_teachers_have_signed(as_role, school):
    fill(school, ["homeroom_signed"] * 2 + ["frozen"], "1A", days=5)
    fill(school, ["homeroom_signed"], "1B", days=1)
    client, _post = as_role(Role.PRINCIPAL)
    page = text(client.get("/truong/"))
    assert tasks(page)[0] == ("Ký 3 học bạ đã đủ điều kiện", "/truong/ky/")
    assert "2 lớp: 1A, 1B" in page
    assert "Thứ Sáu 15/05" in page
    assert "đã chờ 5 ngày" in page
    assert page.count('class="button" href') == 1, "one primary action"


def test_the_homeroom_teacher_sees_the_own_class_only(as_role, school):
    in_class = fill(school, ["frozen", "frozen", ""], "1A")
    fill(school, ["frozen"] * 7, "1B")
    client, _post = as_role(Role.HOMEROOM, in_class)
    page = text(client.get("/truong/"))
    assert [title for title, _url in tasks(page)] == [
        "Ký 2 học bạ lớp 1A",
        "Chốt kết quả 1 học sinh lớp 1A",
        "Bổ sung ảnh cho 3 học sinh",
    ]
    assert "Lớp 1A, 3 học sinh" in page
    assert "10 học sinh" not in page


def test_the_homeroom_teacher_enters_what_is_missing(as_role, school):
    in_class = people.school_class(school)
    people.results(people.enrol(in_class, 1), but=1)
    client, _post = as_role(Role.HOMEROOM, in_class)
    assert tasks(text(client.get("/truong/")))[0] == (
        "Nhập kết quả còn thiếu của 1 học sinh",
        "/truong/so-diem/",
    )


def test_who_waits_for_the_summer_is_told_apart_from_who_can_be_closed(as_role, school):
    in_class = people.school_class(school)
    traits = programme_for(1, SchoolYear.parse(people.YEAR)).grade(1).traits
    for n in (1, 2, 3):
        enrolment = people.enrol(in_class, n)
        people.results(enrolment)
        TraitResult.objects.bulk_create(
            TraitResult(
                enrolment=enrolment,
                moment=Moment.YEAR_END,
                trait_code=trait.code,
                level="Đ",
                updated_at=people.DAY,
                updated_by="x",
                source="screen",
            )
            for trait in traits
        )
        enrolment.subject_results.filter(subject_code__in=("toan", "tieng-viet")).update(score=7)
    enrolment.subject_results.filter(subject_code="am-nhac").update(level="C")
    client, _post = as_role(Role.HOMEROOM, in_class)
    assert [title for title, _url in tasks(text(client.get("/truong/")))][:2] == [
        "Chốt kết quả 2 học sinh lớp 1A",
        "1 học sinh lớp 1A chờ đánh giá lại trong hè",
    ]


@pytest.mark.parametrize(
    ("closes", "told"),
    [
        (timedelta(days=4, hours=1), "còn 4 ngày"),
        (timedelta(hours=6), "còn 6 giờ"),
        (-timedelta(days=1), "Đã khóa nhập: muốn nhập, thầy cô gửi yêu cầu mở khóa."),
    ],
)
def test_marks_to_enter_say_until_when(as_role, school, closes, told):
    in_class = people.school_class(school)
    people.results(people.enrol(in_class, 1), but=1)
    EntryPeriod.objects.create(
        unit=school,
        school_year=people.YEAR,
        opens_at=people.DAY - timedelta(days=9),
        closes_at=people.DAY + closes,
        made_at=people.DAY - timedelta(days=9),
        made_by="x",
    )
    client, _post = as_role(Role.HOMEROOM, in_class)
    assert told in text(client.get("/truong/"))


def test_the_subject_teacher_is_asked_for_the_own_subjects_only(as_role, school):
    in_class = people.school_class(school)
    enrolment = people.enrol(in_class, 1)
    people.results(enrolment)
    client, _post = as_role(Role.SUBJECT_TEACHER, in_class, subject_code="am-nhac")
    other, _post = as_role(Role.SUBJECT_TEACHER, in_class, subject_code="toan")
    enrolment.subject_results.filter(subject_code="toan").delete()
    assert "Không có việc nào đang chờ" in text(client.get("/truong/"))
    assert tasks(text(other.get("/truong/"))) == [
        ("Nhập kết quả cuối năm của 1 học sinh lớp 1A", "/truong/so-diem/")
    ]


def test_the_seal_keeper_issues_what_the_principal_has_signed(as_role, school):
    fill(school, ["principal_signed", "homeroom_signed"])
    client, _post = as_role(Role.SEAL_KEEPER)
    assert tasks(text(client.get("/truong/"))) == [("Phát hành 1 học bạ", "/truong/phat-hanh/")]


def test_the_clerk_confirms_checked_files_and_completes_the_roster(as_role, school):
    fill(school)
    file = WorkbookFile.objects.create(digest="d" * 64, content=b"x", created_at=people.DAY)
    Batch.objects.create(
        kind=Kind.PUPILS,
        school=school,
        school_year=people.YEAR,
        file=file,
        file_name="danh sách.xlsx",
        state=State.CHECKED,
        created_by="x",
        created_at=people.DAY,
        checked_at=people.DAY,
    )
    client, _post = as_role(Role.DATA_CLERK)
    page = text(client.get("/truong/"))
    assert [title for title, _url in tasks(page)] == [
        "Xác nhận hoặc hủy 1 tệp đã kiểm tra",
        "Phân công chủ nhiệm cho 1 lớp",
        "Bổ sung ảnh cho 1 học sinh",
        "Bổ sung quyết định cho 1 phân công",
    ]
    assert "danh sách.xlsx: chưa có gì được ghi vào hệ thống" in page


@pytest.mark.parametrize("role", [Role.GROUP_HEAD, Role.DEPUTY_PRINCIPAL])
def test_whoever_has_no_task_is_told_so(as_role, school, role):
    fill(school, ["issued"])
    client, _post = as_role(role)
    assert "Không có việc nào đang chờ thầy cô" in text(client.get("/truong/"))


def test_progress_shows_numerator_denominator_and_time(as_role, school):
    fill(school, ["issued", "principal_signed", "frozen", ""])
    client, _post = as_role(Role.DEPUTY_PRINCIPAL)
    page = text(client.get("/truong/"))
    measures = re.findall(r'measure-head"><span>(.*?)</span><span class="num">(.*?)</span>', page)
    assert measures == [
        ("Đã xác thực danh tính", "0 / 4"),
        ("Đã đủ kết quả các môn", "4 / 4"),
        ("Đã chốt kết quả", "3 / 4"),
        ("Giáo viên chủ nhiệm đã ký", "2 / 4"),
        ("Hiệu trưởng đã ký", "2 / 4"),
        ("Đã phát hành (đóng dấu số)", "1 / 4"),
    ]
    assert page.count("lúc 10:45") >= 6


def test_numbers_link_only_where_the_actor_may_go(as_role, school):
    fill(school, ["frozen"])
    client, _post = as_role(Role.DATA_CLERK)
    page = text(client.get("/truong/"))
    assert 'href="/truong/hoc-sinh/?loc=danh-tinh"' in page
    assert 'href="/truong/hoc-ba/"' not in page


def test_stuck_classes_name_whose_turn_it_is(as_role, school):
    fill(school, ["homeroom_signed"], "1A")
    client, post = as_role(Role.PRINCIPAL)
    page = text(client.get("/truong/"))
    assert "1 lớp vướng lâu nhất" in page
    assert f'data-label="Người cần làm">{post.user.full_name}<' in page


def test_an_empty_school_is_told_what_to_do_first(as_role):
    clerk, _post = as_role(Role.DATA_CLERK)
    principal, _post = as_role(Role.PRINCIPAL)
    page = text(clerk.get("/truong/"))
    assert "Trường chưa có học sinh nào" in page
    assert tasks(page)[0] == ("Nhập danh sách học sinh", "/truong/nhap-lieu/")
    page = text(principal.get("/truong/"))
    assert tasks(page) == []
    assert "Việc này của nhân viên dữ liệu." in page


@pytest.mark.parametrize(("role", "most"), [(Role.PRINCIPAL, 21), (Role.HOMEROOM, 12), (Role.DATA_CLERK, 18)])
def test_the_home_of_a_large_school_needs_few_queries(
    as_role, school, role, most, django_assert_max_num_queries
):
    for name in ("1A", "1B", "1C"):
        fill(school, ["homeroom_signed", "frozen", "issued", ""] * 5, name)
    in_class = people.school_class(school, "1A") if role == Role.HOMEROOM else None
    client, _post = as_role(role, in_class)
    client.get("/truong/")
    with django_assert_max_num_queries(most):
        client.get("/truong/")


def test_staff_are_listed_with_their_assignments_and_gaps(as_role, school):
    client, post = as_role(Role.PRINCIPAL)
    StaffMember.objects.create(
        organisation=school, code="CB1", user=post.user, full_name=post.user.full_name, position="Hiệu trưởng"
    )
    StaffMember.objects.create(organisation=school, code="CB2", full_name="Phùng Thị Yến Nhi")
    page = text(client.get("/truong/can-bo/"))
    assert "Thiếu quyết định: 1 phân công" in page
    assert "Chưa có phân công: 1 người" in page
    assert "Phùng Thị Yến Nhi" in page
    only = text(client.get("/truong/can-bo/?loc=thieu-quyet-dinh"))
    assert "Phùng Thị Yến Nhi" not in only
    assert "1 / 2 người" in only


def test_staff_are_found_by_name_code_account_and_number_and_no_number_stands_in_an_address(as_role, school):
    client, post = as_role(Role.PRINCIPAL)
    number = "079188000123"
    for code, name, held in (("CB1", "Phùng Thị Yến Nhi", number), ("CB2", "Đỗ Bá Kiên", "079188000999")):
        StaffMember.objects.create(organisation=school, code=code, full_name=name, personal_number=held)

    def found(wanted: str) -> list[str]:
        page = text(client.post("/truong/can-bo/", {"tim": wanted}))
        return [name for name in ("Phùng Thị Yến Nhi", "Đỗ Bá Kiên") if name in page]

    assert found("") == ["Phùng Thị Yến Nhi", "Đỗ Bá Kiên"]
    assert (
        found("yen nhi") == found("cb1") == found(number) == found("079 188 000 123") == ["Phùng Thị Yến Nhi"]
    )
    assert found(number[:-1]) == found("—") == []  # a number is known whole or not at all
    assert post.user.full_name in text(client.post("/truong/can-bo/", {"tim": post.user.username}))
    assert 'method="post" role="search"' in text(client.get(f"/truong/can-bo/?tim={number}"))
    assert number not in text(client.get("/truong/can-bo/"))


def test_managing_levels_see_numbers_and_no_names_of_pupils(as_role, school):
    fill(school, ["issued", "frozen"])
    unit = Organisation.objects.get(code="so-79")
    client, _post = as_role(Role.DEPARTMENT_OFFICER, unit=unit)
    assert client.get("/truong/").headers["Location"] == "/quan-ly/"
    page = text(client.get("/quan-ly/"))
    assert "Trường Tiểu học Sao Khuê" in page
    assert "1 / 2" in page
    assert "Bùi Minh An" not in page
    assert "Không có trường nào khớp" in text(client.get("/quan-ly/?tim=<b>khong"))
    for path in ("/truong/hoc-sinh/", "/truong/can-bo/"):
        assert client.get(path).status_code == 403


def test_school_staff_do_not_see_the_managing_levels_page(as_role):
    client, _post = as_role(Role.PRINCIPAL)
    assert client.get("/quan-ly/").headers["Location"] == "/truong/"


def test_classes_without_transcripts_are_said_and_counted_nowhere(inside):
    name, grade = "Lá 1", 18
    unit = people.school("79000700", "Trường Liên Cấp", levels=["mam_non", "tieu_hoc", "thcs", "thpt"])
    other, primary = people.school_class(unit, name, grade), people.school_class(unit)
    people.enrol(other, 1)
    people.enrol(primary, 2)
    said = f"Lớp {name}: ở đây chỉ quản lý danh sách, ảnh và danh tính của trẻ."
    for role in (Role.PRINCIPAL, Role.DATA_CLERK, Role.SEAL_KEEPER):
        page = text(inside(people.actor(role, unit).assignment).get("/truong/"))
        assert said in page
        assert "Lớp 1A, 1 học sinh" in page
        assert f"{name} đã đủ" not in page
    homeroom = inside(people.actor(Role.HOMEROOM, unit, other).assignment)
    page = text(homeroom.get("/truong/"))
    assert said in page
    assert "Tiến độ đến cuối năm học" not in page
    assert homeroom.get("/truong/hoc-sinh/").status_code == 200
    assert said not in text(inside(people.actor(Role.HOMEROOM, unit, primary).assignment).get("/truong/"))


def test_the_staff_page_leads_to_the_codes_that_one_may_print(inside):
    unit = people.school()
    clerk = inside(people.actor(Role.DATA_CLERK, unit).assignment)
    link = 'href="/truong/nhap-lieu/ma-kich-hoat"'
    assert link not in text(clerk.get("/truong/can-bo/"))
    for code, role in (("CB01", Role.PRINCIPAL), ("CB02", Role.GROUP_HEAD)):
        user = User.objects.create(username=code.lower(), full_name=code, password="!")
        StaffMember.objects.create(organisation=unit, code=code, full_name=code, user=user)
        people.post(user, unit, role)
        assert (link in text(clerk.get("/truong/can-bo/"))) is (role is Role.GROUP_HEAD)
