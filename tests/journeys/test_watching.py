"""An officer of a commune sees who lags, looks into a school, reminds, exports; then the school answers."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Reminder
from hocbaso.apps.identity.campaigns.use_cases import Terms, set_campaign
from tests.journeys.browser import check_page, sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.campaigns.world import World

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_an_officer_watches_drills_down_reminds_and_exports(page: Page, live_server):
    world = World()
    people.post(person("xa", "Nguyễn Hoàng Tường Vy"), world.commune, Role.COMMUNE_OFFICER)
    people.post(person("ht", "Võ Đặng Quốc Hưng"), world.far, Role.PRINCIPAL)
    today = clock.today()
    set_campaign(world.officer, world.commune, Terms("Đợt đầu năm", today, today))

    sign_in(page, live_server.url, "xa", people.PASSWORD)
    page.goto(f"{live_server.url}/quan-ly/")
    expect(page.get_by_role("region", name="Đợt xác thực danh tính")).to_contain_text("hạn hôm nay")
    page.goto(f"{live_server.url}/quan-ly/danh-tinh/")
    expect(page.get_by_role("table").locator("tbody tr").first).to_contain_text(world.far.name)
    check_page(page)
    page.get_by_role("link", name=world.far.name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(world.far.name)
    page.get_by_role("link", name="1A", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lớp 1A")
    assert "Bùi Minh An" not in page.content()
    check_page(page)

    page.goto(f"{live_server.url}/quan-ly/danh-tinh/?loc=chua-xong")
    page.get_by_label(f"Nhắc {world.near.name}").uncheck()
    page.get_by_label("Lời nhắn thêm").fill("Thầy cô làm giúp trong tuần này.")
    page.get_by_label("Theo đợt").select_option(label="Đợt đầu năm")
    page.get_by_role("button", name="Nhắc các trường đã đánh dấu").click()
    expect(page.get_by_role("status")).to_contain_text("Đã nhắc 1 trường")
    expect(page.get_by_role("table")).to_contain_text("chưa xác nhận")
    page.goto(f"{live_server.url}/quan-ly/danh-tinh/")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Tải Excel").click()
    with open(coming.value.path(), "rb") as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read())).worksheets[0]
    assert world.far.name in [cell.value for row in sheet.iter_rows() for cell in row]

    page.context.clear_cookies()
    sign_in(page, live_server.url, "ht", people.PASSWORD)
    page.get_by_role("link", name="Xem lời nhắc").click()
    expect(page.get_by_role("article")).to_contain_text("Thầy cô làm giúp trong tuần này.")
    check_page(page)
    page.get_by_role("button", name="Xác nhận đã nhận").click()
    expect(page.get_by_role("status")).to_contain_text("Đã xác nhận")
    expect(page.get_by_text(re.compile("Trường còn 3 người"))).to_be_visible()
    assert Reminder.objects.get().acknowledged_by == "ht"
