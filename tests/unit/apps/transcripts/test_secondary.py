"""Secondary sheets: every subject signed by its teacher, then homeroom, principal, seal; summer replaces."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.assessment.use_cases.record_results import Door, Entry, Sort, record
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.documents import export
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, StatusEvent, SubjectDuty, YearSheet
from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything
from hocbaso.apps.transcripts.use_cases.close_class import close_class, preview
from hocbaso.apps.transcripts.use_cases.return_sheets import return_sheets
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.verification import verify_document
from tests.builders import YEAR, School, make_pupil
from tests.secondary import finished_secondary_class, give_marks, make_secondary_school, subjects_of

pytestmark = pytest.mark.django_db
CHAIN = {
    SignerRole.HOMEROOM: Role.HOMEROOM,
    SignerRole.PRINCIPAL: Role.PRINCIPAL,
    SignerRole.SEAL: Role.SEAL_KEEPER,
}


def close(school: School, name: str = "6A1", **options: bool):
    return close_class(school.actor(Role.PRINCIPAL), school_class=school.classes[name], **options)


def teacher_of(school: School, subject: str, name: str = "6A1") -> Actor:
    post = Assignment.objects.select_related("user", "organisation", "school_class").get(
        school_class=school.classes[name], subject_code=subject, valid_to=None
    )
    return Actor.of(post, second_factor=True)


def teacher_signs(school: School, subject: str, name: str = "6A1"):
    actor, of_class = teacher_of(school, subject, name), school.classes[name]
    role = SignerRole.SUBJECT_TEACHER
    sheets = ready_sheets(school.unit, YEAR, role, of_class, actor.user)
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
    )
    return run_batch(actor, batch)


def sign(school: School, role: SignerRole, name: str = "6A1"):
    of_class = school.classes[name] if role is SignerRole.HOMEROOM else None
    actor = school.actor(CHAIN[role], name if of_class else None)
    sheets = ready_sheets(school.unit, YEAR, role, of_class)
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
    )
    return run_batch(actor, batch)


def everybody_signs(school: School) -> None:
    """Subject teachers last to first: the order of signing is not that of the document."""
    waiting = SubjectDuty.objects.filter(signed=False, sheet__state=SheetState.AWAITING_SUBJECTS)
    while duty := waiting.order_by("-position").first():
        teacher_signs(school, duty.subjects[0])
    for role in CHAIN:
        sign(school, role)


def verdict_of(issued: IssuedSheet):
    return verify_document(export([issued])[0].xml, trust_bundle([issued]), now=clock.now())


def test_a_secondary_class_goes_the_whole_way_and_verifies() -> None:
    school = make_secondary_school()
    finished_secondary_class(school, "6A1", 2)
    assert close(school).closed == 2
    everybody_signs(school)
    for issued in IssuedSheet.objects.all():
        verdict = verdict_of(issued)
        assert verdict.verdict == "valid", verdict.reason
        assert len(verdict.signatures) == len(subjects_of(6)) + 3
    assert YearSheet.objects.first().result == {
        "study": "Tốt",
        "conduct": "Tốt",
        "completed": True,
        "promoted": True,
        "title": "Học sinh Giỏi",
    }
    assert audit_everything().ok


def test_the_homeroom_teacher_waits_for_the_last_subject_teacher() -> None:
    school = make_secondary_school()
    finished_secondary_class(school, "6A1", 1)
    close(school)
    codes = [s.code for s in subjects_of(6)]
    for code in reversed(codes[1:]):  # in any order
        assert teacher_signs(school, code).signed == 1
    assert YearSheet.objects.get().state == SheetState.AWAITING_SUBJECTS
    assert ready_sheets(school.unit, YEAR, SignerRole.HOMEROOM, school.classes["6A1"]) == []
    teacher_signs(school, codes[0])
    assert YearSheet.objects.get().state == SheetState.FROZEN


def test_a_subject_teacher_signs_once_and_only_his_subject_in_his_class() -> None:
    school = make_secondary_school(classes=("6A1", "6A2"))
    finished_secondary_class(school, "6A1", 1)
    close(school)
    (sheet,) = YearSheet.objects.all()
    maths = teacher_of(school, "toan")
    with pytest.raises(NotAllowed):  # his post in another class
        authorise(
            teacher_of(school, "toan", "6A2"),
            role=SignerRole.SUBJECT_TEACHER,
            school=school.unit,
            sheets=[sheet],
            school_class=school.classes["6A1"],
            method="totp",
        )
    teacher_signs(school, "toan")
    with pytest.raises(DomainError, match="không còn ở bước này"):
        authorise(
            maths,
            role=SignerRole.SUBJECT_TEACHER,
            school=school.unit,
            sheets=[sheet],
            school_class=school.classes["6A1"],
            method="totp",
        )
    assert list(SubjectDuty.objects.filter(signed=True).values_list("subjects", flat=True)) == [["toan"]]


def test_one_teacher_of_two_subjects_signs_both_with_one_signature() -> None:
    school = make_secondary_school()
    maths = teacher_of(school, "toan").user
    Assignment.objects.filter(organisation=school.unit, subject_code="tin-hoc").update(user=maths)
    finished_secondary_class(school, "6A1", 1)
    close(school)
    assert SubjectDuty.objects.get(signer=maths).subjects == ["toan", "tin-hoc"]
    everybody_signs(school)
    assert verdict_of(IssuedSheet.objects.get()).verdict == "valid"


def test_a_subject_that_nobody_signs_stops_the_class_and_is_named() -> None:
    school = make_secondary_school()
    finished_secondary_class(school, "6A1", 1)
    Assignment.objects.filter(subject_code="tin-hoc").delete()
    (blocked,) = close(school).blocked
    assert blocked.code == "no_subject_teacher"
    assert "Tin học" in blocked.message


def test_a_missing_mark_is_named_by_subject_semester_and_column() -> None:
    school = make_secondary_school()
    (enrolment, _other) = finished_secondary_class(school, "6A1", 2)
    SubjectMarks.objects.filter(enrolment=enrolment, subject_code="toan", moment="hk2").update(ck="")
    result = preview(school.actor(Role.PRINCIPAL), school_class=school.classes["6A1"])
    assert (result.closed, [b.code for b in result.blocked]) == (1, ["missing_results"])
    assert "Toán" in result.blocked[0].message
    assert "ĐĐGck" in result.blocked[0].message


def test_returning_voids_every_signature_and_opens_the_marks() -> None:
    school = make_secondary_school()
    finished_secondary_class(school, "6A1", 1)
    close(school)
    teacher_signs(school, "toan")
    return_sheets(school.actor(Role.PRINCIPAL), sheets=list(YearSheet.objects.all()), reason="Sai nhận xét")
    assert not SubjectMarks.objects.filter(locked=True).exists()
    assert close(school).closed == 1
    assert teacher_signs(school, "toan").signed == 1


def weak_pupil(school: School) -> int:
    """A pupil who must be re-tested in mathematics."""
    enrolment = make_pupil(school, "6A1", 7)
    give_marks(enrolment, score="6")
    of_maths = SubjectMarks.objects.filter(enrolment=enrolment, subject_code="toan")
    of_maths.update(tx1="3", tx2="3", tx3="3", tx4="3", gk="3", ck="3")
    return enrolment.pk


def retest(school: School, enrolment: int, mark: str):
    entry = Entry(enrolment, Sort.MARKS, {"retest": mark}, "toan", "he")
    return record(teacher_of(school, "toan"), [entry], door=Door.SCREEN, source="screen")


def test_the_summer_result_of_a_waiting_pupil_is_closed_normally() -> None:
    school = make_secondary_school()
    key = weak_pupil(school)
    assert [b.code for b in close(school).blocked] == ["summer_pending"]
    (answer,) = retest(school, key, "6.5")
    assert answer.state == "saved", answer.message
    assert close(school).closed == 1
    sheet = parse_sheet(bytes(YearSheet.objects.get().body))
    maths = next(line for line in sheet.subjects if line.code == "toan")
    assert (maths.year, maths.retest) == ("3", "6.5")
    assert sheet.result.promoted is True


def test_a_later_summer_result_makes_a_replacing_version_of_an_issued_sheet() -> None:
    school = make_secondary_school()
    key = weak_pupil(school)
    assert close(school, include_incomplete=True).closed == 1
    everybody_signs(school)
    first = IssuedSheet.objects.get()
    assert close(school).closed == 0  # nothing changed, nothing new
    (answer,) = retest(school, key, "6.5")
    assert answer.state == "saved", answer.message
    assert close(school).closed == 1
    everybody_signs(school)
    second = IssuedSheet.objects.get(version=2)
    sheet = parse_sheet(bytes(second.sheet.body))
    assert (sheet.code, sheet.replaces, sheet.result.promoted) == (first.code, first.digest, True)
    assert sheet.replace_reason == "Kết quả đánh giá lại trong hè"
    (event,) = StatusEvent.objects.all()
    assert (event.version, event.status, event.replaced_by) == (1, "replaced", 2)
    assert verdict_of(second).verdict == "valid"
    assert verdict_of(first).verdict != "valid"
    assert audit_everything().ok


def test_a_returned_replacing_version_opens_the_summer_again_and_nothing_else() -> None:
    school = make_secondary_school()
    key = weak_pupil(school)
    close(school, include_incomplete=True)
    everybody_signs(school)
    retest(school, key, "6.5")
    close(school)
    second = YearSheet.objects.get(version=2)
    return_sheets(school.actor(Role.PRINCIPAL), sheets=[second], reason="Sai điểm kiểm tra lại")
    open_rows = SubjectMarks.objects.filter(enrolment=key, locked=False)
    assert [(row.subject_code, row.moment) for row in open_rows] == [("toan", "he")]
    assert retest(school, key, "7")[0].state == "saved"
    assert close(school).closed == 1
