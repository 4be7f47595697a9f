from __future__ import annotations

from datetime import timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence, workers
from hocbaso.apps.identity.models import Check, Job, JobState, Wait
from hocbaso.apps.identity.use_cases import process
from hocbaso.apps.identity.use_cases.process import pause_after, process_due
from hocbaso.apps.identity.use_cases.repair import correct
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.pupils.models import Pupil
from hocbaso.engines.population import Fault, Outcome
from tests.unit.apps.identity.world import YEAR, Registry, due_now, school_of, unavailable

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


def sent(count: int):
    school, pupils = school_of(count)
    send(OPERATOR, school=school.unit, year=YEAR)
    return school, pupils


@pytest.mark.parametrize(
    ("outcome", "differing", "state", "differences"),
    [
        (Outcome.MATCHED, (), "verified", []),
        (Outcome.MISMATCH, ("ho_ten", "thuong_tru"), "mismatch", ["ho_ten", "thuong_tru"]),
        (Outcome.NOT_FOUND, (), "not_found", []),
        (Outcome.MULTIPLE, (), "multiple", []),
        (Outcome.INVALID_INPUT, (), "mismatch", ["so_dinh_danh"]),
    ],
)
def test_an_answer_becomes_evidence_and_a_state(outcome, differing, state, differences):
    school, (pupil,) = sent(1)
    run = process_due(Registry({pupil.personal_number: (outcome, differing)}))
    pupil.refresh_from_db()
    check = Check.objects.get()
    assert (pupil.identity_state, check.outcome, check.differences) == (state, outcome.value, differences)
    assert (run.asked, dict(run.outcomes), run.next_at) == (1, {outcome.value: 1}, None)
    assert check.snapshot_hash == evidence.fields_of(pupil).digest
    assert (check.school, check.by, check.attempt) == (school.unit, "operator", 1)
    assert (len(check.request_digest), len(check.answer_digest)) == (64, 64)
    job = Job.objects.get()
    assert (job.state, job.asked, job.worker) == (JobState.DONE, {}, None)


def test_the_ids_stand_in_the_database_before_anything_is_asked():
    sent(3)
    seen = []

    def look(queries):
        rows = Job.objects.filter(state=JobState.SENT).values_list("request_id", flat=True)
        seen.append({str(row) for row in rows} == {query.request_id for query in queries})

    process_due(Registry(before=look))
    assert seen == [True]


def test_who_dies_while_asking_is_continued_under_the_same_ids():
    sent(3)

    def die(_):
        raise Killed

    dying = Registry(before=die)
    with pytest.raises(Killed):
        process_due(dying)
    assert set(Pupil.objects.values_list("identity_state", flat=True)) == {"sent"}
    after = Registry()
    process_due(after)
    assert sorted(after.asked) == sorted(dying.asked)
    assert after.messages[0][0].subject == dying.messages[0][0].subject
    assert Check.objects.count() == 3
    assert set(Check.objects.values_list("attempt", flat=True)) == {2}


def test_who_dies_before_keeping_the_answers_asks_the_same_question_again(monkeypatch):
    sent(2)
    first, second = Registry(), Registry()

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(process, "keep_answers", die)
        with pytest.raises(Killed):
            process_due(first)
    process_due(second)
    assert sorted(first.asked) == sorted(second.asked)
    assert Check.objects.count() == 2


def test_a_living_workers_questions_are_not_asked_by_another():
    sent(2)
    with workers.working() as living:
        assert workers.dead([living]) == []
        process._claim(living, clock.now(), 100, None)
        registry = Registry()
        assert process_due(registry).asked == 0
        assert registry.messages == []
    assert workers.dead([living]) == [living]
    assert process_due(Registry()).asked == 2


def test_a_file_changed_while_it_was_asked_about_needs_a_new_check():
    school, (pupil,) = sent(1)
    clerk = school.actor(Role.DATA_CLERK)
    registry = Registry(before=lambda _: correct(clerk, pupil, {"full_name": "Trần Bảo Quỳnh Hương"}))
    process_due(registry)
    pupil.refresh_from_db()
    assert pupil.identity_state == "reverify"
    assert Check.objects.get().snapshot_hash != evidence.fields_of(pupil).digest
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(Registry())
    pupil.refresh_from_db()
    assert pupil.identity_state == "verified"


