"""Who is re-assessed in summer, in both circulars."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.class_sheet import TRAITS, read_sheet
from hocbaso.apps.assessment.entries import Entry, Sort
from hocbaso.apps.assessment.models import SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.summer import summer_list
from hocbaso.apps.assessment.use_cases.record_results import Door, Saved, record
from hocbaso.apps.assessment.year_rows import verdict_of
from tests import builders
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db


@pytest.fixture
def primary():
    school = builders.make_school()
    pupils = builders.finished_class(school, "3A", 2)
    failed = pupils[0]
    SubjectResult.objects.filter(enrolment=failed, subject_code="toan").update(level="C", score=3)
    TraitResult.objects.filter(enrolment=failed, trait_code="pc-cham-chi").update(level="C")
    return school, failed, pupils[1]


def at_summer(who, sort, code, **values):
    return Entry(who.pk, sort, values, code, "he")


def enter(school, *entries, role=Role.SUBJECT_TEACHER):
    answers = record(school.actor(role, "3A"), list(entries), door=Door.SCREEN, source="screen")
    return [a.state for a in answers]


def test_primary_is_re_assessed_in_what_kept_the_pupil_from_completing_and_nothing_else(primary):
    school, failed, good = primary
    lines = summer_list(school.unit, builders.YEAR)
    assert [(line.enrolment, line.needs.names, line.open) for line in lines] == [
        (failed, ("Toán", "Chăm chỉ"), True)
    ]
    states = enter(
        school,
        at_summer(failed, Sort.SUBJECT, "toan", level="H", score=6),
        at_summer(failed, Sort.SUBJECT, "tieng-viet", level="T"),
        at_summer(good, Sort.SUBJECT, "toan", level="T"),
    )
    assert states == [Saved.SAVED, Saved.REFUSED, Saved.REFUSED]
    trait = at_summer(failed, Sort.TRAIT, "pc-cham-chi", level="Đ")
    assert enter(school, trait, role=Role.HOMEROOM) == [Saved.SAVED]
    assert [line.open for line in summer_list(school.unit, builders.YEAR)] == [False]


def test_the_verdict_takes_the_re_assessment_into_account(primary):
    school, failed, _good = primary
    first = verdict_of(failed)
    assert (first.decision.overall.value, first.promotion.promoted) == ("Chưa hoàn thành", None)
    enter(school, at_summer(failed, Sort.SUBJECT, "toan", level="H", score=6))
    enter(school, at_summer(failed, Sort.TRAIT, "pc-cham-chi", level="Đ"), role=Role.HOMEROOM)
    after = verdict_of(failed)
    assert (after.decision.overall.value, after.promotion.promoted) == ("Hoàn thành", True)
    assert set(after.after.replaced) == {"toan", "pc-cham-chi"}
    assert verdict_of(failed, before_summer=True).decision.completed is False
    assert SubjectResult.objects.get(enrolment=failed, subject_code="toan", moment="cn").score == 3


def test_who_fails_again_waits_for_the_principal(primary):
    school, failed, _good = primary
    enter(school, at_summer(failed, Sort.SUBJECT, "toan", level="C", score=4))
    verdict = verdict_of(failed)
    assert (verdict.promotion.promoted, verdict.promotion.need) == (None, "principal")


def test_pages_of_the_summer_hold_who_is_due(primary):
    school, failed, _good = primary
    in_class = school.classes["3A"]
    pages = {part: read_sheet(in_class, part, "he").enrolments for part in ("toan", "tieng-viet", TRAITS)}
    assert pages == {"toan": [failed], "tieng-viet": [], TRAITS: [failed]}


def test_secondary_lists_retests_and_training_and_what_is_done():
    in_class = s.make_class(s.school())
    an, binh, chau = (s.pupil(in_class, n) for n in (1, 2, 3))
    s.fill_year(an, toan="3", tin_hoc="4")
    s.fill_year(binh)
    s.fill_year(chau)
    YearRecord.objects.filter(enrolment=binh).update(conduct_2="Chưa đạt")
    s.save(s.teacher(in_class), s.marks(an, moment="he", retest="6"))
    found = {
        line.enrolment: (line.needs.items, line.needs.conduct, line.done, line.open)
        for line in summer_list(in_class.school, s.YEAR)
    }
    assert found == {
        an: (("toan", "tin-hoc"), False, ("toan",), True),
        binh: ((), True, (), True),
    }
    assert read_sheet(in_class, "toan", "he").enrolments == [an]
