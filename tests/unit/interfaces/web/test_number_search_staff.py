"""The number search for one member of staff: from the identity page, offered masked, taken by the clerk."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.identity import ports
from hocbaso.apps.matching.models import NumberSearch, SearchState
from hocbaso.apps.pupils.models import IdentityState
from tests.unit.apps.matching.world import Searching
from tests.unit.interfaces.web.sheets import text

pytestmark = pytest.mark.django_db
NAME, NUMBER = "Phùng Thị Yến Nhi", "079188000123"


@pytest.fixture
def member(school) -> StaffMember:
    return StaffMember.objects.create(
        organisation=school,
        code="CB7",
        full_name=NAME,
        birth_date="1988-04-02",
        sex="Nữ",
        identity_state=IdentityState.NO_NUMBER,
    )


def offer_id(page: str) -> str:
    found = re.search(r'name="luot" value="(\d+)"', page)
    return found[1] if found else ""


def test_the_clerk_finds_and_takes_the_number_of_a_colleague(as_role, member, monkeypatch):
    monkeypatch.setattr(ports, "population", lambda: Searching({NAME: NUMBER}))
    client, _post = as_role(Role.DATA_CLERK)
    url = reverse("web:number-search-staff", args=[member.code])
    assert url in text(client.get(reverse("web:identity-member", args=[member.code])))
    assert "Chưa tìm với hồ sơ hiện tại" in text(client.get(url))
    page = text(client.post(url, {"viec": "tim"}, follow=True))
    assert "Có một người phù hợp" in page
    assert NUMBER not in page
    wrong = client.post(url, {"viec": "nhan", "luot": "0"})
    assert (wrong.status_code, "không còn hiệu lực" in text(wrong)) == (422, True)
    page = text(client.post(url, {"viec": "khong-phai", "luot": offer_id(page)}, follow=True))
    assert NumberSearch.objects.get().state == SearchState.DECLINED
    page = text(client.post(url, {"viec": "tim"}, follow=True))
    page = text(client.post(url, {"viec": "nhan", "luot": offer_id(page)}, follow=True))
    assert "Đã có số định danh" in page
    assert NUMBER not in page
    member.refresh_from_db()
    assert member.personal_number == NUMBER


@pytest.mark.parametrize(
    ("who", "told"), [("several", "Nhiều người cùng phù hợp"), ("none", "Không tìm thấy")]
)
def test_several_or_nobody_says_what_to_do(as_role, member, monkeypatch, who, told):
    monkeypatch.setattr(ports, "population", lambda: Searching({NAME: who}))
    client, _post = as_role(Role.DATA_CLERK)
    url = reverse("web:number-search-staff", args=[member.code])
    assert told in text(client.post(url, {"viec": "tim"}, follow=True))
    assert client.get(reverse("web:number-search-staff", args=["khong-co"])).status_code == 404


def test_a_number_that_a_colleague_holds_is_refused_and_the_offer_is_over(
    as_role, school, member, monkeypatch
):
    monkeypatch.setattr(ports, "population", lambda: Searching({NAME: NUMBER}))
    StaffMember.objects.create(
        organisation=school, code="CB8", full_name="Người Khác", personal_number=NUMBER
    )
    client, _post = as_role(Role.DATA_CLERK)
    url = reverse("web:number-search-staff", args=[member.code])
    page = text(client.post(url, {"viec": "tim"}, follow=True))
    refused = client.post(url, {"viec": "nhan", "luot": offer_id(page)})
    assert (refused.status_code, "đã thuộc về một người khác" in text(refused)) == (422, True)
    assert "Có một người phù hợp" not in text(refused)
    assert NumberSearch.objects.get().state == SearchState.DUPLICATE
