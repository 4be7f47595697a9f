"""Gradebook pages of secondary classes, locks before typing, batches sent again, signing in anew."""

from __future__ import annotations

import gzip
import html
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders

from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.assessment.models import (
    CommentTemplate,
    PupilProgramme,
    ResultChange,
    SubjectMarks,
    YearRecord,
)
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import EntryPeriod
from tests.unit.apps.accounts import people
from tests.unit.apps.assessment.secondary import fill_year

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return people.school("79000201", "Trường THCS Lý Thường Kiệt", levels=["thcs"])


@pytest.fixture
def in_class(school):
    made = people.school_class(school, "6A1", 6)
    for n, name in enumerate(("Bùi Minh An", "Lê Gia Huy", "Phạm Đăng Khoa"), 1):
        people.enrol(made, n, name)
    return made


@pytest.fixture
def pupils(in_class):
    return list(in_class.enrolments.all())


@pytest.fixture
def teacher(inside, school, in_class):
    user = people.user("hoa", "Phạm Đỗ Khánh Trường")
    post = people.post(user, school, Role.SUBJECT_TEACHER, in_class, subject_code="toan")
    return inside(post), post


def url(in_class, part="toan", tail="", moment="hk1") -> str:
    return f"/truong/so-diem/{in_class.pk}/{part}/{tail}?dot={moment}"


def text(response) -> str:
    return html.unescape(response.content.decode())


def cell(pupil, key, value, seen="", version=0):
    return {"cell": f"o-{pupil.pk}-{key}", "text": value, "seen": seen, "version": version}


def send(client, address, user, *cells, key=""):
    body = json.dumps({"user": user.pk, "key": key, "cells": cells})
    return client.post(address, body, content_type="application/json", headers={"accept": "application/json"})


def period(in_class, columns, closes_in, moment="hk1", part=""):
    now = clock.now()
    return EntryPeriod.objects.create(
        unit=in_class.school,
        school_year=in_class.school_year,
        moment=moment,
        part=part,
        columns=columns,
        opens_at=now - timedelta(days=90),
        closes_at=now + closes_in,
        made_at=now,
        made_by="ht",
    )


def columns(response) -> list[str]:
    return [c.label for c in response.context["page"].columns]


# ── the pages ──


def test_a_scored_subject_has_its_columns_and_averages(teacher, in_class):
    client, _post = teacher
    first = client.get(url(in_class))
    assert columns(first) == ["TX1", "TX2", "TX3", "TX4", "ĐĐGgk", "ĐĐGck", "Nhận xét"]
    assert [a.label for a in first.context["page"].averages] == ["ĐTBmhk"]
    second = client.get(url(in_class, moment="hk2"))
    assert [a.label for a in second.context["page"].averages] == ["ĐTBmhk", "ĐTBmcn"]
    assert "Toán · Lớp 6A1 · Học kỳ II" in text(second)


def test_marks_are_shown_with_a_comma_and_averages_with_one_decimal(teacher, in_class, pupils):
    client, post = teacher
    sent = [
        cell(pupils[0], c, "8.0" if c != "ck" else "7,5") for c in ("tx1", "tx2", "tx3", "tx4", "gk", "ck")
    ]
    answer = send(client, url(in_class), post.user, *sent).json()
    assert {a["state"] for a in answer["cells"].values()} == {"saved"}
    assert answer["cells"][f"o-{pupils[0].pk}-ck"]["text"] == "7,5"
    assert answer["averages"] == {str(pupils[0].pk): {"tbm": "7,8"}}  # (32 + 2·8 + 3·7,5) : 9 = 7,83
    page = client.get(url(in_class))
    assert page.context["page"].lines[0].averages == [("tbm", "7,8")]
    assert 'value="7,5"' in text(page)
    again = send(client, url(in_class), post.user, cell(pupils[0], "ck", "6", "7,5", 6)).json()
    assert (
        again["cells"][f"o-{pupils[0].pk}-ck"]["state"] == "saved"
    )  # seen with a comma, stored with a point
    late = send(client, url(in_class), post.user, cell(pupils[0], "ck", "5", "7,5", 6)).json()
    late = late["cells"][f"o-{pupils[0].pk}-ck"]
    assert (late["state"], late["text"]) == ("conflict", "6")


