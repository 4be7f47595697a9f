"""Every time-stamp authority is down: seals are kept, told, completed once only later, or refused by name."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock, guards
from hocbaso.apps.ledger.models import LogEntry
from hocbaso.apps.ledger.use_cases.append import Entries
from hocbaso.apps.signing.certificate_models import CertificateBlock
from hocbaso.apps.signing.models import BatchState, Registration, SigningBatch, SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.stamping.models import AuthorityHealth
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, SheetState, YearSheet
from hocbaso.apps.transcripts.offline.models import StatusPlace
from hocbaso.apps.transcripts.signature_store import Outcome
from hocbaso.apps.transcripts.use_cases import issue_sheets
from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.return_sheets import return_sheets
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.apps.transcripts.waiting import complete as completing
from hocbaso.apps.transcripts.waiting.complete import LEASE, Completed, complete_waiting
from hocbaso.apps.transcripts.waiting.models import SealState, WaitingSeal
from hocbaso.apps.transcripts.waiting.queries import waiting, waiting_since
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.verification import verify_document
from tests.builders import YEAR, School, finished_class, make_school
from tests.stamps import FIRST, SECOND, all_down, calm, weather

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _good_days() -> Iterator[None]:
    authority = key_provider().authority
    yield
    weather("up", "up")
    for path in authority.vault.path("revoked").glob("*.json"):
        path.unlink()


def sign(school: School, role: SignerRole) -> Outcome:
    posts = {
        SignerRole.HOMEROOM: (Role.HOMEROOM, "3A"),
        SignerRole.PRINCIPAL: (Role.PRINCIPAL, None),
        SignerRole.SEAL: (Role.SEAL_KEEPER, None),
    }
    actor = school.actor(*posts[role])
    own = school.classes["3A"] if role is SignerRole.HOMEROOM else None
    sheets = ready_sheets(school.unit, YEAR, role, own)
    batch = authorise(actor, role=role, school=school.unit, sheets=sheets, school_class=own, method="cli")
    return run_batch(actor, batch)


def ready_school(pupils: int = 2, code: str = "79000101") -> School:
    """A class that the principal has signed."""
    school = make_school(code)
    finished_class(school, "3A", pupils)
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    sign(school, SignerRole.HOMEROOM)
    sign(school, SignerRole.PRINCIPAL)
    return school


def waiting_school(pupils: int = 2) -> School:
    """The same, sealed while every authority was down; now both answer."""
    school = ready_school(pupils)
    with all_down():
        assert sign(school, SignerRole.SEAL) == Outcome(sealed=pupils)
    return school


def complete() -> Completed:
    return complete_waiting(Actor.system())


def signer(school: School, role: SignerRole) -> str:
    return SheetSignature.objects.filter(role=role).values_list("certificate_id", flat=True)[0]


# --- the outage --------------------------------------------------------------------------------------------


def test_the_second_authority_takes_over_within_the_call_and_its_documents_verify() -> None:
    school = ready_school()
    weather("down", "up")
    assert sign(school, SignerRole.SEAL) == Outcome(signed=2)
    event = Event.objects.get(action="transcripts.issued")
    assert event.details["stamped_by"] == {SECOND: 2}
    assert AuthorityHealth.objects.get(name=FIRST).last_fault == "down"
    assert not audit_everything().findings
    from hocbaso.apps.transcripts.documents import export

    rows = list(IssuedSheet.objects.select_related("sheet", "sheet__school"))
    bundle = trust_bundle(rows)
    for exported in export(rows):
        verdict = verify_document(exported.xml, bundle, now=clock.now())
        assert verdict.verdict == "valid", verdict


def test_with_both_down_the_seals_are_kept_nothing_is_issued_and_the_run_goes_to_its_end() -> None:
    school = ready_school(3)
    weather("down", "html")
    outcome = sign(school, SignerRole.SEAL)
    assert outcome == Outcome(sealed=3)
    assert set(SigningItem.objects.filter(batch__role="con_dau").values_list("state", flat=True)) == {
        "sealed"
    }
    assert SigningBatch.objects.get(role="con_dau").state == BatchState.DONE
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.PRINCIPAL_SIGNED}
    assert not LogEntry.objects.filter(type="issue").exists()
    assert not StatusPlace.objects.exists()
    assert waiting().count == len(waiting_since(YearSheet.objects.all())) == 3
    assert waiting([school.unit]) == waiting()
    told = Event.objects.get(action="transcripts.seal_waits")
    assert (len(told.details["sheets"]), told.details["why"]) == (3, f"{FIRST}: down; {SECOND}: DerFault")
    assert not audit_everything().findings


def test_what_waits_is_not_sealed_twice() -> None:
    school = waiting_school()
    assert ready_sheets(school.unit, YEAR, SignerRole.SEAL) == []
    with pytest.raises(DomainError) as refused:
        authorise(
            school.actor(Role.SEAL_KEEPER),
            role=SignerRole.SEAL,
            school=school.unit,
            sheets=list(YearSheet.objects.all()),
            method="cli",
        )
    assert refused.value.code == "seal_waits_for_stamp"


def test_an_older_list_over_the_same_sheets_leaves_the_waiting_seals_alone() -> None:
    school = ready_school()
    actor, sheets = (
        school.actor(Role.SEAL_KEEPER),
        ready_sheets(make_unit := school.unit, YEAR, SignerRole.SEAL),
    )
    older = authorise(actor, role=SignerRole.SEAL, school=make_unit, sheets=sheets, method="cli")
    weather("down", "down")
    sign(school, SignerRole.SEAL)
    calm()
    outcome = run_batch(actor, older)
    assert [failure.reason_code for failure in outcome.failed] == ["seal_waits_for_stamp"] * 2
    assert complete().issued == 2


def test_an_outage_in_the_middle_of_a_batch_issues_the_first_part_and_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    school = ready_school(5)
    actor, sheets = school.actor(Role.SEAL_KEEPER), ready_sheets(school.unit, YEAR, SignerRole.SEAL)
    batch = authorise(actor, role=SignerRole.SEAL, school=school.unit, sheets=sheets, method="cli")
    assert run_batch(actor, batch, limit=2) == Outcome(signed=2, waiting=3)
    weather("down", "down")
    assert run_batch(actor, batch, limit=2) == Outcome(sealed=2, waiting=1)
    calm()
    assert run_batch(actor, batch) == Outcome(signed=1)
    assert complete().issued == 2
    assert {item.state for item in batch.items.all()} == {"signed"}
    assert IssuedSheet.objects.count() == LogEntry.objects.filter(type="issue").count() == 5
    assert not audit_everything().findings


# --- completion --------------------------------------------------------------------------------------------


def test_completed_seals_are_issued_as_if_they_had_never_waited() -> None:
    school = waiting_school()
    kept = {row.sheet_id: (bytes(row.text), row.made_at) for row in WaitingSeal.objects.all()}
    done = complete()
    assert (done.issued, done.refused, done.left, done.stamped_by, done.stopped) == (2, 0, 0, {FIRST: 2}, "")
    seals = SheetSignature.objects.filter(role="con_dau")
    assert {row.sheet_id: (bytes(row.text), row.signed_at) for row in seals} == kept
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.ISSUED}
    assert set(WaitingSeal.objects.values_list("state", flat=True)) == {SealState.ISSUED}
    assert set(SigningItem.objects.filter(batch__role="con_dau").values_list("state", flat=True)) == {
        "signed"
    }
    assert StatusPlace.objects.count() == 2
    assert {row.issued_by for row in IssuedSheet.objects.all()} == {school.seal_keeper.username}
    assert Event.objects.get(action="transcripts.issued").channel == "system"
    assert not audit_everything().findings
    again = complete()
    assert (again.issued, again.left, LogEntry.objects.filter(type="issue").count()) == (0, 0, 2)


def test_while_the_authorities_are_down_completing_changes_nothing_and_says_why() -> None:
    waiting_school()
    weather("down", "down")
    before = list(WaitingSeal.objects.order_by("pk").values())
    done = complete()
    assert (done.issued, done.left) == (0, 2)
    assert f"{FIRST}: down" in done.stopped
    assert list(WaitingSeal.objects.order_by("pk").values()) == before  # nor is anything left claimed


def test_a_worker_that_dies_between_stamp_and_store_has_done_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting_school()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(completing, "store_sealed", die)
    monkeypatch.setattr(completing, "_release", lambda keys: None)  # a killed process lets go of nothing
    with pytest.raises(KeyboardInterrupt):
        complete()
    monkeypatch.undo()
    assert not IssuedSheet.objects.exists()
    assert (complete().issued, waiting().count) == (0, 2)  # still claimed by the dead one
    with clock.standing_at(clock.now() + LEASE):
        assert complete().issued == 2
    assert not audit_everything().findings


def test_a_worker_that_dies_while_storing_leaves_whole_sheets_only(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting_school()
    store = issue_sheets._store

    def die(*arguments: object) -> None:
        store(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(issue_sheets, "_store", die)
    with pytest.raises(KeyboardInterrupt):
        complete()
    monkeypatch.undo()
    assert not IssuedSheet.objects.exists()
    assert not LogEntry.objects.filter(type="issue").exists()
    assert complete().issued == 2
    assert not audit_everything().findings


def all_issued_once(count: int) -> None:
    assert IssuedSheet.objects.count() == LogEntry.objects.filter(type="issue").count() == count
    assert not WaitingSeal.objects.exclude(state=SealState.ISSUED).exists()
    assert not audit_everything().findings


def test_a_second_worker_in_the_middle_of_the_first_takes_what_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(completing, "CHUNK", 2)
    waiting_school(6)
    stamp, others = completing.stamp_all, list[Completed]()

    def meanwhile(*arguments: object) -> object:
        if not others:
            others.append(Completed())  # once
            others[0] = complete()
        return stamp(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(completing, "stamp_all", meanwhile)
    assert (complete().issued, others[0].issued) == (2, 4)
    all_issued_once(6)


def test_two_workers_with_the_same_rows_in_hand_issue_each_sheet_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A claim that ended too early costs a token, nothing more."""
    waiting_school(3)
    monkeypatch.setattr(completing, "LEASE", timedelta(0))
    stamp, others = completing.stamp_all, list[Completed]()

    def meanwhile(*arguments: object) -> object:
        if not others:
            others.append(Completed())
            others[0] = complete()
        return stamp(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(completing, "stamp_all", meanwhile)
    assert (complete().issued, others[0].issued) == (0, 3)
    all_issued_once(3)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_issue_each_sheet_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections; SQLite has one writer anyhow, and in memory no waiting: there, one after the other."""
    monkeypatch.setattr(completing, "CHUNK", 2)
    waiting_school(6)
    results = list[Completed]()

    def work() -> None:
        try:
            results.append(complete())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
        if connection.vendor != "postgresql":
            worker.join(60)
    for worker in workers:
        worker.join(60)
    assert sum(done.issued for done in results) == 6
    all_issued_once(6)


def test_one_that_another_issue_overtook_is_refused_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting_school()
    taken = YearSheet.objects.order_by("pk")[0]

    class Conflict(Entries):
        def append(self, only: Container[int] | None = None) -> list[int]:
            if any(taken.digest.encode() in entry for entry in self.encoded):
                raise IntegrityError("once")
            return super().append(only)

    monkeypatch.setattr(issue_sheets, "Entries", Conflict)
    done = complete()
    assert (done.issued, done.refused, done.left) == (1, 1, 0)
    assert WaitingSeal.objects.get(sheet=taken).reason_code == "seal_issue_conflict"


# --- what can no longer be completed -----------------------------------------------------------------------


def refused(code: str, count: int = 2) -> WaitingSeal:
    """Nothing is issued, and everybody is told why."""
    done = complete()
    assert (done.issued, done.refused, done.left) == (0, count, 0)
    row = WaitingSeal.objects.order_by("pk")[0]
    assert (row.state, row.reason_code) == (SealState.REFUSED, code)
    assert (row.item.state, row.item.reason) == ("failed", row.reason)
    assert row.sheet.state == SheetState.PRINCIPAL_SIGNED
    assert Event.objects.filter(action="transcripts.seal_refused").count() == count
    assert not IssuedSheet.objects.exists()
    return row


@pytest.mark.parametrize("role", [SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL])
def test_a_certificate_that_was_revoked_during_the_outage_stops_the_issue(role: SignerRole) -> None:
    school = waiting_school()
    if role is SignerRole.SEAL:
        certificate = WaitingSeal.objects.all()[0].certificate
    else:
        certificate = SheetSignature.objects.filter(role=role)[0].certificate
    key_provider().authority.revoke(int(certificate.serial, 16), clock.now())
    row = refused("issue_signer_revoked")
    assert f"{clock.today():%d/%m/%Y}" in row.reason
    assert ("đóng dấu lại" if role is SignerRole.SEAL else "trả lại học bạ") in row.reason
    assert len(ready_sheets(school.unit, YEAR, SignerRole.SEAL)) == 2  # back where it was


def test_a_certificate_that_ended_during_the_outage_stops_the_issue() -> None:
    waiting_school()
    ends = min(row.certificate.not_after for row in SheetSignature.objects.select_related("certificate"))
    with clock.standing_at(ends + timedelta(seconds=1)):
        refused("issue_signer_expired")


def test_a_registration_that_ended_during_the_outage_stops_the_issue() -> None:
    waiting_school()
    Registration.objects.filter(role="hieu_truong").update(valid_to=clock.today())
    with clock.standing_at(clock.now() + timedelta(days=1)):
        row = refused("issue_signer_not_registered")
    assert "hiệu trưởng" in row.reason


def test_a_token_reported_lost_during_the_outage_stops_the_issue() -> None:
    school = waiting_school()
    CertificateBlock.objects.create(
        certificate_id=signer(school, SignerRole.HOMEROOM),
        school=school.unit,
        reason="Mất thiết bị",
        by="test",
        at=clock.now(),
    )
    refused("issue_signer_blocked")


def test_an_unknown_revocation_state_goes_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting_school()
    authority = key_provider().authority
    monkeypatch.setattr(authority, "knows", lambda serial: False)
    done = complete()
    assert (done.issued, done.refused, done.left) == (0, 0, 2)
    monkeypatch.undo()
    assert complete().issued == 2


def test_a_seal_that_does_not_fit_its_sheet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever exchanges texts beneath the triggers gains nothing: the seal is read again before its issue."""
    waiting_school()
    original = completing._claim

    def swapped() -> list[WaitingSeal]:
        rows = original()
        if len(rows) == 2:
            rows[0].text, rows[1].text = rows[1].text, rows[0].text
        return rows

    monkeypatch.setattr(completing, "_claim", swapped)
    refused("seal_not_over_sheet")


def test_returning_a_sheet_voids_its_waiting_seal_on_record() -> None:
    school = waiting_school()
    sheet = YearSheet.objects.order_by("pk")[0]
    return_sheets(school.actor(Role.PRINCIPAL), sheets=[sheet], reason="Sai tên")
    row = WaitingSeal.objects.get(sheet=sheet)
    assert (row.state, row.reason_code, row.item.state) == (SealState.VOIDED, "seal_voided", "failed")
    assert Event.objects.get(action="transcripts.returned").details["waiting_seals"] == 1
    assert (complete().issued, waiting().count) == (1, 0)
    assert not audit_everything().findings


def test_a_principal_whose_certificate_was_revoked_since_stops_a_plain_issue_too() -> None:
    school = ready_school()
    certificate = SheetSignature.objects.filter(role="hieu_truong")[0].certificate
    key_provider().authority.revoke(int(certificate.serial, 16), clock.now())
    outcome = sign(school, SignerRole.SEAL)
    assert [failure.reason_code for failure in outcome.failed] == ["issue_signer_revoked"] * 2
    assert not IssuedSheet.objects.exists()


# --- rows and doors ----------------------------------------------------------------------------------------


def test_a_waiting_seal_cannot_be_changed_or_deleted() -> None:
    waiting_school()
    complete_waiting(Actor.system(), most=1)
    for change in (
        lambda: WaitingSeal.objects.update(text=b"x"),
        lambda: WaitingSeal.objects.update(made_by="ai đó"),
        lambda: WaitingSeal.objects.update(state="waiting", ended_at=None),
        lambda: WaitingSeal.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_only_clockwork_and_operator_complete() -> None:
    school = waiting_school()
    for role in (Role.SEAL_KEEPER, Role.PRINCIPAL):
        with pytest.raises(NotAllowed):
            complete_waiting(school.actor(role))
    assert complete_waiting(Actor.operator()).issued == 2


def test_every_process_knows_an_open_breaker() -> None:
    ready_school()
    weather("down", "up")
    key_provider().stamper().stamp_many([bytes([n]) * 32 for n in range(5)])  # type: ignore[attr-defined]
    row = AuthorityHealth.objects.get(name=FIRST)
    assert (row.failures, row.openings) == (3, 1)
    from hocbaso.sandbox.wiring import NodeKeys

    another = NodeKeys().stamper()  # as another process has it
    assert another.stamp_checked(bytes(32)).authority == SECOND  # type: ignore[attr-defined]
    assert AuthorityHealth.objects.get(name=FIRST).failures == 3  # not asked again


def test_the_audit_finds_what_somebody_did_beneath_the_triggers() -> None:
    waiting_school(3)
    first, second, third = WaitingSeal.objects.order_by("pk")
    assert sign(ready_school(1, "79000102"), SignerRole.SEAL).signed == 1
    seal = SheetSignature.objects.get(role="con_dau")
    assert audit_everything().ok
    guards.take_away(connection)
    try:
        WaitingSeal.objects.filter(pk=first.pk).delete()
        WaitingSeal.objects.filter(pk=second.pk).update(digest="0" * 64)
        SigningItem.objects.filter(pk=third.item_id).update(state="failed")
        WaitingSeal.objects.create(
            sheet=seal.sheet,
            item=seal.sheet.signing_items.get(batch__role="con_dau"),
            certificate=seal.certificate,
            text=bytes(third.text),
            digest=seal.sheet.digest,
            made_at=clock.now(),
            made_by="ai đó",
            state=SealState.ISSUED,
            ended_at=clock.now(),
        )
    finally:
        guards.install(connection)
    found = "\n".join(audit_everything().findings)
    codes = {row.sheet_id: row.sheet.code for row in (first, second, third)}
    assert f"{codes[first.sheet_id]}: lần ký ghi chờ dấu thời gian nhưng không còn" in found
    assert f"{codes[second.sheet_id]}: con dấu chờ dấu thời gian không khớp" in found
    assert f"{codes[third.sheet_id]}: con dấu chờ dấu thời gian không khớp" in found
    assert f"{seal.sheet.code}: con dấu đã phát hành khác con dấu đã chờ" in found
    assert "2 con dấu chờ dấu thời gian đã ghi không còn" in found
