"""Residence is asked for once, with purpose and legal basis, through deaths and outages."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import JobState
from hocbaso.apps.identity.ports import asked_since
from hocbaso.apps.residence.models import Answer, Lookup, Stay, Told
from hocbaso.apps.residence.queries import address_of
from hocbaso.apps.residence.use_cases.fetch import order_lookups
from hocbaso.apps.residence.use_cases.process import process_due
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.population import Fault, Outcome, PopulationUnavailable
from tests.unit.apps.identity.world import YEAR, school_of
from tests.unit.apps.residence.world import Register, due_now, entry

pytestmark = pytest.mark.django_db


def _order(school, **kwargs):
    return order_lookups(school.actor(Role.DATA_CLERK), school=school.unit, year=YEAR, **kwargs)


def test_everybody_is_asked_once_with_purpose_and_nothing_of_the_address():
    school, pupils = school_of(3)
    register = Register()
    assert _order(school).queued == 3
    assert process_due(register).outcomes == {"matched": 3}
    (query, *_rest) = register.asked
    assert query.purpose.code == "khai_thac_thong_tin_cu_tru"
    assert query.purpose.legal_basis == "Nghị định 104/2022/NĐ-CP"
    assert query.requester_unit == school.unit.code
    assert (query.subject.province, query.subject.commune_code) == ("", "")

    again = _order(school)
    assert (again.queued, again.already) == (0, 3)
    assert process_due(register).asked == 0
    assert len(set(register.ids)) == 3

    pupils[0].full_name = "Nguyễn Phúc Bảo Quỳnh"
    pupils[0].save()
    assert _order(school).queued == 1  # another question: the person is written otherwise now
    assert _order(school, pupils=[pupils[1]]).queued == 1  # by name: somebody wants to know


def test_who_has_no_number_is_listed_and_not_asked_about():
    school, pupils = school_of(2)
    pupils[0].personal_number = ""
    pupils[0].save()
    order = _order(school)
    assert order.incomplete == [{"pupil": pupils[0].code, "missing": ["personal_number"]}]
    assert order.queued == 1


def test_evidence_holds_no_address_and_cannot_be_changed():
    school, _pupils = school_of(1)
    _order(school)
    process_due(Register())
    answer = Answer.objects.get()
    assert (answer.outcome, answer.entries, len(answer.answer_digest)) == ("matched", 1, 64)
    assert "đường số" not in str([getattr(answer, f.attname) for f in Answer._meta.concrete_fields])
    assert Lookup.objects.get().asked == {}
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.update(outcome="not_found")
    with pytest.raises(IntegrityError), transaction.atomic():
        Stay.objects.all().delete()


def test_a_process_killed_between_question_and_answer_asks_the_same_again():
    school, _pupils = school_of(3)
    _order(school)

    class Killed(BaseException):
        pass

    def die(query):
        if len(register.asked) == 2:
            raise Killed

    register = Register(before=die)
    with pytest.raises(Killed):
        process_due(register)
    register.before = lambda _: None
    assert process_due(register).outcomes == {"matched": 2}
    assert register.ids[1] == register.ids[2]
    assert len(set(register.ids)) == 3
    assert Answer.objects.count() == 3


@pytest.mark.parametrize(
    ("fault", "wait"),
    [(Fault.UNAVAILABLE, "unavailable"), (Fault.QUOTA, "limited"), (Fault.WINDOW, "limited")],
)
def test_an_outage_or_the_quota_ends_the_run_and_nothing_is_lost(fault, wait):
    school, _pupils = school_of(3)
    _order(school)
    register = Register(down=PopulationUnavailable(fault, "test"))
    run = process_due(register)
    assert run.unavailable is register.down
    assert len(register.asked) == 1
    assert list(Lookup.objects.order_by("pk").values_list("state", "attempts", "wait")) == [
        (JobState.SENT, 1, wait),
        (JobState.QUEUED, 0, ""),
        (JobState.QUEUED, 0, ""),
    ]
    assert asked_since(clock.now()) == 1  # the day's quota counts what was asked, not what was claimed
    register.down = None
    due_now()
    assert process_due(register).answered == 3
    assert register.ids[0] in register.ids[1:]
    assert asked_since(clock.now()) == 3


def test_one_that_is_answered_later_waits_alone():
    school, pupils = school_of(2)
    _order(school)
    register = Register(outcomes={pupils[0].personal_number: Outcome.SERVICE_UNAVAILABLE})
    run = process_due(register, clock.now())  # what is put off is not due in this run
    assert (run.answered, run.postponed) == (1, 1)
    register.outcomes = {}
    due_now()
    assert process_due(register).answered == 1
    assert register.ids[0] == register.ids[2]


def test_what_the_file_does_not_contradict_becomes_history_at_once():
    school, (pupil,) = school_of(1)
    former = entry(commune="Xã Hòa Hiệp", commune_code="26662", since="2019-02-08", until="2021-05-01")
    now = entry(since="2021-05-01")
    _order(school)
    process_due(Register(stays={pupil.personal_number: (former, now)}))
    assert Stay.objects.count() == 2
    assert not Told.objects.exists()
    pupil.refresh_from_db()
    assert pupil.commune == "Phường Hạnh Thông"
    then = address_of(pupil, date(2020, 1, 1))
    today = address_of(pupil, date(2026, 5, 1))
    assert (then.commune_code, today.commune_code) == ("26662", "26890")
    assert today.text == "8 đường số 55, Phường Hạnh Thông, Thành phố Hồ Chí Minh"
    assert today.sentence.startswith(f"{today.text}, từ 01/05/2021, theo CSDL quốc gia về dân cư ngày ")
    assert address_of(pupil, date(2018, 1, 1)) is None


def test_the_same_answer_again_adds_nothing_and_an_ended_stay_supersedes_its_open_one():
    school, (pupil,) = school_of(1)
    register = Register()
    for _ in range(2):
        _order(school, again=True)
        process_due(register)
    assert Stay.objects.count() == 1
    register.stays[pupil.personal_number] = (entry(until="2026-01-31"),)
    _order(school, again=True)
    process_due(register)
    first, second = Stay.objects.order_by("pk")
    assert second.supersedes == first
    assert Answer.objects.count() == 3


def test_a_mismatch_tells_nothing_and_is_evidence():
    school, (pupil,) = school_of(1)
    _order(school)
    process_due(Register(outcomes={pupil.personal_number: Outcome.MISMATCH}))
    assert Answer.objects.get().outcome == "mismatch"
    assert not Stay.objects.exists()
    assert not Told.objects.exists()


def test_words_of_former_units_are_mapped_only_where_one_commune_fits():
    school, (one, other) = school_of(2)
    single = entry(commune="Phường 5, Quận Gò Vấp", commune_code="", province_code="")
    divided = entry(commune="Phường 14, Quận 10", commune_code="", province_code="")
    _order(school)
    process_due(Register(stays={one.personal_number: (single,), other.personal_number: (divided,)}))
    first, second = Told.objects.order_by("pupil")
    assert first.entry["commune"] == "Phường An Nhơn"
    assert "→ Phường An Nhơn" in first.entry["mapped"]
    assert (second.entry["commune"], second.entry["commune_code"]) == ("Phường 14, Quận 10", "")


def test_a_teacher_of_a_subject_asks_for_nobody():
    school, _pupils = school_of(1)
    with pytest.raises(NotAllowed):
        order_lookups(
            school.actor(Role.SUBJECT_TEACHER, "3A"),
            school=school.unit,
            year=YEAR,
            school_class=school.classes["3A"],
        )
    order_lookups(
        school.actor(Role.HOMEROOM, "3A"), school=school.unit, year=YEAR, school_class=school.classes["3A"]
    )


def test_pupils_of_another_school_are_not_asked_about():
    school, _pupils = school_of(1)
    from tests.builders import make_pupil, make_school

    stranger = make_pupil(make_school("79000777", "Trường Khác"), "3A", 1).pupil
    with pytest.raises(DomainError) as refused:
        _order(school, pupils=[stranger])
    assert refused.value.code == "residence_not_here"
