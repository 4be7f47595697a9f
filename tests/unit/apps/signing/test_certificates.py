"""Certificates from proof to register: possession, second person, log, loss, requests, readiness, as of."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.models import LogEntry
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.signing import authority, possession, readiness, requests
from hocbaso.apps.signing.certificate_models import (
    KeyEvent,
    LineState,
    Possession,
    ProofState,
    RequestEvent,
    RequestKind,
)
from hocbaso.apps.signing.models import Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.readiness import Ready
from hocbaso.apps.signing.register import Seat, digest_of, registered
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotAllowed
from tests.builders import START, School, make_school, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> School:
    return make_school()


def own_signer(school: School, user):
    return possession.signer_for(key_provider(), school.unit, user)


def start(school: School, actor: Actor, holder) -> Possession:
    return possession.begin(actor, school.unit, holder, own_signer(school, holder).certificate)


def teacher(school: School) -> Actor:
    return school.actor(Role.HOMEROOM, "3A")


def registered_teacher(school: School) -> Possession:
    actor = teacher(school)
    case = start(school, actor, actor.user)
    possession.answer(actor, case, possession.sign_here(case))
    return possession.confirm(school.actor(Role.PRINCIPAL), case)


def refused(code: str, deed, *args) -> DomainError:
    with pytest.raises(DomainError) as told:
        deed(*args)
    assert told.value.code == code
    return told.value


def test_a_proven_certificate_is_registered_by_the_second_person_and_the_log_says_so(here):
    actor = teacher(here)
    case = start(here, actor, actor.user)
    case = possession.answer(actor, case, possession.sign_here(case))
    assert case.state == ProofState.PROVEN
    assert not Registration.objects.exists()
    assert not LogEntry.objects.exists()
    possession.confirm(here.actor(Role.PRINCIPAL), case)
    row = Registration.objects.get()
    assert (row.role, row.class_name, row.valid_from) == ("gvcn", "3A", clock.today())
    assert row.valid_to == row.certificate.not_after.astimezone(clock.VIETNAM).date()
    entry = LogEntry.objects.get()
    assert (entry.type, entry.document_digest, entry.school_code) == (
        "key_event",
        case.certificate_id,
        here.unit.code,
    )


def test_a_value_is_taken_once(here):
    actor = teacher(here)
    case = start(here, actor, actor.user)
    value = possession.sign_here(case)
    possession.answer(actor, case, value)
    refused("possession_over", possession.answer, actor, case, value)


def test_a_value_of_another_challenge_another_key_or_a_late_one_is_refused(here, monkeypatch):
    actor = teacher(here)
    case, other = start(here, actor, actor.user), start(here, actor, actor.user)
    refused("possession_not_shown", possession.answer, actor, case, possession.sign_here(other))
    stranger = own_signer(here, here.principal)
    digest = hashlib.sha256(case.challenge.encode()).digest()
    refused("possession_not_shown", possession.answer, actor, case, stranger.sign_digest(digest))
    case.refresh_from_db()
    assert case.attempts == 2
    late = clock.now() + possession.LIVES + timedelta(seconds=1)
    value = possession.sign_here(case)
    monkeypatch.setattr(clock, "now", lambda: late)
    refused("possession_over", possession.answer, actor, case, value)


def test_five_wrong_values_close_the_challenge(here):
    actor = teacher(here)
    case = start(here, actor, actor.user)
    for _ in range(5):
        refused("possession_not_shown", possession.answer, actor, case, b"\x01" * 64)
    refused("possession_over", possession.answer, actor, case, possession.sign_here(case))


def test_whoever_started_or_holds_the_key_never_confirms(here):
    clerk, principal = here.actor(Role.DATA_CLERK), here.actor(Role.PRINCIPAL)
    case = start(here, clerk, here.principal)
    possession.answer(clerk, case, possession.sign_here(case))
    for actor in (clerk, principal):
        with pytest.raises(NotAllowed):
            possession.confirm(actor, case)
    possession.confirm(here.actor(Role.SEAL_KEEPER), case)
    assert Registration.objects.get().role == "hieu_truong"


def test_one_person_is_enough_where_the_dated_setting_says_so(here):
    DatedSetting.objects.create(
        organisation=here.unit,
        key="certificate_second_person",
        value="no",
        valid_from=START,
        legal_basis="Quyết định thử nghiệm",
    )
    actor = teacher(here)
    case = start(here, actor, actor.user)
    assert possession.answer(actor, case, possession.sign_here(case)).state == ProofState.REGISTERED


def test_the_certificate_must_name_the_number_of_the_staff_file(here):
    actor = teacher(here)
    signer = own_signer(here, actor.user)
    StaffMember.objects.create(
        organisation=here.unit,
        code="GV1",
        user=actor.user,
        full_name=actor.user.full_name,
        personal_number="079190001234",
    )
    refused(
        "certificate_of_somebody_else", possession.begin, actor, here.unit, actor.user, signer.certificate
    )


def test_a_certificate_of_an_unknown_authority_or_family_is_refused(here):
    provider = key_provider()
    actor, clerk = teacher(here), here.actor(Role.DATA_CLERK)
    foreign = provider._provider.foreign(actor.user.username, "Tên", "Trường")
    refused("certificate_not_trusted", possession.begin, actor, here.unit, actor.user, foreign.certificate)
    wrong = provider.authority.issue_organisation(here.unit.code, here.unit.name, family="cong_cong")
    refused("certificate_family", possession.begin, clerk, here.unit, None, wrong.certificate)


def test_a_lost_token_is_blocked_at_once_and_its_revocation_drafted(here):
    case = registered_teacher(here)
    clerk, actor = here.actor(Role.DATA_CLERK), teacher(here)
    request = requests.report_lost(clerk, here.unit, actor.user, "Mất thiết bị")
    assert request.kind == RequestKind.REVOKE
    assert request.lines.get().certificate_id == case.certificate_id
    seat = Seat(SignerRole.HOMEROOM, here.unit, actor.user, "", class_name="3A", school_year="2025-2026")
    refused("certificate_blocked", registered, actor, own_signer(here, actor.user), seat)
    assert list(KeyEvent.objects.order_by("id").values_list("act", flat=True)) == ["registered", "ended"]
    refused("certificate_blocked", start, here, actor, actor.user)


def test_a_revocation_ends_the_registration_and_is_told_once():
    here = make_school("79000199")  # the sandbox remembers what it revoked
    case = registered_teacher(here)
    certificate = x509.load_der_x509_certificate(bytes(case.certificate.der))
    key_provider().authority.revoke(certificate, clock.now() - timedelta(minutes=1))
    clerk = here.actor(Role.DATA_CLERK)
    for _ in range(2):
        assert authority.note_revocation(clerk, case.certificate).state == "revoked"
    assert [e.act for e in KeyEvent.objects.order_by("id")] == ["registered", "revoked"]
    assert Registration.objects.get().valid_to == clock.today()
    board = readiness.board(clerk, here.unit)
    assert next(line for line in board.lines if line.who.user == case.holder).state == Ready.REVOKED
    found = authority.as_of(clerk, here.unit, clock.today())
    assert [(one.usable, one.why_not) for one in found] == [(False, "revoked")]


def test_as_of_answers_with_the_register_of_that_day(here):
    registered_teacher(here)
    clerk, today = here.actor(Role.DATA_CLERK), clock.today()
    assert authority.as_of(clerk, here.unit, today - timedelta(days=1)) == []
    (found,) = authority.as_of(clerk, here.unit, today)
    assert found.usable
    assert found.row.class_name == "3A"
    assert authority.as_of(clerk, here.unit, date(2099, 1, 1)) == []


def test_an_ended_seat_is_not_opened_again_by_signing_but_keeps_both_periods_when_proven_anew(here):
    case = registered_teacher(here)
    Registration.objects.update(valid_from=date(2025, 9, 1), valid_to=clock.today() - timedelta(days=3))
    actor = teacher(here)
    seat = Seat(SignerRole.HOMEROOM, here.unit, actor.user, "", class_name="3A", school_year="2025-2026")
    refused("signer_not_registered", registered, actor, own_signer(here, actor.user), seat)
    again = start(here, actor, actor.user)
    possession.answer(actor, again, possession.sign_here(again))
    possession.confirm(here.actor(Role.PRINCIPAL), again)
    assert Registration.objects.filter(certificate=case.certificate_id).count() == 2


def test_a_request_goes_step_by_step_and_ends_with_the_registration(here):
    clerk, actor = here.actor(Role.DATA_CLERK), teacher(here)
    request = requests.draft(
        clerk, here.unit, RequestKind.NEW, "public", [actor.user.pk, None], "Năm học mới"
    )
    teacher_line, seal_line = request.lines.order_by("name")
    assert {teacher_line.user, seal_line.user} == {actor.user, None}
    refused("request_step", requests.move, clerk, request, [seal_line.pk], LineState.ISSUED, "")
    requests.send(clerk, request, "12/CV-THHM")
    requests.move(clerk, request, [seal_line.pk], LineState.REFUSED, "Thiếu quyết định thành lập")
    registered_teacher(here)
    states = dict(request.lines.values_list("user", "state"))
    assert states == {actor.user.pk: "registered", None: "refused"}
    mine = RequestEvent.objects.filter(line__user=actor.user).values_list("state", flat=True)
    assert list(mine) == ["draft", "sent", "registered"]
    refused(
        "request_under_way",
        lambda: [
            requests.draft(clerk, here.unit, RequestKind.NEW, "public", [here.principal.pk], "x")
            for _ in range(2)
        ],
    )


def test_the_board_says_who_lacks_what_worst_first_in_eight_queries_for_sixty_people(here):
    registered_teacher(here)
    for n in range(58):
        user = make_user(f"pho{n}", f"Người Thứ {n:02d}")
        Assignment.objects.create(
            user=user, organisation=here.unit, role=Role.DEPUTY_PRINCIPAL, valid_from=START
        )
    clerk = here.actor(Role.DATA_CLERK)
    with CaptureQueriesContext(connection) as asked:
        board = readiness.board(clerk, here.unit)
        assert [line.name for line in board.lines]
    assert len(asked) <= 8
    assert len(board.lines) == 61
    assert len(board.required) == 3
    assert board.able == 1
    mine = next(line for line in board.lines if line.who.user == teacher(here).user)
    assert mine.state == Ready.UNKNOWN
    assert authority.refresh(clerk, here.unit) == 1
    assert authority.refresh(clerk, here.unit) == 0
    assert readiness.boards([here.unit])[here.unit.pk].able == 1


@pytest.mark.parametrize(
    ("days", "state"),
    [(6, Ready.DAYS_7), (7, Ready.DAYS_30), (29, Ready.DAYS_30), (45, Ready.DAYS_60), (300, Ready.OK)],
)
def test_the_end_of_a_certificate_is_told_at_sixty_thirty_and_seven_days(here, monkeypatch, days, state):
    case = registered_teacher(here)
    authority.note_revocation(here.actor(Role.DATA_CLERK), case.certificate)
    now = case.certificate.not_after - timedelta(days=days, hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(clock, "today", lambda: now.date())
    Registration.objects.update(valid_from=START)
    line = next(
        one for one in readiness.boards([here.unit])[here.unit.pk].lines if one.who.user == case.holder
    )
    assert line.days_left == days
    assert line.state == state


def test_a_staff_number_that_no_longer_fits_is_told_as_wrong_holder(here):
    case = registered_teacher(here)
    StaffMember.objects.create(
        organisation=here.unit, code="GV1", user=case.holder, full_name="x", personal_number="079190001234"
    )
    line = next(
        one for one in readiness.boards([here.unit])[here.unit.pk].lines if one.who.user == case.holder
    )
    assert line.state == Ready.WRONG_HOLDER


def test_the_register_keeps_the_certificate_that_was_proven(here):
    case = registered_teacher(here)
    der = bytes(Registration.objects.get().certificate.der)
    signer = own_signer(here, case.holder)
    assert der == signer.certificate.public_bytes(Encoding.DER)
    assert digest_of(signer.certificate) == case.certificate_id
