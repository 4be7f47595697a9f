"""Slips: the secret, the birth date, one answer; proposals taken over or refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.quality.models import Answer, Mark, PaperCheck, Proposal, ProposalState, Slip
from hocbaso.apps.quality.slip_fields import FIELDS
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.apps.quality.use_cases.proposals import reject, take_over
from hocbaso.apps.quality.use_cases.slips import (
    Said,
    Unanswered,
    answer_by_phone,
    answer_on_paper,
    find_slip,
    open_slip,
    print_slips,
)
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from tests.builders import YEAR, make_pupil, make_school
from tests.unit.apps.accounts.people import DAY

pytestmark = pytest.mark.django_db
NUMBER = "079317394341"


@pytest.fixture(autouse=True)
def _standing():
    with clock.standing_at(DAY):
        yield


@pytest.fixture
def school():
    return make_school()


@pytest.fixture
def row(school):
    return make_pupil(school, "3A", 1)


@pytest.fixture
def teacher(school):
    return school.actor(Role.HOMEROOM, "3A")


@pytest.fixture
def printed(school, teacher, row):
    (one,) = print_slips(teacher, school_class=school.classes["3A"])
    return one


def all_right(**wrong):
    return {f.key: Said(False, wrong[f.key]) if f.key in wrong else Said(True) for f in FIELDS}


def code_of(call, *args, **kwargs):
    with pytest.raises(DomainError) as refused:
        call(*args, **kwargs)
    return refused.value.code


def test_the_token_is_long_kept_hashed_and_ends_with_the_next_print(school, teacher, printed):
    assert len(printed.token) == 32  # 160 bits in base32
    assert printed.token not in str(Slip.objects.values())
    assert find_slip(printed.token) == printed.slip
    (newer,) = print_slips(teacher, school_class=school.classes["3A"])
    assert code_of(find_slip, printed.token) == "slip_unknown"
    assert find_slip(newer.token)
    with clock.standing_at(DAY + timedelta(days=31)), pytest.raises(NotFound):
        find_slip(newer.token)
    assert code_of(find_slip, "x" * 32) == "slip_unknown"


def test_a_wrong_birth_date_is_slowed_down_and_ends_the_slip(printed):
    slip = printed.slip

    def attempt(day, moment=DAY):
        with clock.standing_at(moment):
            slip.refresh_from_db()
            return code_of(open_slip, slip=slip, birth_date=day, address="10.0.0.1")

    assert attempt("hôm qua") == "slip_birth_date_unreadable"
    assert [attempt(f"0{n}/03/2017") for n in range(1, 5)] == ["slip_birth_date"] * 4
    assert attempt("09/02/2017") == "slip_wait"  # even the right one waits
    later = [DAY + timedelta(hours=2 * n) for n in range(1, 7)]
    assert {attempt("01/03/2017", moment) for moment in later} == {"slip_birth_date"}
    assert code_of(find_slip, printed.token) == "slip_unknown"


def test_the_right_birth_date_opens(printed):
    open_slip(slip=printed.slip, birth_date="9/2/2017", address="10.0.0.1")


def test_every_field_must_be_said_and_be_readable(printed):
    with pytest.raises(Unanswered) as refused:
        answer_by_phone(slip=printed.slip, said={}, relation="")
    assert set(refused.value.errors) == {f.key for f in FIELDS} | {"quan-he"}
    bad = all_right(personal_number="123", birth_date="hôm qua", phone="1", father_birth_year="85", sex="x")
    with pytest.raises(Unanswered) as refused:
        answer_by_phone(slip=printed.slip, said=bad, relation="Mẹ")
    assert set(refused.value.errors) == {"personal_number", "birth_date", "phone", "father_birth_year", "sex"}
    assert code_of(answer_by_phone, slip=printed.slip, said=all_right(), relation="Bạn") == "slip_relation"
    assert not Answer.objects.exists()


def test_an_answer_changes_nothing_and_is_given_once(printed, row):
    before = Pupil.objects.values().get(pk=row.pupil_id)
    answer_by_phone(
        slip=printed.slip, said=all_right(phone="0903 123 456", full_name="Nguyễn Hương"), relation="Mẹ"
    )
    assert Pupil.objects.values().get(pk=row.pupil_id) == before
    assert code_of(answer_by_phone, slip=printed.slip, said=all_right(), relation="Mẹ") == "slip_answered"
    proposed = dict(Proposal.objects.values_list("field", "value"))
    assert (proposed["phone"], proposed["full_name"]) == ("0903123456", "Nguyễn Hương")
    assert proposed["religion"] == "Không"  # an empty field that the mother confirms
    assert not PaperCheck.objects.exists()  # something still waits


def test_verified_fields_go_through_the_repair_and_the_score_rises(school, teacher, printed, row):
    compute(school.unit, YEAR)
    before = Mark.objects.get(pupil=row.pupil).du
    said = all_right(
        personal_number="079 317 394 341",
        province="Thành phố Hồ Chí Minh",
        commune="Phường Sài Gòn",
        phone="0903123456",
    )
    answer_by_phone(slip=printed.slip, said=said, relation="Mẹ", name="Trần Thị Quỳnh")
    for proposal in Proposal.objects.exclude(state=ProposalState.TAKEN):
        proposal.refresh_from_db()
        if proposal.state == ProposalState.WAITING:
            take_over(teacher, proposal=proposal)
    pupil = Pupil.objects.get(pk=row.pupil_id)
    assert (pupil.personal_number, pupil.commune_code, pupil.province_code) == (NUMBER, "26740", "79")
    assert (pupil.phone, pupil.religion) == ("0903123456", "Không")
    assert set(Event.objects.values_list("action", flat=True)) >= {"identity.correct", "pupils.edit"}
    assert NUMBER not in str(list(Event.objects.values_list("details", flat=True)))
    assert NUMBER not in str(list(Proposal.objects.values_list("value", "before")))  # once decided
    assert Mark.objects.get(pupil=row.pupil).du > before + 5
    check = PaperCheck.objects.get()
    assert (check.item, check.name) == ("phu_huynh", "Mẹ Trần Thị Quỳnh")


def test_a_refusal_needs_a_reason_and_the_file_stays(school, teacher, printed, row):
    answer_by_phone(slip=printed.slip, said=all_right(full_name="Nguyễn Hương"), relation="Cha")
    proposal = Proposal.objects.get(field="full_name")
    assert code_of(reject, teacher, proposal=proposal, reason="k") == "proposal_reason"
    with pytest.raises(NotAllowed):
        reject(school.actor(Role.PRINCIPAL), proposal=proposal, reason="Giấy khai sinh ghi khác.")
    reject(teacher, proposal=proposal, reason="Giấy khai sinh ghi khác.")
    assert code_of(take_over, teacher, proposal=proposal) == "proposal_decided"
    assert Pupil.objects.get(pk=row.pupil_id).full_name == row.pupil.full_name


def test_what_cannot_be_taken_over_leaves_everything_as_it_was(teacher, printed, row):
    answer_by_phone(slip=printed.slip, said=all_right(ethnic_group="Kin", commune="Phường Lạ"), relation="Mẹ")
    group, place = (Proposal.objects.get(field=name) for name in ("ethnic_group", "commune"))
    assert code_of(take_over, teacher, proposal=group) == "pupil_field_list"
    assert code_of(take_over, teacher, proposal=place) == "slip_place"
    assert set(
        Proposal.objects.filter(field__in=("ethnic_group", "commune")).values_list("state", flat=True)
    ) == {ProposalState.WAITING}
    take_over(teacher, proposal=group, value="Tày")
    assert Pupil.objects.get(pk=row.pupil_id).ethnic_group == "Tày"


def test_paper_answers_are_written_down_by_the_homeroom_teacher_alone(school, teacher, printed):
    given = {"slip": printed.slip, "said": all_right(), "relation": "Mẹ", "said_on": clock.today()}
    with pytest.raises(NotAllowed):
        answer_on_paper(school.actor(Role.DATA_CLERK), **given)
    later = {**given, "said_on": clock.today() + timedelta(days=1)}
    assert code_of(answer_on_paper, teacher, **later) == "slip_date_future"
    made = answer_on_paper(teacher, **given)
    assert (made.channel, made.by) == ("paper", teacher.label)


def test_stale_copies_of_a_slip_count_together_and_one_that_ended_opens_nothing(printed):
    copies = [find_slip(printed.token) for _ in range(11)]  # as requests that came at one moment hold them
    for n, slip in enumerate(copies[:10]):
        with clock.standing_at(DAY + timedelta(hours=2 * n)):
            assert code_of(open_slip, slip=slip, birth_date="01/03/2017", address="a") == "slip_birth_date"
    with clock.standing_at(DAY + timedelta(days=2)):
        assert code_of(open_slip, slip=copies[10], birth_date="09/02/2017", address="a") == "slip_unknown"
    assert Slip.objects.get().wrong == 10


def test_wrong_birth_dates_of_guardians_keep_no_teacher_of_the_same_network_from_signing_in(printed):
    hidden = throttle.hashed("10.0.0.1")
    for _ in range(40):
        throttle.note(f"{throttle.SLIP}{printed.slip.token_hash[:40]}", hidden, succeeded=False)
    throttle.require_no_wait("79000101-dl", hidden)
    for _ in range(40):
        throttle.note("ai.do", hidden, succeeded=False)
    assert code_of(throttle.require_no_wait, "79000101-dl", hidden) == "sign_in_wait"
