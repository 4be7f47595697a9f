"""The desk with a key in a remote service: one OTP a list, batches, wrong answers, two windows."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from django.db import connection
from django.urls import reverse

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.signing import possession
from hocbaso.apps.signing.certificate_models import Possession
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.absent import AbsentKey
from hocbaso.apps.signing.elsewhere.models import HandedOut, KeyPlace, Run
from hocbaso.apps.signing.models import Registration, SigningBatch
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import Seat, registered
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature
from hocbaso.apps.transcripts.use_cases.return_sheets import return_sheets
from hocbaso.core.document.model import SignerRole
from hocbaso.sandbox.csc import Behaviour
from tests.unit.interfaces.web.places import (
    PIN,
    SECRET,
    Desk,
    Remote,
    enrolled,
    homeroom_desk,
    node_with,
    remote_file,
)
from tests.unit.interfaces.web.sheets import closed_school, code_of, post_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def authority():
    return key_provider().authority


@pytest.fixture
def open_desk(inside, tmp_path, monkeypatch, authority):
    """``open_desk(pupils, **behaviour)`` → (desk, remote, school), everything in this thread."""
    monkeypatch.setattr(runs, "start", runs.carry)
    opened = []

    def make(pupils: int = 3, batch: int = 10, **behaviour: object) -> tuple[Desk, Remote, object]:
        remote = Remote(authority, Behaviour(**{"wants": ("PIN", "OTP"), **behaviour}))
        node = node_with(monkeypatch, remote_file(tmp_path, batch=batch), remote)
        node.__enter__()
        opened.append(node)
        school = closed_school(pupils)
        post = post_of(school, Role.HOMEROOM, "3A")
        enrolled(remote, post, school)
        return homeroom_desk(inside, school, post), remote, school

    yield make
    for node in opened:
        node.__exit__(None, None, None)


def signed() -> int:
    return SheetSignature.objects.filter(voided_at__isnull=True).count()


def test_a_whole_class_is_signed_with_one_code_in_the_services_batches(open_desk) -> None:
    desk, remote, _school = open_desk(45, batch=10)
    page = text(desk.client.get(desk.url))
    assert "Ký từ xa qua Chữ ký số Mẫu Việt" in page
    answer = desk.press()
    assert answer.headers["Location"] == desk.codes_url
    page = text(desk.client.get(desk.codes_url))
    assert "đúng 45 học bạ" in page
    bound = remote.service.outbox[-1].list_digest
    assert " ".join(bound[n : n + 4].upper() for n in range(0, 32, 4)) in page
    answer = desk.type(otp=remote.otp, pin=PIN)
    assert answer.status_code == 302
    assert signed() == 45
    assert remote.asked.count("credentials/sendOTP") == remote.asked.count("credentials/authorize") == 1
    assert remote.asked.count("signatures/signHash") == 5
    assert "Đã ký 45 học bạ" in text(desk.client.get(answer.headers["Location"]))


@pytest.mark.parametrize("wrong", [{"otp": "000000x"}, {"pin": "planted-wrong"}])
def test_a_wrong_code_signs_nothing_and_a_new_one_goes_on(open_desk, wrong) -> None:
    desk, remote, _school = open_desk()
    desk.press()
    answer = desk.type(**{"otp": remote.otp, "pin": PIN, **wrong})
    assert answer.status_code == 422
    page = text(answer)
    assert "chưa đúng, đã hết hạn" in page
    assert all(value not in page for value in (PIN, remote.otp, *wrong.values()))
    assert signed() == 0
    first = remote.otp
    assert desk.client.post(desk.codes_url, {"viec": "gui-lai"}).status_code == 302
    assert len(remote.service.outbox) == 2
    assert desk.type(otp=first, pin=PIN).status_code == 422  # the former code is over
    desk.client.post(desk.codes_url, {"viec": "gui-lai"})
    assert desk.type(otp=remote.otp, pin=PIN).status_code == 302
    assert signed() == 3


def test_codes_must_be_typed(open_desk) -> None:
    desk, remote, _school = open_desk()
    desk.press()
    for given, at in (({"pin": PIN}, "#otp"), ({"otp": remote.otp}, "#pin")):
        answer = desk.type(**given)
        assert (answer.status_code, f'href="{at}"' in text(answer)) == (422, True)
    assert "credentials/authorize" not in remote.asked


def test_an_expired_code_and_a_list_out_of_time_are_refused(open_desk) -> None:
    desk, remote, _school = open_desk(otp_seconds=1)
    desk.press()
    row = HandedOut.objects.get()
    with clock.standing_at(row.created_at + (row.expires_at - row.created_at) / 2):
        assert "đã hết hạn" in text(desk.type(otp=remote.otp, pin=PIN))
    with clock.standing_at(row.expires_at):
        confirmed = desk.client.post(desk.codes_url, {"viec": "xac-nhan", "ma": code_of(desk.post)})
        assert confirmed.headers["Location"] == desk.codes_url
        answer = desk.client.post(
            desk.codes_url, {"viec": "ky", "danh-sach": row.pk, "can": ["OTP"], "otp": remote.otp}
        )
        assert "đã quá 15 phút" in text(answer)
        assert desk.client.get(desk.codes_url).headers["Location"] == desk.url
    assert signed() == 0


def test_the_codes_page_asks_for_a_fresh_second_factor_before_it_shows_takes_or_sends_anything(
    open_desk,
) -> None:
    desk, remote, _school = open_desk()
    desk.press()
    row = HandedOut.objects.get()
    pupil = row.entries.first().item.sheet.pupil.full_name
    with clock.standing_at(row.created_at + timedelta(minutes=9)):  # new codes do not make it fresher
        assert pupil in text(desk.client.get(desk.codes_url))
        desk.client.post(desk.codes_url, {"viec": "gui-lai"})
    row = HandedOut.objects.latest("pk")
    with clock.standing_at(
        row.created_at + timedelta(minutes=2)
    ):  # the list lives, the confirmation does not
        sent = {"danh-sach": row.pk, "can": ["PIN", "OTP"], "otp": remote.otp, "pin": PIN}
        for answer in (
            desk.client.get(desk.codes_url),
            desk.client.post(desk.codes_url, {"viec": "ky", **sent}),
            desk.client.post(desk.codes_url, {"viec": "gui-lai"}),
            desk.client.post(desk.codes_url, {"viec": "xac-nhan", "ma": ""}),
            desk.client.post(desk.codes_url, {"viec": "xac-nhan", "ma": "00000x"}),
        ):
            page = text(answer)
            assert "Xác nhận lại để ký từ xa" in page
            assert pupil not in page
            assert 'name="danh-sach"' not in page
        assert (signed(), len(remote.service.outbox)) == (0, 2)
        assert "credentials/authorize" not in remote.asked
        desk.client.post(desk.codes_url, {"viec": "xac-nhan", "ma": code_of(desk.post)})
        assert desk.type(otp=remote.otp, pin=PIN).status_code == 302  # the codes that were sent still count
    assert signed() == 3


@pytest.mark.parametrize("wrong", ["order", "fewer", "other_key", "html", "500"])
def test_an_answer_that_is_not_right_stops_and_the_rest_is_signed_later(open_desk, wrong) -> None:
    desk, remote, _school = open_desk(7, batch=3)
    desk.press()
    remote.service.behaviour = remote.service.behaviour.changed(
        {"wrong": wrong, "times": 2 if wrong == "500" else 1, "on": "signatures/signHash"}
    )
    sent = len(remote.asked)
    answer = desk.type(otp=remote.otp, pin=PIN)
    assert remote.asked[sent:].count("signatures/signHash") == 1
    assert signed() == 0
    page = text(desk.client.get(answer.headers["Location"]))
    assert "Còn 7 học bạ của lần này chưa ký" in page
    assert Run.objects.latest("pk").stop_text in page
    remote.service.behaviour = remote.service.behaviour.changed({"wrong": ""})
    assert desk.go_on().headers["Location"] == desk.codes_url
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 7


def test_a_line_that_breaks_midway_keeps_what_was_signed_and_signs_nothing_twice(open_desk) -> None:
    desk, remote, _school = open_desk(7, batch=3)
    desk.press()
    remote.broken["signatures/signHash"] = [None, httpx.ReadTimeout("late")]
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 3
    kept = set(SheetSignature.objects.values_list("pk", flat=True))
    page = text(desk.client.get(desk.url))
    assert "không trả lời kịp" in page
    assert "Ký tiếp 4 học bạ" in page
    desk.go_on()
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 7
    assert kept < set(SheetSignature.objects.values_list("pk", flat=True))


def test_a_service_that_takes_fewer_sheets_a_code_is_asked_again_for_the_rest(open_desk) -> None:
    desk, remote, _school = open_desk(5, multisign=3)
    desk.press()
    assert "phần còn lại ký ở lần sau" in text(desk.client.get(desk.codes_url))
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 3
    desk.go_on()
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 5


def test_a_sheet_returned_meanwhile_leaves_the_code_without_a_list(open_desk) -> None:
    desk, remote, school = open_desk(3)
    desk.press()
    sheet = SigningBatch.objects.get().items.first().sheet
    page = text(desk.client.get(desk.codes_url))
    assert "đúng 3 học bạ" in page
    return_sheets(school.actor(Role.PRINCIPAL), sheets=[sheet], reason="Sai nhận xét")
    answer = desk.type(otp=remote.otp, pin=PIN)
    assert (answer.status_code, signed()) == (422, 0)
    assert "Danh sách đã thay đổi từ lúc gửi mã" in text(answer)
    assert "credentials/authorize" not in remote.asked


def test_two_windows_send_two_codes_and_sign_once(open_desk) -> None:
    desk, remote, _school = open_desk(3)
    desk.press()
    first = HandedOut.objects.get()
    with clock.standing_at(first.created_at + timedelta(seconds=20)):
        desk.go_on()  # the second window
    answer = desk.client.post(
        desk.codes_url,
        {"viec": "ky", "danh-sach": first.pk, "can": ["PIN", "OTP"], "otp": remote.otp, "pin": PIN},
    )
    assert (answer.status_code, signed()) == (422, 0)  # the code is of the other list
    desk.client.post(desk.codes_url, {"viec": "gui-lai"})
    Run.objects.create(
        batch=SigningBatch.objects.get(), place="remote", started_at=clock.now(), beat_at=clock.now()
    )
    assert "đang được ký ở một cửa sổ khác" in text(desk.type(otp=remote.otp, pin=PIN))
    assert signed() == 0
    running = text(desk.client.get(desk.codes_url.removesuffix("ma")))
    assert "Đang ký học bạ" in running
    assert "Đã ký 0 / 3 học bạ" in running


def test_a_process_that_ended_is_told_and_the_list_goes_on(open_desk) -> None:
    desk, remote, _school = open_desk(3)
    desk.press()
    old = clock.now() - runs.BEAT
    Run.objects.create(batch=SigningBatch.objects.get(), place="remote", started_at=old, beat_at=old)
    assert "máy chủ khởi động lại" in text(desk.client.get(desk.url))
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 3


def test_a_credential_whose_certificate_changed_is_not_used(open_desk, authority) -> None:
    desk, remote, _school = open_desk(2)
    other = authority.issue_person("Người khác", "079000000009", "Nơi khác", key_kind="p256")
    [name] = remote.service._credentials
    remote.service._credentials[name] = other
    answer = desk.press()
    assert "không còn là chứng thư số thầy cô đã chọn" in text(answer)
    assert signed() == 0


def test_no_secret_stays_anywhere(open_desk, caplog) -> None:
    desk, remote, _school = open_desk(3)
    desk.press()
    desk.type(otp="planted-wrong-otp", pin="planted-wrong-pin")
    desk.client.post(desk.codes_url, {"viec": "gui-lai"})
    remote.service.behaviour = remote.service.behaviour.changed({"wrong": "cut"})
    desk.type(otp=remote.otp, pin=PIN)
    remote.service.behaviour = remote.service.behaviour.changed({"wrong": ""})
    desk.go_on()
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 3
    secrets = [PIN, SECRET, "planted-wrong-otp", "planted-wrong-pin"]
    assert_nowhere(secrets, caplog.text + repr(dict(desk.client.session)))
    assert "bi-mat" not in repr(key_provider().services)
    assert SECRET not in repr(key_provider().services)


def assert_nowhere(secrets: list[str], written: str) -> None:
    """In no text, in no row of any table."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    octets = bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
                    assert not any(secret.encode() in octets for secret in secrets), table
    assert not any(secret in written for secret in secrets)


