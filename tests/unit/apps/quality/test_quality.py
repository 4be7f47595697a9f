"""Findings, scores, explanations, checklist over a small school."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.apps.pupils.use_cases.edit_file import edit_file
from hocbaso.apps.quality import background, queries
from hocbaso.apps.quality.models import DayScore, Finding, Mark, PaperCheck, State
from hocbaso.apps.quality.use_cases.check_papers import set_checks
from hocbaso.apps.quality.use_cases.compute import changed_pupils, compute, refresh, run
from hocbaso.apps.quality.use_cases.explain import decide, explain
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.core.quality import BY_ID
from tests.builders import YEAR, make_pupil, make_school
from tests.unit.apps.accounts.people import DAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing():
    with clock.standing_at(DAY):
        yield


@pytest.fixture
def school():
    return make_school(classes=("3A", "3B"))


def rules_of(enrolment, state=State.OPEN):
    return set(Finding.objects.filter(pupil=enrolment.pupil, state=state).values_list("rule", flat=True))


def compute_all(school):
    return compute(school.unit, YEAR)


def test_a_finding_opens_once_is_solved_and_opens_again(school):
    row = make_pupil(school, "3A", 1)
    first = compute_all(school)
    assert {"DU-004", "DU-022", "DU-029"} <= rules_of(row)
    again = compute_all(school)
    assert (again.opened, again.solved, again.scores) == (0, 0, 0)
    assert first.opened == Finding.objects.count()
    clerk = school.actor(Role.DATA_CLERK)
    edit_file(clerk, enrolment=row, values={"religion": "không"})
    assert changed_pupils(school.unit, YEAR) == []  # the clock stands still
    with clock.standing_at(DAY + timedelta(minutes=1)):
        edit_file(clerk, enrolment=row, values={"home_town": "Tây Ninh"})
        assert changed_pupils(school.unit, YEAR) == [row.pupil_id]
        done = refresh(school.unit, YEAR)
        assert (done.pupils, done.solved) == (1, 2)
        edit_file(clerk, enrolment=row, values={"religion": ""})
    with clock.standing_at(DAY + timedelta(minutes=2)):
        compute(school.unit, YEAR, [row.pupil_id])
    found = Finding.objects.get(pupil=row.pupil, rule="DU-006")
    assert (found.state, found.times) == (State.OPEN, 2)


def test_the_school_is_the_sum_of_its_classes_and_staff_and_the_day_keeps_it(school):
    for number in range(3):
        make_pupil(school, "3A" if number else "3B", number + 1)
    compute_all(school)
    board = queries.school_board(school.unit, YEAR)
    parts = [line.tally.whole for line in board.classes] + [board.staff.whole]
    assert board.total.whole == sum(parts[1:], parts[0])
    assert board.total.whole.total - board.total.whole.done == board.total.errors + board.total.queries
    assert board.total.errors + board.total.queries == Finding.objects.filter(state=State.OPEN).count()
    (day,) = DayScore.objects.all()
    assert queries.tally_of([day]).whole == board.total.whole
    assert (day.pupils, day.flawless) == (3, 0)
    compute_all(school)
    assert DayScore.objects.count() == 1


def test_who_leaves_takes_findings_and_score_along(school):
    row = make_pupil(school, "3A", 1)
    compute_all(school)
    Enrolment.objects.filter(pk=row.pk).update(active=False)
    compute_all(school)
    assert rules_of(row) == set()
    assert not Mark.objects.filter(pupil=row.pupil).exists()


def test_a_whole_school_takes_the_same_statements_whatever_its_size(school):
    make_pupil(school, "3A", 1)
    compute_all(school)

    def statements():
        with CaptureQueriesContext(connection) as seen:
            compute_all(school)
        return len(seen)

    few = statements()
    for number in range(2, 12):
        make_pupil(school, "3A", number)
    compute_all(school)
    assert statements() == few


def test_the_same_person_twice_in_the_school_is_asked(school):
    one, other = make_pupil(school, "3A", 1), make_pupil(school, "3B", 2)
    compute_all(school)
    assert "SA-001" in rules_of(one)
    assert "SA-001" in rules_of(other)


def _query(school):
    row = make_pupil(school, "3A", 1)
    Pupil.objects.filter(pk=row.pupil_id).update(birth_date="2012-02-09")
    compute_all(school)
    return row, Finding.objects.select_related("school", "school_class", "pupil").get(rule="DG-014")


def test_an_explanation_goes_to_the_principal_and_then_counts(school):
    row, finding = _query(school)
    before = Mark.objects.get(pupil=row.pupil)
    teacher, principal = school.actor(Role.HOMEROOM, "3A"), school.actor(Role.PRINCIPAL)
    with pytest.raises(DomainError, match="ít nhất 10"):
        explain(teacher, finding=finding, text="đúng")
    explain(teacher, finding=finding, text="Em học lại hai năm do chữa bệnh, có hồ sơ.")
    assert queries.open_for(Role.PRINCIPAL, school.unit, None)[0] == 1
    with pytest.raises(NotAllowed):
        decide(teacher, finding=finding, accept=True)
    decide(principal, finding=finding, accept=False, text="Nêu rõ giấy tờ.")
    assert Finding.objects.get(pk=finding.pk).state == State.OPEN
    finding.refresh_from_db()
    explain(teacher, finding=finding, text="Em học lại hai năm, có giấy ra viện ngày 02/03/2025.")
    decide(principal, finding=finding, accept=True)
    after = Mark.objects.get(pupil=row.pupil)
    assert (after.dung, after.queries) == (before.dung + 1, before.queries - 1)
    Pupil.objects.filter(pk=row.pupil_id).update(birth_date="2011-02-09")
    compute_all(school)  # another value than the one that was explained
    assert Finding.objects.get(pk=finding.pk).state == State.OPEN


def test_an_error_cannot_be_explained_away(school):
    make_pupil(school, "3A", 1)
    compute_all(school)
    finding = Finding.objects.filter(rule="DU-004").first()
    assert BY_ID["DU-004"].severity == "error"
    with pytest.raises(DomainError) as refused:
        explain(school.actor(Role.HOMEROOM, "3A"), finding=finding, text="Gia đình chưa có số định danh.")
    assert refused.value.code == "quality_error_must_be_fixed"


def test_a_check_holds_until_its_fields_change_and_is_never_rewritten(school):
    row = make_pupil(school, "3A", 1)
    teacher, in_class = school.actor(Role.HOMEROOM, "3A"), school.classes["3A"]
    source = {"khai_sinh": "Giấy khai sinh"}
    with pytest.raises(NotAllowed):
        set_checks(
            school.actor(Role.DATA_CLERK), school_class=in_class, wanted={"khai_sinh": [1]}, sources=source
        )
    with pytest.raises(DomainError, match="giấy tờ nào"):
        set_checks(teacher, school_class=in_class, wanted={"khai_sinh": [row.pupil_id]}, sources={})
    wanted = {"khai_sinh": [row.pupil_id]}
    assert set_checks(teacher, school_class=in_class, wanted=wanted, sources=source) == 1
    assert set_checks(teacher, school_class=in_class, wanted=wanted, sources=source) == 0
    assert "DU-027" not in rules_of(row)
    edit_file(school.actor(Role.DATA_CLERK), enrolment=row, values={"home_town": "Cà Mau"})
    compute_all(school)
    assert "SO-006" in rules_of(row)
    (cells,) = [cells for _row, cells in queries.matrix(in_class)]
    assert (cells[0].stale, cells[0].held) == (True, False)
    assert set_checks(teacher, school_class=in_class, wanted={"khai_sinh": []}, sources={}) == 0
    set_checks(teacher, school_class=in_class, wanted=wanted, sources=source)
    set_checks(teacher, school_class=in_class, wanted={"khai_sinh": []}, sources={})
    assert list(PaperCheck.objects.values_list("held", flat=True)) == [True, True, False]
    assert "DU-027" in rules_of(row)


def test_the_worker_judges_every_school_once_a_day_and_then_who_changed(school):
    row = make_pupil(school, "3A", 1)
    background._looked.clear()
    assert background.work() == 1
    assert background.work() == 0
    with clock.standing_at(DAY + timedelta(minutes=5)):
        Pupil.objects.filter(pk=row.pupil_id).update(religion="Không", updated_at=clock.now())
        assert background.work() == 1
        assert background.work() == 0
    assert "DU-006" not in rules_of(row)


def test_only_principal_clerk_and_operator_compute(school):
    with pytest.raises(NotAllowed):
        run(school.actor(Role.HOMEROOM, "3A"), school=school.unit, year=YEAR)
    run(school.actor(Role.DATA_CLERK), school=school.unit, year=YEAR)
