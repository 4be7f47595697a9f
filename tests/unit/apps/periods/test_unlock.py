"""An unlock case from the request to the lock again: who may do what, when, and what the door then does."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.assessment.entries import Door, Entry, Saved, Sort
from hocbaso.apps.assessment.models import ResultChange, SubjectMarks
from hocbaso.apps.assessment.use_cases.record_results import record
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.periods.models import CaseState, MinutesFile, UnlockCase
from hocbaso.apps.periods.queries import Gates, unlock_block
from hocbaso.apps.periods.states import CASE_STEPS
from hocbaso.apps.periods.use_cases.attach_minutes import attach_minutes
from hocbaso.apps.periods.use_cases.close_due import close_due
from hocbaso.apps.periods.use_cases.decide_unlock_case import (
    agree_unlock_case,
    decide_unlock_case,
    relock,
    withdraw_unlock_case,
)
from hocbaso.apps.periods.use_cases.open_unlock_case import open_unlock_case
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from hocbaso.core.errors import DomainError, NotAllowed
from tests.builders import START, YEAR

HOUR = timedelta(hours=1)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(out, "PNG")
    return out.getvalue()


def ask(world, *, actor=None, hours=24, **scope) -> UnlockCase:
    scope = {"part": "toan", "moment": "hk1", "columns": ["gk"], "enrolments": [world.first], **scope}
    return open_unlock_case(
        actor or world.teacher,
        school_class=world.secondary,
        why="Nhập nhầm cột, 8 thay vì 9.",
        minutes="Sửa ĐĐGgk từ 8 thành 9, căn cứ bài kiểm tra lưu tại tổ.",
        until=clock.now() + hours * HOUR,
        **scope,
    )


def setting(world, key, value):
    DatedSetting.objects.create(
        organisation=world.department, key=key, value=value, valid_from=START, legal_basis="Quyết định thử"
    )


def enter(world, enrolment, value):
    entry = Entry(enrolment.pk, Sort.MARKS, {"gk": value}, "toan", "hk1")
    [answer] = record(world.teacher, [entry], door=Door.SCREEN, source="screen")
    return answer


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(DomainError) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


def in_force(world, **scope) -> UnlockCase:
    case = decide_unlock_case(world.principal, case=ask(world, **scope), grant=True)
    attach_minutes(world.teacher, case=case, name="bien-ban.png", content=picture())
    case.refresh_from_db()
    assert case.state == CaseState.IN_FORCE
    return case


def test_from_request_to_lock_again(world):
    world.lock()
    assert enter(world, world.first, "9").state is Saved.LOCKED
    case = ask(world)
    assert case.number == "MK-2025-79000101-0001"
    assert enter(world, world.first, "9").state is Saved.LOCKED
    case = decide_unlock_case(world.principal, case=case, grant=True, note="Đã xem bài.")
    assert (case.state, case.needs_manager) == (CaseState.GRANTED, False)
    assert enter(world, world.first, "9").state is Saved.LOCKED
    attach_minutes(world.teacher, case=case, name="C:\\quét\\bien-ban.png", content=picture())
    assert enter(world, world.first, "9").state is Saved.SAVED
    assert enter(world, world.second, "9").state is Saved.LOCKED
    assert unlock_block(world.secondary) == (f"Yêu cầu mở khóa {case.number} chưa kết thúc (đang mở).",)
    change = ResultChange.objects.get(enrolment=world.first)
    assert (change.old, change.new, change.case_number) == ("8", "9", case.number)
    with clock.standing_at(case.until):
        assert Gates.of([world.secondary], case.until).due
        assert close_due(world.principal).cases == (case.number,)
    assert enter(world, world.first, "10").state is Saved.LOCKED
    case.refresh_from_db()
    assert (case.state, case.ended_at) == (CaseState.CLOSED, case.until)
    actions = Event.objects.filter(target=f"case:{case.number}").values_list("action", flat=True)
    assert list(actions) == [
        "unlock.requested",
        "unlock.granted",
        "unlock.minutes",
        "unlock.in_force",
        "unlock.closed",
    ]


def test_minutes_may_come_afterwards_where_the_province_says_so(world):
    setting(world, "unlock_minutes", "after")
    world.lock()
    case = decide_unlock_case(world.principal, case=ask(world), grant=True)
    assert case.state == CaseState.IN_FORCE
    relock(world.teacher, case=case, note="Đã sửa xong.")
    attach_minutes(world.teacher, case=case, name="a.png", content=picture())
    assert MinutesFile.objects.count() == 1


def test_what_is_open_needs_no_case(world):
    assert code_of(ask, world) == "unlock_not_locked"
    SubjectMarks.objects.filter(enrolment=world.first).update(locked=True)
    assert ask(world).number
    assert code_of(ask, world, enrolments=[world.second]) == "unlock_not_locked"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"part": "am-nhac"}, "unlock_scope"),
        ({"moment": "cn"}, "unlock_scope"),
        ({"columns": ["score"]}, "unlock_scope"),
        ({"part": "nhan-xet", "columns": ["conduct_2"]}, "unlock_scope"),
        ({"hours": -1}, "unlock_until"),
        ({"hours": 24 * 14 + 1}, "unlock_until"),
    ],
)
def test_a_request_that_cannot_be_is_refused(world, change, code):
    world.lock()
    actor = world.actor(Role.HOMEROOM, "6A")
    assert code_of(ask, world, actor=actor, **change) == code


def test_pupils_of_another_class_are_refused(world):
    world.lock()
    assert code_of(ask, world, enrolments=[world.pupils["3A"][0]]) == "unlock_scope"


def test_two_open_cases_never_speak_of_one_cell(world):
    world.lock()
    case = ask(world)
    assert code_of(ask, world, enrolments=[], columns=[]) == "unlock_double"
    assert ask(world, columns=["ck"]).number.endswith("0002")
    withdraw_unlock_case(world.teacher, case=case)
    assert ask(world).number.endswith("0003")


def test_who_may_ask(world):
    world.lock()
    other_teacher = world.somebody(Role.SUBJECT_TEACHER)
    for actor in (other_teacher, world.somebody(Role.GROUP_HEAD), world.actor(Role.SUBJECT_TEACHER, "3A")):
        with pytest.raises(NotAllowed):
            ask(world, actor=actor)
    for n, actor in enumerate(
        (world.actor(Role.DATA_CLERK), world.actor(Role.HOMEROOM, "6A"), world.principal)
    ):
        ask(world, actor=actor, columns=[f"tx{n + 1}"])


def test_two_people_always(world):
    """The principal decides, except about an own request: then the deputy, or the level above."""
    world.lock()
    own = ask(world, actor=world.principal)
    with pytest.raises(NotAllowed):
        decide_unlock_case(world.principal, case=own, grant=True)
    deputy = world.somebody(Role.DEPUTY_PRINCIPAL)
    officer = world.somebody(Role.COMMUNE_OFFICER, world.commune)
    elsewhere = world.somebody(Role.DEPUTY_PRINCIPAL, world.commune)
    assert [allowed(a, "periods.decide_unlock", own) for a in (deputy, officer, elsewhere)] == [
        True,
        True,
        False,
    ]
    case = decide_unlock_case(deputy, case=own, grant=True)
    assert case.decided_by == deputy.user
    teachers = ask(world, columns=["ck"])
    for actor in (deputy, officer, world.teacher):
        with pytest.raises(NotAllowed):
            decide_unlock_case(actor, case=teachers, grant=True)


def test_a_refusal_says_why_and_ends_the_case(world):
    world.lock()
    case = ask(world)
    assert code_of(decide_unlock_case, world.principal, case=case, grant=False) == "unlock_refusal_reason"
    case = decide_unlock_case(world.principal, case=case, grant=False, note="Bài đã chấm đúng.")
    assert code_of(decide_unlock_case, world.principal, case=case, grant=True) == "unlock_step"
    assert (
        code_of(attach_minutes, world.teacher, case=case, name="a.png", content=picture()) == "minutes_state"
    )


def test_time_is_only_shortened(world):
    world.lock()
    case = ask(world)
    later = case.until + HOUR
    assert (
        code_of(decide_unlock_case, world.principal, case=case, grant=True, until=later) == "unlock_not_later"
    )
    shorter = case.until - HOUR
    assert decide_unlock_case(world.principal, case=case, grant=True, until=shorter).until == shorter


def test_a_request_whose_time_ran_out_is_not_granted(world):
    world.lock()
    case = ask(world, hours=1)
    with clock.standing_at(case.until):
        assert code_of(decide_unlock_case, world.principal, case=case, grant=True) == "unlock_too_late"


def test_a_granted_case_that_never_opened_ends_with_its_time(world):
    world.lock()
    case = decide_unlock_case(world.principal, case=ask(world), grant=True)
    with clock.standing_at(case.until):
        assert close_due(world.principal).cases == (case.number,)
        assert code_of(decide_unlock_case, world.principal, case=case, grant=True) == "unlock_step"


def sheet(world, state):
    made = YearSheet.objects.create(
        code=f"HB-{state}",
        enrolment=world.first,
        pupil=world.first.pupil,
        school=world.unit,
        school_class=world.secondary,
        school_year=YEAR,
        body=b"<x/>",
        digest=f"{state:0<64}",
        result={},
        state=state,
        frozen_at=clock.now(),
        frozen_by="test",
    )
    SubjectMarks.objects.filter(enrolment=world.first).update(locked=True)
    return made


def test_sheets_that_are_being_signed_are_returned_first(world):
    made = sheet(world, SheetState.HOMEROOM_SIGNED)
    case = ask(world)
    assert code_of(decide_unlock_case, world.principal, case=case, grant=True) == "unlock_sheets_in_signing"
    YearSheet.objects.filter(pk=made.pk).update(state=SheetState.VOIDED)
    assert decide_unlock_case(world.principal, case=case, grant=True).state == CaseState.GRANTED


def test_after_issue_the_level_above_agrees_too(world):
    sheet(world, SheetState.ISSUED)
    case = decide_unlock_case(world.principal, case=ask(world), grant=True)
    attach_minutes(world.teacher, case=case, name="a.png", content=picture())
    case.refresh_from_db()
    assert (case.state, case.needs_manager) == (CaseState.GRANTED, True)
    for actor in (world.principal, world.somebody(Role.AUDITOR, world.department)):
        with pytest.raises(NotAllowed):
            agree_unlock_case(actor, case=case, agree=True)
    officer = world.somebody(Role.DEPARTMENT_OFFICER, world.department)
    case = agree_unlock_case(officer, case=case, agree=True)
    assert case.state == CaseState.IN_FORCE
    assert enter(world, world.first, "9").state is Saved.SAVED
    assert SubjectMarks.objects.get(enrolment=world.first, moment="hk1").locked


def test_the_province_may_leave_it_to_the_principal(world):
    setting(world, "unlock_after_issue", "principal")
    sheet(world, SheetState.ISSUED)
    case = in_force(world)
    assert not case.needs_manager


def test_the_level_above_may_say_no(world):
    sheet(world, SheetState.ISSUED)
    case = decide_unlock_case(world.principal, case=ask(world), grant=True)
    officer = world.somebody(Role.COMMUNE_OFFICER, world.commune)
    assert code_of(agree_unlock_case, officer, case=case, agree=False) == "unlock_refusal_reason"
    assert (
        agree_unlock_case(officer, case=case, agree=False, note="Chưa rõ căn cứ.").state == CaseState.REFUSED
    )


def test_a_frozen_row_is_unlocked_only_when_its_sheet_was_voided_or_under_a_case(world):
    made = sheet(world, SheetState.FROZEN)
    rows = SubjectMarks.objects.filter(enrolment=world.first)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(locked=False)
    YearSheet.objects.filter(pk=made.pk).update(state=SheetState.VOIDED)
    assert rows.update(locked=False) == 2


def test_who_sees_a_case(world):
    world.lock()
    case = ask(world)
    seen = [
        world.teacher,
        world.principal,
        world.actor(Role.HOMEROOM, "6A"),
        world.somebody(Role.AUDITOR, world.department),
        world.somebody(Role.COMMUNE_OFFICER, world.commune),
    ]
    unseen = [
        world.actor(Role.HOMEROOM, "3A"),
        world.somebody(Role.GROUP_HEAD),
        world.actor(Role.SEAL_KEEPER),
    ]
    assert all(allowed(a, "periods.view_case", case) for a in seen)
    assert not any(allowed(a, "periods.view_case", case) for a in unseen)


STEPS = ("grant", "refuse", "agree", "disagree", "minutes", "withdraw", "relock", "time")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=7), issued=st.booleans())
def test_whatever_people_try_the_case_walks_the_table_and_opens_only_when_everything_is_there(
    world, steps, issued
):
    with transaction.atomic():
        world.lock() if not issued else sheet(world, SheetState.ISSUED)
        case = ask(world)
        officer = world.somebody(Role.COMMUNE_OFFICER, world.commune)
        now = clock.now()
        tries = {
            "grant": lambda: decide_unlock_case(world.principal, case=case, grant=True),
            "refuse": lambda: decide_unlock_case(world.principal, case=case, grant=False, note="Không."),
            "agree": lambda: agree_unlock_case(officer, case=case, agree=True),
            "disagree": lambda: agree_unlock_case(officer, case=case, agree=False, note="Không."),
            "minutes": lambda: attach_minutes(world.teacher, case=case, name="a.png", content=picture()),
            "withdraw": lambda: withdraw_unlock_case(world.teacher, case=case),
            "relock": lambda: relock(world.principal, case=case, note="Xong."),
            "time": lambda: close_due(world.principal),
        }
        done = set()
        for step in steps:
            before = CaseState(UnlockCase.objects.get(pk=case.pk).state)
            if step == "time":
                now = case.until
            try:
                with clock.standing_at(now), transaction.atomic():
                    tries[step]()
                done.add(step)
            except DomainError:
                pass
            after = CaseState(UnlockCase.objects.get(pk=case.pk).state)
            if before is not after:
                reachable = CASE_STEPS[before] | {s for m in CASE_STEPS[before] for s in CASE_STEPS[m]}
                assert after in reachable
            if after is CaseState.IN_FORCE:
                assert {"grant", "minutes"} <= done
                assert "agree" in done or not issued
            open_now = Gates.of([world.secondary], now).gate(
                world.secondary, "toan", "hk1", "gk", world.first.pk
            )
            assert bool(open_now.case_number) == (after is CaseState.IN_FORCE and now < case.until)
        transaction.set_rollback(True)


def test_two_accounts_of_one_person_are_one_person(world):
    world.lock()
    case = ask(world)
    for n, user in enumerate((world.teacher.user, world.principal.user)):
        StaffMember.objects.create(
            organisation=world.unit,
            code=f"CB{n}",
            user=user,
            full_name=user.full_name,
            personal_number="079085000123",
        )
    assert code_of(decide_unlock_case, world.principal, case=case, grant=True) == "unlock_same_person"
    case.refresh_from_db()
    assert case.state == CaseState.REQUESTED


def test_about_a_principal_who_teaches_the_deputy_decides(world):
    """Hiệu trưởng teach some periods a week: nobody else could ever decide about such a request."""
    world.lock()
    post = Assignment.objects.create(
        user=world.principal.user,
        organisation=world.unit,
        role=Role.SUBJECT_TEACHER,
        school_class=world.secondary,
        subject_code="toan",
        valid_from=START,
    )
    case = ask(world, actor=Actor.of(post))
    deputy = world.somebody(Role.DEPUTY_PRINCIPAL)
    with pytest.raises(NotAllowed):
        decide_unlock_case(world.principal, case=case, grant=True)
    assert decide_unlock_case(deputy, case=case, grant=True).state == CaseState.GRANTED
    with pytest.raises(NotAllowed):
        decide_unlock_case(deputy, case=ask(world, columns=["ck"]), grant=True)
