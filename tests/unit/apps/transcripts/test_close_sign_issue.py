"""Close → sign → issue: what moves a sheet, what stops it, and that nothing happens twice."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import IntegrityError, connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import SubjectResult
from hocbaso.apps.ledger.models import LogEntry
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases import close_class as closing
from hocbaso.apps.transcripts.use_cases import sign_sheets
from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything
from hocbaso.apps.transcripts.use_cases.close_class import close_class, preview
from hocbaso.apps.transcripts.use_cases.return_sheets import return_sheets
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.apps.transcripts.waiting.complete import complete_waiting
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotAllowed, ServiceUnavailable
from tests.builders import YEAR, School, finished_class, give_results, make_pupil, make_school
from tests.two_connections import Beside

pytestmark = pytest.mark.django_db

ROLES = {
    SignerRole.HOMEROOM: Role.HOMEROOM,
    SignerRole.PRINCIPAL: Role.PRINCIPAL,
    SignerRole.SEAL: Role.SEAL_KEEPER,
}


def close(school: School, name: str = "3A", **options: bool):
    return close_class(school.actor(Role.PRINCIPAL), school_class=school.classes[name], **options)


def sign(school: School, role: SignerRole, name: str = "3A"):
    homeroom = role is SignerRole.HOMEROOM
    school_class = school.classes[name] if homeroom else None
    actor = school.actor(ROLES[role], name if homeroom else None)
    sheets = ready_sheets(school.unit, YEAR, role, school_class)
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=school_class, method="totp"
    )
    return run_batch(actor, batch)


def issue_all(school: School) -> None:
    close(school)
    for role in ROLES:
        sign(school, role)


def test_a_finished_class_goes_the_whole_way_and_the_log_audits_clean() -> None:
    school = make_school()
    finished_class(school, "3A", 4)
    assert close(school).closed == 4
    assert [sign(school, role).signed for role in ROLES] == [4, 4, 4]
    assert IssuedSheet.objects.count() == LogEntry.objects.count() == 4
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.ISSUED}
    report = audit_everything()
    assert report.ok, report.findings
    assert report.entries == 4


def test_closing_again_freezes_nothing_twice() -> None:
    school = make_school()
    finished_class(school, "3A", 2)
    close(school)
    again = close(school)
    assert (again.closed, again.already) == (0, 2)
    assert YearSheet.objects.count() == 2


def test_what_is_missing_is_named_for_each_pupil() -> None:
    school = make_school()
    enrolment = make_pupil(school, "3A", 1)
    give_results(enrolment)
    SubjectResult.objects.filter(enrolment=enrolment, subject_code="toan").update(score=None)
    result = close(school)
    assert result.closed == 0
    assert [(b.pupil, b.code) for b in result.blocked] == [(enrolment.pupil.code, "missing_results")]
    assert "Toán" in result.blocked[0].message


def test_who_has_not_completed_waits_for_the_summer_unless_the_principal_decides() -> None:
    school = make_school()
    give_results(make_pupil(school, "3A", 1), level="C", score=4)
    assert [b.code for b in close(school).blocked] == ["summer_pending"]
    with pytest.raises(NotAllowed):
        close_class(
            school.actor(Role.HOMEROOM, "3A"), school_class=school.classes["3A"], include_incomplete=True
        )
    assert close(school, include_incomplete=True).closed == 1
    assert YearSheet.objects.get().result == {
        "overall": "Chưa hoàn thành",
        "completed": False,
        "promoted": False,
        "title": None,
    }


def test_the_preview_writes_nothing() -> None:
    school = make_school()
    finished_class(school, "3A", 2)
    assert preview(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"]).closed == 2
    assert not YearSheet.objects.exists()


def test_closed_rows_are_locked_in_the_database() -> None:
    school = make_school()
    finished_class(school, "3A", 1)
    close(school)
    with pytest.raises(IntegrityError), transaction.atomic():
        SubjectResult.objects.update(level="C")


def test_the_order_of_signing_cannot_be_skipped() -> None:
    school = make_school()
    finished_class(school, "3A", 1)
    close(school)
    sheets = list(YearSheet.objects.all())
    with pytest.raises(DomainError) as refused:
        authorise(
            school.actor(Role.PRINCIPAL),
            role=SignerRole.PRINCIPAL,
            school=school.unit,
            sheets=sheets,
            method="totp",
        )
    assert refused.value.code == "sheet_moved_on"


@pytest.mark.parametrize("role", list(ROLES))
@pytest.mark.parametrize(
    "post", [Role.PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK, Role.HOMEROOM, Role.SUBJECT_TEACHER]
)
def test_only_the_right_post_signs_and_only_with_the_second_factor(role: SignerRole, post: Role) -> None:
    school = make_school()
    finished_class(school, "3A", 1)
    close(school)
    school_class = school.classes["3A"]
    for second_factor in (True, False):
        actor = school.actor(post, second_factor=second_factor)
        call = lambda actor=actor: authorise(  # noqa: E731
            actor,
            role=role,
            school=school.unit,
            sheets=list(YearSheet.objects.all()),
            school_class=school_class,
            method="totp",
        )
        if post == ROLES[role] and second_factor:
            if role is SignerRole.HOMEROOM:
                assert call().items.count() == 1
            else:
                with pytest.raises(DomainError, match="không còn ở bước này"):
                    call()
        else:
            with pytest.raises(NotAllowed):
                call()


def test_another_class_s_teacher_signs_nothing_here() -> None:
    school = make_school(classes=("3A", "3B"))
    finished_class(school, "3A", 1)
    close(school)
    with pytest.raises(NotAllowed):
        authorise(
            school.actor(Role.HOMEROOM, "3B"),
            role=SignerRole.HOMEROOM,
            school=school.unit,
            sheets=list(YearSheet.objects.all()),
            school_class=school.classes["3A"],
            method="totp",
        )


def test_a_batch_is_resumed_without_signing_twice() -> None:
    school = make_school()
    finished_class(school, "3A", 5)
    close(school)
    actor = school.actor(Role.HOMEROOM, "3A")
    sheets = ready_sheets(school.unit, YEAR, SignerRole.HOMEROOM, school.classes["3A"])
    batch = authorise(
        actor,
        role=SignerRole.HOMEROOM,
        school=school.unit,
        sheets=sheets,
        school_class=school.classes["3A"],
        method="totp",
    )
    first = run_batch(actor, batch, limit=2)
    assert (first.signed, first.waiting) == (2, 3)
    rest = run_batch(actor, batch)
    assert (rest.signed, rest.waiting) == (3, 0)
    assert run_batch(actor, batch).signed == 0
    assert SheetSignature.objects.count() == 5


def test_a_batch_covers_exactly_the_list_that_was_shown() -> None:
    school = make_school()
    finished_class(school, "3A", 2)
    close(school)
    actor = school.actor(Role.HOMEROOM, "3A")
    sheets = ready_sheets(school.unit, YEAR, SignerRole.HOMEROOM, school.classes["3A"])
    batch = authorise(
        actor,
        role=SignerRole.HOMEROOM,
        school=school.unit,
        sheets=sheets,
        school_class=school.classes["3A"],
        method="totp",
    )
    return_sheets(school.actor(Role.PRINCIPAL), sheets=sheets[:1], reason="Sai ngày nghỉ")
    close(school)  # a new sheet of the same pupil, not on the authorised list
    outcome = run_batch(actor, batch)
    assert outcome.signed == 1
    assert [f.reason_code for f in outcome.failed] == ["sheet_moved_on"]


def test_returning_voids_signatures_and_opens_the_rows_again() -> None:
    school = make_school()
    (enrolment,) = finished_class(school, "3A", 1)
    close(school)
    sign(school, SignerRole.HOMEROOM)
    sheet = YearSheet.objects.get()
    with pytest.raises(DomainError, match="lý do"):
        return_sheets(school.actor(Role.PRINCIPAL), sheets=[sheet], reason="  ")
    return_sheets(school.actor(Role.PRINCIPAL), sheets=[sheet], reason="Nhận xét môn Toán nhầm học sinh")
    SubjectResult.objects.filter(enrolment=enrolment).update(level="H")
    assert SheetSignature.objects.get().voided_at is not None
    assert close(school).closed == 1
    assert YearSheet.objects.exclude(state=SheetState.VOIDED).get().result["overall"] == "Hoàn thành"


def test_an_issued_sheet_cannot_be_returned_changed_or_deleted() -> None:
    school = make_school()
    finished_class(school, "3A", 1)
    issue_all(school)
    sheet = YearSheet.objects.get()
    with pytest.raises(DomainError, match="đã phát hành"):
        return_sheets(school.actor(Role.PRINCIPAL), sheets=[sheet], reason="Sai tên")
    for change in (
        lambda: YearSheet.objects.update(state="frozen"),
        lambda: IssuedSheet.objects.update(version=2),
        lambda: IssuedSheet.objects.all().delete(),
        lambda: LogEntry.objects.all().delete(),
        lambda: SheetSignature.objects.update(text=b"x"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_a_time_stamp_authority_that_is_down_issues_nothing_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    school = make_school()
    finished_class(school, "3A", 2)
    close(school)
    sign(school, SignerRole.HOMEROOM)
    sign(school, SignerRole.PRINCIPAL)

    class Down:
        def stamp(self, digest: bytes) -> bytes:
            raise ServiceUnavailable("timestamp_unavailable", detail="test")

    monkeypatch.setattr(type(key_provider()), "stamper", lambda self: Down())
    outcome = sign(school, SignerRole.SEAL)
    assert (outcome.signed, outcome.sealed, outcome.failed) == (0, 2, [])
    assert not IssuedSheet.objects.exists()
    monkeypatch.undo()
    assert complete_waiting(Actor.system()).issued == 2
    assert audit_everything().ok


def test_a_revoked_certificate_signs_nothing() -> None:
    school = make_school()
    finished_class(school, "3A", 1)
    close(school)
    provider = key_provider()
    teacher = school.homeroom["3A"]
    signer = provider.person(
        account=teacher.username,
        name=teacher.full_name,
        personal_number="",
        school_code="79000101",
        school=school.unit.name,
    )
    from hocbaso.apps.common import clock

    provider.authority.revoke(signer.certificate, clock.now())
    try:
        with pytest.raises(DomainError) as refused:
            sign(school, SignerRole.HOMEROOM)
        assert refused.value.code == "certificate_revoked"
        assert not SheetSignature.objects.exists()
    finally:
        for path in provider.authority.vault.path("revoked").glob("*.json"):
            path.unlink()


@pytest.mark.django_db(transaction=True)
def test_a_mark_written_while_the_class_is_being_closed_waits_and_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The frozen sheet and the live row never differ (two connections; SQLite has one writer anyhow)."""
    school = make_school()
    (enrolment,) = finished_class(school, "3A", 1)
    outcome: list[str] = []

    def write() -> None:
        try:
            with transaction.atomic():
                rows = SubjectResult.objects.select_for_update().filter(
                    enrolment=enrolment, subject_code="toan"
                )
                outcome.append("locked" if rows.get().locked else "open")
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    make = closing._make

    def meanwhile(*args: object, **options: object) -> object:
        if connection.vendor == "postgresql":
            writer.start()
            time.sleep(0.3)
            assert outcome == []  # it waits for the closing
        return make(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(closing, "_make", meanwhile)
    assert close(school).closed == 1
    if connection.vendor != "postgresql":
        writer.start()
    writer.join(60)
    assert outcome == ["locked"]


@pytest.mark.django_db(transaction=True)
def test_who_authorises_a_list_beside_its_signing_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the one holds the chain of events and wants the sheets, the other holds the sheets and wants the
    chain (two connections; SQLite has one writer anyhow)."""
    school = make_school()
    finished_class(school, "3A", 1)
    close(school)
    of_class, actor = school.classes["3A"], school.actor(Role.HOMEROOM, "3A")
    sheets = ready_sheets(school.unit, YEAR, SignerRole.HOMEROOM, of_class)
    note, others = sign_sheets.record, list[Beside]()

    def again() -> SigningBatch:
        role = SignerRole.HOMEROOM
        return authorise(
            actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
        )

    def meanwhile(*args: object, **details: object) -> object:
        if args[1] == "transcripts.signed":  # stored, and not committed
            others.append(Beside(again))
            assert others[0].came_through
        return note(*args, **details)  # type: ignore[arg-type]

    batch = again()
    monkeypatch.setattr(sign_sheets, "record", meanwhile)
    assert run_batch(actor, batch).signed == 1
    assert isinstance(others[0].ended(), SigningBatch)
