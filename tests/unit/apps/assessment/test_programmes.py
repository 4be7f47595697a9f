"""What pupils study and what the school adjusts: within the law, decided, on record."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.class_sheet import fields_of, read_sheet
from hocbaso.apps.assessment.models import PupilProgramme, ResultChange, SubjectMarks, SubjectResult
from hocbaso.apps.assessment.programme_pages import adjustments_of, class_page
from hocbaso.apps.assessment.use_cases.adjust_programme import adjust_programme, drop_adjustment
from hocbaso.apps.assessment.use_cases.set_programmes import (
    decide_result,
    exempt_pupil,
    set_electives,
    set_individual_plan,
)
from hocbaso.apps.assessment.year_rows import outcomes_of
from hocbaso.apps.audit.models import Event
from hocbaso.core.errors import DomainError, NotAllowed
from tests import builders
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db
TOPICS = ("vat-li", "hoa-hoc", "toan")


@pytest.fixture
def class_10a():
    return s.make_class(s.school(), "10A1")


@pytest.fixture
def head(class_10a):
    return s.somebody("ht", class_10a.school, Role.PRINCIPAL)


def code_of(refused):
    return refused.value.code


def test_the_choice_of_several_pupils_is_recorded_with_history_and_changes_what_they_study(class_10a, head):
    pupils = [s.pupil(class_10a, n) for n in (1, 2)]
    chosen = {"enrolments": pupils, "electives": s.ELECTIVES, "topics": TOPICS, "decision": "QĐ 7"}
    assert set_electives(head, **chosen) == 2
    assert set_electives(head, **chosen) == 0
    assert len(read_sheet(class_10a, "vat-li", "hk1").enrolments) == 2
    lines = ResultChange.objects.filter(field="programme:electives")
    assert {line.new for line in lines} == {"dia-li, vat-li, hoa-hoc, tin-hoc"}
    assert Event.objects.filter(action="assessment.set_electives").count() == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"electives": s.ELECTIVES[:3]}, "electives.count"),
        ({"electives": (*s.ELECTIVES[:3], "toan")}, "electives.unknown"),
        ({"topics": TOPICS[:2]}, "topics.count"),
        ({"topics": ("sinh-hoc", "hoa-hoc", "toan")}, "topics.subject"),
        ({"optional": ("toan",)}, "programme.not_chosen"),
    ],
)
def test_a_choice_that_the_programme_does_not_allow_is_refused(class_10a, head, change, code):
    chosen = {"electives": s.ELECTIVES, "topics": TOPICS} | change
    with pytest.raises(DomainError) as refused:
        set_electives(head, enrolments=[s.pupil(class_10a)], **chosen)
    assert code_of(refused) == code
    assert not PupilProgramme.objects.exists()


def test_a_subject_with_marks_is_not_dropped_in_silence_and_a_frozen_year_not_at_all(class_10a, head):
    an = s.pupil(class_10a)
    set_electives(head, enrolments=[an], electives=s.ELECTIVES, topics=TOPICS)
    s.save(s.teacher(class_10a, "vat-li"), s.marks(an, "vat-li", tx1="8"))
    other = {"enrolments": [an], "electives": ("dia-li", "sinh-hoc", "hoa-hoc", "tin-hoc"), "topics": ()}
    other["topics"] = ("dia-li", "hoa-hoc", "toan")
    with pytest.raises(DomainError) as refused:
        set_electives(head, **other)
    assert code_of(refused) == "programme_has_marks"
    SubjectMarks.objects.update(locked=True)
    with pytest.raises(DomainError) as refused:
        set_electives(head, **other | {"electives": s.ELECTIVES, "topics": ("dia-li", "hoa-hoc", "toan")})
    assert code_of(refused) == "programme_closed"


def test_teachers_decide_no_programmes(class_10a):
    an = s.pupil(class_10a)
    for actor in (s.teacher(class_10a), s.homeroom(class_10a)):
        with pytest.raises(NotAllowed):
            set_electives(actor, enrolments=[an], electives=s.ELECTIVES, topics=TOPICS)
        with pytest.raises(NotAllowed):
            exempt_pupil(actor, enrolment=an, subject_code="toan", reason="ốm", decision="QĐ 1")


def test_an_exemption_shows_in_both_semesters_counts_as_exempt_and_can_be_taken_back(class_10a, head):
    an = s.pupil(class_10a)
    common = {"enrolment": an, "subject_code": "giao-duc-the-chat", "decision": "QĐ 9"}
    exempt_pupil(head, reason="Khuyết tật vận động", **common)
    reasons = set(SubjectMarks.objects.values_list("moment", "exempt_reason"))
    assert reasons == {(m, "Khuyết tật vận động (QĐ 9)") for m in ("hk1", "hk2")}
    assert outcomes_of(class_10a)[an.pk].subject("giao-duc-the-chat").exempt
    assert class_page(class_10a).lines[0].exemptions[0].reason == "Khuyết tật vận động (QĐ 9)"
    exempt_pupil(head, reason="", **common)
    assert not SubjectMarks.objects.exclude(exempt_reason="").exists()
    assert ResultChange.objects.filter(field="marks:giao-duc-the-chat:exempt_reason").count() == 4


def test_an_exemption_in_primary_leaves_the_subject_out_of_the_verdict():
    school = builders.make_school()
    an = builders.finished_class(school, "3A", 1)[0]
    head = school.actor(Role.PRINCIPAL)
    exempt_pupil(
        head, enrolment=an, subject_code="giao-duc-the-chat", reason="Giấy bệnh viện", decision="QĐ 2"
    )
    rows = SubjectResult.objects.filter(enrolment=an, subject_code="giao-duc-the-chat")
    assert {row.moment for row in rows.exclude(exempt_reason="")} == {"ghk1", "chk1", "ghk2", "cn"}


def test_an_individual_plan_needs_its_note_and_its_decision(class_10a, head):
    an = s.pupil(class_10a)
    for note, decision, code in (("", "QĐ 3", "programme_reason"), ("Khó học", "", "programme_decision")):
        with pytest.raises(DomainError) as refused:
            set_individual_plan(head, enrolment=an, individual_plan=True, note=note, decision=decision)
        assert code_of(refused) == code
    row = set_individual_plan(head, enrolment=an, individual_plan=True, note="Khó học", decision="QĐ 3")
    assert row.individual_plan
    assert ResultChange.objects.filter(field="programme:individual_plan", new="x").exists()


def test_the_principal_decides_a_result_that_the_rules_cannot_give(class_10a, head):
    an = s.pupil(class_10a)
    s.fill_year(an)
    SubjectMarks.objects.filter(moment="hk1", subject_code="toan").delete()
    assert outcomes_of(class_10a)[an.pk].subject("toan").missing
    common = {"enrolment": an, "subject_code": "toan"}
    with pytest.raises(DomainError):
        decide_result(head, value="8", reason="", **common)
    with pytest.raises(DomainError, match="Toán"):
        decide_result(head, value="Đ", reason="Về nước giữa năm", **common)
    decide_result(head, value="8", reason="Về nước giữa năm", **common)
    assert outcomes_of(class_10a)[an.pk].subject("toan").year_text == "8"


# -- the school's adjustments


def adjust(head, school_class, code, **change):
    return adjust_programme(
        head,
        school=school_class.school,
        year=school_class.school_year,
        grade=school_class.grade,
        subject_code=code,
        reason="Kế hoạch giáo dục nhà trường",
        **change,
    )


@pytest.mark.parametrize(
    ("code", "change", "refusal"),
    [
        ("toan", {"enabled": False}, "adjust.compulsory"),
        ("toan", {"periods": 0}, "adjust.periods"),
        ("toan", {"regular_columns": 7}, "adjust_columns"),
        ("toan", {"regular_columns": 1}, "adjust_columns"),
        ("toan", {}, "adjust_nothing"),
        ("tieng-viet", {"periods": 70}, "programme.subject"),
    ],
)
def test_what_the_law_does_not_leave_to_the_school_is_refused(class_10a, head, code, change, refusal):
    with pytest.raises(DomainError) as refused:
        adjust(head, class_10a, code, **change)
    assert code_of(refused) == refusal
    assert adjustments_of(class_10a.school, s.YEAR) == []


def test_a_subject_of_the_whole_grade_stays_while_somebody_has_marks_in_it(class_10a, head):
    """Otherwise they would fall out of the year without a word."""
    an = s.pupil(class_10a)
    made = adjust(head, class_10a, "tin-hoc", enabled=True)
    s.save(s.teacher(class_10a, "tin-hoc", "tin"), s.marks(an, "tin-hoc", tx1="8"))
    assert SubjectMarks.objects.filter(subject_code="tin-hoc").exists()
    for change in (
        lambda: drop_adjustment(head, adjustment=made, reason="Thôi"),
        lambda: adjust(head, class_10a, "tin-hoc", regular_columns=3),
    ):
        with pytest.raises(DomainError) as refused:
            change()
        assert code_of(refused) == "adjust_has_marks"
    s.choose(an)
    drop_adjustment(head, adjustment=made, reason="Thôi")
    assert adjustments_of(class_10a.school, s.YEAR) == []


def test_adjusted_columns_are_offered_and_go_only_without_marks(class_10a, head):
    an = s.pupil(class_10a)
    made = adjust(head, class_10a, "toan", regular_columns=6)
    assert [f.key for f in fields_of(class_10a, "toan", "hk1")][:6] == [f"tx{n}" for n in range(1, 7)]
    s.save(s.teacher(class_10a), s.marks(an, tx6="8"))
    for change in (
        lambda: drop_adjustment(head, adjustment=made, reason="Thôi"),
        lambda: adjust(head, class_10a, "toan", regular_columns=5),
    ):
        with pytest.raises(DomainError) as refused:
            change()
        assert code_of(refused) == "adjust_has_marks"
    SubjectMarks.objects.update(tx6="")
    drop_adjustment(head, adjustment=made, reason="Thôi")
    assert adjustments_of(class_10a.school, s.YEAR) == []
    events = Event.objects.filter(action__in=["assessment.adjust_programme", "assessment.drop_adjustment"])
    assert events.count() == 2


def test_a_subject_that_is_switched_off_or_taught_to_all_decides_who_has_the_page(class_10a, head):
    s.choose(s.pupil(class_10a))
    adjust(head, class_10a, "ngoai-ngu-2", enabled=True)
    assert len(read_sheet(class_10a, "ngoai-ngu-2", "hk1").enrolments) == 1
    adjust(head, class_10a, "vat-li", enabled=False)
    with pytest.raises(DomainError):
        fields_of(class_10a, "vat-li", "hk1")


def test_the_page_costs_three_queries(class_10a, django_assert_num_queries):
    s.choose(s.pupil(class_10a))
    with django_assert_num_queries(3):
        page = class_page(class_10a)
    assert page.lines[0].electives == ("Địa lí", "Vật lí", "Hóa học", "Tin học")
