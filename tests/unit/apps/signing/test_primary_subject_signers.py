"""The dated setting "giáo viên môn ký" of primary, both ways: seats, board, sheet, signatures, verdict."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.accounts.queries import signers_of
from hocbaso.apps.accounts.use_cases.designate_signer import designate_signer
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.organisations.use_cases.dated_settings import present, set_dated
from hocbaso.apps.signing import readiness
from hocbaso.apps.signing.seats import PRIMARY_SETTING, must_sign
from hocbaso.apps.transcripts.documents import export
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.verification import verify_document
from tests.builders import START, YEAR, School, finished_class, make_school, make_user
from tests.unit.apps.signing.test_certificates import registered_teacher

pytestmark = pytest.mark.django_db
ENGLISH = "ngoai-ngu-1"


@pytest.fixture
def here() -> School:
    return make_school()


def teaches(school: School, name: str, code: str) -> User:
    user = make_user(name, f"Cô {name}")
    Assignment.objects.create(
        user=user,
        organisation=school.unit,
        role=Role.SUBJECT_TEACHER,
        school_class=school.classes["3A"],
        subject_code=code,
        valid_from=START,
    )
    return user


def turned_on(school: School, value: str = "yes") -> None:
    set_dated(
        school.actor(Role.PRINCIPAL),
        unit=school.unit,
        key=PRIMARY_SETTING,
        value=value,
        valid_from=clock.today(),
        basis="Kế hoạch 12/KH-THHM",
    )


def subjects_signed_by(school: School, user: User) -> set[str]:
    lines = must_sign([school.unit], clock.today())
    return {p.subject_code for one in lines if one.user == user for p in one.places if p.role == "gvbm"}


def sign(school: School, role: SignerRole, actor: Actor) -> int:
    of_class = school.classes["3A"] if role in (SignerRole.SUBJECT_TEACHER, SignerRole.HOMEROOM) else None
    signer = actor.user if role is SignerRole.SUBJECT_TEACHER else None
    sheets = ready_sheets(school.unit, YEAR, role, of_class, signer)
    if not sheets:
        return 0
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
    )
    return run_batch(actor, batch).signed


def teacher(school: School, user: User) -> Actor:
    post = Assignment.objects.select_related("user", "organisation", "school_class").filter(
        user=user, role=Role.SUBJECT_TEACHER
    )
    return Actor.of(post[0], second_factor=True)


def issued(school: School, teachers: list[User]) -> list[str]:
    """Everybody signs who must; the roles of the issued sheet's signatures, after it was verified."""
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    for user in teachers:
        assert sign(school, SignerRole.SUBJECT_TEACHER, teacher(school, user)) == 1
    for role, post in (
        (SignerRole.HOMEROOM, Role.HOMEROOM),
        (SignerRole.PRINCIPAL, Role.PRINCIPAL),
        (SignerRole.SEAL, Role.SEAL_KEEPER),
    ):
        assert sign(school, role, school.actor(post, "3A" if role is SignerRole.HOMEROOM else None)) == 1
    (sheet,) = IssuedSheet.objects.all()
    verdict = verify_document(export([sheet])[0].xml, trust_bundle([sheet]), now=clock.now())
    assert verdict.verdict == "valid", verdict.reason
    return [one.role for one in verdict.signatures]


def test_unset_a_primary_sheet_has_three_signatures_and_nobody_needs_a_subject_seat(here):
    english = teaches(here, "anh", ENGLISH)
    finished_class(here, "3A", 1)
    assert subjects_signed_by(here, english) == set()
    assert english not in [line.who.user for line in readiness.boards([here.unit])[here.unit.pk].lines]
    assert issued(here, []) == ["gvcn", "hieu_truong", "con_dau"]


def test_set_every_teacher_signs_the_own_subjects_and_the_sheet_verifies(here):
    english = teaches(here, "anh", ENGLISH)
    turned_on(here)
    finished_class(here, "3A", 1)
    homeroom = here.homeroom["3A"]
    assert subjects_signed_by(here, english) == {ENGLISH}
    assert ENGLISH not in subjects_signed_by(here, homeroom), "somebody is named for it"
    by_subject = signers_of(here.classes["3A"])
    assert subjects_signed_by(here, homeroom) == set(by_subject) - {ENGLISH}
    states = {line.who.user: line for line in readiness.boards([here.unit])[here.unit.pk].lines}
    assert [place.subject_code for place in states[english].missing] == [ENGLISH]
    close_class(here.actor(Role.PRINCIPAL), school_class=here.classes["3A"])
    assert YearSheet.objects.get().state == SheetState.AWAITING_SUBJECTS
    assert ready_sheets(here.unit, YEAR, SignerRole.HOMEROOM, here.classes["3A"]) == []
    assert issued(here, [english, homeroom]) == ["gvbm", "gvbm", "gvcn", "hieu_truong", "con_dau"]