@pytest.mark.parametrize(
    ("typed", "state"),
    [("7,55", "refused"), ("11", "refused"), ("Đ", "refused"), ("V", "saved"), ("0", "saved")],
)
def test_what_a_mark_may_be(teacher, in_class, pupils, typed, state):
    client, post = teacher
    answer = send(client, url(in_class), post.user, cell(pupils[0], "tx1", typed)).json()
    assert answer["cells"][f"o-{pupils[0].pk}-tx1"]["state"] == state


def test_conduct_absences_and_awards_stand_on_the_homeroom_page(inside, school, in_class, pupils):
    post = people.post(people.user("lan", "Lê Thị Hồng Nhung"), school, Role.HOMEROOM, in_class)
    client = inside(post)
    assert columns(client.get(url(in_class, "nhan-xet"))) == ["Rèn luyện HK I"]
    page = client.get(url(in_class, "nhan-xet", moment="hk2"))
    assert columns(page)[:3] == ["Rèn luyện HK II", "Nghỉ có phép", "Nghỉ không phép"]
    assert {"Khen thưởng", "Chứng chỉ", "Kết quả cuộc thi", "Kỷ luật"} < set(columns(page))
    send(client, url(in_class, "nhan-xet"), post.user, cell(pupils[0], "conduct_1", "Khá"))
    more = (
        cell(pupils[0], "conduct_2", "Tốt", version=1),
        cell(pupils[0], "awards", "Giải Nhì cờ vua", version=1),
    )
    send(client, url(in_class, "nhan-xet", moment="hk2"), post.user, *more)
    row = YearRecord.objects.get()
    assert (row.conduct_1, row.conduct_2, row.awards) == ("Khá", "Tốt", "Giải Nhì cờ vua")
    assert "Rèn luyện và nhận xét · Lớp 6A1 · Học kỳ II" in text(page)


def test_the_summer_page_lists_who_is_assessed_again(teacher, in_class, pupils):
    client, post = teacher
    fill_year(pupils[0])
    fill_year(pupils[1], toan="3", ngu_van="3")  # one weak subject alone would be forgiven (Điều 9)
    page = client.get(url(in_class, moment="he"))
    assert [line.name for line in page.context["page"].lines] == ["Lê Gia Huy"]
    assert columns(page) == ["Kiểm tra lại"]
    answer = send(client, url(in_class, moment="he"), post.user, cell(pupils[1], "retest", "5,5")).json()
    assert answer["cells"][f"o-{pupils[1].pk}-retest"]["state"] == "saved"
    assert SubjectMarks.objects.get(moment="he").retest == "5.5"


def test_traits_and_moments_of_primary_are_not_there(teacher, in_class):
    client, _post = teacher
    assert client.get(url(in_class, "pham-chat-nang-luc")).status_code == 404
    assert client.get(url(in_class, "khong-co-mon")).status_code == 404
    assert client.get(url(in_class, moment="cn")).context["place"].moment in ("hk1", "hk2")


def test_an_elective_lists_only_those_who_chose_it(inside, school):
    upper = people.school_class(school, "10A1", 10)
    chose = people.enrol(upper, 1, "Đỗ Minh Quân")
    people.enrol(upper, 2, "Vũ Thu Hà")
    PupilProgramme.objects.create(
        enrolment=chose, electives=["vat-li"], updated_at=clock.now(), updated_by="x"
    )
    user = people.user("ly", "Trần Văn Lý")
    client = inside(people.post(user, school, Role.SUBJECT_TEACHER, upper, subject_code="vat-li"))
    page = client.get(url(upper, "vat-li"))
    assert [line.name for line in page.context["page"].lines] == ["Đỗ Minh Quân"]


