"""The one door, for the marks of secondary pupils: columns, forms, programmes, locks, summer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.entries import Door, Entry, Sort
from hocbaso.apps.assessment.models import ResultChange, SubjectMarks, SubjectResult, YearRecord
from hocbaso.apps.assessment.use_cases.record_results import Saved, record
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import CaseState, EntryPeriod, UnlockCase, UnlockCell
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import NotAllowed
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db


@pytest.fixture
def class_6a() -> SchoolClass:
    return s.make_class(s.school())


@pytest.fixture
def an(class_6a: SchoolClass) -> Enrolment:
    return s.pupil(class_6a)


@pytest.fixture
def hoa(class_6a: SchoolClass) -> Actor:
    return s.teacher(class_6a)


def states(actor: Actor, *entries: Entry, **more: object) -> list[Saved]:
    return [a.state for a in s.save(actor, *entries, **more)]


def test_marks_are_stored_as_canonical_text_with_a_line_of_history_each(an, hoa):
    answer = s.save(hoa, s.marks(an, tx1="7.5", gk="10", ck="V", comment="Tiến bộ rõ."))[0]
    assert (answer.state, answer.version) == (Saved.SAVED, 1)
    row = SubjectMarks.objects.get()
    assert (row.tx1, row.tx2, row.gk, row.ck, row.source) == ("7.5", "", "10", "V", "screen")
    assert set(ResultChange.objects.values_list("field", "moment", "new", "by")) == {
        ("marks:toan:tx1", "hk1", "7.5", "hoa"),
        ("marks:toan:gk", "hk1", "10", "hoa"),
        ("marks:toan:ck", "hk1", "V", "hoa"),
        ("marks:toan:comment", "hk1", "Tiến bộ rõ.", "hoa"),
    }


@pytest.mark.parametrize(
    ("code", "moment", "values"),
    [
        ("toan", "hk1", {"tx1": "7,5"}),  # canonical text has a point
        ("toan", "hk1", {"tx1": "7.50"}),
        ("toan", "hk1", {"tx1": "7.25"}),
        ("toan", "hk1", {"tx1": "10.5"}),
        ("toan", "hk1", {"tx1": "Đ"}),  # scored
        ("toan", "hk1", {"tx1": 7}),
        ("giao-duc-the-chat", "hk1", {"tx1": "8"}),  # comment only (Điều 5)
        ("toan", "hk1", {"tx5": "8"}),  # 140 periods: four columns
        ("tin-hoc", "hk1", {"tx3": "8"}),  # 35 periods: two
        ("toan", "hk1", {"retest": "6"}),  # only in summer
        ("toan", "he", {"tx1": "6"}),
        ("toan", "cn", {"tx1": "6"}),
        ("toan", "hk1", {"comment": "x" * 501}),
        ("toan", "hk1", {"level": "T"}),
        ("toan", "hk1", {"locked": False}),
        ("vat-li", "hk1", {"tx1": "6"}),  # not in grade 6
        ("ngoai-ngu-2", "hk1", {"tx1": "6"}),  # nobody chose it
    ],
)
def test_what_the_circular_does_not_allow_is_refused_with_words(an, code, moment, values):
    answer = record(
        Actor.operator(), [Entry(an.pk, Sort.MARKS, values, code, moment)], door=Door.IMPORT, source="t"
    )[0]
    assert answer.state is Saved.REFUSED
    assert answer.message
    assert not SubjectMarks.objects.exists()


@pytest.mark.parametrize(
    "entry",
    [
        lambda e: Entry(e.pk, Sort.SUBJECT, {"level": "T"}, "toan", "hk1"),
        lambda e: Entry(e.pk, Sort.TRAIT, {"level": "T"}, "pc-yeu-nuoc", "hk1"),
        lambda e: Entry(e.pk, Sort.RECORD, {"qualities_comment": "Ngoan"}, "", "hk1"),
        lambda e: Entry(e.pk, Sort.RECORD, {"conduct_1": "Trung bình"}, "", "hk1"),
    ],
)
def test_forms_of_the_other_circular_are_refused(an, entry):
    assert states(Actor.operator(), entry(an), door=Door.IMPORT) == [Saved.REFUSED]
    assert not SubjectResult.objects.exists()
    assert not YearRecord.objects.exists()


def test_an_elective_is_written_for_who_chose_it_alone(class_6a):
    upper = s.make_class(class_6a.school, "10A1")
    chose, other = s.pupil(upper, 1), s.pupil(upper, 2)
    s.choose(chose)
    teacher = s.teacher(upper, "vat-li", "minh")
    answers = s.save(teacher, s.marks(chose, "vat-li", tx1="8"), s.marks(other, "vat-li", tx1="8"))
    assert [a.state for a in answers] == [Saved.SAVED, Saved.REFUSED]
    assert "Vật lí" in answers[1].message


def test_rights_come_from_the_assignment(class_6a, an, hoa):
    lan = s.homeroom(class_6a)
    conduct = Entry(an.pk, Sort.RECORD, {"conduct_1": "Tốt"}, "", "hk1")
    assert states(hoa, s.marks(an, "tin-hoc", tx1="8"), conduct) == [Saved.REFUSED] * 2
    assert states(lan, s.marks(an, tx1="8"), conduct) == [Saved.REFUSED, Saved.SAVED]
    for door in (Door.IMPORT, Door.API, Door.TRANSFER, Door.OFFICE):
        with pytest.raises(NotAllowed):
            s.save(hoa, s.marks(an, tx1="8"), door=door)


def test_the_year_record_of_secondary_stands_at_the_moment_of_its_field(class_6a, an):
    lan = s.homeroom(class_6a)
    s.save(lan, Entry(an.pk, Sort.RECORD, {"conduct_1": "Khá", "absent_excused": 3}))
    found = set(ResultChange.objects.values_list("field", "moment"))
    assert found == {("record:conduct_1", "hk1"), ("record:absent_excused", "hk2")}


# -- fields that belong to other doors


def test_results_of_another_school_come_in_by_transfer_with_its_name(class_6a, an, hoa):
    clerk = s.somebody("dl", class_6a.school, Role.DATA_CLERK)
    carried = s.marks(an, carried="7.5", carried_school="THCS Bình An")
    assert states(hoa, carried) == [Saved.REFUSED]
    assert states(clerk, s.marks(an, carried="7.5"), door=Door.TRANSFER) == [Saved.REFUSED]
    assert states(clerk, s.marks(an, moment="hk2", **carried.values), door=Door.TRANSFER) == [Saved.REFUSED]
    assert states(clerk, carried, door=Door.IMPORT) == [Saved.REFUSED]  # no reason
    assert states(clerk, carried, door=Door.IMPORT, reason="Học bạ của trường cũ") == [Saved.SAVED]
    assert states(clerk, carried, door=Door.TRANSFER) == [Saved.SAME]


def test_exemptions_and_decided_results_are_no_entries_of_a_teacher(class_6a, an, hoa):
    head = s.somebody("ht", class_6a.school, Role.PRINCIPAL)
    exempt = s.marks(an, exempt_reason="Khuyết tật vận động")
    decided = s.marks(an, moment="hk2", decided="6.5", decided_reason="Chỉ học một học kỳ")
    assert states(hoa, exempt, decided) == [Saved.REFUSED] * 2
    assert states(head, s.marks(an, tx1="8"), door=Door.OFFICE) == [Saved.REFUSED]
    assert states(head, s.marks(an, moment="hk2", decided="6.5"), door=Door.OFFICE) == [Saved.REFUSED]
    assert states(head, exempt, decided, door=Door.OFFICE) == [Saved.SAVED] * 2
    answer = s.save(hoa, s.marks(an, tx1="8"))[0]
    assert (answer.state, "miễn" in answer.message) == (Saved.REFUSED, True)
    assert states(hoa, s.marks(an, comment="Cố gắng.")) == [Saved.SAVED]


# -- conflicts


def test_two_teachers_on_one_row_conflict_only_where_they_touch_the_same_cell(an, hoa):
    s.save(hoa, s.marks(an, tx1="7", base=0))
    other_cell = s.marks(an, tx2="8", base=0, seen={"tx2": ""})
    same_cell = s.marks(an, tx1="9", base=0, seen={"tx1": ""})
    answers = s.save(hoa, other_cell, same_cell)
    assert [a.state for a in answers] == [Saved.SAVED, Saved.CONFLICT]
    assert answers[1].current == {"tx1": "7"}
    assert SubjectMarks.objects.get().tx1 == "7"


# -- locks and cases


def close(school_class: SchoolClass, *columns: str, moment: str = "hk1", part: str = "") -> None:
    past = clock.now() - timedelta(days=1)
    EntryPeriod.objects.create(
        unit=school_class.school,
        school_year=school_class.school_year,
        school_class=school_class,
        part=part,
        moment=moment,
        columns=list(columns),
        opens_at=past - timedelta(days=9),
        closes_at=past,
        made_at=past - timedelta(days=9),
        made_by="test",
    )


def unlock(who: Enrolment, *columns: str, part: str = "toan", moment: str = "hk1") -> UnlockCase:
    school_class, now = who.school_class, clock.now()
    asks = s.somebody("xin", school_class.school, Role.SUBJECT_TEACHER, school_class).user
    decides = s.somebody("ht", school_class.school, Role.PRINCIPAL).user
    case = UnlockCase.objects.create(
        number="MK-2025-79000201-0001",
        school=school_class.school,
        school_class=school_class,
        school_year=school_class.school_year,
        part=part,
        moment=moment,
        requested_by=asks,
        requested_role="gvbm",
        requested_at=now,
        why="Vào nhầm điểm",
        minutes="Sửa điểm giữa kỳ theo bài kiểm tra",
        until=now + timedelta(hours=8),
        needs_minutes=False,
    )
    for column in columns:
        UnlockCell.objects.create(case=case, column=column, enrolment=who)
    mine = UnlockCase.objects.filter(pk=case.pk)
    mine.update(state=CaseState.GRANTED, decided_by=decides, decided_role="hieu_truong", decided_at=now)
    mine.update(state=CaseState.IN_FORCE, in_force_at=now)
    return case


def test_a_closed_column_locks_the_whole_entry_and_says_since_when(an, hoa):
    close(an.school_class, "gk")
    answers = s.save(hoa, s.marks(an, tx1="7", gk="8"), s.marks(an, tx1="6"))
    assert [a.state for a in answers] == [Saved.LOCKED, Saved.SAVED]
    assert "khóa" in answers[0].message
    row = SubjectMarks.objects.get()
    assert (row.tx1, row.gk) == ("6", "")


def test_a_closed_value_that_stays_the_same_closes_nothing(an, hoa):
    s.save(hoa, s.marks(an, tx1="7", gk="8"))
    close(an.school_class, "gk")
    assert states(hoa, s.marks(an, tx1="9", gk="8")) == [Saved.SAVED]


@pytest.mark.parametrize("door", [Door.IMPORT, Door.API])
def test_the_lock_holds_at_every_door(an, door):
    close(an.school_class)
    clerk = s.somebody("dl", an.school_class.school, Role.DATA_CLERK)
    assert states(clerk, s.marks(an, gk="8"), door=door) == [Saved.LOCKED]


def test_an_unlock_case_lets_its_cells_through_and_stands_in_the_history(an, hoa):
    s.save(hoa, s.marks(an, tx1="6", gk="5"))
    close(an.school_class)
    unlock(an, "gk")
    assert states(hoa, s.marks(an, gk="8"), s.marks(an, tx1="7")) == [Saved.SAVED, Saved.LOCKED]
    assert states(hoa, s.marks(an, tx1="7", gk="9")) == [Saved.LOCKED]  # one closed field closes the entry
    line = ResultChange.objects.get(field="marks:toan:gk", new="8")
    assert (line.old, line.case_number) == ("5", "MK-2025-79000201-0001")


def test_a_frozen_row_stays_closed_unless_a_case_covers_the_cell_and_is_frozen_afterwards(an, hoa):
    s.save(hoa, s.marks(an, tx1="6", gk="5"))
    SubjectMarks.objects.update(locked=True)
    assert states(hoa, s.marks(an, gk="8"), s.marks(an, "toan", "hk2", gk="8")) == [Saved.LOCKED] * 2
    unlock(an, "gk")
    assert states(hoa, s.marks(an, gk="8"), s.marks(an, tx1="9")) == [Saved.SAVED, Saved.LOCKED]
    row = SubjectMarks.objects.get()
    assert (row.gk, row.tx1, row.locked) == ("8", "6", True)


# -- summer


def test_a_retest_is_taken_for_what_the_rules_say_and_nothing_else(an, hoa):
    s.fill_year(an, toan="3", tin_hoc="4.5")
    s.save(hoa, s.marks(an, moment="he", retest="6"))
    assert SubjectMarks.objects.get(moment="he").retest == "6"
    clerk = Actor.operator()
    answers = s.save(
        clerk,
        s.marks(an, "tin-hoc", "he", retest="6.5"),
        s.marks(an, "ngu-van", "he", retest="9"),
        door=Door.IMPORT,
    )
    assert [a.state for a in answers] == [Saved.SAVED, Saved.REFUSED]
    assert "không phải đánh giá lại" in answers[1].message


def test_no_retest_before_the_year_is_determined(an, hoa):
    s.fill_year(an, toan="3")
    SubjectMarks.objects.filter(moment="hk2", subject_code="ngu-van").update(ck="")
    answer = s.save(hoa, s.marks(an, moment="he", retest="6"))[0]
    assert (answer.state, "Chưa xét được" in answer.message) == (Saved.REFUSED, True)


def test_training_in_summer_is_rated_only_where_conduct_failed(class_6a, an):
    lan, binh = s.homeroom(class_6a), s.pupil(class_6a, 2)
    for who in (an, binh):
        s.fill_year(who)
    YearRecord.objects.filter(enrolment=an).update(conduct_2="Chưa đạt")
    rating = {"conduct_summer": "Đạt"}
    entries = [Entry(who.pk, Sort.RECORD, rating, "", "he") for who in (an, binh)]
    assert states(lan, *entries) == [Saved.SAVED, Saved.REFUSED]


# -- cost


def test_a_page_of_cells_costs_the_same_queries_however_many(class_6a, hoa, django_assert_max_num_queries):
    most = 17 + 2 * (connection.vendor == "postgresql")  # two statements for its locks
    pupils = [s.pupil(class_6a, n) for n in range(20)]
    first = [s.marks(p, tx1="7", base=0) for p in pupils]
    with django_assert_max_num_queries(most) as one:
        s.save(hoa, *first[:1])
    with django_assert_max_num_queries(most) as many:
        s.save(hoa, *first[1:])
    assert len(many) == len(one)
    with django_assert_max_num_queries(most):
        s.save(hoa, *[s.marks(p, tx1="8", tx2="9", base=1) for p in pupils])


@pytest.mark.django_db(transaction=True)
def test_two_who_write_the_same_new_cell_at_once_make_one_row_and_one_conflict():
    school_class = s.make_class(s.school())
    an = s.pupil(school_class)
    actors = [s.teacher(school_class), s.teacher(school_class, name="minh")]
    writers = 2 if connection.vendor == "postgresql" else 1  # SQLite has one writer anyhow
    start = Barrier(writers)

    def write(place: int) -> Saved:
        try:
            start.wait()
            return s.save(actors[place], s.marks(an, tx1=str(7 + place), base=0, seen={"tx1": ""}))[0].state
        finally:
            connection.close()

    with ThreadPoolExecutor(writers) as pool:
        found = sorted(pool.map(write, range(2)))
    assert found == [Saved.CONFLICT, Saved.SAVED]
    assert SubjectMarks.objects.get().version == 1
    assert ResultChange.objects.count() == 1
