"""Pages of classes, teaching, arrivals, register and roll-over: what they do, and how much they ask."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hocbaso.apps.accounts.models import Assignment, AssignmentProposal, Role
from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.pupils.models import Arrival, ClassMove, Enrolment, RollOver, SchoolClass, StatusChange
from tests.builders import YEAR, give_results, make_pupil, make_school
from tests.unit.apps.accounts import people
from tests.unit.interfaces.web.sheets import post_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    made = make_school(classes=("3A", "3B"))
    for first, name in enumerate(made.classes, 1):
        for number in (1, 2):
            give_results(make_pupil(made, name, 100 * first + number))
    return made


def url(name, *args):
    return reverse(f"web:{name}", args=args)


def clerk(school, inside):
    return inside(post_of(school, Role.DATA_CLERK))


def principal(school, inside):
    return inside(post_of(school, Role.PRINCIPAL))


def test_a_class_is_opened_on_the_list_and_a_taken_name_is_told_at_the_field(school, inside):
    client = clerk(school, inside)
    assert client.post(url("classes"), {"name": "4A", "campus": "Bến Đò"}).status_code == 302
    assert "Bến Đò" in text(client.get(url("classes")))
    refused = client.post(url("classes"), {"name": "4A"})
    assert refused.status_code == 422
    assert "đã có lớp 4A" in text(refused)
    seal = inside(post_of(school, Role.SEAL_KEEPER))
    assert seal.post(url("classes"), {"name": "5A"}).status_code == 403
    assert not SchoolClass.objects.filter(name="5A").exists()


def test_a_pupil_is_moved_after_a_look_and_moved_back(school, inside):
    row = Enrolment.objects.filter(school_class=school.classes["3A"]).first()
    here, there = school.classes["3A"].pk, school.classes["3B"].pk
    client = clerk(school, inside)
    look = client.post(url("class-pupil", here, row.pk), {"viec": "xem", "chuyen-to_class": there})
    assert "dòng kết quả sẽ đi theo học sinh" in text(look)
    assert not ClassMove.objects.exists()
    form = {
        "viec": "chuyen",
        "chuyen-to_class": there,
        "chuyen-day": "2026-01-12",
        "chuyen-reason": "Cân đối sĩ số",
    }
    refused = client.post(url("class-pupil", here, row.pk), form)
    assert refused.status_code == 422
    assert "số quyết định" in text(refused)
    done = client.post(url("class-pupil", here, row.pk), form | {"chuyen-decision": "15/QĐ"})
    assert done.headers["Location"] == url("class-pupil", there, row.pk)
    back = {"viec": "hoan-tac", "hoan-tac-reason": "Nhầm", "hoan-tac-decision": "16/QĐ"}
    assert client.post(done.headers["Location"], back).status_code == 302
    row.refresh_from_db()
    assert row.school_class == school.classes["3A"]


def test_a_status_is_written_by_whoever_may_and_looked_at_by_the_class_s_teacher(school, inside):
    row = Enrolment.objects.filter(school_class=school.classes["3A"]).first()
    address = url("class-pupil", school.classes["3A"].pk, row.pk)
    form = {
        "viec": "trang-thai",
        "trang-thai-status": "Thôi học kỳ 2",
        "trang-thai-day": "2026-02-02",
        "trang-thai-reason_code": "03",
    }
    teacher = inside(post_of(school, Role.HOMEROOM, "3A"))
    assert "Ghi trạng thái" not in text(teacher.get(address))
    assert teacher.post(address, form).status_code == 403
    assert principal(school, inside).post(address, form).status_code == 302
    assert StatusChange.objects.get().reason == "Xa trường"
    assert "Thôi học kỳ 2" in text(teacher.get(address))


def test_teaching_is_given_replaced_and_ended_in_one_cell(school, inside):
    client, in_class = clerk(school, inside), school.classes["3A"]
    address = url("teaching-cell", in_class.pk, "tin-hoc")
    lan, mai = (people.user(n, n.title()) for n in ("lan", "mai"))
    for user in (lan, mai):
        people.post(user, school.unit, Role.GROUP_HEAD)
    form = {"action": "giao", "user": lan.pk, "first_day": "2025-09-05", "decision_number": "1/QĐ"}
    assert client.post(address, form).status_code == 302
    post = Assignment.objects.get(user=lan, subject_code="tin-hoc")
    missing = client.post(address, {"action": "thay", "first_day": "2026-01-05"})
    assert missing.status_code == 422
    assert "Chọn người nhận" in text(missing)
    swap = {"action": "thay", "post": post.pk, "user": mai.pk, "first_day": "2026-01-05"}
    assert client.post(address, swap).status_code == 302
    new = Assignment.objects.get(user=mai, subject_code="tin-hoc")
    assert (
        client.post(address, {"action": "ket-thuc", "post": new.pk, "last_day": "2026-05-25"}).status_code
        == 302
    )
    page = text(client.get(address))
    assert page.count("Lan") >= 1
    assert "25/05/2026" in page
    assert client.get(url("teaching-cell", in_class.pk, "khong-co")).status_code == 404


def test_the_signer_is_designated_by_the_principal_alone(school, inside):
    lan = people.user("lan", "Lan")
    post = people.post(lan, school.unit, Role.SUBJECT_TEACHER, school.classes["3A"], subject_code="tin-hoc")
    address = url("teaching-cell", school.classes["3A"].pk, "tin-hoc")
    assert clerk(school, inside).post(address, {"ky": post.pk}).status_code == 403
    assert principal(school, inside).post(address, {"ky": post.pk}).status_code == 302
    post.refresh_from_db()
    assert post.signs
    assert "người ký" in text(principal(school, inside).get(address))


def test_an_arrival_is_received_and_the_old_school_s_results_are_carried(inside):
    unit = people.school("79000201", "Trường THCS Sao Mai", levels=["thcs"])
    in_class = people.school_class(unit, "7A1", 7)
    client = inside(people.actor(Role.DATA_CLERK, unit).assignment)
    form = {
        "school_class": in_class.pk,
        "term": "hk2",
        "arrived_on": "2026-01-19",
        "code": "7900020001",
        "full_name": "Đặng Vũ Quỳnh Anh",
        "birth_date": "09/02/2014",
        "sex": "Nữ",
        "source_school": "Trường THCS Bình Minh",
        "papers_number": "112/GGT",
    }
    bad = client.post(url("arrivals"), form | {"birth_date": "31/02/2014"})
    assert bad.status_code == 422
    assert 'value="Đặng Vũ Quỳnh Anh"' in text(bad)
    done = client.post(url("arrivals"), form)
    row = Arrival.objects.get().enrolment
    assert done.headers["Location"] == url("arrival", row.pk)
    values = {
        "thoi-diem": "hk1",
        "toan": "7,5",
        "ngu-van": "11",
        "mon-khac-0": "Tiếng Khmer",
        "kq-khac-0": "8",
    }
    refused = client.post(url("arrival", row.pk), values)
    assert refused.status_code == 422
    assert "Chưa có gì được ghi" in text(refused)
    assert not SubjectMarks.objects.exists()
    fine = client.post(url("arrival", row.pk), values | {"ngu-van": "8"})
    assert fine.status_code == 302, fine.context["problems"]
    page = text(client.get(url("arrival", row.pk)))
    assert 'value="7,5"' in page
    assert "Tiếng Khmer" in page


def test_the_clerk_keeps_a_plan_and_the_principal_rolls_over_and_takes_back(school, inside):
    assistant, head = clerk(school, inside), principal(school, inside)
    page = text(assistant.get(url("roll-over")))
    assert "Kết chuyển 4 học sinh" not in page
    choices = {
        f"lop-{school.classes['3A'].pk}": "4C",
        f"lop-{school.classes['3B'].pk}": "4B",
        "phan-cong": "on",
    }
    assert assistant.post(url("roll-over"), choices | {"viec": "luu"}).status_code == 302
    assert not SchoolClass.objects.filter(name="4C").exists()
    assert assistant.post(url("roll-over"), choices | {"viec": "ket-chuyen"}).status_code == 403
    page = text(head.get(url("roll-over")))
    assert 'value="4C"' in page
    assert "Kết chuyển 4 học sinh" in page
    seen = page.split('name="phuong-an" value="')[1].split('"')[0]
    unseen = head.post(url("roll-over"), choices | {"viec": "ket-chuyen", "phuong-an": "0" * 64})
    assert unseen.status_code == 422
    head.post(url("roll-over"), choices | {"viec": "ket-chuyen", "phuong-an": seen})
    batch = RollOver.objects.get(state="applied")
    assert AssignmentProposal.objects.count() == 4
    assert "Lần kết chuyển số" in text(head.get(url("roll-over-batch", batch.pk)))
    proposals = url("teaching-proposals")
    chosen = [str(pk) for pk in AssignmentProposal.objects.values_list("pk", flat=True)]
    assert "4C" in text(assistant.get(proposals))
    assert assistant.post(f"{proposals}?nam=2026-2027", {"viec": "bo", "chon": chosen[:1]}).status_code == 302
    refused = head.post(url("roll-over-batch", batch.pk))
    assert refused.status_code == 422
    assert "Không hoàn tác được" in text(refused)


def test_numbers_of_the_register_are_shown_before_they_are_given(school, inside):
    client = clerk(school, inside)
    assert "0001" in text(client.get(url("register")))
    wrong = client.post(url("register"), {"viec": "mau", "cap": "tieu_hoc", "pattern": "TH", "first": "1"})
    assert wrong.status_code == 422
    pattern = {"viec": "mau", "cap": "tieu_hoc", "pattern": "TH-{so:3}", "first": "412"}
    assert client.post(url("register"), pattern).status_code == 302
    assert client.post(url("register"), {"viec": "cap-so", "cap": "tieu_hoc"}).status_code == 302
    assert set(Enrolment.objects.values_list("register_number", flat=True)) == {
        f"TH-{n}" for n in range(412, 416)
    }


def _queries(client, address) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_no_page_asks_more_when_the_school_grows(school, inside):
    """Figures with two classes and four pupils, and again with eight classes and sixty pupils."""
    row = Enrolment.objects.filter(school_class=school.classes["3A"]).first()
    first = school.classes["3A"].pk
    addresses = {
        "classes": (url("classes"), 11),
        "class": (url("class", first), 8),
        "class-pupil": (url("class-pupil", first, row.pk), 12),
        "teaching": (url("teaching") + "?khoi=tat-ca", 11),
        "teaching-cell": (url("teaching-cell", first, "toan"), 9),
        "arrivals": (url("arrivals"), 9),
        "register": (url("register"), 12),
    }
    client = principal(school, inside)
    before = {name: _queries(client, address) for name, (address, _most) in addresses.items()}
    for n in range(4, 10):
        in_class = people.school_class(school.unit, f"3{chr(64 + n)}", 3)
        people.post(people.user(f"u{n}", f"U {n}"), school.unit, Role.HOMEROOM, in_class)
        people.post(
            people.user(f"v{n}", f"V {n}"), school.unit, Role.SUBJECT_TEACHER, in_class, subject_code="toan"
        )
        for m in range(9):
            people.enrol(in_class if m % 2 else school.classes["3A"], n * 10 + m)
    after = {name: _queries(client, address) for name, (address, _most) in addresses.items()}
    assert after == before
    assert {name: count for name, count in after.items() if count > addresses[name][1]} == {}


def test_dates_of_a_move_are_those_of_the_year(school, inside):
    row = Enrolment.objects.filter(school_class=school.classes["3A"]).first()
    form = {
        "viec": "chuyen",
        "chuyen-to_class": school.classes["3B"].pk,
        "chuyen-day": date(2024, 1, 1).isoformat(),
        "chuyen-reason": "x",
    }
    refused = principal(school, inside).post(url("class-pupil", school.classes["3A"].pk, row.pk), form)
    assert f"không thuộc năm học {YEAR}" in text(refused)
