from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity import queries
from hocbaso.apps.identity.models import Check, Job
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import confirm_warnings
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.engines.population import Outcome
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school, school_of, unavailable

pytestmark = pytest.mark.django_db


def mixed_class(count: int):
    """Some verified, some not, one doubtful, one waiting."""
    school, pupils = school_of(count)
    answers = {
        pupils[0].personal_number: (Outcome.MISMATCH, ("ngay_sinh",)),
        pupils[1].personal_number: (Outcome.NOT_FOUND, ()),
    }
    send(Actor.operator(), school=school.unit, year=YEAR)
    process_due(Registry(answers))
    doubtful = full_pupil(school, 900, sex="Nam")
    confirm_warnings(school.actor(Role.DATA_CLERK), doubtful, paper="Giấy khai sinh")
    full_pupil(school, 901)
    send(Actor.operator(), school=school.unit, year=YEAR, pupils=[doubtful])
    process_due(Registry(down=unavailable()))
    return school, pupils


def test_a_page_of_a_class_costs_four_queries_and_shows_everything(django_assert_num_queries):
    school, _ = mixed_class(45)
    with django_assert_num_queries(4):
        rows = queries.rows_of_class(school.classes["3A"])
        shown = [(r.state, r.differences, r.missing, r.to_confirm, r.responsible, r.job) for r in rows]
    assert len(shown) == 47
    assert shown[0][:5] == ("mismatch", ["ngay_sinh"], [], [], "school")
    assert shown[1][:5] == ("not_found", [], [], [], "guardian")
    assert shown[2][:5] == ("verified", [], [], [], "")
    assert (shown[45][0], shown[45][3], shown[45][5] is not None) == ("error", [], True)
    assert shown[46][0] == "not_sent"


def test_states_are_counted_by_class_in_one_query(django_assert_num_queries):
    school, _ = mixed_class(3)
    empty = make_school("79000102", "Trường khác", ("3C",)).classes["3C"]
    with django_assert_num_queries(1):
        counts = queries.states_of([school.classes["3A"], empty])
    assert counts == {
        school.classes["3A"].pk: {"mismatch": 1, "not_found": 1, "verified": 1, "error": 1, "not_sent": 1},
        empty.pk: {},
    }


def test_differences_are_told_only_while_they_speak_of_the_present_file():
    _, pupils = mixed_class(3)
    pupils[0].refresh_from_db()
    assert queries.differences_of(pupils[0]) == ["ngay_sinh"]
    pupils[0].identity_state = "reverify"
    assert queries.differences_of(pupils[0]) == []


def test_the_progress_of_an_order_is_one_query(django_assert_num_queries):
    school, _ = mixed_class(3)
    last, first = queries.sendings_of(school.unit)
    with django_assert_num_queries(2):
        waiting, done = queries.progress_of(last), queries.progress_of(first)
    assert (done.total, done.answered, done.waiting, done.next_at) == (3, 3, {}, None)
    assert (waiting.total, waiting.done, waiting.waiting) == (1, 0, {"unavailable": 1})
    assert waiting.next_at == Job.objects.get(sending=last).not_before


def test_a_report_of_a_long_school_reads_in_parts(django_assert_max_num_queries):
    school, _ = mixed_class(5)
    with django_assert_max_num_queries(5):
        lines = list(queries.report_lines(school.unit, YEAR))
    assert len(lines) == 7


def test_evidence_refuses_to_be_changed_or_taken_away():
    mixed_class(2)
    for attempt in (
        lambda: Check.objects.update(outcome="matched"),
        lambda: Check.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
    assert Check.objects.filter(outcome="matched").count() == 0