def test_the_person_chooses_the_place_and_tries_it(open_desk, authority) -> None:
    desk, remote, _school = open_desk(1)
    other = authority.issue_person("Người khác", "079000000009", "Nơi khác", key_kind="p256")
    remote.service.enrol(other, PIN)
    assert 'href="/tai-khoan/khoa-ky/"' in text(desk.client.get("/truong/chung-thu/dang-ky/"))
    page = text(desk.client.get("/tai-khoan/khoa-ky/"))
    assert "Ký từ xa qua Chữ ký số Mẫu Việt" in page
    assert "Có trong sổ đăng ký" in page
    assert 'href="/truong/ky/">Đến trang ký học bạ' in page
    answer = desk.client.post("/tai-khoan/khoa-ky/thu", follow=True)
    assert "Dùng được" in text(answer)
    answer = desk.client.post("/tai-khoan/khoa-ky/", {"noi-giu": "node"}, follow=True)
    assert "Đã ghi nơi giữ khóa ký: Khóa thử nghiệm" in text(answer)
    answer = desk.client.post("/tai-khoan/khoa-ky/", {"noi-giu": "remote:mau"}, follow=True)
    assert "Người khác" not in text(answer)
    assert KeyPlace.objects.latest("pk").credential
    assert desk.client.post("/tai-khoan/khoa-ky/", {"noi-giu": "token"}).status_code == 422
    assert desk.client.post("/tai-khoan/khoa-ky/", {}).status_code == 422


