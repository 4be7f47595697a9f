"""The database itself refuses to change what is locked, whatever statement asks for it, on both databases."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.common import clock, guards
from hocbaso.apps.periods.models import CaseState, ColumnLock, UnlockCase, UnlockCell
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from tests.builders import YEAR
from tests.unit.apps.periods.world import World

NAMES = {
    SubjectMarks: "assessment_subjectmarks",
    SubjectResult: "assessment_subjectresult",
    TraitResult: "assessment_traitresult",
    YearRecord: "assessment_yearrecord",
}


@contextmanager
def refused():
    with pytest.raises(IntegrityError, match="guarded row"), transaction.atomic():
        yield


def sql(statement: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def case_in_force(
    world: World,
    *,
    columns: tuple[str, ...] = (),
    pupils: tuple[Enrolment, ...] = (),
    minutes_left: int = 60,
    part: str = "toan",
    moment: str = "hk1",
    school_class: SchoolClass | None = None,
) -> UnlockCase:
    """Straight through the table, step by step as its own guard wants it."""
    now = clock.now()
    case = UnlockCase.objects.create(
        number=f"MK-2025-{world.unit.code}-{UnlockCase.objects.count() + 1:04d}",
        school=world.unit,
        school_class=school_class or world.secondary,
        school_year=YEAR,
        part=part,
        moment=moment,
        columns=list(columns),
        requested_by=world.teacher.user,
        requested_role="gvbm",
        requested_at=now,
        why="Nhầm cột.",
        minutes="Sửa cột.",
        until=now + timedelta(minutes=minutes_left),
        needs_minutes=False,
    )
    UnlockCell.objects.bulk_create(
        UnlockCell(case=case, column=column, enrolment=pupil)
        for column in columns or ("",)
        for pupil in pupils or (None,)
    )
    case.state, case.decided_by, case.decided_at = CaseState.GRANTED, world.principal.user, now
    case.save()
    case.state, case.in_force_at = CaseState.IN_FORCE, now
    case.save()
    return case


def test_every_guard_stands(world):
    assert guards.missing(connection) == []


def test_a_locked_column_is_refused_and_its_neighbours_are_not(world):
    world.lock(part="toan", column="gk")
    with refused():
        sql("UPDATE assessment_subjectmarks SET gk = '10' WHERE moment = 'hk1'")
    assert sql("UPDATE assessment_subjectmarks SET ck = '10' WHERE moment = 'hk1'") == 2
    assert sql("UPDATE assessment_subjectmarks SET gk = '10' WHERE moment = 'hk2'") == 2
    assert sql("UPDATE assessment_subjectmarks SET gk = gk, version = version + 1 WHERE moment = 'hk1'") == 2


@pytest.mark.parametrize(("part", "column"), [("", ""), ("toan", ""), ("", "gk"), ("toan", "gk")])
def test_a_wider_lock_closes_what_lies_in_it(world, part, column):
    world.lock(part=part, column=column)
    with refused():
        SubjectMarks.objects.filter(moment="hk1").update(gk="10")
    row = world.marks()
    row.gk = ""
    with refused():
        row.save()
    with refused():
        SubjectMarks.objects.bulk_update([row], ["gk", "ck"])
    with refused():
        row.delete()
    with refused():
        SubjectMarks.objects.bulk_create(
            [
                SubjectMarks(
                    pk=row.pk, enrolment=row.enrolment, subject_code="toan", moment="hk1", gk="1", **_meta()
                )
            ],
            update_conflicts=True,
            unique_fields=["pk"] if connection.vendor == "postgresql" else ["id"],
            update_fields=["gk"],
        )


def _meta():
    return {"updated_at": timezone.now(), "updated_by": "x", "source": "x"}


def test_nothing_is_written_anew_into_a_locked_column(world):
    world.lock(part="ngu-van")
    world.lock(moment="he", part="", column="retest")
    common = {"enrolment": world.first, "subject_code": "ngu-van", **_meta()}
    with refused():
        SubjectMarks.objects.create(moment="hk1", tx1="9", **common)
    with refused():
        SubjectMarks.objects.create(moment="he", retest="9", **common)
    SubjectMarks.objects.create(moment="hk1", **common)  # an empty row says nothing
    SubjectMarks.objects.create(moment="hk2", tx1="9", **common)


def test_locks_of_other_tables_hold_as_well(world):
    world.lock(world.primary, moment="cn")
    for statement in (
        "UPDATE assessment_subjectresult SET score = 10",
        "UPDATE assessment_subjectresult SET level = 'C'",
        "UPDATE assessment_traitresult SET level = 'C'",
        "DELETE FROM assessment_traitresult",
    ):
        with refused():
            sql(statement)
    with refused():
        sql(
            "UPDATE assessment_yearrecord SET height_cm = 150 WHERE enrolment_id = %s",
            world.pupils["3A"][0].pk,
        )
    assert (
        sql("UPDATE assessment_yearrecord SET height_cm = 150 WHERE enrolment_id = %s", world.first.pk) == 1
    )


def test_fields_of_the_year_record_close_with_their_semester(world):
    world.lock(moment="hk1", part="nhan-xet")
    record = YearRecord.objects.filter(enrolment=world.first)
    with refused():
        record.update(conduct_1="Khá")
    assert record.update(conduct_2="Khá", homeroom_comment="Chăm.", conduct_summer="Đạt") == 1
    world.lock(moment="hk2", part="nhan-xet")
    for field in ({"conduct_2": "Tốt"}, {"homeroom_comment": ""}, {"absent_excused": 2}):
        with refused():
            record.update(**field)
    assert record.update(conduct_summer="Khá", title_reason="Tập thể lớp đề nghị") == 1


def test_a_case_opens_exactly_its_cells(world):
    world.lock()
    case_in_force(world, columns=("gk",), pupils=(world.first,))
    mine, other = (
        SubjectMarks.objects.filter(enrolment=e, moment="hk1") for e in (world.first, world.second)
    )
    assert mine.update(gk="9", version=2, updated_by="teacher") == 1
    for rows, change in ((mine, {"ck": "9"}), (mine, {"gk": "9", "tx1": "1"}), (other, {"gk": "9"})):
        with refused():
            rows.update(**change)
    with refused():
        mine.update(enrolment=world.second, gk="10")
    with refused():
        mine.update(moment="hk2")


def test_a_case_for_the_class_opens_every_pupil_and_column(world):
    world.lock()
    case_in_force(world)
    assert SubjectMarks.objects.filter(moment="hk1").update(gk="9", tx6="10") == 2
    world.lock(part="", moment="hk2")
    with refused():
        SubjectMarks.objects.filter(moment="hk2").update(gk="9")


def test_a_case_ends_by_the_clock_of_the_database_even_if_nobody_notes_it(world):
    world.lock()
    case_in_force(world, minutes_left=-1)
    with refused():
        SubjectMarks.objects.filter(moment="hk1").update(gk="9")


def test_a_closed_case_opens_nothing(world):
    world.lock()
    case = case_in_force(world)
    case.state = CaseState.CLOSED
    case.save()
    with refused():
        SubjectMarks.objects.filter(moment="hk1").update(gk="9")


def test_a_frozen_row_is_written_only_under_a_case(world):
    SubjectMarks.objects.update(locked=True)
    rows = SubjectMarks.objects.filter(moment="hk1", enrolment=world.first)
    for change in ({"gk": "9"}, {"updated_by": "somebody"}, {"moment": "he"}):
        with refused():
            rows.update(**change)
    with refused():
        rows.delete()
    assert rows.update(locked=True) == 1  # closing twice changes nothing
    case_in_force(world, columns=("gk",), pupils=(world.first,))
    assert rows.update(gk="9", version=2, updated_by="teacher") == 1
    with refused():
        rows.update(ck="9")


def test_what_is_locked_stays_with_the_class(world):
    """A pupil cannot be put into an open class, changed there and brought back."""
    other = SchoolClass.objects.create(school=world.unit, school_year=YEAR, name="6B", grade=6)
    world.lock(column="gk")
    move = Enrolment.objects.filter(pk=world.first.pk)
    with refused():
        move.update(school_class=other)
    world.lock(other)
    assert move.update(school_class=other) == 1


@pytest.mark.parametrize("model", [ColumnLock, UnlockCell])
def test_locks_and_cells_of_cases_are_never_changed(world, model):
    world.lock()
    case_in_force(world)
    with refused():
        model.objects.update(column="ck")
    with refused():
        model.objects.all().delete()


def test_nobody_writes_a_case_that_is_in_force_from_the_start(world):
    case = case_in_force(world)
    values = {
        field.attname: getattr(case, field.attname)
        for field in UnlockCase._meta.concrete_fields
        if field.name != "id"
    }
    with refused():
        UnlockCase.objects.create(**{**values, "number": "MK-0"})
    with refused():
        UnlockCell.objects.create(case=case, column="ck")


@pytest.mark.parametrize(
    "change",
    [
        {"until": timezone.now() + timedelta(days=30)},
        {"state": CaseState.REQUESTED},
        {"part": "ngu-van"},
        {"why": "khác"},
        {"decided_by": None},
        {"needs_manager": True},
    ],
)
def test_a_case_in_force_is_not_widened(world, change):
    case = case_in_force(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        UnlockCase.objects.filter(pk=case.pk).update(**change)


def test_nobody_allows_the_own_request(world):
    case = case_in_force(world)
    fresh = UnlockCase.objects.filter(pk=case.pk).values().get()
    fresh.pop("id")
    asked = UnlockCase.objects.create(
        **{**fresh, "number": "MK-9", "state": "requested", "decided_by_id": None, "in_force_at": None}
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        UnlockCase.objects.filter(pk=asked.pk).update(state="granted", decided_by=asked.requested_by)
