"""The check page before a class is closed: who is ready, what is missing, what people decide."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.audit.models import Event
from hocbaso.apps.transcripts.models import YearSheet
from tests.builders import finished_class, give_results, make_pupil, make_school
from tests.unit.interfaces.web.sheets import post_of, text

pytestmark = pytest.mark.django_db


def class_url(school, name="3A"):
    return reverse("web:closing-class", args=[school.classes[name].pk])


def shown(client, url) -> dict[str, str]:
    """What the page's form posts: the fingerprint of the list shown."""
    found = re.search(r'name="danh-sach" value="([0-9a-f]{64})"', text(client.get(url)))
    assert found is not None
    return {"danh-sach": found[1]}


def weak_pupil(school, number=9):
    """A pupil who has not completed the grade."""
    enrolment = make_pupil(school, "3A", number, full_name="Lâm Duy Mạnh")
    give_results(enrolment, level="C", score=4)
    return enrolment


def good_pupil(school, number=5):
    """Overall level "Hoàn thành tốt": proposable for the exemplary title."""
    enrolment = make_pupil(school, "3A", number, full_name="Phan Bích Phượng")
    give_results(enrolment, score=8)
    return enrolment


@pytest.mark.parametrize(
    ("role", "class_name", "expected"),
    [
        (Role.HOMEROOM, "3A", 200),
        (Role.HOMEROOM, "3B", 404),
        (Role.SUBJECT_TEACHER, "3A", 404),
        (Role.PRINCIPAL, None, 200),
        (Role.SEAL_KEEPER, None, 404),
        (Role.DATA_CLERK, None, 404),
    ],
)
def test_the_check_page_opens_for_the_class_s_teacher_and_the_principal(
    inside, role, class_name, expected
) -> None:
    school = make_school(classes=("3A", "3B"))
    finished_class(school, "3A", 1)
    client = inside(post_of(school, role, class_name))
    assert client.get(class_url(school)).status_code == expected
    client.post(class_url(school), {})
    assert not YearSheet.objects.exists()


def test_closing_freezes_who_is_ready_and_gives_a_reference(inside) -> None:
    school = make_school()
    finished_class(school, "3A", 3)
    make_pupil(school, "3A", 8, full_name="Võ Hữu Phước")
    client, url = inside(post_of(school, Role.HOMEROOM, "3A")), class_url(school)
    page = text(client.get(url))
    assert page.count("Chốt 3 học sinh") == 2
    assert "Võ Hữu Phước" in page
    assert "Còn thiếu: " in page
    response = client.post(url, shown(client, url))
    assert YearSheet.objects.count() == 3
    done = text(client.get(response.headers["Location"]))
    event = Event.objects.filter(action="transcripts.closed").get()
    assert "Đã chốt 3 học sinh lớp 3A" in done
    assert f"CHOT-{event.sequence}" in done
    assert "3 học sinh đã chốt, 1 chưa chốt" in done


def test_a_list_that_changed_meanwhile_is_not_closed_unseen(inside) -> None:
    school = make_school()
    finished_class(school, "3A", 1)
    client, url = inside(post_of(school, Role.HOMEROOM, "3A")), class_url(school)
    form = shown(client, url)
    give_results(make_pupil(school, "3A", 7))
    response = client.post(url, form)
    assert response.status_code == 422
    assert "Danh sách đã thay đổi" in text(response)
    assert not YearSheet.objects.exists()


def test_a_contradiction_with_the_workbook_needs_a_tick_that_it_was_seen(inside) -> None:
    school = make_school()
    (enrolment,) = finished_class(school, "3A", 1)
    YearRecord.objects.filter(enrolment=enrolment).update(stated_overall="HT")
    client, url = inside(post_of(school, Role.HOMEROOM, "3A")), class_url(school)
    page = text(client.get(url))
    assert "Tôi đã xem" in page
    form = shown(client, url)
    assert "Tôi đã xem”" in text(client.post(url, form))
    assert not YearSheet.objects.exists()
    assert client.post(url, {**form, "da-xem": "0"}).status_code == 302
    assert YearSheet.objects.get().result["overall"] == "Hoàn thành xuất sắc"


def test_a_long_list_of_what_is_missing_is_folded(inside) -> None:
    school = make_school()
    make_pupil(school, "3A", 1)
    page = text(inside(post_of(school, Role.HOMEROOM, "3A")).get(class_url(school)))
    assert re.search(r"và \d+ chỗ nữa", page)


def test_only_the_principal_closes_without_waiting_for_the_summer(inside) -> None:
    school = make_school()
    weak_pupil(school)
    teacher, url = inside(post_of(school, Role.HOMEROOM, "3A")), class_url(school)
    page = text(teacher.get(url + "?ca-chua-hoan-thanh=1"))
    assert "1 học sinh chờ đánh giá bổ sung trong hè" in page
    assert "Không chờ hè?" not in page
    assert "Chốt 1 học sinh" not in page

    principal = inside(post_of(school, Role.PRINCIPAL))
    all_url = url + "?ca-chua-hoan-thanh=1"
    assert all_url.removeprefix(url) in text(principal.get(url))
    assert principal.post(all_url, shown(principal, all_url)).status_code == 302
    assert YearSheet.objects.get().result["completed"] is False


