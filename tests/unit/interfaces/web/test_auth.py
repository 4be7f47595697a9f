"""From the door to the post."""

from __future__ import annotations

import html
import re

import pyotp
import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.use_cases import second_factor as sf
from hocbaso.apps.common import clock
from hocbaso.interfaces.web.middleware import POST_KEY, SECOND_FACTOR_KEY
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    return Client(headers={"accept-language": "vi"})


def text(response) -> str:
    return html.unescape(response.content.decode())


def sign_in(client, name="quynhttd", password=people.PASSWORD, query=""):
    return client.post("/" + query, {"username": name, "password": password})


def enrolled(person, days_ago=3):
    sf.propose_secret(user=person)
    person.totp_confirmed_at = clock.now()
    person.save()
    return person


def code(person):
    return pyotp.TOTP(person.totp_secret).at(clock.now())


def test_what_is_missing_is_said_in_the_summary_and_in_the_same_words_at_the_field(visitor):
    response = sign_in(visitor, password="")
    page = text(response)
    assert response.status_code == 422
    assert 'href="#mat-khau">Nhập mật khẩu</a>' in page
    assert 'id="mat-khau-loi"' in page
    assert page.count("Nhập mật khẩu") == 2
    assert "Có 1 chỗ cần sửa" in page
    assert 'value="quynhttd"' in page, "what was typed stays"
    assert page.count("autofocus") == 1


def test_a_wrong_password_and_an_unknown_name_show_the_same_page(visitor):
    people.user()
    pages = [
        text(sign_in(visitor, name, "sai mật khẩu")).replace(name, "") for name in ("quynhttd", "khongco")
    ]
    strip = [p.split('name="csrfmiddlewaretoken"')[0] for p in pages]
    assert strip[0] == strip[1]
    assert "không đúng" in strip[0]