def test_the_picker_and_the_lists_hold_what_the_person_teaches(inside, school, in_class, teacher):
    client, post = teacher
    people.post(post.user, school, Role.SUBJECT_TEACHER, in_class, subject_code="ngu-van")
    parts = [p["label"] for p in client.get(url(in_class, tail="quanh/")).json()["parts"]]
    assert sorted(parts) == ["Ngữ văn", "Toán"]
    items = [i.label for i in client.get("/truong/so-diem/").context["sections"][0].items]
    assert sorted(items) == ["Ngữ văn", "Toán"]
    principal = inside(people.post(people.user("ht", "Võ Đặng Quốc Hưng"), school, Role.PRINCIPAL))
    assert "6A1" in text(principal.get("/truong/so-diem/?dot=hk1"))
    labels = [i.label for i in principal.get(f"/truong/so-diem/{in_class.pk}/").context["sections"][0].items]
    assert "Rèn luyện và nhận xét" in labels
    assert "Phẩm chất và năng lực" not in labels


# ── locks ──


def test_closed_columns_are_read_only_and_say_why(teacher, in_class, pupils):
    client, post = teacher
    period(in_class, ["tx1"], timedelta(days=-1))
    period(in_class, [], timedelta(hours=30))
    page = client.get(url(in_class))
    states = {c.column.key: (c.readonly, c.state) for c in page.context["page"].lines[0].cells}
    assert states["tx1"] == (True, "locked")
    assert states["tx2"] == (False, "")
    assert "Đóng lúc" in text(page)
    assert re.search("Còn 1 ngày [56] giờ", text(page))
    assert f"/truong/mo-khoa/moi?lop={in_class.pk}&phan=toan&thoi-diem=hk1" in text(page)
    answer = send(
        client, url(in_class), post.user, cell(pupils[0], "tx1", "9"), cell(pupils[0], "tx2", "9")
    ).json()
    cells = answer["cells"]
    assert cells[f"o-{pupils[0].pk}-tx1"]["state"] == "locked"
    assert cells[f"o-{pupils[0].pk}-tx2"]["state"] == "saved"
    assert set(answer["locks"]) == {"tx1"}
    assert "Đã khóa nhập từ" in answer["locks"]["tx1"]


def test_conduct_of_the_first_semester_closes_with_it(inside, school, in_class):
    post = people.post(people.user("lan", "Lê Thị Hồng Nhung"), school, Role.HOMEROOM, in_class)
    client = inside(post)
    period(in_class, [], timedelta(days=-1), moment="hk1")
    first = client.get(url(in_class, "nhan-xet")).context["page"].lines[0].cells[0]
    assert (first.column.key, first.readonly) == ("conduct_1", True)
    second = client.get(url(in_class, "nhan-xet", moment="hk2")).context["page"].lines[0].cells
    assert not any(c.readonly for c in second)


# ── batches ──


def test_a_batch_that_is_sent_again_is_not_done_again(teacher, in_class, pupils):
    client, post = teacher
    first = send(client, url(in_class), post.user, cell(pupils[0], "tx1", "7,5"), key="k1").json()
    send(client, url(in_class), post.user, cell(pupils[0], "tx1", "8", "7,5", 1), key="k2")
    again = send(client, url(in_class), post.user, cell(pupils[0], "tx1", "7,5"), key="k1").json()
    assert again == first
    assert SubjectMarks.objects.get().tx1 == "8"
    assert list(ResultChange.objects.order_by("pk").values_list("new", flat=True)) == ["7.5", "8"]
    assert send(client, url(in_class), post.user, key="x" * 65).status_code == 400


# ── the session ──


def test_the_page_asks_how_long_the_session_lasts_and_for_the_bank(teacher, in_class, school):
    client, post = teacher
    common = {"school": school, "updated_at": clock.now()}
    CommentTemplate.objects.create(code="C1", text="Cần chăm hơn.", **common)
    CommentTemplate.objects.create(code="T1", text="{ten} tiến bộ.", owner=post.user, **common)
    CommentTemplate.objects.create(code="X1", text="Của người khác.", owner=people.user(), **common)
    Session.objects.update(expire_date=clock.now() + timedelta(minutes=4))
    got = client.get(url(in_class, tail="quanh/")).json()
    assert 200 < got["left"] <= 240
    assert [(s["code"], s["own"]) for s in got["bank"]] == [("T1", True), ("C1", False)]


