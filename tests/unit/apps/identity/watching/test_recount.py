"""The roll-up is what the source says, after whatever has happened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Check
from hocbaso.apps.identity.watching import recount as module
from hocbaso.apps.identity.watching.models import STATES, Day, Figure, Who
from hocbaso.apps.identity.watching.recount import recount, recount_all, recount_due
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil
from hocbaso.engines.population import FIELDS
from tests.unit.apps.accounts import people

NOW = people.DAY


def answered(pupil: Pupil, school: Organisation, outcome: str, differences: tuple[str, ...], at) -> Check:
    return Check.objects.create(
        pupil=pupil,
        request_id=f"{Check.objects.count():032x}",
        school=school,
        purpose="x",
        legal_basis="x",
        sent_at=at,
        answered_at=at,
        recorded_at=at,
        outcome=outcome,
        differences=list(differences),
        request_digest="a",
        answer_digest="b",
        snapshot_hash="c",
        by="x",
    )


def kept(school: Organisation, who: str = Who.PUPILS) -> dict[str, int]:
    """State → people, as the roll-up has them."""
    rows = Figure.objects.filter(school=school, who=who)
    return {state: sum(getattr(row, state) for row in rows) for state in STATES}


_steps = st.lists(
    st.tuples(
        st.sampled_from(("state", "answer", "leave", "enrol", "count", "lose")),
        st.integers(0, 5),
        st.sampled_from(STATES),
        st.sets(st.sampled_from(FIELDS)),
    ),
    max_size=14,
)


class AnyHistory(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(_steps)
    def test_the_roll_up_equals_a_count_from_the_source(self, steps) -> None:
        school = people.school(levels=["tieu_hoc", "thcs"])
        classes = [people.school_class(school, "1A", 1), people.school_class(school, "6A", 6)]
        people.school_class(school, "1A", 1, "2024-2025")  # a year that is over counts for nobody
        rows = [people.enrol(classes[n % 2], n) for n in range(6)]
        truth = {row.pk: [row.pupil.identity_state, None, None] for row in rows}
        for n, (what, which, state, fields) in enumerate(steps):
            row, at = rows[which], NOW + timedelta(minutes=n)
            if what == "state":
                Pupil.objects.filter(pk=row.pupil_id).update(identity_state=state)
                truth[row.pk][0] = state
            elif what == "answer":
                matched = state == "verified"
                answered(row.pupil, school, "matched" if matched else "mismatch", tuple(fields), at)
                since = None if matched else (truth[row.pk][2] or at)
                truth[row.pk][1:] = [None if matched else fields, since]
            elif what in ("leave", "enrol"):
                Enrolment.objects.filter(pk=row.pk).update(active=what == "enrol")
            elif what == "lose":
                Figure.objects.all().delete()  # a node restored from an older copy, a count that died
            else:
                recount([school.pk])
        recount([school.pk])

        here = set(Enrolment.objects.filter(active=True).values_list("pk", flat=True))
        states = [truth[pk][0] for pk in here]
        assert kept(school) == {state: states.count(state) for state in STATES}
        differing = [truth[pk][1] or () for pk in here if truth[pk][0] == "mismatch"]
        found = Figure.objects.filter(school=school, who=Who.PUPILS)
        for name in FIELDS:
            counted = sum(getattr(row, f"differs_{name}") for row in found)
            assert counted == sum(name in fields for fields in differing)
        open_since = [
            truth[pk][2]
            for pk in here
            if truth[pk][0] in ("mismatch", "not_found", "multiple") and truth[pk][2]
        ]
        oldest = [row.oldest for row in found if row.oldest]
        assert min(oldest, default=None) == min(open_since, default=None)
        by_level = dict(found.values_list("level", "total"))
        grades = [Enrolment.objects.get(pk=pk).school_class.grade for pk in here]
        wanted = {"tieu_hoc": grades.count(1), "thcs": grades.count(6)}
        assert by_level == ({k: v for k, v in wanted.items() if v} or {"": 0})
        today = Day.objects.get(unit=school, who=Who.PUPILS)
        assert (today.total, today.verified) == (len(states), states.count("verified"))


@pytest.fixture
def schools(db):
    made = [people.school(f"7900010{n}", f"Trường Tiểu học {n}") for n in (1, 2)]
    for n, school in enumerate(made):
        in_class = people.school_class(school)
        for k in range(3):
            people.enrol(in_class, k, identity_state=IdentityState.VERIFIED if k <= n else "not_sent")
    return made


def test_the_days_of_the_units_above_are_sums_of_the_schools(schools):
    recount_all()
    sums = dict(Day.objects.filter(who=Who.PUPILS).values_list("unit__code", "verified"))
    assert sums["xa-26929"] == sums["so-79"] == sums["bo-gddt"] == 3
    assert sums[schools[0].code] == 1


def test_a_day_has_one_row_however_often_it_is_counted_and_the_next_day_has_its_own(schools):
    with clock.standing_at(NOW):
        recount_all()
        recount_all()
    with clock.standing_at(NOW + timedelta(days=1)):
        Pupil.objects.update(identity_state="verified")
        recount_all()
    rows = Day.objects.filter(unit=schools[0], who=Who.PUPILS).order_by("day")
    assert list(rows.values_list("verified", "total")) == [(1, 3), (3, 3)]


def test_the_worker_counts_what_was_never_counted_first_and_rests_when_all_is_fresh(schools, monkeypatch):
    with clock.standing_at(NOW):
        recount([schools[0].pk])
    with clock.standing_at(NOW + timedelta(minutes=6)):
        done = recount_due(limit=1)
        assert (done.schools, done.left) == (1, 1)
        assert Figure.objects.filter(school=schools[1]).exists()
        assert (recount_due().schools, recount_due().schools) == (1, 0)


def test_a_count_that_dies_leaves_the_former_figures_whole(schools, monkeypatch):
    with clock.standing_at(NOW):
        recount_all()
    before = list(Figure.objects.order_by("pk").values())
    Pupil.objects.update(identity_state="verified")

    def die(*_args):
        raise RuntimeError("killed")

    monkeypatch.setattr(module, "_keep_day", die)
    with pytest.raises(RuntimeError):
        recount_all()
    assert list(Figure.objects.order_by("pk").values()) == before
