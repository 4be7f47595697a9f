"""Pages of a secondary gradebook as data."""

from __future__ import annotations

import pytest

from hocbaso.apps.assessment.class_sheet import (
    RECORD,
    TRAITS,
    Kind,
    PartKind,
    Progress,
    fields_of,
    moments_of,
    parts_of,
    progress,
    read_sheet,
)
from hocbaso.apps.assessment.models import ProgrammeAdjustment, SubjectMarks
from hocbaso.apps.assessment.year_rows import outcomes_of
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import NotFound
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db


@pytest.fixture
def class_6a() -> SchoolClass:
    return s.make_class(s.school())


def test_a_page_has_as_many_regular_columns_as_the_circular_counts(class_6a):
    columns = {
        code: [f.key for f in fields_of(class_6a, code, "hk1")]
        for code in ("toan", "tin-hoc", "giao-duc-the-chat")
    }
    assert columns == {
        "toan": ["tx1", "tx2", "tx3", "tx4", "gk", "ck", "comment"],  # 140 periods
        "tin-hoc": ["tx1", "tx2", "gk", "ck", "comment"],  # 35 periods
        "giao-duc-the-chat": ["tx1", "tx2", "gk", "ck", "comment"],  # comment subject
    }
    kinds = {f.kind for c in ("toan", "giao-duc-the-chat") for f in fields_of(class_6a, c, "hk2")}
    assert kinds == {Kind.MARK, Kind.PASS, Kind.TEXT}


def test_a_school_may_offer_more_columns_and_demands_no_more_than_the_circular(class_6a):
    adjust(class_6a, "tin-hoc", regular_columns=5)
    required = {f.key: f.required for f in fields_of(class_6a, "tin-hoc", "hk1")}
    assert required == {
        **{"tx1": True, "tx2": True, "tx3": False, "tx4": False, "tx5": False},
        **{"gk": True, "ck": True, "comment": False},
    }


def test_parts_are_what_somebody_of_the_class_studies(class_6a):
    parts = parts_of(class_6a)
    assert [p.code for p in parts][-1] == RECORD
    assert {p.kind for p in parts} == {PartKind.SCORED, PartKind.COMMENT, PartKind.RECORD}
    assert "ngoai-ngu-2" not in {p.code for p in parts}
    upper = s.make_class(class_6a.school, "10A1")
    assert "vat-li" not in {p.code for p in parts_of(upper)}
    s.choose(s.pupil(upper, 7))
    assert {"vat-li", "dia-li"} < {p.code for p in parts_of(upper)}
    assert [str(m) for m in moments_of(upper)] == ["hk1", "hk2", "he"]


def test_pages_that_the_circular_does_not_know_are_not_found(class_6a):
    for part, moment in ((TRAITS, "hk1"), ("tieng-viet", "hk1"), ("toan", "cn"), (RECORD, "ghk1")):
        with pytest.raises(NotFound):
            fields_of(class_6a, part, moment)


def test_the_record_asks_for_conduct_by_semester_and_for_training_in_summer(class_6a):
    keys = {m: [f.key for f in fields_of(class_6a, RECORD, m)] for m in ("hk1", "hk2", "he")}
    assert keys["hk1"] == ["conduct_1"]
    assert keys["he"] == ["conduct_summer"]
    assert keys["hk2"][:4] == ["conduct_2", "absent_excused", "absent_unexcused", "homeroom_comment"]


def test_averages_stand_beside_the_marks_and_are_those_of_the_circular(class_6a):
    an, binh = s.pupil(class_6a, 1), s.pupil(class_6a, 2)
    row = dict(zip(("tx1", "tx2", "tx3", "tx4", "gk", "ck"), ("7", "7", "6", "8", "6.8", "8"), strict=True))
    hoa = s.teacher(class_6a)
    s.save(hoa, s.marks(an, **row), s.marks(an, moment="hk2", **row), s.marks(binh, **row | {"ck": ""}))
    first = read_sheet(class_6a, "toan", "hk1")
    assert first.computed == {an.pk: {"tbm": "7.3"}, binh.pk: {"tbm": ""}}  # domain 4.4: 65.6 / 9
    assert [c.key for c in first.computed_columns] == ["tbm"]
    second = read_sheet(class_6a, "toan", "hk2")
    assert second.computed == {an.pk: {"tbm": "7.3", "cn": "7.3"}, binh.pk: {"tbm": "", "cn": ""}}
    assert [f.key for f in first.missing(binh)] == ["ck"]
    assert second.text(an.pk, second.fields[0]) == "7"


def test_a_page_of_an_elective_holds_only_who_chose_it(class_6a):
    upper = s.make_class(class_6a.school, "10A1")
    an, _binh = s.pupil(upper, 1), s.pupil(upper, 2)
    s.choose(an)
    assert [e.pk for e in read_sheet(upper, "vat-li", "hk1").enrolments] == [an.pk]
    assert len(read_sheet(upper, "toan", "hk1").enrolments) == 2


def test_nothing_is_missing_for_who_is_exempt_carried_planned_or_gone(class_6a):
    who = [s.pupil(class_6a, n) for n in range(5)]
    common = {"subject_code": "toan", "moment": "hk1", "updated_at": clock.now(), "updated_by": "t"}
    SubjectMarks.objects.create(enrolment=who[0], exempt_reason="khuyết tật", **common)
    SubjectMarks.objects.create(enrolment=who[1], carried="7.5", carried_school="THCS Bình An", **common)
    s.choose(who[2], (), individual_plan=True)
    who[3].active = False
    who[3].save()
    sheet = read_sheet(class_6a, "toan", "hk1")
    assert [len(sheet.missing(e)) for e in sheet.enrolments] == [0, 0, 0, 0, 6]


def test_progress_counts_rows_that_lack_nothing(class_6a):
    an, _binh = s.pupil(class_6a, 1), s.pupil(class_6a, 2)
    s.fill_year(an)
    found = progress([class_6a], "hk2")
    assert found[class_6a.pk, "toan"] == found[class_6a.pk, RECORD] == Progress(1, 2)
    SubjectMarks.objects.filter(subject_code="toan", moment="hk2").update(tx4="")
    assert progress([class_6a], "hk2")[class_6a.pk, "toan"] == Progress(0, 2)
    assert set(found) == {(class_6a.pk, p.code) for p in parts_of(class_6a)}


def test_pages_and_outcomes_cost_a_fixed_number_of_queries(class_6a, django_assert_num_queries):
    for n in range(3):
        s.fill_year(s.pupil(class_6a, n))
    with django_assert_num_queries(4):
        read_sheet(class_6a, "toan", "hk2")
    with django_assert_num_queries(5):
        assert len(outcomes_of(class_6a)) == 3
    with django_assert_num_queries(5):
        progress([class_6a], "hk1")


def adjust(school_class: SchoolClass, code: str, **values: object) -> None:
    ProgrammeAdjustment.objects.create(
        school=school_class.school,
        school_year=school_class.school_year,
        grade=school_class.grade,
        subject_code=code,
        reason="Kế hoạch giáo dục của nhà trường",
        updated_at=clock.now(),
        updated_by="test",
        **values,
    )