def test_a_question_that_went_out_is_repeated_with_the_values_of_then():
    school, (pupil,) = sent(1)
    first = Registry(down=unavailable())
    process_due(first)
    correct(school.actor(Role.DATA_CLERK), pupil, {"full_name": "Trần Bảo Quỳnh Hương"})
    due_now()
    second = Registry()
    process_due(second)
    assert second.messages[0][0] == first.messages[0][0]
    pupil.refresh_from_db()
    assert pupil.identity_state == "reverify"


def test_values_changed_before_the_first_asking_are_the_ones_asked():
    school, (pupil,) = sent(1)
    correct(school.actor(Role.DATA_CLERK), pupil, {"full_name": "Trần Bảo Quỳnh Hương"})
    registry = Registry()
    process_due(registry)
    assert registry.messages[0][0].subject.full_name == "Trần Bảo Quỳnh Hương"
    pupil.refresh_from_db()
    assert pupil.identity_state == "verified"


def test_whose_number_was_taken_away_in_the_queue_is_dropped():
    school, pupils = sent(2)
    correct(school.actor(Role.DATA_CLERK), pupils[0], {"personal_number": ""})
    run = process_due(Registry())
    assert (run.dropped, run.asked) == (1, 1)
    assert sorted(Pupil.objects.values_list("identity_state", flat=True)) == ["no_number", "verified"]


def test_an_outage_shows_an_error_keeps_the_ids_and_rests_longer_each_time():
    sent(2)
    down = Registry(down=unavailable())
    run = process_due(down)
    assert run.unavailable is not None
    assert (run.postponed, run.answered) == (2, 0)
    assert set(Pupil.objects.values_list("identity_state", flat=True)) == {"error"}
    assert run.next_at > clock.now() + timedelta(seconds=20)
    assert process_due(down).asked == 0
    due_now()
    process_due(down)
    assert Job.objects.first().not_before > clock.now() + timedelta(seconds=50)
    due_now()
    back = Registry()
    process_due(back)
    assert set(Pupil.objects.values_list("identity_state", flat=True)) == {"verified"}
    assert len(set(down.asked) | set(back.asked)) == 2


@pytest.mark.parametrize("fault", [Fault.QUOTA, Fault.WINDOW, Fault.BUSY])
def test_a_quota_or_closed_hours_are_no_error_of_anybody(fault):
    sent(1)
    again = clock.now() + timedelta(hours=9)
    run = process_due(Registry(down=unavailable(again, fault)))
    assert (run.next_at, Pupil.objects.get().identity_state) == (again, "sent")
    assert Job.objects.get().wait == Wait.LIMITED
    with clock.standing_at(again):
        assert process_due(Registry()).outcomes == {"matched": 1}


def test_a_registry_that_cannot_answer_about_one_answers_about_the_others():
    _, pupils = sent(3)
    failing = {
        pupils[0].personal_number: (Outcome.SERVICE_UNAVAILABLE, ()),
        pupils[1].personal_number: (Outcome.RATE_LIMITED, ()),
    }
    first = Registry(failing)
    run = process_due(first)
    assert (run.answered, run.postponed) == (1, 2)
    states = dict(Pupil.objects.values_list("pk", "identity_state"))
    assert [states[p.pk] for p in pupils] == ["error", "sent", "verified"]
    due_now()
    second = Registry()
    process_due(second)
    assert set(second.asked) < set(first.asked)
    assert set(Pupil.objects.values_list("identity_state", flat=True)) == {"verified"}


def test_a_limit_is_kept_and_batches_hold_at_most_a_hundred(monkeypatch):
    monkeypatch.setattr(process, "MAX_BATCH", 4)
    sent(10)
    registry = Registry()
    assert process_due(registry, limit=6).asked == 6
    process_due(registry)
    assert [len(message) for message in registry.messages] == [4, 2, 4]
    assert len(set(registry.asked)) == 10


def test_every_change_of_state_stands_in_the_audit_chain_without_personal_data():
    _, pupils = sent(2)
    process_due(Registry())
    events = Event.objects.filter(action="identity.verified")
    assert events.get().details["people"] == {"sent": [p.code for p in pupils]}
    for event in Event.objects.all():
        assert "079317" not in str(event.details)
        assert "Quỳnh" not in str(event.details)


def test_rests_are_doubled_up_to_an_hour():
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 8, 500)] == [30, 60, 120, 3600, 3600]
