"""The principal looks after long-term preservation: a page at a time, on a phone too."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.models import Setback
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.interfaces.web.middleware import POST_KEY
from tests.builders import School
from tests.journeys.browser import check_page
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def _enter(page: Page, address: str, school: School) -> None:
    actor = school.actor(Role.PRINCIPAL)
    client = Client()
    client.force_login(actor.user)
    session = client.session
    session[POST_KEY] = actor.assignment.pk
    session.save()
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key or "", "url": address}]
    )


def _look(page: Page, name: str) -> None:
    folder = os.environ.get("HOCBASO_LOOK")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_one_press_and_nothing_is_left_to_do(page: Page, live_server) -> None:
    school = issued_school(1)
    _enter(page, live_server.url, school)
    page.goto(f"{live_server.url}/truong/luu-tru/")
    expect(page.get_by_text("1 tờ chờ lấy chứng thư")).to_be_visible()
    check_page(page)
    _look(page, "truoc")
    page.get_by_role("button", name="Làm ngay").click()
    expect(page.get_by_text("Đã làm xong cho 1 tờ.")).to_be_visible()
    expect(page.get_by_text("Hiện không phải làm gì.")).to_be_visible()
    Setback.objects.create(
        sheet=YearSheet.objects.get(),
        deed="renew",
        code="renewal_no_gain",
        message="Đã đến hạn nối dấu thời gian lưu trữ, nhưng nơi cấp dấu thời gian hiện dùng cũng chỉ "
        "tin cậy đến 31/12/2035. Thầy cô báo quản trị chuyển sang nơi cấp khác.",
        since=clock.now() - timedelta(days=1),
        last_at=clock.now(),
    )
    page.reload()
    check_page(page)
    _look(page, "sau")