def test_the_principal_s_decision_on_promotion_is_recorded_with_reason_and_history(inside) -> None:
    school = make_school()
    enrolment = weak_pupil(school)
    url = reverse("web:closing-promotion", args=[school.classes["3A"].pk, enrolment.pk])
    teacher = inside(post_of(school, Role.HOMEROOM, "3A"))
    assert teacher.get(url).status_code == 403
    client = inside(post_of(school, Role.PRINCIPAL))
    form = {"quyet-dinh": "len-lop", "ly-do": "Tiến bộ rõ sau hè", "da-danh-gia": "on"}
    for missing, words in (("da-danh-gia", "đánh giá bổ sung"), ("ly-do", "lý do"), ("quyet-dinh", "Chọn")):
        refused = client.post(url, {k: v for k, v in form.items() if k != missing})
        assert refused.status_code == 422
        assert words in text(refused)
    assert not ResultChange.objects.filter(field__startswith="record:promot").exists()
    assert client.post(url, form).status_code == 302
    record = YearRecord.objects.get(enrolment=enrolment)
    assert (record.promoted_by_principal, record.promotion_reason) == (True, "Tiến bộ rõ sau hè")
    change = ResultChange.objects.get(enrolment=enrolment, field="record:promoted_by_principal")
    assert (change.old, change.new) == ("", "x")
    assert Event.objects.filter(action="assessment.decide_promotion").exists()
    close = class_url(school)
    client.post(close, shown(client, close))
    assert YearSheet.objects.get().result["promoted"] is True


def test_a_pupil_who_completed_the_grade_needs_no_decision(inside) -> None:
    school = make_school()
    (enrolment,) = finished_class(school, "3A", 1)
    url = reverse("web:closing-promotion", args=[school.classes["3A"].pk, enrolment.pk])
    form = {"quyet-dinh": "o-lai", "ly-do": "Nghỉ nhiều", "da-danh-gia": "on"}
    response = inside(post_of(school, Role.PRINCIPAL)).post(url, form)
    assert response.status_code == 422
    assert "được lên lớp" in text(response)
    assert YearRecord.objects.get(enrolment=enrolment).promoted_by_principal is None


def test_the_exemplary_title_is_proposed_by_the_teacher_never_by_the_machine(inside) -> None:
    school = make_school()
    enrolment = good_pupil(school)
    teacher = inside(post_of(school, Role.HOMEROOM, "3A"))
    url = reverse("web:closing-title", args=[school.classes["3A"].pk, enrolment.pk])
    assert "Đề nghị Học sinh Tiêu biểu" in text(teacher.get(class_url(school)))
    assert inside(post_of(school, Role.PRINCIPAL)).get(url).status_code == 403
    no_ground = teacher.post(url, {"tap-the-lop": "on"})
    assert "ít nhất một môn học" in text(no_ground)
    no_class = teacher.post(url, {"can-cu": "toan"})
    assert "tập thể lớp công nhận" in text(no_class)
    assert teacher.post(url, {"can-cu": ["toan", "pc-nhan-ai"], "tap-the-lop": "on"}).status_code == 302
    assert YearRecord.objects.get(enrolment=enrolment).title_grounds == ["toan", "pc-nhan-ai"]
    close = class_url(school)
    teacher.post(close, shown(teacher, close))
    assert YearSheet.objects.get().result["title"].startswith("Học sinh Tiêu biểu")


def test_a_proposal_can_be_taken_back_until_the_sheet_is_frozen(inside) -> None:
    school = make_school()
    enrolment = good_pupil(school)
    teacher = inside(post_of(school, Role.HOMEROOM, "3A"))
    url = reverse("web:closing-title", args=[school.classes["3A"].pk, enrolment.pk])
    teacher.post(url, {"can-cu": "toan", "tap-the-lop": "on"})
    teacher.post(url, {"rut": "1"})
    assert YearRecord.objects.get(enrolment=enrolment).title_proposed_by == ""
    close = class_url(school)
    teacher.post(close, shown(teacher, close))
    late = teacher.post(url, {"can-cu": "toan", "tap-the-lop": "on"})
    assert late.status_code == 422
    assert "đã khóa" in text(late)


def test_a_pupil_below_the_level_cannot_be_proposed(inside) -> None:
    school = make_school()
    enrolment = weak_pupil(school)
    TraitResult.objects.filter(enrolment=enrolment).update(level="T")
    SubjectResult.objects.filter(enrolment=enrolment).update(level="H", score=None)
    SubjectResult.objects.filter(enrolment=enrolment, subject_code__in=["toan", "tieng-viet"]).update(score=5)
    url = reverse("web:closing-title", args=[school.classes["3A"].pk, enrolment.pk])
    teacher = inside(post_of(school, Role.HOMEROOM, "3A"))
    response = teacher.post(url, {"can-cu": "toan", "tap-the-lop": "on"})
    assert "chỉ dành cho học sinh có kết quả giáo dục Hoàn thành tốt" in text(response)
    assert YearRecord.objects.get(enrolment=enrolment).title_proposed_by == ""
