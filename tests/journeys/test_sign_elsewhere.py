"""A teacher whose key is in a remote service chooses the place and signs the class with one code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import SheetSignature
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.sandbox.csc import Behaviour
from tests.builders import give_results, make_pupil, make_school
from tests.journeys.browser import check_page, one_time_code, sign_in
from tests.journeys.test_subject_signing import PASSWORD, set_up
from tests.unit.interfaces.web.places import PIN, Remote, enrolled, node_with, remote_file
from tests.unit.interfaces.web.sheets import post_of

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
NAME = "Công Tằng Tôn Nữ Nguyễn Thị Thiên Hương Quỳnh"
PUPILS = 7


def test_one_code_of_the_remote_service_signs_the_class(
    page: Page, live_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = make_school()
    for number in range(PUPILS):
        give_results(make_pupil(school, "3A", number + 1, NAME))
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    post = post_of(school, Role.HOMEROOM, "3A")
    remote = Remote(key_provider().authority, Behaviour(wants=("PIN", "OTP")))  # type: ignore[attr-defined]
    with node_with(monkeypatch, remote_file(tmp_path, batch=3), remote):
        enrolled(remote, post, school)
        set_up(post.user)
        sign_in(page, live_server.url, post.user.username, PASSWORD)
        if page.url.endswith("/vi-tri"):
            page.get_by_text("chủ nhiệm").first.click()
            page.get_by_role("button", name="Tiếp tục").click()
        page.wait_for_url(re.compile("/truong/$"))
        page.goto(f"{live_server.url}/tai-khoan/khoa-ky/")
        check_page(page)
        page.goto(f"{live_server.url}/truong/ky/{school.classes['3A'].pk}/")
        page.get_by_label("Mã xác nhận").fill(one_time_code(post.user.username))
        page.get_by_role("button", name=f"Ký {PUPILS} học bạ").click()
        expect(page.get_by_role("heading", name="Nhập mã để ký từ xa")).to_be_visible()
        check_page(page)
        remote.service.behaviour = remote.service.behaviour.changed({"wrong": "order", "times": 1})
        page.get_by_label("Mã gửi về điện thoại").fill(remote.otp)
        page.get_by_label("Mã PIN").fill(PIN)
        page.get_by_role("button", name=f"Ký {PUPILS} học bạ").click()
        expect(page.get_by_role("heading", name=f"Còn {PUPILS} học bạ")).to_be_visible()
        page.get_by_role("link", name="Ký tiếp phần còn lại").click()
        check_page(page)
        page.get_by_role("button", name=f"Ký tiếp {PUPILS} học bạ").click()
        page.get_by_label("Mã gửi về điện thoại").fill(remote.otp)
        page.get_by_label("Mã PIN").fill(PIN)
        page.get_by_role("button", name=f"Ký {PUPILS} học bạ").click()
        expect(page.get_by_role("heading", name=f"Đã ký {PUPILS} học bạ")).to_be_visible()
    assert SheetSignature.objects.count() == PUPILS
