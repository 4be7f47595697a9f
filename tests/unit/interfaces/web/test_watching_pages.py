"""Pages of watching: few queries, names for nobody without a purpose, what a school sees on its home."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Reminder
from hocbaso.apps.identity.campaigns.reminders import send_reminders
from hocbaso.apps.identity.watching.models import Figure
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.models import Export, ViewEntry
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.campaigns.world import World

pytestmark = pytest.mark.django_db
NAME = "Bùi Minh An"
BOARD = "/quan-ly/danh-tinh/"


@pytest.fixture
def world():
    with clock.standing_at(people.DAY):
        yield World()


def test_a_board_takes_eight_queries_however_many_schools(world, inside):
    for n in range(3, 9):
        people.school_class(people.school(f"7900010{n}", f"Trường Tiểu học {n}"))
    world.campaign(by=world.above)
    for actor, query in ((world.above, ""), (world.above, "?theo=truong"), (world.officer, "")):
        client = inside(actor.assignment)
        client.get(BOARD)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(BOARD + query).status_code == 200
        reads = [q["sql"] for q in seen if "django_session" not in q["sql"] and "accounts_" not in q["sql"]]
        assert len(reads) <= 8, "\n".join(reads)


def test_the_levels_above_see_numbers_and_no_names(world, inside):
    client = inside(world.above.assignment)
    for path in ("", "?theo=truong", f"don-vi/{world.far.code}/", f"don-vi/{world.commune.code}/"):
        response = client.get(BOARD + path)
        assert response.status_code == 200
        assert NAME not in response.content.decode()
    elsewhere = people.school("79000150", "Trường Khác", commune_code="26890")
    assert inside(world.officer.assignment).get(f"{BOARD}don-vi/{elsewhere.code}/").status_code == 403


def test_names_are_opened_with_purpose_and_basis_and_every_opening_is_on_record(world, inside):
    in_class = people.school_class(world.far)
    path = f"{BOARD}don-vi/{world.far.code}/lop/{in_class.pk}/"
    client = inside(world.officer.assignment)
    assert NAME not in client.get(path).content.decode()
    short = client.post(path, {"muc-dich": "xem", "can-cu": "12/KH"})
    assert (short.status_code, NAME in short.content.decode()) == (422, False)
    sent = {"muc-dich": "Kiểm tra hồ sơ đầu năm học", "can-cu": "12/KH-UBND"}
    opened = client.post(path, sent).content.decode()
    assert NAME in opened
    assert Event.objects.get(action="identity.inspect").details["basis"] == "12/KH-UBND"
    entry = ViewEntry.objects.get()
    assert (entry.count, entry.organisation, sent["muc-dich"] in entry.purpose) == (3, world.far, True)
    ministry = people.actor(Role.MINISTRY_OFFICER, Organisation.objects.get(kind="bo"))
    assert inside(ministry.assignment).post(path, sent).status_code == 403
    principal = people.actor(Role.PRINCIPAL, world.near)
    assert inside(principal.assignment).post(path, sent).status_code == 403


def test_filters_orders_and_search_are_those_of_the_export(world, inside):
    client = inside(world.officer.assignment)
    page = client.get(f"{BOARD}?loc=sai-lech&xep=ten").content.decode()
    assert page.index(world.far.name) < page.index(world.near.name)
    found = client.get(f"{BOARD}?tim=hanh thong").content.decode()
    assert (world.far.name in found, world.near.name in found) == (True, False)
    made = client.get(f"{BOARD}don-vi/{world.commune.code}/tep?tim=hanh thong")
    assert made.content.startswith(b"PK")
    assert Export.objects.get().what == "identity-board"


def test_the_home_of_a_school_shows_what_is_left_the_days_and_the_reminder(world, inside):
    world.campaign(days=5)
    client = inside(people.actor(Role.PRINCIPAL, world.far).assignment)
    send_reminders(world.officer, world.commune, [world.far.pk])
    page = client.get("/truong/").content.decode()
    assert "còn 3 người" in page
    assert "còn 5 ngày" in page
    assert "Xem lời nhắc của" in page
    with clock.standing_at(people.DAY + timedelta(days=6)):
        assert "quá hạn" in client.get("/truong/").content.decode()
    reminder = Reminder.objects.get()
    assert client.post(f"/truong/danh-tinh/dot/nhac/{reminder.pk}/").status_code == 302
    assert "Xem lời nhắc của" not in client.get("/truong/").content.decode()
    world.finish(world.far)
    assert "còn 3 người" not in client.get("/truong/").content.decode()
    assert "Đợt xác thực danh tính" in inside(world.officer.assignment).get("/quan-ly/").content.decode()


def test_a_school_opens_changes_and_closes_its_own_campaign(world, inside):
    client = inside(people.actor(Role.PRINCIPAL, world.far).assignment)
    day = clock.today().isoformat()
    terms = {"ten": "Đợt của trường", "bat-dau": day, "han": "hôm nay", "hoc-sinh": "1", "muc-tieu": "100"}
    assert client.post("/truong/danh-tinh/dot/moi", terms).status_code == 422
    made = client.post("/truong/danh-tinh/dot/moi", terms | {"han": day})
    assert made.status_code == 302
    where = made.headers["Location"]
    assert client.post(where, terms | {"han": day, "viec": "doi", "ly-do": ""}).status_code == 422
    changed = terms | {"han": day, "viec": "doi", "muc-tieu": "90", "ly-do": "Một em đi viện"}
    assert client.post(where, changed).status_code == 302
    assert client.post(where, {"viec": "ket-thuc", "ly-do": "Xong sớm"}).status_code == 302
    page = client.get(where).content.decode()
    assert "Kết quả đã chốt" in page
    assert "Một em đi viện" in page


def test_a_school_that_was_never_counted_is_counted_before_it_is_reminded(world, inside):
    Figure.objects.all().delete()
    client = inside(world.officer.assignment)
    assert "chưa đếm" in client.get(BOARD).content.decode()
    assert client.post(f"{BOARD}nhac/gui", {"truong": [world.far.pk]}).status_code == 302
    assert Reminder.objects.get().facts["pupils"]["total"] == 3
    assert client.post(f"{BOARD}nhac/gui", {}).status_code == 422