def test_a_team_taught_subject_is_signed_by_all_or_by_whom_the_principal_designates(here):
    first, second = teaches(here, "anh", ENGLISH), teaches(here, "em", ENGLISH)
    turned_on(here)
    assert subjects_signed_by(here, first) == subjects_signed_by(here, second) == {ENGLISH}
    post = Assignment.objects.get(user=second)
    designate_signer(here.actor(Role.PRINCIPAL), assignment=post)
    assert subjects_signed_by(here, first) == set()
    assert subjects_signed_by(here, second) == {ENGLISH}
    finished_class(here, "3A", 1)
    assert issued(here, [second, here.homeroom["3A"]]).count("gvbm") == 2


def test_a_closed_sheet_keeps_its_signers_when_the_setting_is_taken_back(here):
    turned_on(here)
    finished_class(here, "3A", 1)
    close_class(here.actor(Role.PRINCIPAL), school_class=here.classes["3A"])
    turned_on(here, "no")
    assert subjects_signed_by(here, here.homeroom["3A"]) == set()
    assert issued(here, [here.homeroom["3A"]]) == ["gvbm", "gvcn", "hieu_truong", "con_dau"]


def test_seats_of_subjects_follow_the_rule_of_who_signs(here):
    """The register's seats and the sheet's duties come from two places; they say the same."""
    registered_teacher(here)
    turned_on(here)
    for name, code in (("anh", ENGLISH), ("em", ENGLISH), ("thu", "am-nhac"), ("hoa", "toan")):
        teaches(here, name, code)
    Assignment.objects.filter(user__username="em").update(signs=True)
    substitute = make_user("thay", "Thầy Thay")
    original = Assignment.objects.get(user__username="hoa")
    Assignment.objects.create(
        user=substitute,
        organisation=here.unit,
        role=Role.SUBJECT_TEACHER,
        school_class=here.classes["3A"],
        sign_subject="toan",
        stands_in_for=original,
        reason="Nghỉ ốm",
        valid_from=START,
    )
    wanted: dict[int, set[str]] = {}
    for code, refs in signers_of(here.classes["3A"]).items():
        for ref in refs:
            wanted.setdefault(ref.user_id, set()).add(code)
    found = {
        line.user.pk: {p.subject_code for p in line.places if p.role == "gvbm"}
        for line in must_sign([here.unit], clock.today())
        if line.user is not None
    }
    assert {pk: codes for pk, codes in found.items() if codes} == wanted
    for pk in wanted:
        (line,) = must_sign([here.unit], clock.today(), only=User.objects.get(pk=pk))
        assert {p.subject_code for p in line.places if p.role == "gvbm"} == wanted[pk]


def test_the_setting_is_dated_has_a_basis_and_the_nearest_unit_decides(here):
    principal = here.actor(Role.PRINCIPAL)
    tomorrow = clock.today() + timedelta(days=1)
    common = {"unit": here.unit, "key": PRIMARY_SETTING}
    with pytest.raises(NotAllowed):
        set_dated(here.actor(Role.DATA_CLERK), **common, value="yes", valid_from=tomorrow, basis="Kế hoạch 1")
    for wrong, code in (
        ({"basis": "x"}, "setting_basis"),
        ({"valid_from": START}, "setting_past"),
        ({"value": "maybe"}, "setting_value"),
        ({"value": ""}, "setting_same"),
    ):
        with pytest.raises(DomainError) as told:
            set_dated(
                principal,
                **(common | {"value": "yes", "valid_from": tomorrow, "basis": "Kế hoạch 1"} | wrong),
            )
        assert told.value.code == code
    set_dated(principal, **common, value="yes", valid_from=tomorrow, basis="Kế hoạch 1")
    assert present(here.unit, PRIMARY_SETTING).value == "no"
    assert present(here.unit, PRIMARY_SETTING, tomorrow).value == "yes"
    set_dated(principal, **common, value="no", valid_from=tomorrow + timedelta(days=30), basis="Kế hoạch 2")
    rows = DatedSetting.objects.order_by("valid_from").values_list("value", "valid_to")
    assert list(rows) == [("yes", tomorrow + timedelta(days=29)), ("no", None)]
