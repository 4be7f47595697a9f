"""A stranger without a network: the page goes on judging codes that it never sends anywhere."""

from __future__ import annotations

import re

import pytest
from django.core.signals import request_started
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.offline.use_cases.make_code import Variant, make_code
from hocbaso.engines.trust import base45
from hocbaso.engines.trust.offline_code import PREFIX
from hocbaso.interfaces.web.views import offline
from tests.journeys.browser import PHONE, check_page
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

#: The browser itself, not the page, may look for a newer worker whenever it likes.
WORKER = "/xac-thuc/ngoai-tuyen/tho.js"


def test_good_and_altered_codes_are_told_apart_with_the_network_off(page: Page, live_server):
    offline.clear()
    school = issued_school(1)
    issued = IssuedSheet.objects.get()
    good = make_code(school.actor(Role.HOMEROOM, "3A"), issued=issued, variant=Variant.RESULTS)
    raw = bytearray(base45.decode(good.removeprefix(PREFIX)))
    raw[raw.index("Quỳnh".encode())] ^= 1
    altered = PREFIX + base45.encode(bytes(raw))

    page.goto(f"{live_server.url}/xac-thuc/ngoai-tuyen")
    expect(page.locator("#goi-tin-cay")).to_contain_text("Trang dùng được khi mất mạng.")
    asked: list[str] = []
    request_started.connect(
        lambda environ, **_: asked.append(environ["PATH_INFO"]), weak=False, dispatch_uid="offline"
    )
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#goi-tin-cay")).to_contain_text("trong ngày hôm nay")

    page.get_by_label("Nội dung mã QR").fill(good)
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("các bước kiểm tra đều đạt"))).to_be_visible()
    answer = page.locator("#ket-qua")
    expect(answer).to_be_focused()
    for words in ("Nguyễn Phúc Bảo Quỳnh Hương", "09/02/2017", issued.code, "Tiếng Việt", "T 9"):
        expect(answer).to_contain_text(words)
    page.set_viewport_size(PHONE)
    check_page(page)

    page.get_by_label("Nội dung mã QR").fill(altered)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mã QR không hợp lệ")).to_be_visible()
    expect(answer).to_contain_text("đã bị sửa hoặc bị làm giả")
    expect(answer).not_to_contain_text("Nguyễn")
    page.get_by_label("Nội dung mã QR").fill("HBS1:ABC")
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(answer).to_contain_text("mã bị thiếu hoặc bị sửa ký tự")
    assert request_started.disconnect(dispatch_uid="offline")
    assert not [path for path in asked if path != WORKER]
