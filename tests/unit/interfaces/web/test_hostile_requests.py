"""What no page of ours sends: unreadable JSON, numbers out of range, rights of others, text with markup."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import ResultChange, SubjectMarks
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import EntryPeriod, UnlockCase
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db

SIGN_IN = "/truong/so-diem/dang-nhap-lai/"
MARKUP = '"><script>alert(1)</script>{{7*7}} #read("/etc/passwd")'


class Place:
    """Class 6A1 with two pupils, its teacher, a second class and a second school."""

    def __init__(self, inside) -> None:
        self.school = people.school("79000201", "Trường THCS Lý Thường Kiệt", levels=["thcs"])
        self.other = people.school("79000202", "Trường THCS Sao Khuê", levels=["thcs"])
        self.in_class = people.school_class(self.school, "6A1", 6)
        self.next_class = people.school_class(self.school, "6A2", 6)
        self.foreign = people.school_class(self.other, "6B1", 6)
        self.pupils = [people.enrol(self.in_class, n) for n in (1, 2)]
        self.others = [people.enrol(c, 1) for c in (self.next_class, self.foreign)]
        self.inside = inside
        self.post = people.actor(
            Role.SUBJECT_TEACHER, self.school, self.in_class, subject_code="toan"
        ).assignment
        self.teacher = inside(self.post)

    def client(self, role: Role, in_class=None, unit=None) -> Client:
        return self.inside(people.actor(role, unit or self.school, in_class).assignment)

    def url(self, in_class=None, part: str = "toan") -> str:
        return f"/truong/so-diem/{(in_class or self.in_class).pk}/{part}/?dot=hk1"

    def batch(self, *cells: str, text: str = "8") -> str:
        sent = [{"cell": cell, "text": text, "seen": "", "version": 0} for cell in cells]
        return json.dumps({"user": self.post.user_id, "key": "k", "cells": sent})


@pytest.fixture
def place(inside) -> Place:
    return Place(inside)


def post(client: Client, url: str, body: str):
    return client.post(url, body, content_type="application/json")


@pytest.mark.parametrize(
    "body",
    [
        "[" * 3900,
        '{"username": "\\ud800", "password": "x"}',
        '{"username": "a", "password": "\\ud800"}',
        '{"username": "a\\u0000b", "password": "x"}',
        '{"username": NaN}',
        "null",
    ],
)
def test_the_dialog_of_signing_in_refuses_what_it_cannot_read(body):
    assert post(Client(), SIGN_IN, body).status_code == 400


def test_the_dialog_of_signing_in_slows_guesses_down_and_asks_for_its_token():
    people.user("hoa")
    for _n in range(5):
        assert post(Client(), SIGN_IN, '{"username": "hoa", "password": "sai"}').status_code == 403
    right = json.dumps({"username": "hoa", "password": people.PASSWORD})
    answer = post(Client(), SIGN_IN, right)
    assert answer.status_code == 403
    assert "chờ" in answer.json()["message"]
    assert post(Client(enforce_csrf_checks=True), SIGN_IN, right).status_code == 403
    assert Client().get(SIGN_IN).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"user": 1e999, "key": "", "cells": []}',
        '{"user": USER, "key": "\\ud800", "cells": []}',
        '{"user": USER, "key": "\\u0000", "cells": []}',
        '{"user": USER, "key": "", "cells": [{"cell": "o-1-tx1", "text": "8", "seen": "", '
        '"version": 1e400}]}',
        '{"user": USER, "key": "", "cells": [{"cell": "o-99999999999999999999-tx1", "text": "8", "seen": "", '
        '"version": 0}]}',
    ],
)
def test_the_gradebook_refuses_a_batch_that_it_cannot_read(place, body):
    answer = post(place.teacher, place.url(), body.replace("USER", str(place.post.user_id)))
    assert answer.status_code == 400
    assert not SubjectMarks.objects.exists()


def test_nobody_writes_through_anothers_page_pupil_or_column(place):
    own = f"o-{place.pupils[0].pk}-"
    for url, status in (
        (place.url(part="ngu-van"), 403),
        (place.url(part="nhan-xet"), 403),
        (place.url(place.next_class), 404),
        (place.url(place.foreign), 404),
    ):
        assert post(place.teacher, url, place.batch(own + "tx1")).status_code == status
    strange = [f"o-{e.pk}-tx1" for e in place.others]
    strange += [own + name for name in ("decided", "carried", "locked", "exempt_reason", "version")]
    answer = post(place.teacher, place.url(), place.batch(*strange))
    assert {cell["state"] for cell in answer.json()["cells"].values()} == {"refused"}
    for role, in_class in ((Role.PRINCIPAL, None), (Role.HOMEROOM, place.in_class), (Role.DATA_CLERK, None)):
        client = place.client(role, in_class)
        assert post(client, place.url(), place.batch(own + "tx1")).status_code in (403, 404)
    assert not SubjectMarks.objects.exists()
    assert not ResultChange.objects.exists()


def test_the_post_that_ended_yesterday_saves_nothing_today(place):
    place.post.valid_to = clock.today() - timedelta(days=1)
    place.post.save()
    answer = post(place.teacher, place.url(), place.batch(f"o-{place.pupils[0].pk}-tx1"))
    assert answer.status_code == 401
    assert not SubjectMarks.objects.exists()


@pytest.fixture
def closed(place) -> None:
    now = clock.now()
    EntryPeriod.objects.create(
        unit=place.school,
        school_year=place.in_class.school_year,
        opens_at=now - timedelta(days=2),
        closes_at=now - timedelta(days=1),
        made_at=now,
        made_by="x",
    )


def ask(place, **change):
    until = (clock.now() + timedelta(hours=20)).astimezone(clock.VIETNAM)
    sent = {
        "lop": place.in_class.pk,
        "phan": "toan",
        "thoi-diem": "hk1",
        "cot": ["tx1"],
        "hs": [place.pupils[0].pk],
        "ly-do": "Nhầm",
        "noi-dung": "Sửa",
        "den": f"{until:%Y-%m-%dT%H:%M}",
    }
    return place.teacher.post("/truong/mo-khoa/moi", sent | change)


@pytest.mark.usefixtures("closed")
def test_a_request_is_not_bent_into_one_that_can_be(place):
    for change in (
        {"lop": place.next_class.pk},
        {"lop": place.foreign.pk},
        {"hs": [place.others[0].pk], "cot": ["locked"], "phan": "ngu-van"},
        {"phan": "ngu-van"},
        {"ly-do": "Nhầm \U0001f600"},  # it would be in minutes that nobody could print
    ):
        assert ask(place, **change).status_code == 422
    assert not UnlockCase.objects.exists()


@pytest.mark.usefixtures("closed")
def test_markup_in_a_request_is_text_on_every_page_and_in_the_minutes(place):
    assert ask(place, **{"ly-do": MARKUP, "noi-dung": MARKUP}).status_code == 302
    case = UnlockCase.objects.get()
    principal = place.client(Role.PRINCIPAL)
    for url in ("/truong/mo-khoa/", f"/truong/mo-khoa/{case.number}/", "/truong/truy-vet/"):
        page = principal.get(url)
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
    assert principal.get(f"/truong/mo-khoa/{case.number}/bien-ban").content.startswith(b"%PDF-")
    stranger = place.client(Role.PRINCIPAL, unit=place.other)
    assert stranger.get(f"/truong/mo-khoa/{case.number}/").status_code == 404
    for act in ("cho-phep", "dong-y", "khoa-lai"):
        place.teacher.post(f"/truong/mo-khoa/{case.number}/", {"viec": act, "ghi-chu": "x"})
    case.refresh_from_db()
    assert case.state == "requested"