def test_one_post_without_signing_leads_straight_home(visitor, school):
    people.post(people.user(), school, Role.DATA_CLERK)
    response = visitor.post("/", {"username": "quynhttd", "password": people.PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/truong/"
    assert visitor.session[POST_KEY]


def test_a_signing_post_asks_for_the_code_and_nothing_opens_before_it(visitor, school):
    person = enrolled(people.user())
    people.post(person, school, Role.PRINCIPAL)
    assert sign_in(visitor).headers["Location"] == "/ma-xac-nhan"
    assert visitor.get("/truong/").headers["Location"].startswith("/vi-tri")
    assert visitor.get("/vi-tri").headers["Location"] == "/ma-xac-nhan"
    assert POST_KEY not in visitor.session
    response = visitor.post("/ma-xac-nhan", {"code": "000 000"})
    assert response.status_code == 422
    assert SECOND_FACTOR_KEY not in visitor.session
    assert visitor.post("/ma-xac-nhan", {"code": code(person)}).headers["Location"] == "/vi-tri"
    assert visitor.get("/vi-tri").headers["Location"] == "/truong/"


def test_the_first_time_the_second_factor_is_set_up(visitor, school):
    person = people.user()
    people.post(person, school, Role.PRINCIPAL)
    assert sign_in(visitor).headers["Location"] == "/ma-xac-nhan/cai-dat"
    page = text(visitor.get("/ma-xac-nhan/cai-dat"))
    person.refresh_from_db()
    assert person.totp_secret[:4] + " " + person.totp_secret[4:8] in page
    assert '<svg class="qr"' in page
    visitor.post("/ma-xac-nhan/cai-dat", {"code": code(person)})
    assert visitor.session[SECOND_FACTOR_KEY] is True
    assert visitor.get("/ma-xac-nhan/cai-dat").status_code == 302, "the secret is not shown again"


def test_the_first_password_is_changed_before_anything_else(visitor, school):
    person = people.user(must_change_password=True)
    people.post(person, school, Role.PRINCIPAL)
    assert sign_in(visitor).headers["Location"] == "/mat-khau"
    for path in ("/vi-tri", "/ma-xac-nhan/cai-dat"):
        assert visitor.get(path).headers["Location"] == "/mat-khau"
    form = {"present": people.PASSWORD, "new": "con đường làng 9", "again": "con đường làng 9"}
    assert visitor.post("/mat-khau", {**form, "again": "khác"}).status_code == 422
    assert visitor.post("/mat-khau", form).headers["Location"] == "/ma-xac-nhan/cai-dat"


def test_several_posts_are_offered_and_the_chosen_one_counts(visitor, school):
    person = people.user()
    people.post(person, school, Role.DATA_CLERK)
    head = people.post(person, school, Role.GROUP_HEAD, group_name="tổ 1")
    sign_in(visitor)
    page = text(visitor.get("/vi-tri"))
    assert "2 vị trí đang hiệu lực" in page
    assert "Tổ trưởng chuyên môn tổ 1" in page
    assert visitor.post("/vi-tri", {}).status_code == 422
    visitor.post("/vi-tri", {"vi-tri": str(head.pk)})
    assert visitor.session[POST_KEY] == head.pk


def test_somebody_elses_post_cannot_be_chosen(visitor, school):
    person = people.user()
    people.post(person, school, Role.DATA_CLERK)
    people.post(person, school, Role.GROUP_HEAD)
    other = people.actor(Role.SEAL_KEEPER, school).assignment
    sign_in(visitor)
    assert visitor.post("/vi-tri", {"vi-tri": str(other.pk)}).status_code == 404
    assert POST_KEY not in visitor.session


def test_nobody_without_a_post_gets_in_and_is_told_what_to_do(visitor):
    people.user()
    sign_in(visitor)
    assert "chưa có vị trí nào" in text(visitor.get("/vi-tri"))
    assert visitor.get("/truong/").status_code == 302


def test_the_right_ends_with_the_assignment_within_the_session(inside, school):
    post = people.post(people.user(), school, Role.DATA_CLERK)
    client = inside(post)
    assert client.get("/truong/").status_code == 200
    post.valid_to = people.START
    post.save()
    assert client.get("/truong/").headers["Location"].startswith("/vi-tri")


def test_nothing_of_an_earlier_session_survives_a_sign_in(visitor, school):
    person = enrolled(people.user())
    people.post(person, school, Role.PRINCIPAL)
    session = visitor.session
    session[SECOND_FACTOR_KEY] = True  # planted
    session.save()
    planted = session.session_key
    sign_in(visitor)
    assert visitor.session.session_key != planted
    assert SECOND_FACTOR_KEY not in visitor.session


def test_after_signing_in_one_comes_to_the_page_asked_for(visitor, school):
    people.post(people.user(), school, Role.DATA_CLERK)
    first = visitor.get("/truong/hoc-sinh/?loc=thieu-anh").headers["Location"]
    back = re.search(r'name="tiep" value="([^"]*)"', visitor.get(first).content.decode())[1]
    form = {"username": "quynhttd", "password": people.PASSWORD, "tiep": html.unescape(back)}
    response = visitor.post("/", form, follow=True)
    assert response.redirect_chain[-1][0] == "/truong/hoc-sinh/?loc=thieu-anh"


@pytest.mark.parametrize(
    "back",
    [
        "https://example.org/",
        "//example.org/",
        "///example.org/",
        "/\\example.org/",
        "javascript:alert(1)",
        "/" + "a" * 700,
    ],
)
def test_the_way_back_never_leads_elsewhere(visitor, school, back):
    people.post(people.user(), school, Role.DATA_CLERK)
    assert 'name="tiep"' not in visitor.get("/", {"tiep": back}).content.decode()
    form = {"username": "quynhttd", "password": people.PASSWORD, "tiep": back}
    response = visitor.post("/", form, follow=True)
    assert response.redirect_chain[-1][0] == "/truong/"


def test_signing_out_ends_the_session_and_needs_a_post(inside, school):
    client = inside(people.post(people.user(), school, Role.DATA_CLERK))
    assert client.get("/dang-xuat").status_code == 405
    client.post("/dang-xuat")
    assert SESSION_KEY not in client.session
    assert client.get("/truong/").headers["Location"].startswith("/?tiep=")


def test_pages_behind_the_door_are_not_kept_by_the_browser(inside, school):
    client = inside(people.post(people.user(), school, Role.DATA_CLERK))
    assert "no-store" in client.get("/truong/").headers["Cache-Control"]


def test_a_closed_account_is_out_at_once(inside, school):
    person = people.user()
    client = inside(people.post(person, school, Role.DATA_CLERK))
    person.is_active = False
    person.save()
    assert client.get("/truong/").status_code == 302


def test_knocking_at_the_door_leaves_no_session_behind(visitor):
    for path in ("/", "/?tiep=/truong/", "/truong/", "/xac-thuc"):
        visitor.get(path, follow=True)
    sign_in(visitor, "khongco")
    assert Session.objects.count() == 0


def test_a_password_alone_does_not_shut_its_owner_out(visitor, school):
    person = enrolled(people.user())
    people.post(person, school, Role.PRINCIPAL)
    sign_in(visitor)
    form = {"present": people.PASSWORD, "new": "con đường làng 9", "again": "con đường làng 9"}
    for response in (visitor.get("/mat-khau"), visitor.post("/mat-khau", form)):
        assert response.headers["Location"] == "/ma-xac-nhan"
    person.refresh_from_db()
    assert person.check_password(people.PASSWORD)
    visitor.post("/ma-xac-nhan", {"code": code(person)})
    assert visitor.post("/mat-khau", form).status_code == 302
    person.refresh_from_db()
    assert person.check_password("con đường làng 9")


def test_the_session_gets_a_new_key_with_every_new_right(visitor, school):
    person = enrolled(people.user())
    people.post(person, school, Role.PRINCIPAL)
    visitor.get("/")
    sign_in(visitor)
    first = visitor.session.session_key
    visitor.post("/ma-xac-nhan", {"code": code(person)})
    assert visitor.session.session_key != first


def test_a_changed_password_ends_every_other_session(inside, school):
    post = people.post(people.user(), school, Role.DATA_CLERK)
    here, elsewhere = inside(post), inside(post)
    form = {"present": people.PASSWORD, "new": "con đường làng 9", "again": "con đường làng 9"}
    assert here.post("/mat-khau", form).status_code == 302
    assert here.get("/truong/").status_code == 200
    assert elsewhere.get("/truong/").headers["Location"].startswith("/?tiep=")


def test_error_pages_of_somebody_signed_in_are_not_kept_by_the_browser(inside, school):
    client = inside(people.post(people.user(), school, Role.SEAL_KEEPER))
    for path, status in (("/truong/can-bo/", 403), ("/truong/hoc-sinh/khong-co/", 404), ("/khong-co", 404)):
        response = client.get(path)
        assert (response.status_code, response.headers["Cache-Control"]) == (status, "no-store")
