"""Subject teachers sign their subjects in a real browser; the homeroom teacher sees who is missing."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.models import SheetSignature, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.core.document.model import SignerRole
from tests.builders import YEAR, School, make_pupil
from tests.journeys.browser import check_page, one_time_code, sign_in
from tests.secondary import finished_secondary_class, make_secondary_school, subjects_of

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PASSWORD = "mot-mat-khau-dai"
LATE = ("khoa-hoc-tu-nhien", "toan")  # who has not signed when the test begins
CLASS, OTHER = "6A1", "7B"


@pytest.fixture
def school() -> School:
    """A closed class of 12, signed by all subject teachers but two; mathematics is the homeroom teacher's."""
    made = make_secondary_school(classes=(CLASS, OTHER))
    school_class, homeroom = made.classes[CLASS], made.homeroom[CLASS]
    Assignment.objects.filter(school_class=school_class, subject_code="toan").update(user=homeroom)
    finished_secondary_class(made, CLASS, 12)
    close_class(made.actor(Role.PRINCIPAL), school_class=school_class)
    role = SignerRole.SUBJECT_TEACHER
    for subject in subjects_of(6):
        if subject.code not in LATE:
            actor = Actor.of(teaching(made, subject.code), second_factor=True)
            sheets = ready_sheets(made.unit, YEAR, role, school_class, actor.user)
            batch = authorise(
                actor, role=role, school=made.unit, sheets=sheets, school_class=school_class, method="totp"
            )
            run_batch(actor, batch)
    return made


def teaching(school: School, subject: str) -> Assignment:
    return Assignment.objects.select_related("user", "organisation", "school_class").get(
        school_class=school.classes[CLASS], subject_code=subject
    )


def set_up(user: User) -> None:
    user.set_password(PASSWORD)
    user.totp_secret, user.totp_confirmed_at = pyotp.random_base32(), clock.now()
    user.save()


def enter(page: Page, address: str, user: User, post: str) -> None:
    """Sign in and choose a post by its words, where there are several."""
    set_up(user)
    sign_in(page, address, user.username, PASSWORD)
    if page.url.endswith("/vi-tri"):
        page.get_by_text(post).click()
        page.get_by_role("button", name="Tiếp tục").click()
    page.wait_for_url(re.compile("/truong/$"))


def test_a_subject_teacher_signs_his_subject_of_the_whole_class_with_one_code(
    page: Page, live_server, school: School
) -> None:
    teacher = teaching(school, "khoa-hoc-tu-nhien").user
    enter(page, live_server.url, teacher, "Giáo viên Khoa học tự nhiên lớp 6A1")
    expect(page.get_by_role("heading", name="Ký môn học trong 12 học bạ lớp 6A1")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Ký môn học").click()
    expect(page.get_by_role("heading", name="Ký môn học lớp 6A1")).to_be_visible()
    expect(page.get_by_text("Vai trò: giáo viên môn học: Khoa học tự nhiên")).to_be_visible()
    check_page(page)
    page.get_by_label("Mã xác nhận").fill(one_time_code(teacher.username))
    page.get_by_role("button", name="Ký 12 học bạ").click()
    expect(page.get_by_role("heading", name="Đã ký 12 học bạ")).to_be_visible()
    expect(page.get_by_text("học bạ chuyển sang giáo viên chủ nhiệm")).to_be_visible()
    check_page(page)
    own = SheetSignature.objects.filter(signer=teacher)
    assert own.count() == 12
    assert set(own.values_list("signature_id", flat=True)) == {"ck-bm-khoa-hoc-tu-nhien"}
    # The homeroom teacher's own subject is still missing.
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.AWAITING_SUBJECTS}
    page.goto(f"{live_server.url}/truong/ky/")
    expect(page.get_by_text("Đã ký 12 / 12 học bạ đủ điều kiện")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Ký"))).to_have_count(0)


def test_the_homeroom_teacher_sees_who_is_missing_signs_the_own_subject_and_then_the_class(
    page: Page, live_server, school: School
) -> None:
    homeroom, late = school.homeroom[CLASS], teaching(school, "khoa-hoc-tu-nhien")
    enter(page, live_server.url, homeroom, "Giáo viên chủ nhiệm lớp 6A1")
    page.goto(f"{live_server.url}/truong/ky/")
    expect(page.get_by_role("heading", name="Còn chờ 2 giáo viên môn học ký")).to_be_visible()
    expect(page.get_by_text(f"{late.user.full_name}: 12 học bạ")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Ký"))).to_have_count(0)
    check_page(page)

    page.get_by_role("link", name="Ký môn học").click()
    expect(page.get_by_text("Vai trò: giáo viên môn học: Toán")).to_be_visible()
    page.get_by_label("Mã xác nhận").fill(one_time_code(homeroom.username))
    page.get_by_role("button", name="Ký 12 học bạ").click()
    expect(page.get_by_role("heading", name="Đã ký 12 học bạ")).to_be_visible()

    page.goto(f"{live_server.url}/truong/ky/")
    expect(page.get_by_role("heading", name="Còn chờ 1 giáo viên môn học ký")).to_be_visible()
    actor = Actor.of(late, second_factor=True)
    school_class, role = school.classes[CLASS], SignerRole.SUBJECT_TEACHER
    sheets = ready_sheets(school.unit, YEAR, role, school_class, late.user)
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=school_class, method="totp"
    )
    run_batch(actor, batch)

    page.goto(f"{live_server.url}/truong/")
    page.get_by_role("link", name="Ký học bạ").first.click()
    page.get_by_label("Mã xác nhận").fill(one_time_code(homeroom.username))
    page.get_by_role("button", name="Ký 12 học bạ").click()
    expect(page.get_by_role("heading", name="Đã ký 12 học bạ")).to_be_visible()
    check_page(page)
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.HOMEROOM_SIGNED}
    assert SheetSignature.objects.filter(role=SignerRole.SUBJECT_TEACHER).count() == 12 * len(subjects_of(6))


def test_a_teacher_of_two_classes_is_led_to_the_other_class_by_the_home_page(
    page: Page, live_server, school: School
) -> None:
    teacher = teaching(school, "khoa-hoc-tu-nhien").user
    make_pupil(school, OTHER, 99)
    enter(page, live_server.url, teacher, "Giáo viên Khoa học tự nhiên lớp 7B")
    page.get_by_role("button", name="Ký môn học").click()
    expect(page.get_by_role("heading", name="Ký môn học lớp 6A1")).to_be_visible()
    expect(page.get_by_role("button", name="Ký 12 học bạ")).to_be_visible()
