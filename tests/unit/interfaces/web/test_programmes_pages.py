"""Pages of programmes: what is shown, what a form writes, what a refusal says."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import ProgrammeAdjustment, PupilProgramme, SubjectMarks
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db
TOPICS = ("vat-li", "hoa-hoc", "toan")


@pytest.fixture
def class_10a():
    return s.make_class(s.school(), "10A1")


@pytest.fixture
def head(class_10a, inside):
    return inside(s.somebody("ht", class_10a.school, Role.PRINCIPAL).assignment)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_ticked_pupils_get_the_choice_and_the_table_shows_it(class_10a, head):
    pupils = [s.pupil(class_10a, n, f"Lê Minh {n}") for n in (1, 2, 3)]
    url = reverse("web:programmes-class", args=[class_10a.pk])
    assert "3 học sinh chưa ghi môn lựa chọn" in words(head.get(url))
    sent = {"pupils": [p.pk for p in pupils[:2]], "electives": s.ELECTIVES, "topics": TOPICS}
    answer = head.post(url, sent, follow=True)
    assert "Đã ghi môn lựa chọn của 2 học sinh." in words(answer)
    assert "Địa lí, Vật lí, Hóa học, Tin học" in words(answer)
    assert PupilProgramme.objects.count() == 2


def test_a_wrong_choice_stays_on_the_page_with_its_sentence_and_its_ticks(class_10a, head):
    an = s.pupil(class_10a)
    url = reverse("web:programmes-class", args=[class_10a.pk])
    answer = head.post(url, {"pupils": [an.pk], "electives": s.ELECTIVES[:3], "topics": TOPICS})
    assert answer.status_code == 422
    assert "Học sinh cần chọn đúng 4 môn học lựa chọn." in words(answer)
    assert f'value="{an.pk}" id="hs-{an.pk}" checked' in words(answer)
    assert head.post(url, {"electives": s.ELECTIVES}).status_code == 422  # nobody ticked


def test_the_school_adjusts_and_goes_back_with_reasons(class_10a, head):
    url = reverse("web:programmes")
    sent = {"viec": "dieu-chinh", "subject": "10:toan", "regular_columns": "6", "reason": "Kế hoạch"}
    assert "Đã ghi điều chỉnh" in words(head.post(url, sent, follow=True))
    refused = head.post(url, sent | {"offer": "none"})
    assert (refused.status_code, "bắt buộc" in words(refused)) == (422, True)
    made = ProgrammeAdjustment.objects.get()
    assert head.post(url, {"viec": "bo", "adjustment": made.pk, "reason": ""}).status_code == 422
    head.post(url, {"viec": "bo", "adjustment": made.pk, "reason": "Thôi"})
    assert not ProgrammeAdjustment.objects.exists()


def test_one_pupils_exemption_plan_and_decided_result(class_10a, head):
    an = s.pupil(class_10a)
    url = reverse("web:programmes-pupil", args=[class_10a.pk, an.pk])

    def send(prefix, **values):
        fields = {f"{prefix}-{name}": value for name, value in values.items()}
        return words(head.post(url, {"viec": prefix} | fields, follow=True))

    gym = {"subject": "giao-duc-the-chat", "decision": "QĐ 9"}
    assert "Miễn, Khuyết tật (QĐ 9)" in send("mien", reason="Khuyết tật", **gym)
    assert "Đã bỏ miễn học." in send("mien", reason="", **gym)
    assert "đang áp dụng" in send("ke-hoach", individual_plan="on", note="Chậm nói", decision="QĐ 4")
    assert "Đã ghi kết quả" in send("quyet-dinh", subject="toan", value="6,5", reason="Về nước")
    assert SubjectMarks.objects.get(subject_code="toan").decided == "6.5"
    assert "không phải là điểm" in send("quyet-dinh", subject="toan", value="giỏi", reason="Về nước")


def test_a_homeroom_teacher_reads_the_own_class_and_writes_nothing(class_10a, inside):
    an = s.pupil(class_10a)
    s.choose(an)
    lan = inside(s.homeroom(class_10a).assignment)
    for name, args in (
        ("programmes", []),
        ("programmes-class", [class_10a.pk]),
        ("programmes-pupil", [class_10a.pk, an.pk]),
    ):
        url = reverse(f"web:{name}", args=args)
        page = lan.get(url)
        assert page.status_code == 200
        assert not any(button in words(page) for button in ("Ghi môn", "Ghi điều chỉnh", "Ghi miễn học"))
        assert lan.post(url, {"viec": "mien", "pupils": [an.pk]}).status_code == 403
    other = s.make_class(class_10a.school, "10A2")
    assert lan.get(reverse("web:programmes-class", args=[other.pk])).status_code == 404
