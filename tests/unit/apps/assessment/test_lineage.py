"""Where a value comes from, and which changes deserve a look."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.assessment import lineage
from hocbaso.apps.assessment.class_sheet import fields_of, read_sheet
from hocbaso.apps.assessment.entries import Entry, Sort
from hocbaso.apps.assessment.late_changes import digest, raises, report
from hocbaso.apps.assessment.models import ResultChange
from hocbaso.apps.assessment.use_cases.finish_entry import check_sheet, finish_entry
from hocbaso.apps.common import clock
from tests.unit.apps.assessment import secondary as s

MORNING = datetime(2026, 5, 20, 1, 0, tzinfo=UTC)  # 08:00 in Vietnam


@pytest.fixture
def class_6a():
    return s.make_class(s.school())


def later(**gap):
    return clock.standing_at(MORNING + timedelta(**gap))


@pytest.mark.django_db
def test_behind_a_line_stands_every_change_of_every_mark_oldest_first(class_6a):
    hoa, lan, an = s.teacher(class_6a), s.homeroom(class_6a), s.pupil(class_6a)
    with later(hours=0):
        s.save(hoa, s.marks(an, tx1="6", gk="5"))
    with later(hours=1):
        s.save(hoa, s.marks(an, tx1="8"), s.marks(an, moment="hk2", tx1="9"))
        s.save(lan, Entry(an.pk, Sort.RECORD, {"conduct_1": "Tốt"}, "", "hk1"))
    found = lineage.of_enrolment(an)
    assert [line.name for line in found.lines] == ["Toán", "Rèn luyện, nhận xét và ngày nghỉ"]
    trails = {
        (t.name, t.moment): [(x.old, x.new, x.by_name) for x in t.steps] for t in found.line("toan").trails
    }
    assert trails == {
        ("ĐĐGtx 1", "hk1"): [("", "6", "Cô hoa"), ("6", "8", "Cô hoa")],
        ("ĐĐGgk", "hk1"): [("", "5", "Cô hoa")],
        ("ĐĐGtx 1", "hk2"): [("", "9", "Cô hoa")],
    }
    assert found.line("nhan-xet").trails[0].value == "Tốt"
    then = lineage.of_enrolment(an, until=MORNING)
    assert [t.value for t in then.line("toan").trails] == ["5", "6"]  # as it was when the sheet was frozen


@pytest.mark.django_db
def test_what_stands_now_is_the_end_of_its_trail(class_6a):
    hoa, pupils = s.teacher(class_6a), [s.pupil(class_6a, n) for n in range(3)]
    for round_ in ("5", "7", "9"):
        s.save(hoa, *[s.marks(p, tx1=round_, ck="8") for p in pupils])
    sheet = read_sheet(class_6a, "toan", "hk1")
    for pk, found in lineage.of_class(class_6a).items():
        values = {t.field.rpartition(":")[2]: t.value for t in found.line("toan").trails}
        assert values == {f.key: text for f in sheet.fields if (text := sheet.text(pk, f))}


@pytest.mark.django_db
def test_a_cell_tells_its_own_history_latest_first(class_6a):
    hoa, an, binh = s.teacher(class_6a), s.pupil(class_6a, 1), s.pupil(class_6a, 2)
    for mark in ("5", "6"):
        s.save(
            hoa, s.marks(an, tx1=mark, tx2="7"), s.marks(binh, tx1="9"), s.marks(an, moment="hk2", tx1="4")
        )
    column = fields_of(class_6a, "toan", "hk1")[0]
    assert [x.new for x in lineage.of_cell(class_6a, an.pk, column, "hk1")] == ["6", "5"]


@pytest.mark.django_db
def test_reading_costs_two_or_three_queries(class_6a, django_assert_num_queries):
    pupils = [s.pupil(class_6a, n) for n in range(3)]
    s.save(s.teacher(class_6a), *[s.marks(p, tx1="8") for p in pupils])
    with django_assert_num_queries(2):
        lineage.of_enrolment(pupils[0])
    with django_assert_num_queries(3):
        lineage.of_class(class_6a)
    with django_assert_num_queries(2):  # nothing to tell: no names to look up
        digest(class_6a.school, date(2026, 5, 20))


# -- digest and report


def finish(actor, school_class):
    sheet = read_sheet(school_class, "toan", "hk1")
    finish_entry(actor, sheet, confirmed=[w.id for w in check_sheet(sheet).warnings])


@pytest.mark.django_db
def test_the_head_reads_what_was_changed_after_finishing_by_class_and_teacher(class_6a):
    hoa, an = s.teacher(class_6a), s.pupil(class_6a)
    full = {"tx1": "6", "tx2": "6", "tx3": "6", "tx4": "6", "gk": "6", "ck": "6"}
    with later(hours=0):
        s.save(hoa, s.marks(an, **full))
    with later(hours=1):
        finish(hoa, class_6a)
    with later(hours=2):
        s.save(hoa, s.marks(an, ck="8"), s.marks(an, gk="5"), s.marks(an, moment="hk2", tx1="9"))
    today = digest(class_6a.school, date(2026, 5, 20))
    assert [(g.school_class, g.by_name, g.after_finish, g.raises) for g in today.groups] == [
        (class_6a, "Cô hoa", 2, 1)
    ]
    late = today.groups[0].changes[0]
    assert (late.part_name, late.column, late.step.old, late.step.new) == ("Toán", "ĐĐGck", "6", "8")
    assert digest(class_6a.school, date(2026, 5, 21)).groups == ()
    assert (report(class_6a.school, s.YEAR).changes, report(class_6a.school, "2024-2025").changes) == (2, 0)
    assert digest(s.school("79000299"), date(2026, 5, 20)).groups == ()


@pytest.mark.django_db
def test_a_change_under_a_case_is_told_even_where_nothing_was_finished(class_6a):
    an = s.pupil(class_6a)
    ResultChange.objects.create(
        enrolment=an,
        moment="hk1",
        field="marks:toan:gk",
        old="5",
        new="8",
        at=MORNING,
        by="hoa",
        source="screen",
        case_number="MK-1",
    )
    found = report(class_6a.school, s.YEAR)
    assert (found.under_case, found.after_finish, found.raises) == (1, 0, 1)


MARKS = st.integers(0, 100).map(lambda n: f"{n / 10:.1f}".removesuffix(".0"))


@given(MARKS, MARKS)
def test_a_correction_raises_exactly_when_the_number_grows(old, new):
    assert raises(old, new) == (float(new) > float(old))


@pytest.mark.parametrize(
    ("old", "new", "up"),
    [
        ("CĐ", "Đ", True),
        ("Đ", "CĐ", False),
        ("H", "T", True),
        ("T", "H", False),
        ("Khá", "Tốt", True),
        ("Đạt", "Chưa đạt", False),
        ("", "8", False),
        ("V", "8", False),
        ("8 điểm", "9 điểm", False),
    ],
)
def test_letters_and_ratings_have_their_order(old, new, up):
    assert raises(old, new) is up
