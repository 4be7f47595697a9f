"""A compiled query gives what its queryset gives, whatever the arguments, call after call."""

from __future__ import annotations

from datetime import date

import pytest

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.common.compiled import LONGEST, Compiled
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.pupils.models import Enrolment
from tests.secondary import finished_secondary_class, make_secondary_school

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    made = make_secondary_school()
    made.rows = finished_secondary_class(made, "6A1", 4)
    return made


def _marks(ids, moments, part):
    return SubjectMarks.objects.filter(enrolment__in=ids, moment__in=moments, subject_code=part).order_by(
        "pk"
    )


def test_lists_of_any_length_give_the_rows_of_the_queryset(school, django_assert_num_queries):
    compiled = Compiled(_marks, ids=list[int], moments=list[str], part=str)
    pks = [e.pk for e in school.rows]
    for ids, moments, part in (
        (pks, ["hk1", "hk2"], "toan"),
        (pks[1:3], ["hk2"], "toan"),
        (pks[2:], {"hk1"}, "ngu-van"),  # lengths that were compiled already, other values
        (pks[:1] * 3, ["he"], "toan"),
    ):
        wanted = list(_marks(ids, moments, part))
        with django_assert_num_queries(1):
            found = compiled(ids=ids, moments=moments, part=part)
        assert found == wanted
        assert [(r.gk, r.updated_at, r.moment) for r in found] == [
            (r.gk, r.updated_at, r.moment) for r in wanted
        ]
    assert compiled(ids=[], moments=["hk1"], part="toan") == []
    assert compiled(ids=[*pks, *range(10_000, 10_000 + LONGEST)], moments=["hk1"], part="toan") == list(
        _marks(pks, ["hk1"], "toan")
    )


def test_related_rows_and_dates(school, django_assert_num_queries):
    def posts(day, unit):
        return Assignment.objects.filter(valid_on(day), organisation=unit).select_related(
            "user", "school_class"
        )

    compiled = Compiled(posts, day=date, unit=int)
    last = Assignment.objects.get(organisation=school.unit, role=Role.PRINCIPAL)
    last.valid_to = date(2025, 12, 31)
    last.save()
    for day in (date(2025, 7, 31), date(2025, 8, 1), date(2025, 12, 31), date(2026, 1, 1)):
        with django_assert_num_queries(1):
            found = {
                (p.pk, p.user.full_name, p.school_class and p.school_class.name)
                for p in compiled(day=day, unit=school.unit.pk)
            }
        assert found == {
            (p.pk, p.user.full_name, p.school_class and p.school_class.name) for p in posts(day, school.unit)
        }
    assert compiled(day=date(2026, 1, 1), unit=0) == []


def test_tuples_and_rows_without_a_partner(school):
    names = ("pk", "pupil__full_name")
    tuples = Compiled(lambda ids: Enrolment.objects.filter(pk__in=ids).values_list(*names), ids=list[int])
    pks = [e.pk for e in school.rows]
    assert sorted(tuples(ids=pks)) == sorted(Enrolment.objects.filter(pk__in=pks).values_list(*names))
    rows = Compiled(
        lambda ids: Enrolment.objects.filter(pk__in=ids).select_related("programme"), ids=list[int]
    )
    assert not any(hasattr(row, "programme") for row in rows(ids=pks))


def test_an_argument_that_the_lookup_changes_is_refused(school):
    shouting = Compiled(lambda name: Enrolment.objects.filter(pupil__full_name__contains=name), name=str)
    with pytest.raises(TypeError):
        shouting(name="Bảo")
