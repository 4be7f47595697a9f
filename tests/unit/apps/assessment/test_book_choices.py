"""Mark books of electives for pupils whose choice nobody has recorded (grades 10-12)."""

from __future__ import annotations

import io

import openpyxl
import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.models import PupilProgramme, ResultChange, SubjectMarks
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import Outcome, import_workbook
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError
from tests.unit.apps.assessment.secondary import choose, make_class, pupil, school, teacher

pytestmark = pytest.mark.django_db
ME = Actor.operator()
NAMES = {
    "dia-li": "Địa lí",
    "vat-li": "Vật lí",
    "hoa-hoc": "Hóa học",
    "tin-hoc": "Tin học",
    "sinh-hoc": "Sinh học",
}


@pytest.fixture
def one() -> Enrolment:
    return pupil(make_class(school(), "10A1"))


def book(who: Enrolment, *subjects: str, name: str = "") -> bytes:
    """Semester I of some subjects, with marks of the pupil in each."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for code in subjects:
        page = made.create_sheet(f"HKI {NAMES[code]}")
        page.append([f"SỔ ĐIỂM MÔN {NAMES[code].upper()} - LỚP 10A1 - HỌC KỲ I"])
        page.append(["STT", "Mã học sinh", "Họ và tên", "TX1", "TX2", "TX3", "ĐĐGgk", "ĐĐGck"])
        page.append([1, who.pupil.code, name or who.pupil.full_name, 8, 8, 8, 8, 8])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def put(who: Enrolment, data: bytes, actor: Actor = ME, *, accept: bool = False) -> Outcome:
    return import_workbook(
        actor,
        kind=Kind.RESULTS,
        school=who.school_class.school,
        year=who.school_class.school_year,
        data=data,
        file_name="so_diem.xlsx",
        accept_good_rows=accept,
    )


def told(outcome: Outcome, severity: str) -> list[tuple[str, str]]:
    return [(i.code, i.sheet) for i in outcome.plan.issues if i.severity == severity]


def recorded(who: Enrolment) -> list[str]:
    return list(PupilProgramme.objects.get(enrolment=who).electives)


def test_marks_of_electives_are_asked_once_a_pupil_and_recorded_as_the_choice(one: Enrolment) -> None:
    outcome = put(one, book(one, "tin-hoc", "dia-li", "vat-li", "hoa-hoc"))
    assert told(outcome, "warning") == [("choice_offered", "HKI Tin học")]
    (asked,) = (i for i in outcome.plan.issues if i.code == "choice_offered")
    assert "Địa lí, Vật lí, Hóa học, Tin học" in asked.message
    assert "mới có" not in asked.message
    assert recorded(one) == ["dia-li", "vat-li", "hoa-hoc", "tin-hoc"]
    assert SubjectMarks.objects.filter(enrolment=one).count() == 4
    line = ResultChange.objects.get(enrolment=one, field="programme:electives")
    assert outcome.batch is not None
    assert line.source == f"import:{outcome.batch.pk}"
    assert told(put(one, book(one, "dia-li")), "warning") == []


def test_books_that_come_one_by_one_complete_the_choice_up_to_four(one: Enrolment) -> None:
    first = put(one, book(one, "dia-li", "vat-li"))
    assert "mới có 2 trong 4 môn" in first.plan.issues[0].message
    put(one, book(one, "hoa-hoc", "tin-hoc"))
    assert recorded(one) == ["dia-li", "vat-li", "hoa-hoc", "tin-hoc"]
    fifth = put(one, book(one, "sinh-hoc"))
    assert told(fifth, "error") == [("impossible_value", "HKI Sinh học")]


def test_marks_of_five_electives_are_refused_in_every_one_of_them(one: Enrolment) -> None:
    outcome = put(one, book(one, *NAMES), accept=True)
    assert told(outcome, "error") == [("choice_unknown", f"HKI {name}") for name in NAMES.values()]
    assert not PupilProgramme.objects.exists()


def test_a_recorded_choice_is_never_overruled_by_a_book(one: Enrolment) -> None:
    choose(one, ("dia-li", "vat-li", "hoa-hoc", "sinh-hoc"))
    outcome = put(one, book(one, "tin-hoc"))
    assert told(outcome, "error") == [("impossible_value", "HKI Tin học")]
    assert recorded(one) == ["dia-li", "vat-li", "hoa-hoc", "sinh-hoc"]


def test_only_accepted_lines_count_as_a_choice(one: Enrolment) -> None:
    outcome = put(one, book(one, "dia-li", name="Trần Người Khác"), accept=True)
    assert told(outcome, "error") == [("other_name", "HKI Địa lí")]
    assert not PupilProgramme.objects.exists()


def test_a_teacher_does_not_decide_what_pupils_study(one: Enrolment) -> None:
    outcome = put(one, book(one, "dia-li"), teacher(one.school_class, "dia-li"))
    assert told(outcome, "error") == [("choice_unknown", "HKI Địa lí")]
    assert "Chương trình" in outcome.plan.issues[0].message
    assert not PupilProgramme.objects.exists()


def test_undo_takes_the_choice_back_unless_later_marks_rest_on_it(one: Enrolment) -> None:
    first = put(one, book(one, "dia-li", "vat-li")).batch
    second = put(one, book(one, "hoa-hoc")).batch
    assert first is not None
    assert second is not None
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, first.pk)
    assert refused.value.code == "intake_undo_depends"
    assert SubjectMarks.objects.filter(enrolment=one).count() == 3
    undo_batch(ME, second.pk)
    assert recorded(one) == ["dia-li", "vat-li"]
    undo_batch(ME, first.pk)
    assert not PupilProgramme.objects.exists()
    assert not SubjectMarks.objects.exists()
