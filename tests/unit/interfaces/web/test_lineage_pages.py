"""The head's day, the inspector's year, and everything behind one pupil."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.class_sheet import read_sheet
from hocbaso.apps.assessment.use_cases.finish_entry import check_sheet, finish_entry
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 5, 20, 1, 0, tzinfo=UTC)


@pytest.fixture
def class_6a():
    """A class whose teacher finished Toán and then raised a mark."""
    made = s.make_class(s.school())
    hoa, an = s.teacher(made), s.pupil(made, name="Lê Minh Ánh")
    full = dict.fromkeys(("tx1", "tx2", "tx3", "tx4", "gk", "ck"), "6")
    with clock.standing_at(MORNING):
        s.save(hoa, s.marks(an, **full))
    with clock.standing_at(MORNING + timedelta(hours=1)):
        sheet = read_sheet(made, "toan", "hk1")
        finish_entry(hoa, sheet, confirmed=[w.id for w in check_sheet(sheet).warnings])
    with clock.standing_at(MORNING + timedelta(hours=2)):
        s.save(hoa, s.marks(an, ck="9"))
    return made


@pytest.fixture
def head(class_6a, inside):
    return inside(s.somebody("ht", class_6a.school, Role.PRINCIPAL).assignment)


@pytest.fixture
def auditor(class_6a, inside):
    return inside(s.somebody("kt", s.school("79000299"), Role.AUDITOR).assignment)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_heads_day_names_class_teacher_cell_old_and_new(class_6a, head):
    page = words(head.get(reverse("web:lineage") + "?ngay=2026-05-20"))
    assert "1 lần sửa: 1 sau khi hoàn tất" in page
    assert "Lớp 6A1 · Cô hoa" in page
    assert "Toán, ĐĐGck, Học kỳ I" in page
    assert "Trong ngày không có lần sửa nào" in words(head.get(reverse("web:lineage") + "?ngay=2026-05-21"))
    assert "1 lần sửa" in words(head.get(reverse("web:lineage") + f"?nam={s.YEAR}"))


def test_a_pupil_is_found_by_name_without_marks_or_by_code_and_opens_with_every_change(class_6a, head):
    an = class_6a.enrolments.get()
    for typed in ("anh", an.pupil.code):
        assert f"/truong/truy-vet/hoc-sinh/{an.pk}/" in words(
            head.get(reverse("web:lineage"), {"tim": typed})
        )
    page = words(head.get(reverse("web:lineage-pupil", args=[an.pk])))
    assert "<strong>9</strong>" in page
    assert page.count("Cô hoa") == 7
    assert not Event.objects.filter(action="assessment.lineage_read").exists()


def test_an_auditor_reads_from_outside_and_each_look_is_on_record(class_6a, auditor):
    an = class_6a.enrolments.get()
    code = class_6a.school.code
    assert code in words(auditor.get(reverse("web:lineage-schools")))
    listed = words(auditor.get(reverse("web:lineage-school", args=[code]) + f"?nam={s.YEAR}"))
    assert f"/quan-ly/truy-vet/{code}/hoc-sinh/{an.pk}/" in listed
    assert auditor.get(reverse("web:lineage-school-pupil", args=[code, an.pk])).status_code == 200
    event = Event.objects.get(action="assessment.lineage_read")
    assert (event.target, event.organisation) == (an.pupil.code, code)


def test_teachers_and_heads_of_other_schools_see_nothing(class_6a, inside):
    an = class_6a.enrolments.get()
    elsewhere = s.school("79000298")
    for actor in (s.homeroom(class_6a), s.somebody("ht2", elsewhere, Role.PRINCIPAL)):
        client = inside(actor.assignment)
        assert client.get(reverse("web:lineage-pupil", args=[an.pk])).status_code in (403, 404)
        outside = reverse("web:lineage-school", args=[class_6a.school.code])
        assert client.get(outside).status_code == 403


def test_an_unknown_transcript_is_said(class_6a, head):
    assert head.get(reverse("web:lineage-sheet", args=["HB-khong-co"])).status_code in (400, 404)
