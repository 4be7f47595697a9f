"""What people see while sealed sheets wait for their time stamp: desk, receipt, sheet, home, machines."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Management, Organisation
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.core.document.model import SignerRole
from tests.builders import START, School
from tests.stamps import all_down
from tests.unit.apps.accounts import people
from tests.unit.interfaces.web.sheets import closed_school, post_of, sign, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> School:
    """Three sheets, sealed while no authority answered."""
    school = closed_school(3)
    sign(school, SignerRole.HOMEROOM)
    sign(school, SignerRole.PRINCIPAL)
    with all_down():
        sign(school, SignerRole.SEAL)
    return school


def test_the_desk_says_that_nobody_has_to_seal_again(waiting, inside):
    page = text(inside(post_of(waiting, Role.SEAL_KEEPER)).get("/truong/phat-hanh/"))
    assert "3 học bạ đã đóng dấu, chờ dấu thời gian" in page
    assert len(re.findall(r"Đã đóng dấu lúc \d\d:\d\d:\d\d, chờ dấu thời gian", page)) == 3
    assert 'name="hoc-ba"' not in page  # nothing can be chosen
    assert "Đã phát hành lúc" not in page


def test_the_receipt_tells_the_waiting_seals(waiting, inside):
    batch = SigningBatch.objects.get(role="con_dau")
    client = inside(post_of(waiting, Role.SEAL_KEEPER))
    page = text(client.get(reverse("web:issuing-receipt", args=[batch.pk])))
    assert "3 học bạ đã đóng dấu, chờ dấu thời gian" in page
    assert "xác thực được học bạ ngay từ bây giờ" not in page
    assert "chưa phát hành được" not in page


def test_the_sheets_page_and_the_list_say_so_too(waiting, inside):
    client = inside(post_of(waiting, Role.PRINCIPAL))
    sheet = YearSheet.objects.order_by("pk")[0]
    page = text(client.get(reverse("web:transcript", args=[sheet.code])))
    assert re.search(r"Đã đóng dấu .*, chờ dấu thời gian", page)
    listed = text(client.get("/truong/hoc-ba/?tinh-trang=principal_signed"))
    assert len(re.findall(r"Đã đóng dấu [^<]*, chờ dấu thời gian", listed)) == 3


@pytest.mark.parametrize("role", [Role.SEAL_KEEPER, Role.PRINCIPAL])
def test_the_home_raises_the_alarm_first_and_asks_for_nothing_that_is_done(waiting, inside, role):
    page = text(inside(post_of(waiting, role)).get("/truong/"))
    titles = re.findall(r"<h3>(.*?)</h3>", page)
    assert re.fullmatch(r"3 học bạ chờ dấu thời gian từ \d\d:\d\d", titles[0])
    assert not [title for title in titles if title.startswith("Phát hành")]


def test_teachers_are_not_alarmed(waiting, inside):
    page = text(inside(post_of(waiting, Role.HOMEROOM, "3A")).get("/truong/"))
    assert "dấu thời gian" not in page


def test_who_administers_a_managing_unit_is_told_of_its_schools(waiting, inside):
    unit = Organisation.objects.create(
        code="79000",
        kind=Kind.DEPARTMENT,
        name="Sở Giáo dục và Đào tạo",
        province_code="79",
        valid_from=START,
    )
    Management.objects.create(organisation=waiting.unit, manager=unit, valid_from=START)
    client = inside(people.actor(Role.SYSTEM_ADMIN, unit).assignment)
    assert "3 học bạ chờ dấu thời gian từ" in text(client.get("/quan-ly/"))
    client = inside(people.actor(Role.DEPARTMENT_OFFICER, unit).assignment)
    assert "chờ dấu thời gian" not in text(client.get("/quan-ly/"))


def test_machines_are_told(waiting):
    told = Client().get("/readyz").json()
    assert (told["status"], told["timestamps"]["waiting"]) == ("ok", 3)
    assert told["timestamps"]["oldest"] <= clock.iso_seconds(clock.now())
    numbers = Client().get("/metrics").content.decode()
    assert "hocbaso_timestamps_waiting 3.0" in numbers
    assert 'hocbaso_timestamps_usable{place="2"} 1.0' in numbers