def again(client, **sent):
    return client.post("/truong/so-diem/dang-nhap-lai/", json.dumps(sent), content_type="application/json")


def test_signing_in_again_from_the_dialog_restores_the_same_post(client, school, in_class, pupils):
    user = people.user("truong", "Nguyễn Công Thành")
    head = people.post(user, school, Role.GROUP_HEAD)
    given = {"username": "truong", "post": head.pk}
    wrong = again(client, password="sai", **given)
    assert (wrong.status_code, wrong.json()["step"]) == (403, "again")
    assert again(client, password=people.PASSWORD, **given).json()["step"] == "done"
    assert client.get("/truong/so-diem/").status_code == 200
    other = people.post(people.user("khac", "Người Khác"), school, Role.GROUP_HEAD)
    assert again(client, password=people.PASSWORD, username="truong", post=other.pk).status_code in (403, 404)


def test_a_signing_post_asks_for_the_code_before_it_opens(client, teacher, school, in_class):
    _inside, post = teacher
    given = {"username": "hoa", "post": post.pk}
    User.objects.filter(pk=post.user_id).update(
        totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", totp_confirmed_at=clock.now()
    )
    assert again(client, password=people.PASSWORD, **given).json() == {"step": "code"}
    assert client.get(url(in_class)).status_code == 302  # not inside yet
    assert again(client, code="000000", **given).status_code == 403
    from hocbaso.apps.accounts.use_cases import second_factor

    assert second_factor.is_required(post.user)


def test_what_a_dialog_cannot_ask_leads_to_the_door(client, school, in_class):
    user = people.user("moi", "Người Mới", must_change_password=True)
    post = people.post(user, school, Role.GROUP_HEAD)
    got = again(client, username="moi", post=post.pk, password=people.PASSWORD).json()
    assert (got["step"], got["url"]) == ("leave", "/vi-tri")


@pytest.mark.parametrize("body", ["x", "[]", "5"])
def test_an_unreadable_sign_in_is_400(client, body):
    sent = client.post("/truong/so-diem/dang-nhap-lai/", body, content_type="application/json")
    assert sent.status_code == 400


def test_the_queue_key_is_a_persons_own_and_lasts(teacher, inside, school, in_class):
    client, post = teacher
    keys = {client.get(url(in_class)).context["script"]["queueKey"] for _ in range(2)}
    keys.add(inside(post).get(url(in_class)).context["script"]["queueKey"])
    assert len(keys) == 1
    other = people.post(
        people.user("hanh", "Lý Mỹ Hạnh"), school, Role.SUBJECT_TEACHER, in_class, subject_code="toan"
    )
    assert inside(other).get(url(in_class)).context["script"]["queueKey"] not in keys


# ── the bank, the check page, the workbook ──


def test_the_bank_is_kept_on_its_own_page(teacher, inside, school):
    client, _post = teacher
    address = "/truong/so-diem/mau-nhan-xet/"
    assert "Đã lưu câu có mã T1" in text(
        client.post(address, {"ma": "T1", "cau": "{ten} tiến bộ."}, follow=True)
    )
    assert "Đã thêm 2 câu" in text(client.post(address, {"danh-sach": "A\tMột.\nB;Hai."}, follow=True))
    wrong = client.post(address, {"ma": "T 1", "cau": "x"})
    assert wrong.status_code == 422
    assert 'value="T 1"' in text(wrong)
    assert client.post(address, {"ma": "S1", "cau": "Chung.", "cua": "truong"}).status_code == 422
    client.post(address, {"bo": CommentTemplate.objects.get(code="A").pk})
    assert sorted(CommentTemplate.objects.values_list("code", flat=True)) == ["B", "T1"]
    head = inside(people.post(people.user("tt", "Tổ Trưởng"), school, Role.GROUP_HEAD))
    head.post(address, {"ma": "S1", "cau": "Chung.", "cua": "truong"})
    assert CommentTemplate.objects.get(code="S1").owner is None


