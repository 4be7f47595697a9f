"""The pages of identity: what each says, what its forms do, and what never stands on them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.identity import background
from hocbaso.apps.identity.models import Check, Confirmation, Job, Letter, Sending, Wait
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.privacy.models import ViewEntry
from hocbaso.apps.pupils.models import Pupil
from hocbaso.engines.population import NightWindow, Outcome
from tests.unit.apps.accounts.people import DAY
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_works_in_the_background(monkeypatch):
    monkeypatch.setattr(background, "wake", lambda: False)


@pytest.fixture
def school():
    """3A: 1 verified, 2 name and sex differ, 3 not found, 4 lacks a commune, 5 a number, 6 is to be sent."""
    school = make_school(classes=("3A", "3B"))
    registry = Registry()
    for n, answer in (
        (1, (Outcome.MATCHED, ())),
        (2, (Outcome.MISMATCH, ("ho_ten", "gioi_tinh"))),
        (3, (Outcome.NOT_FOUND, ())),
    ):
        registry.answers[full_pupil(school, n).personal_number] = answer
    send(school.actor(Role.DATA_CLERK), school=school.unit, year=YEAR)
    process_due(registry)
    full_pupil(school, 4, commune_code="", commune="")
    full_pupil(school, 5, personal_number="", identity_state="no_number")
    full_pupil(school, 6)
    return school


def code(number: int) -> str:
    return Pupil.objects.get(code__endswith=f"{number:06d}").code


def text(response) -> str:
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture
def clerk(school, inside):
    return inside(school.actor(Role.DATA_CLERK).assignment)


def post(client, name: str, *args, **values):
    return client.post(reverse(f"web:{name}", args=args), values)


def test_the_overview_counts_the_steps_and_offers_one_thing_to_do(clerk):
    page = clerk.get(reverse("web:identity"))
    shown = text(page)
    assert "Đã xác thực 1 / 6 em" in shown
    assert "1 hồ sơ đã đủ thông tin, chờ gửi xác thực" in shown
    assert "2 hồ sơ còn thiếu thông tin không gửi lần này" in shown
    assert [(s["number"], s["left"]) for s in page.context["steps"]] == [(1, 2), (2, 1), (3, 2), (4, 5)]
    assert [s["number"] for s in page.context["steps"] if s["current"]] == [2]
    assert page.content.count(b'class="button"') == 1


def test_a_homeroom_teacher_sees_his_class_only(school, inside):
    client = inside(school.actor(Role.HOMEROOM, "3B").assignment)
    page = client.get(reverse("web:identity"))
    assert [line["name"] for line in page.context["lines"]] == ["3B"]
    assert "Chưa có học sinh để xác thực" in text(page)
    assert "Cán bộ, giáo viên" not in text(page)
    for name, args in (
        ("identity-class", [school.classes["3A"].pk]),
        ("identity-person", [code(2)]),
        ("identity-sending", [Sending.objects.get().pk]),
    ):
        assert client.get(reverse(f"web:{name}", args=args)).status_code == 404
    for values in ({"pham-vi": "truong"}, {"pham-vi": "can-bo"}):
        assert post(client, "identity-send", **values).status_code == 403
    for values in ({"pham-vi": "lop", "lop": school.classes["3A"].pk}, {"pham-vi": "chon", "lop": "x"}):
        assert post(client, "identity-send", **values).status_code == 404
    assert post(client, "identity-letters", lop=school.classes["3A"].pk).status_code == 404
    assert (Job.objects.filter(state="queued").count(), Letter.objects.count()) == (0, 0)


def test_a_class_page_of_45_takes_at_most_8_queries(school, clerk, django_assert_max_num_queries):
    for n in range(101, 146):
        full_pupil(school, n, "3B", sex="Nam" if n % 2 else "Nữ")
    address = reverse("web:identity-class", args=[school.classes["3B"].pk])
    with django_assert_max_num_queries(8):
        page = clerk.get(address)
    assert len(page.context["rows"]) == 45


def test_a_row_says_state_difference_who_acts_and_what_next_and_never_a_whole_number(clerk, school):
    page = clerk.get(reverse("web:identity-class", args=[school.classes["3A"].pk]))
    shown = text(page)
    assert "Sai lệch Họ tên, Giới tính Phụ huynh In giấy báo" in shown
    assert "Không tìm thấy Không có người với số định danh này Phụ huynh In giấy báo" in shown
    assert "Thiếu xã, phường thường trú Nhà trường Điền cho đủ" in shown
    assert "Thiếu số định danh cá nhân Nhà trường Nhập hoặc tìm số" in shown
    assert "079•••••••02" in shown
    assert "079317" not in page.content.decode()
    assert ViewEntry.objects.get().count == 6
    for key, names in (("khong-thay", 1), ("chua-gui", 2), ("phu-huynh", 2), ("nha-truong", 3), ("xyz", 6)):
        rows = clerk.get(page.request["PATH_INFO"], {"loc": key}).context["rows"]
        assert len(rows) == names, key


def test_a_class_and_chosen_pupils_are_sent_and_the_sending_tells_how_far_it_is(clerk, school):
    in_class = school.classes["3A"].pk
    answer = post(clerk, "identity-send", **{"pham-vi": "lop", "lop": in_class})
    order = Sending.objects.first()
    assert answer.headers["Location"] == reverse("web:identity-sending", args=[order.pk])
    assert (order.queued, len(order.incomplete)) == (1, 2)
    page = clerk.get(answer.headers["Location"])
    assert "1 yêu cầu đang được gửi và chờ trả lời" in text(page)
    assert "2 hồ sơ chưa gửi được" in text(page)
    chosen = Pupil.objects.get(code=code(2)).pk
    post(clerk, "identity-send", **{"pham-vi": "chon", "lop": in_class, "em": chosen})
    assert Job.objects.filter(state="queued", pupil=chosen).exists()
    empty = post(clerk, "identity-send", **{"pham-vi": "chon", "lop": in_class})
    assert empty.headers["Location"] == reverse("web:identity-class", args=[in_class])
    assert Sending.objects.count() == 3


@pytest.mark.parametrize(
    ("wait", "window", "words"),
    [
        (Wait.UNAVAILABLE, "", "không trả lời. Hệ thống tự hỏi lại lúc 11:45 hôm nay"),
        (
            Wait.LIMITED,
            "",
            "đã hết hạn mức của ngày hoặc hệ thống dân cư đang bận. Hệ thống tự gửi tiếp lúc 11:45",
        ),
        (
            Wait.LIMITED,
            "20:00-05:30",
            "chờ đến giờ hệ thống dân cư nhận yêu cầu. Hệ thống tự gửi tiếp lúc 11:45",
        ),
    ],
)
def test_a_wait_is_explained_with_the_time_it_goes_on(clerk, school, settings, wait, window, words):
    if window:
        night = NightWindow.parse(window)
        settings.HOCBASO_POPULATION = replace(settings.HOCBASO_POPULATION, window=night)
    post(clerk, "identity-send", **{"pham-vi": "truong"})
    Job.objects.filter(state="queued").update(wait=wait, not_before=DAY + timedelta(hours=1))
    with clock.standing_at(DAY):
        address = reverse("web:identity-sending", args=[Sending.objects.first().pk])
        told = clerk.get(address, headers={"accept": "application/json"}).json()
    assert told["working"]
    assert words in told["waits"][0]


def test_a_missing_field_is_filled_in_on_the_list_of_step_1(clerk):
    page = clerk.get(reverse("web:identity-step", args=[1]))
    assert [row["need"] for row in page.context["rows"]] == ["number", "complete"]
    values = {"ve": "1", "tinh": "79", "xa": "hạnh thông", "viec": "luu"}
    answer = post(clerk, "identity-person", code(4), **values)
    assert answer.headers["Location"] == reverse("web:identity-step", args=[1])
    assert Pupil.objects.get(code=code(4)).commune_code == "26890"
    answer = post(clerk, "identity-person", code(5), ve="1", **{"tinh": "79", "xa": "Hạnh Thôn"})
    assert answer.status_code == 422
    assert "Có phải Phường Hạnh Thông" in text(answer)


def test_lost_zeros_are_offered_and_taken_only_when_ticked(clerk):
    answer = post(clerk, "identity-person", code(3), **{"so-dinh-danh": "79317000003", "viec": "luu"})
    assert answer.status_code == 422
    assert "Số trên giấy là 079317000003: thêm số 0 ở đầu" in text(answer)
    values = {"so-dinh-danh": "79317000088", "them-so-0": "1", "viec": "luu"}
    assert post(clerk, "identity-person", code(3), **values).status_code == 302
    assert Pupil.objects.get(code=code(3)).personal_number == "079317000088"


def test_a_repair_is_saved_and_sent_in_one_go(clerk):
    page = clerk.get(reverse("web:identity-person", args=[code(2)]))
    shown = text(page)
    assert "Chỗ chưa khớp" in shown
    assert "079317000002" not in page.content.decode()
    values = {"ho-ten": "Nguyễn Phúc Bảo Quỳnh Hường", "ngay-sinh": "09/02/2017", "gioi-tinh": "Nữ"}
    post(clerk, "identity-person", code(2), **values, viec="luu-gui")
    pupil = Pupil.objects.get(code=code(2))
    assert (pupil.full_name, pupil.identity_state) == ("Nguyễn Phúc Bảo Quỳnh Hường", "sent")
    assert "Trang này tự cập nhật" in text(clerk.get(page.request["PATH_INFO"]))
    process_due(Registry())
    assert "Hồ sơ khớp với Cơ sở dữ liệu quốc gia về dân cư" in text(clerk.get(page.request["PATH_INFO"]))


def test_a_name_that_differs_in_writing_only_is_explained_and_confirmed_by_a_person(clerk, school):
    pupil = Pupil.objects.get(code=code(2))
    pupil.full_name = "Nguyễn Thị Hoà"
    pupil.save()
    check = Check.objects.get(pupil=pupil)
    Check(
        pupil=pupil,
        **{
            f.name: getattr(check, f.name)
            for f in Check._meta.concrete_fields
            if f.name not in ("id", "request_id", "pupil", "differences", "soft")
        },
        request_id="11111111-1111-4111-8111-111111111111",
        differences=["ho_ten"],
        soft=["ho_ten"],
    ).save()
    page = clerk.get(reverse("web:identity-person", args=[pupil.code]))
    assert "Chữ “Hoà” cũng được viết là “Hòa”" in text(page)
    refused = post(clerk, "identity-person", pupil.code, viec="xac-nhan-sai-lech", muc="ho_ten")
    assert refused.status_code == 422
    assert 'id="xac-nhan-sai-lech-giay-to-loi"' in refused.content.decode()
    values = {
        "viec": "xac-nhan-sai-lech",
        "muc": "ho_ten",
        "giay-to": "Giấy khai sinh",
        "ngay-giay": "2017-03-01",
    }
    assert post(clerk, "identity-person", pupil.code, **values).status_code == 302
    assert Confirmation.objects.get().subjects == ["ho_ten"]
    assert "Công an (qua phụ huynh)" in text(clerk.get(page.request["PATH_INFO"]))
    assert Pupil.objects.get(pk=pupil.pk).full_name == "Nguyễn Thị Hoà"


def test_a_doubtful_number_is_confirmed_with_a_paper_and_then_sent(clerk, school):
    pupil = full_pupil(school, 7, sex="Nam")
    values = {"viec": "xac-nhan-canh-bao", "giay-to": "Thẻ căn cước", "gui": "1"}
    assert "ứng với Nữ" in text(clerk.get(reverse("web:identity-person", args=[pupil.code])))
    assert post(clerk, "identity-person", pupil.code, **values).status_code == 302
    assert Job.objects.filter(pupil=pupil, state="queued").exists()


def test_a_letter_is_printed_in_one_click_and_shows_in_the_row(clerk, school):
    in_class = school.classes["3A"].pk
    answer = post(clerk, "identity-letters", lop=in_class)
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith("inline")
    page = text(clerk.get(reverse("web:identity-class", args=[in_class])))
    assert f"Đã in giấy báo {clock.now().astimezone(clock.VIETNAM):%d/%m}" in page
    past = post(clerk, "identity-letters", lop=in_class, han="2020-01-01")
    assert past.status_code == 422


def test_the_principal_sends_and_prints_but_repairs_nothing(school, inside):
    client = inside(school.actor(Role.PRINCIPAL).assignment)
    page = client.get(reverse("web:identity-person", args=[code(2)]))
    assert 'name="ho-ten"' not in page.content.decode()
    values = {"ho-ten": "Trần Văn A", "viec": "luu"}
    assert post(client, "identity-person", code(2), **values).status_code == 403
    assert post(client, "identity-person", code(2), viec="gui").status_code == 302
    assert Pupil.objects.get(code=code(2)).identity_state == "sent"


def test_the_staff_are_listed_sent_and_repaired_the_same_way(clerk, school):
    StaffMember.objects.create(
        organisation=school.unit,
        code="CB1",
        full_name="Lý Gia Hân",
        birth_date="1980-05-06",
        sex="Nữ",
        personal_number="079180000001",
    )
    assert "079•••••••01" in text(clerk.get(reverse("web:identity-staff")))
    post(clerk, "identity-send", **{"pham-vi": "can-bo"})
    process_due(Registry({"079180000001": (Outcome.MISMATCH, ("gioi_tinh",))}))
    assert "Người có hồ sơ" in text(clerk.get(reverse("web:identity-staff")))
    post(clerk, "identity-member", "CB1", **{"gioi-tinh": "Nam", "viec": "luu"})
    assert StaffMember.objects.get().identity_state == "reverify"
