"""Cases before the managing unit: opened, answered, passed on, late, closed by the verification itself."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation.models import Act, Case, Message, Special, State
from hocbaso.apps.identity.escalation.queries import open_cases as open_of
from hocbaso.apps.identity.escalation.use_cases.answer_case import (
    answer_case,
    extend,
    pass_on,
    record_special,
)
from hocbaso.apps.identity.escalation.use_cases.follow_case import reply, resubmit, withdraw
from hocbaso.apps.identity.escalation.use_cases.open_case import open_cases
from hocbaso.apps.identity.escalation.workdays import after_working_days
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import confirm_difference, correct
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.organisations.models import DatedSetting, Management, Organisation
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.population import Outcome
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school

pytestmark = pytest.mark.django_db

REASON = "Gia đình đã nộp giấy khai sinh, hồ sơ khớp giấy tờ. Đề nghị công an sửa dữ liệu."


class World:
    """A school under a commune under a department; one pupil differs, one has no number, one is verified."""

    def __init__(self) -> None:
        self.school = make_school()
        start = people.START
        self.commune, self.department, self.ministry = (
            Organisation.objects.create(code=kind, kind=kind, name=f"Đơn vị {kind}", valid_from=start)
            for kind in ("xa", "so", "bo")
        )
        chain = (self.school.unit, self.commune, self.department, self.ministry)
        for unit, above in pairwise(chain):
            Management.objects.create(organisation=unit, manager=above, valid_from=start)
        self.principal, self.clerk = self.school.actor(Role.PRINCIPAL), self.school.actor(Role.DATA_CLERK)
        self.officer = people.actor(Role.COMMUNE_OFFICER, self.commune)
        self.above = people.actor(Role.DEPARTMENT_OFFICER, self.department)
        self.wrong, self.without, self.right = (full_pupil(self.school, n) for n in (1, 2, 3))
        Pupil.objects.filter(pk=self.without.pk).update(personal_number="", identity_state="no_number")
        self.registry = Registry({self.wrong.personal_number: (Outcome.MISMATCH, ("ho_ten",))})
        self.verify()

    def verify(self, **values: bool) -> None:
        send(Actor.operator(), school=self.school.unit, year=YEAR, **values)
        process_due(self.registry)  # type: ignore[arg-type]
        for pupil in (self.wrong, self.without, self.right):
            pupil.refresh_from_db()

    def open(self, pupil: Pupil | None = None, actor: Actor | None = None, **values: str) -> Case:
        (case,) = open_cases(
            actor or self.principal,
            school=self.school.unit,
            year=YEAR,
            pupils=[pupil or self.wrong],
            reason=values.pop("reason", REASON),
            **values,
        )
        return case


@pytest.fixture
def world() -> World:
    return World()


def test_a_case_lies_before_the_nearest_unit_with_evidence_and_a_term(world):
    confirm_difference(world.clerk, world.wrong, paper="Giấy khai sinh", paper_date=date(2020, 3, 2))
    case = world.open()
    assert case.number == f"KN-2025-{world.school.unit.code}-0001"
    assert (case.holder, case.state) == (world.commune, State.WAITING)
    assert case.due_on == after_working_days(clock.today(), 5)
    evidence = Message.objects.get().evidence
    assert (evidence["state"], evidence["differences"]) == ("mismatch", ["ho_ten"])
    assert evidence["responsible"] == "police"
    assert evidence["papers"] == [{"paper": "Giấy khai sinh", "date": "2020-03-02"}]
    assert world.wrong.personal_number not in str(evidence)
    assert Event.objects.filter(action="escalation.opened").count() == 1
    DatedSetting.objects.create(
        organisation=world.department,
        key="escalation_days",
        value="3",
        valid_from=people.START,
        legal_basis="Công văn",
    )
    assert world.open(world.without).due_on == after_working_days(clock.today(), 3)


def test_who_is_verified_has_a_case_already_or_is_a_stranger_gives_no_case(world):
    for pupil, code, values in (
        (world.right, "escalation_not_ready", {}),
        (world.wrong, "escalation_special", {"special": Special.FOREIGNER}),
        (world.wrong, "escalation_words", {"reason": "  "}),
        (world.wrong, "escalation_number_in_words", {"reason": "Số 0793 1700 0001 đúng"}),
        (world.wrong, "escalation_long", {"reason": "a" * 2001}),
        (world.wrong, "escalation_unknown_special", {"special": "x"}),
    ):
        with pytest.raises(DomainError) as error:
            world.open(pupil, **values)
        assert error.value.code == code
    world.open()
    with pytest.raises(DomainError) as error:
        world.open()
    assert error.value.code == "escalation_double"
    with pytest.raises(NotAllowed):
        world.open(world.without, world.clerk)
    assert Case.objects.count() == 1


def test_the_unit_answers_and_the_verification_itself_ends_the_case(world):
    case = answer_case(world.officer, case=world.open(), act=Act.ACCEPTED)
    assert (case.state, case.due_on is None) == (State.ACCEPTED, False)
    case = answer_case(world.officer, case=case, act=Act.SOLVED, text="Công an đã sửa.")
    assert (case.state, case.due_on) == (State.SOLVED, None)
    reply(world.clerk, case=case, text="Trường gửi xác thực lại.")
    world.registry.answers.clear()
    world.verify(again=True)
    case.refresh_from_db()
    assert (world.wrong.identity_state, case.state) == ("verified", State.CLOSED)
    assert case.closed_at is not None
    assert list(Message.objects.filter(case=case).values_list("act", flat=True)) == [
        *("opened", "accepted", "solved", "reply", "closed")
    ]
    assert open_of([world.school.unit]) == []


def test_returned_guidance_is_followed_and_sent_again_or_the_case_is_withdrawn(world):
    case = answer_case(world.officer, case=world.open(), act=Act.RETURNED, text="Xin thêm giấy khai sinh.")
    assert (case.state, case.due_on) == (State.RETURNED, None)
    case = resubmit(world.principal, case=case, text="Đã có giấy khai sinh.")
    assert (case.state, case.due_on is None) == (State.WAITING, False)
    case = withdraw(world.principal, case=case, text="Em đã chuyển trường.")
    assert case.state == State.WITHDRAWN
    with pytest.raises(DomainError) as error:
        answer_case(world.officer, case=case, act=Act.ACCEPTED)
    assert error.value.code == "escalation_step"
    assert world.open().number.endswith("0002")


def test_not_ours_goes_up_as_far_as_the_department(world):
    case = pass_on(world.officer, case=world.open(), text="Thuộc thẩm quyền của Sở.")
    assert (case.holder, case.state) == (world.department, State.WAITING)
    with pytest.raises(NotAllowed):
        answer_case(world.officer, case=case, act=Act.ACCEPTED)
    with pytest.raises(DomainError) as error:
        pass_on(world.above, case=case, text="Lên Bộ.")
    assert error.value.code == "escalation_top"
    assert answer_case(world.above, case=case, act=Act.ACCEPTED).state == State.ACCEPTED


def test_a_special_case_is_verified_by_the_commune_and_recorded_by_the_department(world):
    case = world.open(world.without, special=Special.STREET_CHILD)
    for doing, code in (
        (lambda: record_special(world.officer, case=case, text="Ghi nhận"), "escalation_recorded_here"),
        (lambda: pass_on(world.officer, case=case, text=" "), "escalation_words"),
    ):
        with pytest.raises(DomainError) as error:
            doing()
        assert error.value.code == code
    passed = pass_on(world.officer, case=case, text="Biên bản xác minh ngày 02/03.")
    both = people.post(world.officer.user, world.department, Role.DEPARTMENT_OFFICER)
    with pytest.raises(DomainError) as error:
        record_special(Actor.of(both), case=passed, text="Ghi nhận")
    assert error.value.code == "escalation_same_person"
    recorded = record_special(world.above, case=passed, text="Theo danh sách của xã.")
    assert (recorded.state, recorded.due_on) == (State.RECORDED, None)
    correct(world.clerk, world.without, {"personal_number": "079317000099"})
    world.verify()
    recorded.refresh_from_db()
    assert recorded.state == State.CLOSED
    ordinary = pass_on(world.officer, case=world.open(), text="Chuyển")
    with pytest.raises(DomainError) as error:
        record_special(world.above, case=ordinary, text="Ghi nhận")
    assert error.value.code == "escalation_ordinary"


def test_one_person_with_two_accounts_does_not_answer_the_own_case(world):
    for user, unit in ((world.principal.user, world.school.unit), (world.officer.user, world.commune)):
        StaffMember.objects.create(
            organisation=unit, code="CB01", user=user, full_name="x", personal_number="079080000001"
        )
    case = world.open()
    with pytest.raises(DomainError) as error:
        answer_case(world.officer, case=case, act=Act.ACCEPTED)
    assert error.value.code == "escalation_same_person"


def test_the_clock_is_told_extended_with_a_reason_and_not_for_ever(world):
    case = world.open()
    later = case.due_on + timedelta(days=1)
    (before,), (after,) = open_of([world.commune]), open_of([world.school.unit], today=later)
    assert (before.late, after.late, after.waits_for, before.number) == (False, True, "unit", case.number)
    longer = extend(world.officer, case=case, days=3, text="Chờ công an xã.")
    assert longer.due_on == after_working_days(case.due_on, 3)
    extend(world.officer, case=case, days=10, text="Chờ tiếp.")
    for days, text, code in ((11, "x", "escalation_extension"), (1, "x", "escalation_extensions")):
        with pytest.raises(DomainError) as error:
            extend(world.officer, case=case, days=days, text=text)
        assert error.value.code == code
    assert open_of([world.department]) == []  # it lies with the commune, and the school was not asked about


def test_names_are_for_the_school_and_the_officers_above(world):
    case = world.open()
    auditor = people.actor(Role.AUDITOR, world.department)
    ministry = people.actor(Role.MINISTRY_OFFICER, world.ministry)
    stranger = people.actor(
        Role.COMMUNE_OFFICER,
        Organisation.objects.create(code="xa2", kind="xa", name="Xã khác", valid_from=people.START),
    )
    sees = {
        permission: [
            allowed(actor, f"escalation.{permission}", case)
            for actor in (world.principal, world.officer, world.above, ministry, auditor, stranger)
        ]
        for permission in ("view_case", "view_names", "answer")
    }
    assert sees == {
        "view_case": [True, True, True, True, True, False],
        "view_names": [True, True, True, False, False, False],
        "answer": [False, True, False, False, False, False],
    }


def test_the_thread_is_written_once_and_an_ended_case_stays(world):
    case = withdraw(world.principal, case=world.open(), text="Nhầm.")
    for statement in (
        "UPDATE escalation_message SET text = 'khác'",
        "DELETE FROM escalation_message",
        "UPDATE escalation_case SET state = 'waiting', closed_at = NULL",
        f"DELETE FROM escalation_case WHERE id = {case.pk}",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
