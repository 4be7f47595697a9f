"""Duplicates in a real browser: found, side by side, proposed, approved by another, taken apart again."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.use_cases import second_factor
from hocbaso.apps.common import clock
from hocbaso.apps.matching import aliases
from hocbaso.apps.matching.models import MergeCase
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from tests.builders import YEAR, give_results, make_school
from tests.journeys.browser import check_page, sign_in
from tests.unit.apps.accounts import people
from tests.unit.apps.matching.world import pupil_of

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

NAME = "Nguyễn Hoàng Phương Nguyên Khánh Quỳnh"
PARENTS = {"father_name": "Nguyễn Hoàng Phúc Lâm", "mother_name": "Trần Thị Ngọc Bích Thủy"}


class Site:
    """One child with two files in two classes of one school."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.school = make_school(classes=("3A", "3B"))
        second_factor.propose_secret(user=self.school.principal)
        self.school.principal.totp_confirmed_at = clock.now()
        for user in (self.school.clerk, self.school.principal):
            user.set_password(people.PASSWORD)
            user.save()
        self.kept = pupil_of(self.school, 1, full_name=NAME, **PARENTS)
        self.gone = pupil_of(
            self.school,
            2,
            "3B",
            full_name=NAME,
            personal_number="079317000123",
            phone="0903123456",
            **PARENTS,
        )
        give_results(self.kept.enrolments.get())

    def as_(self, page: Page, user: str, path: str) -> None:
        page.context.clear_cookies()
        sign_in(page, self.address, user, people.PASSWORD)
        page.goto(f"{self.address}{path}")


@pytest.fixture
def site(live_server) -> Site:
    return Site(live_server.url)


def _seen(page: Page, name: str) -> None:
    check_page(page)
    if folder := os.environ.get("HOCBASO_SCREENS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def _proposed(page: Page, site: Site) -> MergeCase:
    site.as_(page, site.school.clerk.username, "/truong/tim-so-dinh-danh/")
    _seen(page, "searches")
    page.goto(f"{site.address}/truong/trung-ho-so/ma-tam/")
    _seen(page, "codes")
    page.goto(f"{site.address}/truong/trung-ho-so/")
    page.get_by_role("button", name="Quét tìm hồ sơ trùng").click()
    expect(page.get_by_role("status").first).to_contain_text("1 cặp mới")
    _seen(page, "list")
    page.get_by_role("link", name="Xem hai hồ sơ").click()
    expect(page.get_by_text("Họ tên giống nhau.")).to_be_visible()
    _seen(page, "pair")
    page.get_by_role("link", name="Xem trước việc gộp").click()
    _seen(page, "preview")
    page.get_by_role("button", name="Gửi đề nghị gộp").click()
    expect(page.get_by_role("alert")).to_contain_text("Cần ghi căn cứ")
    page.get_by_label("Căn cứ").fill("Đối chiếu giấy khai sinh; mẹ em xác nhận là một em.")
    page.get_by_label(re.compile("Lớp 3A ·")).check()
    page.get_by_role("button", name="Gửi đề nghị gộp").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("GHS-")
    _seen(page, "case")
    return MergeCase.objects.get()


def test_a_merge_from_the_scan_to_the_undo(page: Page, site):
    case = _proposed(page, site)
    expect(page.get_by_role("button", name="Duyệt gộp")).to_have_count(0)
    site.as_(page, site.school.principal.username, f"/truong/trung-ho-so/vu/{case.number}/")
    page.get_by_label("Ý kiến").fill("Đồng ý.")
    page.get_by_role("button", name="Duyệt gộp").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã gộp")
    _seen(page, "merged")
    page.goto(f"{site.address}/truong/hoc-sinh/{site.gone.code}/")
    assert page.url.endswith(f"/{site.kept.code}/")
    assert aliases.find(site.gone.code) == site.kept
    site.as_(page, site.school.clerk.username, f"/truong/trung-ho-so/vu/{case.number}/")
    page.get_by_label("Lý do tách lại").fill("Hai em sinh đôi.")
    page.get_by_role("button", name="Đề nghị tách lại hai hồ sơ").click()
    expect(page.get_by_role("status").first).to_contain_text("Một người khác sẽ duyệt")
    expect(page.get_by_role("button", name="Duyệt tách lại")).to_have_count(0)
    _seen(page, "undo")
    site.as_(page, site.school.principal.username, f"/truong/trung-ho-so/vu/{case.number}/")
    page.get_by_role("button", name="Duyệt tách lại").click()
    expect(page.get_by_role("status").first).to_contain_text("như trước khi gộp")
    in_3b = SchoolClass.objects.get(school=site.school.unit, school_year=YEAR, name="3B")
    assert Enrolment.objects.get(school_class=in_3b, active=True).pupil == site.gone
