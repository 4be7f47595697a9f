"""No time-stamp authority answers: the seal keeper is told what happens, and later that it has happened."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.waiting.complete import complete_waiting
from hocbaso.core.document.model import SignerRole
from tests.journeys.browser import check_page
from tests.journeys.test_sign_and_issue import enter, fill_code
from tests.stamps import all_down
from tests.unit.interfaces.web.sheets import closed_school, sign

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_sealed_sheets_wait_in_sight_and_are_issued_without_another_seal(page: Page, live_server):
    school = closed_school(3)
    sign(school, SignerRole.HOMEROOM)
    sign(school, SignerRole.PRINCIPAL)
    name = enter(page, live_server.url, school, Role.SEAL_KEEPER)
    page.goto(f"{live_server.url}/truong/phat-hanh/")
    with all_down():
        fill_code(page, name)
        page.get_by_role("button", name="Phát hành 3 học bạ").click()
        expect(page.get_by_role("heading", name="3 học bạ đã đóng dấu, chờ dấu thời gian")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Về danh sách phát hành").click()
    expect(page.get_by_text(re.compile("^Đã đóng dấu .*chờ dấu thời gian$"))).to_have_count(3)
    check_page(page)
    page.goto(f"{live_server.url}/truong/")
    expect(page.get_by_role("heading", name=re.compile("^3 học bạ chờ dấu thời gian từ"))).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Xem các học bạ").click()
    expect(page.get_by_text(re.compile("^Đã đóng dấu .*chờ dấu thời gian$"))).to_have_count(3)
    check_page(page)
    assert complete_waiting(Actor.system()).issued == IssuedSheet.objects.count() == 3
    page.goto(f"{live_server.url}/truong/")
    expect(page.get_by_text("chờ dấu thời gian")).to_have_count(0)
