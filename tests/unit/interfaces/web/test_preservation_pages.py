"""Pages of long-term preservation: one next action, numbers above, nothing to press for who may not."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Management, Organisation
from hocbaso.apps.preservation.boards import board
from hocbaso.apps.preservation.models import LongTermSheet
from hocbaso.apps.preservation.standing import standing
from hocbaso.apps.transcripts.models import IssuedSheet
from tests.builders import START, make_school
from tests.unit.apps.accounts import people
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db
PAGE = "/truong/luu-tru/"


def _words(response) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_the_clerk_presses_once_and_then_there_is_nothing_to_do(inside) -> None:
    school = issued_school(2)
    clerk = inside(school.actor(Role.DATA_CLERK).assignment)
    page = _words(clerk.get(PAGE))
    assert "2 tờ chờ lấy chứng thư và thông tin thu hồi." in page
    assert "Làm ngay" in page
    done = clerk.post(PAGE, follow=True)
    assert "Đã làm xong cho 2 tờ." in _words(done)
    page = _words(clerk.get(PAGE))
    assert "Hiện không phải làm gì." in page
    assert "Lần nối dấu thời gian tới: từ ngày" in page
    assert "Làm ngay" not in page
    assert LongTermSheet.objects.count() == 2


def test_others_of_the_school_see_and_cannot_press(inside) -> None:
    school = issued_school(1)
    seal = inside(school.actor(Role.SEAL_KEEPER).assignment)
    assert "Làm ngay" not in _words(seal.get(PAGE))
    assert seal.post(PAGE).status_code == 403
    assert inside(school.actor(Role.HOMEROOM, "3A").assignment).get(PAGE).status_code == 403
    assert not LongTermSheet.objects.exists()


def test_an_empty_school_is_told_so_and_an_alarm_leads_the_page(inside) -> None:
    empty = make_school(code="79000102")
    assert "Chưa có học bạ nào được phát hành" in _words(
        inside(empty.actor(Role.PRINCIPAL).assignment).get(PAGE)
    )
    school = issued_school(1)
    principal = inside(school.actor(Role.PRINCIPAL).assignment)
    with clock.standing_at(clock.now() + timedelta(days=20)):
        assert [one.code for one in standing(IssuedSheet.objects.all()).alarms] == ["not_extended"]
        assert "vẫn chưa lấy đủ dữ liệu xác thực" in _words(principal.get(PAGE))


def test_managing_levels_see_the_numbers_of_their_schools_only(inside, django_assert_max_num_queries) -> None:
    school, other = issued_school(2), make_school(code="79000102", name="Trường khác")
    commune = Organisation.objects.create(
        code="xa-1", kind=Kind.COMMUNE, name="UBND phường mẫu", province_code="79", valid_from=START
    )
    Management.objects.create(organisation=school.unit, manager=commune, valid_from=START)
    officer = inside(people.actor(Role.COMMUNE_OFFICER, commune).assignment)
    page = _words(officer.get("/quan-ly/luu-tru/"))
    assert school.unit.code in page
    assert other.unit.code not in page
    assert "Làm ngay" not in _words(officer.get(f"/quan-ly/luu-tru/{school.unit.code}/"))
    assert officer.get(f"/quan-ly/luu-tru/{other.unit.code}/").status_code == 404
    assert officer.get(PAGE).status_code == 302
    with django_assert_max_num_queries(6):
        (first, second) = board([other.unit, school.unit])
    assert (first.school, first.issued, first.waiting) == (school.unit, 2, 2)
    assert second.issued == 0
