"""Ways around a lock that somebody with the database's own shell would try; all end at the guard."""

from __future__ import annotations

from django.db import connection

from hocbaso.apps.assessment.models import SubjectMarks, YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from tests.builders import YEAR
from tests.unit.apps.periods.test_lock_guard import _meta, case_in_force, refused, sql


def freeze(world, enrolment):
    """A year sheet that was issued, and its rows frozen."""
    SubjectMarks.objects.filter(enrolment=enrolment).update(locked=True)
    YearRecord.objects.filter(enrolment=enrolment).update(locked=True)
    return YearSheet.objects.create(
        code=f"C{enrolment.pk}",
        enrolment=enrolment,
        pupil=enrolment.pupil,
        school=world.unit,
        school_class=enrolment.school_class,
        school_year=YEAR,
        body=b"x",
        digest=f"d{enrolment.pk}",
        result={},
        state=SheetState.ISSUED,
        frozen_at=clock.now(),
        frozen_by="x",
    )


def test_decided_results_lie_under_the_lock(world):
    row = SubjectMarks.objects.filter(enrolment=world.first, moment="hk2")
    world.lock(moment="hk2")
    with refused():
        row.update(decided="9.0", decided_reason="x")


def test_decided_results_of_a_frozen_row_stay(world):
    freeze(world, world.first)
    row = SubjectMarks.objects.filter(enrolment=world.first, moment="hk2")
    with refused():
        row.update(decided="9.0")


def test_a_case_does_not_unfreeze_the_rest_of_the_row(world):
    freeze(world, world.first)
    case_in_force(world, columns=("tx1",), pupils=(world.first,))
    row = SubjectMarks.objects.filter(enrolment=world.first, moment="hk1")
    with refused():
        row.update(locked=False)


def test_locked_marks_do_not_become_another_pupils(world):
    other = world.pupils["3A"][0].pupil
    move = Enrolment.objects.filter(pk=world.first.pk)
    freeze(world, world.first)
    with refused():
        move.update(pupil=other)
    world.lock()
    with refused():
        Enrolment.objects.filter(pk=world.second.pk).update(pupil=other)


def test_a_class_under_locks_keeps_its_grade_and_year(world):
    """The grade says to which moment a field of the record belongs: another grade would open it."""
    world.lock(moment="hk1", part="nhan-xet")
    rows = SchoolClass.objects.filter(pk=world.secondary.pk)
    for change in ({"grade": 5}, {"school_year": "2026-2027"}):
        with refused():
            rows.update(**change)
    assert rows.update(name="6A9") == 1


def test_replacing_a_row_is_changing_it(world):
    if connection.vendor != "sqlite":  # PostgreSQL knows no such statement
        return
    freeze(world, world.first)
    world.lock(moment="hk1")
    with refused():
        sql("INSERT OR REPLACE INTO assessment_subjectmarks SELECT * FROM assessment_subjectmarks")
    with refused():
        sql("UPDATE OR REPLACE assessment_subjectmarks SET moment = 'hk1' WHERE moment = 'hk2'")


def test_nothing_of_an_issued_year_is_unfrozen(world):
    freeze(world, world.first)
    record = YearRecord.objects.filter(enrolment=world.first)
    for rows in (SubjectMarks.objects.all(), record):
        with refused():
            rows.update(locked=False)
    with refused():
        record.update(promoted_by_principal=True)


def test_nothing_is_added_to_a_year_whose_sheet_stands(world):
    freeze(world, world.first)
    common = {"enrolment": world.first, "subject_code": "ngu-van", **_meta()}
    with refused():
        SubjectMarks.objects.create(moment="hk1", ck="9", **common)
    SubjectMarks.objects.create(moment="he", retest="9", **common)  # the summer's results are new
    case_in_force(world, part="ngu-van", columns=("ck",), pupils=(world.first,))
    SubjectMarks.objects.create(moment="hk1", ck="9", **common)


def test_who_agreed_to_a_case_is_not_written_over(world):
    case = case_in_force(world)
    rows = type(case).objects.filter(pk=case.pk)
    rows.update(agreed_by=world.actor("van_thu").user)
    with refused():
        rows.update(agreed_by=None)
    with refused():
        rows.update(requested_role="hieu_truong")
