"""A pupil whom the school cannot settle: collected in vain, put before the commune, answered, verified."""

from __future__ import annotations

import io
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity.escalation.models import Case, State
from hocbaso.apps.identity.models import Confirmation
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.organisations.models import Organisation
from hocbaso.engines.population import Outcome
from tests.builders import YEAR, School
from tests.journeys.browser import check_page, sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.world import Registry, full_pupil

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LONG = "Nguyễn Phúc Bảo Quỳnh Hương Giang Thiên Kim"
HERE = "/truong/danh-tinh"


class Site:
    """A primary school of one class under its commune; the register differs in two names."""

    def __init__(self, address: str, size: int = 4) -> None:
        self.address = address
        unit = people.school()
        self.in_class = people.school_class(unit, "3A", 3)
        principal, clerk = person("ht", "Võ Đặng Quốc Hưng"), person("dl", "Lý Gia Hân")
        self.school = School(unit, principal, principal, clerk, {"3A": self.in_class})
        for user, role in ((self.school.principal, Role.PRINCIPAL), (self.school.clerk, Role.DATA_CLERK)):
            people.post(user, unit, role)
        commune = Organisation.objects.get(code="xa-26929")
        people.post(person("xa", "Trần Thị Thu Hà"), commune, Role.COMMUNE_OFFICER)
        self.pupils = [full_pupil(self.school, n + 1) for n in range(size)]
        self.pupils[0].full_name = LONG
        self.pupils[0].save()
        self.registry = Registry(
            {p.personal_number: (Outcome.MISMATCH, ("ho_ten",)) for p in self.pupils[:2]}
        )
        self.verify()

    def verify(self) -> None:
        send(Actor.operator(), school=self.school.unit, year=YEAR, again=True)
        process_due(self.registry)  # type: ignore[arg-type]

    def as_(self, page: Page, who: str, path: str) -> None:
        """Somebody else sits down at the computer."""
        page.context.clear_cookies()
        sign_in(page, self.address, who, people.PASSWORD)
        page.goto(f"{self.address}{path}")


@pytest.fixture
def site(live_server) -> Site:
    return Site(live_server.url)


def collected(page: Page, site: Site) -> None:
    """The clerk takes the workbook out, fills in what the papers say, brings it back."""
    site.as_(page, "dl", f"{HERE}/thu-thap/")
    check_page(page)
    with page.expect_download() as out:
        page.get_by_role("button", name="Tải tệp thu thập").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(out.value.path()).read_bytes()))
    sheet = book["Lớp 3A"]
    heads = {cell.value: cell.column for cell in sheet[6]}
    for row, values in (
        (7, {"Cách xử lý": "Hồ sơ đã đúng với giấy tờ", "Giấy tờ đã đối chiếu": "Giấy khai sinh"}),
        (8, {"Họ tên đúng": "Trần Bảo An", "Số định danh đúng": 79317000002, "Giấy tờ đã đối chiếu": "x"}),
    ):
        for head, value in values.items():
            sheet.cell(row, heads[head]).value = value
    filled = io.BytesIO()
    book.save(filled)
    page.get_by_label("Tệp thu thập đã điền").set_input_files(
        {"name": "thu-thap.xlsx", "mimeType": "application/zip", "buffer": filled.getvalue()}
    )
    page.get_by_role("button", name="Nộp tệp và kiểm tra").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kết quả kiểm tra tệp thu thập")
    check_page(page)
    page.get_by_role("radio", name="Phải").first.check()
    page.get_by_role("button", name="Lưu câu trả lời").click()
    page.get_by_role("button", name="Ghi 2 hồ sơ", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Đã ghi 2 hồ sơ")
    check_page(page)


def escalated(page: Page, site: Site) -> Case:
    """The principal puts the pupil before the commune."""
    site.as_(page, "ht", f"{HERE}/kien-nghi/")
    check_page(page)
    page.get_by_role("link", name="Gửi kiến nghị").click()
    check_page(page)
    page.get_by_role("checkbox", name=LONG).check()
    page.get_by_role("button", name="Gửi kiến nghị").click()
    expect(page.get_by_role("alert")).to_contain_text("lý do kiến nghị")
    page.get_by_label("Trường đã làm gì").fill(
        "Giấy khai sinh và hồ sơ khớp nhau.\nĐề nghị công an sửa dữ liệu."
    )
    page.get_by_role("button", name="Gửi kiến nghị").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("KN-2025-")
    check_page(page)
    return Case.objects.get()


def test_a_commune_officer_answers_a_case_that_ends_when_the_pupil_is_verified(page: Page, site):
    collected(page, site)
    assert Confirmation.objects.get().pupil == site.pupils[0]
    case = escalated(page, site)

    site.as_(page, "xa", "/quan-ly/kien-nghi/")
    check_page(page)
    expect(page.get_by_role("table")).to_contain_text(LONG)
    page.get_by_role("link", name=case.number).click()
    expect(page.get_by_text("Giấy khai sinh", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Trả lại kèm hướng dẫn").click()
    expect(page.get_by_role("alert")).to_contain_text("hướng dẫn cho trường")
    page.get_by_role("button", name="Tiếp nhận, chuyển công an").click()
    expect(page.locator("dd .status").first).to_have_text("Đã tiếp nhận, chuyển công an")
    page.get_by_label("Nội dung trả lời").fill("Công an phường đã sửa ngày 02/03.")
    page.get_by_role("button", name="Đã giải quyết").click()
    expect(page.locator("dd .status").first).to_have_text("Đã giải quyết, chờ xác thực lại")
    check_page(page)

    site.registry.answers.clear()
    site.verify()
    page.reload()
    expect(page.locator("dd .status").first).to_have_text(re.compile("khép lại"))
    case.refresh_from_db()
    assert case.state == State.CLOSED
