"""A hostile insider at the register: two accounts, borrowed numbers, one key for two, former posts."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.models import LogEntry
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.signing import authority, endings, possession, requests
from hocbaso.apps.signing.certificate_models import (
    CertificateKey,
    EndingState,
    KeyEvent,
    Possession,
    RevocationNote,
)
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.readiness import named
from hocbaso.apps.signing.register import check_holder, store
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer
from hocbaso.engines.trust.keys import SoftwareSigner
from tests.builders import START, School, make_school, make_user
from tests.unit.apps.signing.test_certificates import refused, registered_teacher, start, teacher

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> School:
    return make_school()


def filed(school: School, user, number: str, code: str) -> None:
    StaffMember.objects.create(
        organisation=school.unit, code=code, user=user, full_name=user.full_name, personal_number=number
    )


def proven(school: School, actor: Actor, holder) -> Possession:
    case = start(school, actor, holder)
    return possession.answer(actor, case, possession.sign_here(case))


def days_later(monkeypatch, days: int) -> None:
    now = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(clock, "today", lambda: now.astimezone(clock.VIETNAM).date())


def test_one_person_with_two_accounts_is_not_a_second_person(here):
    clerk = here.actor(Role.DATA_CLERK)
    case = proven(here, clerk, teacher(here).user)
    filed(here, clerk.user, "079190001234", "NV1")
    filed(here, here.principal, "079190001234", "HT1")
    with pytest.raises(NotAllowed):
        possession.confirm(here.actor(Role.PRINCIPAL), case)
    assert not Registration.objects.exists()


def test_a_clerk_who_writes_his_own_number_into_a_colleagues_file_is_refused(here):
    clerk, colleague = here.actor(Role.DATA_CLERK), teacher(here).user
    for user, code in ((clerk.user, "NV1"), (colleague, "GV1")):
        filed(here, user, "079190001234", code)
    own = key_provider().person(
        account="x", name="Lý Gia Hân", personal_number="079190001234", school_code="", school="x"
    )
    refused("certificate_number_twice", possession.begin, clerk, here.unit, colleague, own.certificate)


def test_a_key_that_serves_one_holder_never_serves_another_nor_comes_back_after_its_loss(here):
    case = registered_teacher(here)
    signer = possession.signer_for(key_provider(), here.unit, case.holder)
    other = x509.load_der_x509_certificate(bytes(case.certificate.der))
    second = key_provider().authority.issue_person("Người Khác", here.principal.username, "x")
    twin = _certified_anew(key_provider().authority, second.certificate, signer)
    assert twin.public_key() == other.public_key()
    clerk = here.actor(Role.DATA_CLERK)
    refused("certificate_of_another", possession.begin, clerk, here.unit, here.principal, twin)
    requests.report_lost(clerk, here.unit, case.holder, "Mất thiết bị")
    refused("certificate_blocked", check_holder, twin, case.holder)


def _certified_anew(sandbox, like: x509.Certificate, signer: SoftwareSigner) -> x509.Certificate:
    """The key of ``signer`` in a certificate with the subject and extensions of ``like``."""
    issuer = sandbox.unit("cong_cong-issuing")
    builder = (
        x509.CertificateBuilder(subject_name=like.subject, issuer_name=like.issuer)
        .public_key(signer.certificate.public_key())
        .serial_number(like.serial_number)
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc)
    )
    for one in like.extensions:
        builder = builder.add_extension(one.value, one.critical)
    return builder.sign(issuer.key, like.signature_hash_algorithm)


def test_a_post_that_ended_between_proof_and_confirmation_is_not_registered(here):
    case = proven(here, here.actor(Role.DATA_CLERK), here.principal)
    Assignment.objects.filter(user=here.principal).update(valid_to=clock.today() - timedelta(days=1))
    refused("possession_seats_changed", possession.confirm, here.actor(Role.SEAL_KEEPER), case)


def test_a_proof_does_not_wait_for_ever(here, monkeypatch):
    case = proven(here, teacher(here), teacher(here).user)
    days_later(monkeypatch, 15)
    refused("possession_waited_too_long", possession.confirm, here.actor(Role.PRINCIPAL), case)


def test_outside_the_sandbox_the_holder_alone_signs_with_a_key_that_the_node_keeps(here, monkeypatch):
    clerk, actor = here.actor(Role.DATA_CLERK), teacher(here)
    case = start(here, clerk, actor.user)
    monkeypatch.setattr(possession, "keys_are_here", lambda: False)
    refused("possession_not_here", possession.sign_here, case, clerk)
    assert possession.sign_here(case, actor)


def test_a_challenge_of_a_colleague_is_not_answered_and_many_are_not_begun(here):
    actor, clerk = teacher(here), here.actor(Role.DATA_CLERK)
    case = start(here, actor, actor.user)
    refused("possession_over", possession.answer, clerk, case, possession.sign_here(case))
    for _ in range(19):
        start(here, actor, actor.user)
    refused("possession_too_many", start, here, actor, actor.user)


def test_a_name_that_looks_like_a_number_names_nobody():
    row = Certificate(subject="CN=An\\,UID=CCCD:079190001234,O=\\\\,C=VN")
    assert named(row) == ""
    assert named(Certificate(subject="C=VN,O=\\\\,CN=An\\, B,UID=CCCD:079190001234")) == "079190001234"


def test_a_registration_ends_by_two_persons_once_and_former_days_keep_their_answers(here, monkeypatch):
    case = registered_teacher(here)
    days_later(monkeypatch, 3)
    clerk, principal, holder = here.actor(Role.DATA_CLERK), here.actor(Role.PRINCIPAL), teacher(here)
    refused("registration_needs_reason", endings.begin_ending, clerk, here.unit, case.certificate, " ")
    ending = endings.begin_ending(holder, here.unit, case.certificate, "Chuyển trường")
    refused("ending_under_way", endings.begin_ending, clerk, here.unit, case.certificate, "x")
    for actor in (holder, clerk, here.actor(Role.PRINCIPAL, second_factor=False)):
        with pytest.raises(NotAllowed):
            endings.confirm_ending(actor, ending)
    before = clock.today()
    endings.confirm_ending(principal, ending)
    refused("ending_not_waiting", endings.confirm_ending, principal, ending)
    assert [one.act for one in KeyEvent.objects.order_by("id")] == ["registered", "ended"]
    days_later(monkeypatch, 1)
    assert authority.as_of(clerk, here.unit, clock.today()) == []
    for day in (before - timedelta(days=3), before):
        assert [one.usable for one in authority.as_of(clerk, here.unit, day)] == [True]
    assert LogEntry.objects.filter(type="key_event").count() == 2


def test_an_ending_can_be_refused_with_a_reason_and_one_person_is_enough_where_the_setting_says_so(here):
    case = registered_teacher(here)
    principal = here.actor(Role.PRINCIPAL)
    ending = endings.begin_ending(here.actor(Role.DATA_CLERK), here.unit, case.certificate, "Nhầm")
    refused("ending_refusal_needs_reason", endings.refuse_ending, principal, ending, "")
    assert endings.refuse_ending(principal, ending, "Vẫn dạy").state == EndingState.REFUSED
    assert Registration.objects.get().valid_to > clock.today()
    DatedSetting.objects.create(
        organisation=here.unit,
        key="certificate_second_person",
        value="no",
        valid_from=START,
        legal_basis="Quyết định thử nghiệm",
    )
    with CaptureQueriesContext(connection) as told:
        assert endings.begin_ending(principal, here.unit, case.certificate, "Nghỉ").state == EndingState.ENDED
    locks = [
        name
        for query in told.captured_queries
        for name, statement in (("ledger_loghead", "FROM"), ("audit_event", "INSERT INTO"))
        if name in query["sql"] and statement in query["sql"]
    ]
    assert locks[0] == "ledger_loghead"  # as whoever issues: the log first, the chain of events last


def test_a_registration_ends_by_itself_when_its_post_is_over_and_not_before(here, monkeypatch):
    case = registered_teacher(here)
    assert endings.end_departed(Actor.system()) == 0
    days_later(monkeypatch, 5)
    today = clock.today()
    posts = Assignment.objects.filter(user=case.holder, role=Role.HOMEROOM)
    posts.update(valid_to=today)
    assert endings.end_departed(Actor.system()) == 0
    posts.update(valid_to=today - timedelta(days=2))
    assert endings.end_departed(Actor.system()) == 1
    assert endings.end_departed(Actor.system()) == 0
    assert Registration.objects.get().valid_to == today - timedelta(days=1)
    assert [one.act for one in KeyEvent.objects.order_by("id")] == ["registered", "ended"]


def test_a_teacher_who_gives_up_one_subject_keeps_the_other(here):
    user = make_user("lien", "Phạm Thị Liên")
    for code in ("TOAN", "TIN"):
        Assignment.objects.create(
            user=user,
            organisation=here.unit,
            role=Role.SUBJECT_TEACHER,
            school_class=here.classes["3A"],
            subject_code=code,
            valid_from=START,
        )
    signer = possession.signer_for(key_provider(), here.unit, user)
    from hocbaso.apps.signing.register import store

    row, day = store(signer.certificate), clock.today() - timedelta(days=9)
    for code in ("TOAN", "TIN"):
        Registration.objects.create(
            certificate=row,
            school=here.unit,
            user=user,
            role="gvbm",
            class_name="3A",
            school_year="2025-2026",
            subject_code=code,
            valid_from=day,
            registered_by="x",
            registered_at=clock.now(),
        )
    Assignment.objects.filter(user=user, subject_code="TIN").update(
        valid_to=clock.today() - timedelta(days=1)
    )
    assert endings.end_departed(Actor.system()) == 1
    assert Registration.objects.get(valid_to__isnull=True).subject_code == "TOAN"
    assert not KeyEvent.objects.exists(), "the certificate still signs here"


def test_silence_leaves_the_last_answer_and_a_revocation_is_never_forgotten(here):
    case = registered_teacher(here)
    system, now = Actor.system(), clock.now()

    def told(state: Revocation, minutes: int, since=None) -> RevocationNote:
        answer = RevocationAnswer(state, since)
        return authority.remember(system, case.certificate, answer, now + timedelta(minutes=minutes))

    assert told(Revocation.GOOD, 0).answered_at == now
    silent = told(Revocation.UNKNOWN, 5)
    assert (silent.state, silent.unknown_since) == ("good", now + timedelta(minutes=5))
    assert told(Revocation.UNKNOWN, 9).unknown_since == now + timedelta(minutes=5)
    assert told(Revocation.GOOD, 12).unknown_since is None
    told(Revocation.REVOKED, 15, now)
    assert told(Revocation.UNKNOWN, 20).state == "revoked"
    assert told(Revocation.GOOD, 25).state == "revoked"
    assert [one.act for one in KeyEvent.objects.order_by("id")] == ["registered", "revoked"]


def test_a_block_reaches_every_school_and_its_holder_may_ask_for_it(here):
    case = registered_teacher(here)
    away = make_school("79000102", "Trường Tiểu học Khác")
    Registration.objects.create(
        certificate=case.certificate,
        school=away.unit,
        user=case.holder,
        role="gvcn",
        class_name="4B",
        school_year="2025-2026",
        valid_from=clock.today(),
        registered_by="x",
        registered_at=clock.now(),
    )
    with pytest.raises(DomainError):
        authority.block(away.actor(Role.HOMEROOM), away.unit, case.certificate, "x")
    Assignment.objects.filter(user=case.holder, role=Role.HOMEROOM).update(valid_to=START)
    clerk = here.actor(Role.DATA_CLERK)
    requests.report_lost(clerk, here.unit, case.holder, "Rơi trên xe buýt, người đã nghỉ")
    assert not Registration.objects.filter(valid_to__gt=clock.today()).exists()
    assert KeyEvent.objects.filter(school=away.unit, act="ended").count() == 1


def test_every_kept_certificate_has_its_key_on_record(here):
    case = registered_teacher(here)
    key = x509.load_der_x509_certificate(bytes(case.certificate.der)).public_key()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert CertificateKey.objects.get().digest == hashlib.sha256(info).hexdigest()


def test_a_process_that_dies_between_certificate_and_key_keeps_neither(monkeypatch):
    signer = key_provider().organisation(code="79000199", name="Trường Tiểu học Bị Ngắt")

    def dies(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hocbaso.apps.signing.register.key_digest", dies)
        with pytest.raises(KeyboardInterrupt):
            store(signer.certificate)
    assert not Certificate.objects.exists()
    row = store(signer.certificate)
    assert CertificateKey.objects.get().certificate == row
