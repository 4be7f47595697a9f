"""The clerk and the four steps in a browser: complete, send, repair, letter, send again, verified."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.identity import background
from hocbaso.apps.identity.models import Letter
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.pupils.models import Pupil
from hocbaso.engines.population import Outcome
from tests.builders import START
from tests.journeys.browser import check_page, sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.world import Registry, full_pupil, make_school

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LONG = "Công Tằng Tôn Nữ Nguyễn Phúc Bảo Quỳnh Thiên Hương"


class Answers:
    """The register behind the queue: it answers at the second look, as if it needed a moment."""

    def __init__(self) -> None:
        self.registry, self.looks = Registry(), 0

    def wake(self) -> bool:
        self.looks += 1
        if self.looks % 3 == 0:  # order, progress page, and then the page asks by itself
            process_due(self.registry)
        return True


@pytest.fixture
def answers(monkeypatch) -> Answers:
    made = Answers()
    monkeypatch.setattr(background, "wake", made.wake)
    return made


def test_the_clerk_brings_a_class_to_verified(page: Page, live_server, answers):
    school = make_school()
    clerk = person("lan", "Mai Thị Ngọc Lan")
    Assignment.objects.create(user=clerk, organisation=school.unit, role=Role.DATA_CLERK, valid_from=START)
    full_pupil(school, 1, full_name=LONG)
    full_pupil(school, 2, full_name="Trần Lê Bảo An", commune="", commune_code="")
    other = full_pupil(school, 3, full_name="Nguyễn Thị Hoà")
    answers.registry.answers[other.personal_number] = (Outcome.MISMATCH, ("gioi_tinh",))

    sign_in(page, live_server.url, "lan", people.PASSWORD)
    page.get_by_role("link", name="Danh tính và dữ liệu").click()
    check_page(page)
    page.get_by_role("link", name="1 Hoàn thiện thông tin").click()
    check_page(page)
    page.get_by_label("Xã, phường thường trú").fill("Hạnh Thông")
    page.get_by_role("button", name="Lưu Trần Lê Bảo An").click()
    expect(page.get_by_text("Mọi hồ sơ đã đủ thông tin để gửi.")).to_be_visible()

    page.get_by_role("link", name="Xem việc tiếp theo").click()
    page.get_by_role("button", name="Gửi xác thực 3 em").click()
    expect(page.get_by_role("heading", name="Đã có kết quả")).to_be_visible()  # refreshed by itself
    page.get_by_role("link", name="Sửa chỗ chưa khớp").click()
    check_page(page)
    expect(page.get_by_role("row", name="Nguyễn Thị Hoà")).to_contain_text("Phụ huynh")
    page.get_by_role("link", name="In giấy báo Nguyễn Thị Hoà").click()
    check_page(page)

    with page.expect_popup():
        page.get_by_role("button", name="In giấy báo").click()
    page.reload()
    expect(page.get_by_role("heading", name="Giấy báo đã in")).to_be_visible()
    assert Letter.objects.get().kind == "difference"

    form = page.get_by_role("region", name="Thông tin định danh")
    form.get_by_label("Giới tính").select_option("Nam")
    form.get_by_label("Số định danh ghi trên giấy").fill("79217000003")
    page.get_by_role("button", name="Lưu và gửi xác thực").click()
    page.get_by_label("Số trên giấy là 079217000003").check()
    page.get_by_role("button", name="Lưu và gửi xác thực").click()
    expect(page.get_by_text("Hồ sơ khớp với Cơ sở dữ liệu quốc gia về dân cư")).to_be_visible()
    assert set(Pupil.objects.values_list("identity_state", flat=True)) == {"verified"}

    page.get_by_role("link", name="Lớp 3A").click()
    expect(page.get_by_role("row", name="Nguyễn Thị Hoà")).to_contain_text("Đã in giấy báo")
    check_page(page)