def test_a_remote_key_registers_by_its_code_and_a_second_person(open_desk, inside) -> None:
    desk, remote, school = open_desk(1)
    Registration.objects.filter(user=desk.post.user).delete()
    assert "Chưa đăng ký ở trường" in text(desk.client.get("/tai-khoan/khoa-ky/"))
    assert "chưa có trong sổ đăng ký" in text(desk.press())
    answer = desk.client.post("/tai-khoan/khoa-ky/thu", {"viec": "dang-ky"})
    url = answer.headers["Location"]
    assert url.startswith("/tai-khoan/khoa-ky/dang-ky/")
    assert "không ký học bạ nào" in text(desk.client.get(url))
    given = {"viec": "ky", "can": ["PIN", "OTP"], "pin": PIN}
    assert desk.client.post(url, given).status_code == 422
    wrong = desk.client.post(url, {**given, "otp": "planted-wrong-otp"})
    assert (wrong.status_code, "planted-wrong-otp" in text(wrong)) == (422, False)
    url = desk.client.post(url, {"viec": "gui-lai"}).headers["Location"]
    assert inside(post_of(school, Role.PRINCIPAL)).get(url).status_code == 404
    answer = desk.client.post(url, {**given, "otp": remote.otp})
    assert "/chung-thu/" in answer.headers["Location"]
    case = Possession.objects.latest("pk")
    assert case.state == "proven"
    possession.confirm(school.actor(Role.PRINCIPAL), case)
    desk.go_on()
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 1