def fill(client, post, in_class, pupils, mark="8"):
    keys = ("tx1", "tx2", "tx3", "tx4", "gk", "ck")
    sent = [cell(p, k, mark) for p in pupils for k in keys]
    assert send(client, url(in_class), post.user, *sent).status_code == 200


def test_finishing_shows_means_and_later_changes(teacher, in_class, pupils):
    client, post = teacher
    address = url(in_class, tail="kiem-tra/")
    assert "Còn 18 ô trống của 3 em" in text(client.get(address))
    fill(client, post, in_class, pupils)
    page = client.get(address)
    assert ("ĐĐGck", "8,0") in [(label, mean) for label, _v, mean in page.context["check"]["counts"]]
    ticks = [w[0] for w in page.context["check"]["warnings"]]
    done = client.post(address, {"da-kiem-tra": ticks}, follow=True)
    assert "Đã hoàn tất nhập" in text(done)
    assert "Không có thay đổi từ lần hoàn tất trước" in text(done)
    ResultChange.objects.count()
    send(client, url(in_class), post.user, cell(pupils[0], "ck", "9,5", "8", 6))
    from hocbaso.interfaces.web.gradebook_check import changes_since
    from hocbaso.interfaces.web.gradebook_place import Place

    place = Place(in_class, "toan", "hk1", True)
    found, count = changes_since(place.read(), clock.now() - timedelta(hours=1))
    assert count == 19
    assert (found[0].column, found[0].old, found[0].new) == ("ĐĐGck", "8", "9,5")


def test_the_workbook_of_the_page_is_handed_out(teacher, in_class, pupils):
    client, post = teacher
    fill(client, post, in_class, pupils)
    response = client.get(url(in_class, tail="tep-excel/"))
    assert response.status_code == 200
    assert response.content[:2] == b"PK"
    assert "attachment" in response["Content-Disposition"]


# ── measures ──


@pytest.fixture
def large(in_class):
    for n in range(4, 46):
        fill_year(people.enrol(in_class, n, f"Nguyễn Hoàng Thiên Phúc {n}"))
    return in_class


@pytest.mark.parametrize("moment", ["hk1", "hk2"])
def test_a_page_of_45_costs_at_most_12_queries(teacher, large, moment, django_assert_max_num_queries):
    client, _post = teacher
    period(large, ["tx1"], timedelta(days=-1))
    client.get(url(large, moment=moment))
    with django_assert_max_num_queries(12):
        assert client.get(url(large, moment=moment)).status_code == 200


def test_the_homeroom_page_of_45_costs_at_most_12_queries(
    inside, school, large, django_assert_max_num_queries
):
    client = inside(people.post(people.user("lan", "Lê Thị Nhung"), school, Role.HOMEROOM, large))
    with django_assert_max_num_queries(12):
        assert client.get(url(large, "nhan-xet", moment="hk2")).status_code == 200


def test_page_and_assets_fit_into_150_kb(teacher, large):
    client, _post = teacher
    response = client.get(url(large, moment="hk2"), headers={"accept-encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    page = gzip.decompress(response.content).decode()
    assets = set(re.findall(rf'(?:href|src)="{settings.STATIC_URL}([^"]+)"', page))
    assert {"web/style.css", "web/gradebook.css", "web/gradebook.js", "web/gradebook_block.js"} <= assets
    sizes = {name: len(gzip.compress(Path(finders.find(name)).read_bytes(), 9)) for name in assets}
    assert sum(sizes.values()) + len(response.content) <= 150_000


def test_every_module_is_asked_for_with_the_page(teacher, in_class):
    client, _post = teacher
    page = text(client.get(url(in_class)))
    folder = Path(finders.find("web/gradebook.js")).parent
    for module in folder.glob("gradebook_*.js"):
        assert f'rel="modulepreload" href="{settings.STATIC_URL}web/{module.name}"' in page
