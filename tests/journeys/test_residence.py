"""Residence in a real browser: a former unit asked and answered, a look-up, a difference taken over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import JobState
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.apps.residence import background
from hocbaso.apps.residence.models import Lookup
from hocbaso.apps.residence.queries import address_of
from hocbaso.apps.residence.use_cases.process import process_due
from tests.journeys.browser import check_page, sign_in
from tests.journeys.gradebook_world import NAMES
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people
from tests.unit.apps.residence.world import CITY, Register, entry

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pupils(monkeypatch) -> list[Pupil]:
    """Five pupils: two of a divided former ward, one whose register says another commune."""
    unit = people.school()
    in_class = people.school_class(unit, "1A")
    people.post(person("dl", "Lý Gia Hân"), unit, Role.DATA_CLERK)
    found = [people.enrol(in_class, n, name).pupil for n, name in enumerate(NAMES[:5], 1)]
    for n, pupil in enumerate(found):
        pupil.personal_number = f"079317{n:06d}"
        pupil.province, pupil.province_code = CITY, "79"
        pupil.commune, pupil.commune_code = ("P.14, Q.10", "") if n < 2 else ("Phường Hạnh Thông", "26890")
        pupil.identity_state = IdentityState.VERIFIED
        pupil.save()
    monkeypatch.setattr(background, "wake", lambda: False)  # the test works the queue off itself
    return found


def _elsewhere(pupil: Pupil) -> Register:
    moved = entry(commune="Phường An Nhơn", commune_code="26876", address="12 Lê Lợi", since="2026-01-05")
    return Register(stays={pupil.personal_number: (entry(until="2026-01-05"), moved)})


def test_a_clerk_brings_residence_in_order_without_any_paper(page: Page, live_server, pupils):
    sign_in(page, live_server.url, "dl", people.PASSWORD)
    page.get_by_role("link", name="Danh tính và dữ liệu").first.click()
    page.goto(f"{live_server.url}/truong/cu-tru/")
    check_page(page)
    page.get_by_role("link", name="Chuyển 2 địa chỉ sang đơn vị mới").click()
    check_page(page)
    page.get_by_role("link", name="Trả lời P.14, Q.10").click()
    check_page(page)
    page.get_by_role("button", name="Ghi đơn vị mới").click()
    expect(page.get_by_role("alert")).to_contain_text("Thầy cô ghi tên hiện hành")
    page.get_by_label(re.compile("Phường Hòa Hưng")).check()
    page.get_by_role("button", name="Ghi đơn vị mới").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Mọi địa chỉ đã theo đơn vị hiện hành")

    page.goto(f"{live_server.url}/truong/cu-tru/")
    page.get_by_role("button", name="Khai thác từ dữ liệu dân cư").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã gửi tra cứu 5 học sinh")
    moved = pupils[2]
    process_due(_elsewhere(moved))
    assert set(Lookup.objects.values_list("state", flat=True)) == {JobState.DONE}
    page.get_by_role("link", name="1A", exact=True).click()
    check_page(page)
    page.get_by_role("link", name=moved.full_name).click()
    check_page(page)
    card = page.get_by_role("region", name="Thường trú: dữ liệu dân cư khác hồ sơ")
    expect(card).to_contain_text("12 Lê Lợi, Phường An Nhơn")
    card.get_by_role("button", name="Nhận theo dữ liệu dân cư").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã nhận địa chỉ")
    expect(page.locator(".timeline .is-now")).to_contain_text("từ 05/01/2026")
    page.get_by_role("link", name="Bản in cho hồ sơ").click()
    check_page(page)
    expect(page.locator("article")).to_contain_text("12 Lê Lợi, Phường An Nhơn")
    moved.refresh_from_db()
    assert (moved.commune_code, moved.identity_state) == ("26876", IdentityState.REVERIFY)
    assert address_of(moved, clock.today()).since == "2026-01-05"
