from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.models import Event
from hocbaso.apps.identity.states import (
    DUE,
    FAILED,
    TRANSITIONS,
    VERIFIED_FIELDS,
    after_change,
    first_state,
    move,
    move_many,
)
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.core.errors import DomainError
from tests.unit.apps.identity.world import school_of

STATES = st.sampled_from(list(IdentityState))
FIELDS = st.sampled_from([*sorted(VERIFIED_FIELDS), "phone", "hamlet", "religion"])
ANSWERED = {IdentityState.VERIFIED, IdentityState.SENT, IdentityState.MISMATCH, IdentityState.ERROR}


def test_the_table_names_every_state_and_nobody_gets_stuck():
    assert set(TRANSITIONS) == set(IdentityState)
    for state in IdentityState:
        reached, todo = set(), [state]
        while todo:
            for after in TRANSITIONS[todo.pop()] - reached:
                reached.add(after)
                todo.append(after)
        assert IdentityState.VERIFIED in reached, state


def test_verified_is_reached_from_an_answer_only():
    assert {s for s, after in TRANSITIONS.items() if IdentityState.VERIFIED in after} == {IdentityState.SENT}


@given(STATES, st.sets(FIELDS), st.booleans())
def test_a_change_leads_along_the_table_and_never_leaves_anybody_verified(state, changed, numbered):
    after = after_change(state, changed, "079317000001" if numbered else "")
    if not VERIFIED_FIELDS & changed:
        assert after == state
        return
    assert after not in ANSWERED
    assert after == state or after in TRANSITIONS[state] or state == IdentityState.NO_NUMBER
    if numbered:
        assert after in (IdentityState.NOT_SENT, IdentityState.REVERIFY)


@pytest.mark.parametrize(
    ("state", "changed", "number", "expected"),
    [
        ("verified", ["full_name"], "079317000001", "reverify"),
        ("verified", ["personal_number"], "079317000001", "reverify"),
        ("verified", ["commune_code"], "079317000001", "reverify"),
        ("verified", ["hamlet", "phone"], "079317000001", "verified"),
        ("sent", ["sex"], "079317000001", "reverify"),
        ("not_found", ["personal_number"], "079317000001", "reverify"),
        ("not_found", ["personal_number"], "", "no_number"),
        ("not_found", ["full_name"], "", "not_found"),  # searched without a number: search again
        ("no_number", ["personal_number"], "079317000001", "not_sent"),
        ("not_sent", ["birth_date"], "079317000001", "not_sent"),
    ],
)
def test_what_follows_from_a_change(state, changed, number, expected):
    assert after_change(state, changed, number) == expected


def test_whoever_is_due_or_failed_can_be_sent():
    for state in {*DUE, *FAILED}:
        assert IdentityState.SENT in TRANSITIONS[state]
    assert (first_state(""), first_state("079317000001")) == (IdentityState.NO_NUMBER, IdentityState.NOT_SENT)


@pytest.mark.django_db
class TestMove:
    def test_a_move_is_written_down_with_the_people_and_their_former_state(self):
        school, pupils = school_of(2)
        move_many(Actor.system(), pupils, IdentityState.SENT, organisation=school.unit.code, sending=7)
        assert set(Pupil.objects.values_list("identity_state", flat=True)) == {"sent"}
        event = Event.objects.get()
        assert (event.action, event.organisation) == ("identity.sent", "79000101")
        assert event.details == {"people": {"not_sent": [p.code for p in pupils]}, "sending": 7}

    def test_there_is_no_way_past_the_table(self):
        _, (pupil,) = school_of(1)
        with pytest.raises(DomainError) as refused:
            move(Actor.system(), pupil, IdentityState.VERIFIED)
        assert refused.value.code == "identity_state"
        assert not Event.objects.exists()

    def test_a_row_that_somebody_else_moved_meanwhile_is_not_overwritten(self):
        _, (pupil,) = school_of(1)
        Pupil.objects.update(identity_state="no_number")
        with pytest.raises(DomainError) as refused:
            move(Actor.system(), pupil, IdentityState.SENT)
        assert refused.value.code == "identity_moved"
        assert Pupil.objects.get().identity_state == "no_number"
