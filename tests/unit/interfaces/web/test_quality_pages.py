"""Pages of data quality and slips: what they show, to whom, in how many queries."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.quality.models import Finding, Proposal, Slip, State
from hocbaso.apps.quality.slip_fields import FIELDS
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.apps.quality.use_cases.slips import print_slips
from hocbaso.interfaces.web.views import slips as slip_views
from tests.builders import YEAR, make_pupil, make_school
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
NUMBER = "079317394341"


@pytest.fixture(autouse=True)
def _calm(monkeypatch):
    monkeypatch.setattr(slip_views.lookups, "take", lambda _address: None)


@pytest.fixture
def here():
    return make_school(classes=("3A", "3B"))


@pytest.fixture
def row(here):
    row = make_pupil(here, "3A", 1)
    Pupil.objects.filter(pk=row.pupil_id).update(personal_number=NUMBER)
    compute(here.unit, YEAR)
    return row


def client_of(inside, here, role, class_name=None):
    return inside(here.actor(role, class_name).assignment)


def test_a_class_of_45_takes_few_queries(here, inside):
    for number in range(45):
        make_pupil(here, "3A", number + 1, f"Nguyễn Phúc Bảo Quỳnh Hương {number}")
    compute(here.unit, YEAR)
    client, pk = client_of(inside, here, Role.HOMEROOM, "3A"), here.classes["3A"].pk
    for page, limit in (("", 8), ("doi-chieu/", 8), ("phieu/", 9)):
        with CaptureQueriesContext(connection) as seen:
            response = client.get(f"/truong/chat-luong/lop/{pk}/{page}")
        assert response.status_code == 200
        own = [q["sql"] for q in seen if "django_session" not in q["sql"]]
        assert len(own) <= limit, (page, own)


def test_the_school_page_shows_numerators_with_denominators_and_the_worklist_leads_to_the_fix(
    here, inside, row
):
    better = make_pupil(here, "3B", 2)
    filled = dict.fromkeys(("religion", "home_town", "birth_place", "current_address"), "Tây Ninh")
    Pupil.objects.filter(pk=better.pupil_id).update(**filled)
    compute(here.unit, YEAR)
    clerk = client_of(inside, here, Role.DATA_CLERK)
    page = clerk.get("/truong/chat-luong/").content.decode()
    assert re.search(r"\d+ / \d+", page)
    assert page.index(">3A<") < page.index(">3B<")  # 3A is worse
    work = clerk.get("/truong/chat-luong/viec/?ai=gvcn").content.decode()
    assert f"/truong/chat-luong/hoc-sinh/{row.pupil.code}/#o-religion" in work
    assert NUMBER not in work


def test_an_empty_school_is_told_what_to_do(here, inside):
    page = client_of(inside, here, Role.PRINCIPAL).get("/truong/chat-luong/").content.decode()
    assert "chưa được tính" in page
    done = client_of(inside, here, Role.PRINCIPAL).post("/truong/chat-luong/", follow=True)
    assert "Đã tính lại 0 học sinh" in done.content.decode()


def test_a_field_is_mended_on_the_pupils_page_and_a_wrong_one_is_kept_with_its_sentence(here, inside, row):
    client = client_of(inside, here, Role.HOMEROOM, "3A")
    url = f"/truong/chat-luong/hoc-sinh/{row.pupil.code}/"
    wrong = client.post(url, {"o-ethnic_group": "Kin", "o-religion": "không"})
    assert wrong.status_code == 422
    assert "không có trong danh mục" in wrong.content.decode()
    assert 'value="Kin"' in wrong.content.decode()
    client.post(url, {"o-religion": "không"})
    assert Finding.objects.get(pupil=row.pupil, rule="DU-006").state == State.SOLVED


def test_home_says_it_in_one_line(here, inside, row):
    page = client_of(inside, here, Role.HOMEROOM, "3A").get("/truong/").content.decode()
    waiting = Finding.objects.filter(owner="gvcn", state=State.OPEN).count()
    assert f"Xử lý {waiting} việc về dữ liệu học sinh" in page


def test_nothing_of_the_pupil_stands_before_the_birth_date(here, row):
    (printed,) = print_slips(here.actor(Role.HOMEROOM, "3A"), school_class=here.classes["3A"])
    visitor, url = Client(), f"/phieu/{printed.token}"
    closed = visitor.get(url)
    for word in (row.pupil.full_name, "3A", here.unit.name, NUMBER, "Hương"):
        assert word not in closed.content.decode()
    assert closed.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in closed.headers["Cache-Control"]
    early = visitor.post(url, {"viec": "tat-ca-dung", "quan-he": "Mẹ"})
    assert early.status_code == 422
    assert visitor.post(url, {"ngay-sinh": "01/01/2017"}).status_code == 422
    opened = visitor.post(url, {"ngay-sinh": "09/02/2017"}, follow=True).content.decode()
    assert row.pupil.full_name in opened
    assert "079•••••••41" in opened
    assert NUMBER not in opened
    other = Client()  # the link alone opens nothing for somebody else
    assert row.pupil.full_name not in other.get(url).content.decode()


def test_the_mother_answers_and_reads_what_the_school_made_of_it(here, inside, row):
    (printed,) = print_slips(here.actor(Role.HOMEROOM, "3A"), school_class=here.classes["3A"])
    mother, url = Client(), f"/phieu/{printed.token}"
    mother.post(url, {"ngay-sinh": "09/02/2017"})
    said = {f"f-{field.key}": "dung" for field in FIELDS}
    wrong = said | {"f-home_town": "sai", "g-home_town": "", "viec": "gui", "quan-he": "Mẹ"}
    refused = mother.post(url, wrong)
    assert refused.status_code == 422
    assert "xin ghi lại cho đúng" in refused.content.decode()
    mother.post(url, wrong | {"g-home_town": "Tây Ninh"})
    assert Slip.objects.get().answered_at
    clerk = client_of(inside, here, Role.DATA_CLERK)
    page = f"/truong/chat-luong/lop/{here.classes['3A'].pk}/phieu/"
    proposal = Proposal.objects.get(field="home_town")
    clerk.post(page, {"de-nghi": proposal.pk, "quyet": "tu-choi", "ly-do": "Khai sinh ghi Long An."})
    thanks = mother.get(url).content.decode()
    assert "Khai sinh ghi Long An." in thanks
    assert mother.post(url, {"viec": "tat-ca-dung", "quan-he": "Mẹ"}).status_code == 200
    assert Proposal.objects.count() == len(set(Proposal.objects.values_list("field")))


def test_slips_come_as_one_pdf_with_a_stamp(here, inside, row):
    client = client_of(inside, here, Role.HOMEROOM, "3A")
    made = client.post(f"/truong/chat-luong/lop/{here.classes['3A'].pk}/phieu/", {"viec": "in"})
    assert made.headers["Content-Type"] == "application/pdf"
    assert made.content.startswith(b"%PDF")


def test_slips_that_cannot_be_printed_do_not_end_the_ones_at_home(here, inside, row):
    client = client_of(inside, here, Role.HOMEROOM, "3A")
    address = f"/truong/chat-luong/lop/{here.classes['3A'].pk}/phieu/"
    client.post(address, {"viec": "in"})
    at_home = Slip.objects.get()
    Pupil.objects.update(father_name="Nguyễn 𓀀 Lâm")  # no font has it
    assert client.post(address, {"viec": "in"}).status_code == 422
    assert Slip.objects.get() == at_home
    assert Slip.objects.filter(voided_at=None).exists()


def test_managers_see_numbers_and_no_names(here, inside, row):
    ministry = Organisation.objects.create(code="bo", kind=Kind.MINISTRY, name="Bộ", valid_from=people.START)
    post = people.actor(Role.MINISTRY_OFFICER, ministry).assignment
    page = inside(post).get("/quan-ly/chat-luong/").content.decode()
    assert here.unit.name in page
    assert row.pupil.full_name not in page