def test_principal_and_seal_sign_with_keys_elsewhere_too_and_the_class_is_issued(
    open_desk, inside, authority
) -> None:
    desk, remote, school = open_desk(2)
    desk.press()
    desk.type(otp=remote.otp, pin=PIN)
    head = post_of(school, Role.PRINCIPAL)
    enrolled(remote, head, school)
    principal = Desk(inside(head), head, reverse("web:signing-principal"))
    principal.press()
    principal.type(otp=remote.otp, pin=PIN)
    unit, keeper = school.unit, post_of(school, Role.SEAL_KEEPER)
    credential = authority.issue_organisation(unit.code, unit.name, key_kind="p256")
    name = remote.service.enrol(credential, PIN)
    actor = Actor.of(keeper, second_factor=True)
    registered(
        actor, AbsentKey(credential.certificate), Seat(SignerRole.SEAL, unit, None, unit.name, unit.code)
    )
    seal = Desk(inside(keeper), keeper, reverse("web:issuing"))
    chosen = seal.client.post("/tai-khoan/khoa-ky/", {"noi-giu": "remote:mau"}, follow=True)
    assert f"Con dấu số của {unit.name}" in text(chosen)
    assert KeyPlace.objects.latest("pk").credential == name
    seal.press()
    answer = seal.type(otp=remote.otp, pin=PIN)
    assert "/phat-hanh/" in answer.headers["Location"]
    assert "Đã phát hành 2 học bạ" in text(seal.client.get(answer.headers["Location"]))
    assert IssuedSheet.objects.count() == 2


def test_whoever_leaves_the_page_of_codes_finds_back(open_desk) -> None:
    desk, remote, _school = open_desk(2)
    desk.press()
    page = text(desk.client.get(desk.url))
    assert "2 học bạ đang chờ mã của nơi giữ khóa" in page
    assert f'href="{desk.codes_url}"' in page
    batch = SigningBatch.objects.get()
    run = runs.claim(batch, "remote")
    assert desk.client.get(desk.url).headers["Location"] == desk.codes_url.removesuffix("ma")
    runs.end(run)
    desk.type(otp=remote.otp, pin=PIN)
    assert signed() == 2


def test_the_agent_gets_the_authorised_list(open_desk) -> None:
    desk, _remote, _school = open_desk(2)
    desk.client.post("/tai-khoan/khoa-ky/", {"noi-giu": "agent"})
    answer = desk.press()
    batch = SigningBatch.objects.get()
    assert answer.headers["Location"].endswith(f"/truong/ky/lan/{batch.pk}/may-nay")
    page = text(desk.client.get(answer.headers["Location"]))
    assert "Ký 2 học bạ" in page
    state = desk.client.get(f"/truong/ky/lan/{batch.pk}/tien-do").json()
    assert (state["total"], state["waiting"], state["running"]) == (2, 2, False)


def test_nobody_else_sees_the_codes_page(open_desk, inside) -> None:
    desk, _remote, school = open_desk(2)
    desk.press()
    principal = inside(post_of(school, Role.PRINCIPAL))
    for url in (
        desk.codes_url,
        desk.codes_url.replace("/ma", "/tien-do"),
        desk.codes_url.replace("/ma", "/may-nay"),
    ):
        assert principal.get(url).status_code == 404
