from __future__ import annotations

from datetime import date, timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Confirmation
from hocbaso.apps.identity.queries import last_check, who_must_act
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import confirm_difference, confirm_warnings, correct
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.engines.population import Outcome
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school, school_of

pytestmark = pytest.mark.django_db


def answered(outcome: Outcome, differing: tuple[str, ...] = (), **values: str):
    """A school, its clerk and a pupil whose check came back like that."""
    school = make_school()
    pupil = full_pupil(school, 1, **values)
    send(Actor.operator(), school=school.unit, year=YEAR)
    process_due(Registry({pupil.personal_number: (outcome, differing)}))
    pupil.refresh_from_db()
    return school.actor(Role.DATA_CLERK), school, pupil


def test_a_corrected_field_asks_for_a_new_check_and_is_written_down_without_the_value():
    clerk, _, pupil = answered(Outcome.MISMATCH, ("ho_ten",))
    made = correct(clerk, pupil, {"full_name": "Trần  Bảo Quỳnh Hương "}, note="Giấy khai sinh bản sao")
    stored = Pupil.objects.get()
    assert (stored.full_name, stored.identity_state) == ("Trần Bảo Quỳnh Hương", "reverify")
    assert stored.sort_key != ""
    assert (made.changed, made.warnings) == (("full_name",), {})
    event = Event.objects.get(action="identity.correct")
    assert event.details == {"fields": ["full_name"], "note": "Giấy khai sinh bản sao", "staff": False}
    assert Event.objects.filter(action="identity.reverify", target=pupil.code).exists()


def test_a_number_that_lost_its_zero_is_offered_never_taken():
    clerk, _, pupil = answered(Outcome.NOT_FOUND)
    with pytest.raises(DomainError) as refused:
        correct(clerk, pupil, {"personal_number": "79317000007"})
    assert refused.value.code == "identity_lost_zero"
    assert refused.value.params["proposal"] == "079317000007"
    assert Pupil.objects.get().personal_number == "079317000001"
    correct(clerk, pupil, {"personal_number": "079 317 000 007"})
    assert Pupil.objects.get().personal_number == "079317000007"


def test_a_number_belongs_to_one_pupil():
    clerk, school, pupil = answered(Outcome.NOT_FOUND)
    full_pupil(school, 2)
    with pytest.raises(DomainError) as refused:
        correct(clerk, pupil, {"personal_number": "079317000002"})
    assert refused.value.code == "identity_number_taken"
    assert Pupil.objects.get(pk=pupil.pk).identity_state == "not_found"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"full_name": "  "}, "identity_value"),
        ({"full_name": "Trần 4nh"}, "identity_value"),
        ({"birth_date": "31/02/2017"}, "identity_value"),
        ({"birth_date": ""}, "identity_empty"),
        ({"birth_date": "09-02.2017"}, "identity_value"),  # only a proposal: not taken
        ({"sex": "nam"}, "identity_value"),
        ({"personal_number": "12AB"}, "identity_value"),
        ({"personal_number": "1234"}, "identity_value"),
        ({"province_code": "99"}, "identity_place"),
        ({"commune_code": "00000"}, "identity_place"),
        ({"province_code": "01"}, "identity_commune_elsewhere"),
        ({"phone": "0900000000"}, "identity_field"),
        ({"full_name": "Nguyễn Phúc Bảo Quỳnh Hương"}, "identity_same"),
    ],
)
def test_what_is_not_exact_is_refused_and_nothing_changes(values, code):
    clerk, _, pupil = answered(Outcome.NOT_FOUND)
    before = Pupil.objects.values().get()
    with pytest.raises(DomainError) as refused:
        correct(clerk, pupil, values)
    assert refused.value.code == code
    assert Pupil.objects.values().get() == before


def test_a_residence_is_given_by_its_code_and_its_names_follow():
    clerk, _, pupil = answered(Outcome.MISMATCH, ("thuong_tru",))
    correct(clerk, pupil, {"commune_code": "25747"})
    stored = Pupil.objects.get()
    assert (stored.province_code, stored.commune_code, stored.identity_state) == ("79", "25747", "reverify")
    assert stored.commune.startswith(("Phường", "Xã"))


def test_only_the_clerk_and_the_classs_homeroom_teacher_repair():
    _, school, pupil = answered(Outcome.NOT_FOUND)
    for role in (Role.PRINCIPAL, Role.SEAL_KEEPER):
        with pytest.raises(NotAllowed):
            correct(school.actor(role), pupil, {"sex": "Nam"})
    with pytest.raises(NotAllowed):
        correct(Actor.operator(), pupil, {"sex": "Nam"})
    correct(school.actor(Role.HOMEROOM, "3A"), pupil, {"sex": "Nam"})


def test_whoever_studies_nowhere_is_not_repaired_here():
    clerk, _, pupil = answered(Outcome.NOT_FOUND)
    Enrolment.objects.update(active=False)
    with pytest.raises(NotFound):
        correct(clerk, pupil, {"sex": "Nam"})


def test_a_confirmed_warning_lapses_when_the_file_changes():
    school = make_school()
    clerk = school.actor(Role.DATA_CLERK)
    pupil = full_pupil(school, 1, sex="Nam")
    made = confirm_warnings(clerk, pupil, paper="Giấy khai sinh", paper_date=date(2017, 3, 1))
    assert (made.subjects, made.by) == (["personal_number.sex"], clerk.label)
    correct(clerk, pupil, {"birth_date": "10/02/2017"})
    sending = send(clerk, school=school.unit, year=YEAR)
    assert [line["confirm"] for line in sending.incomplete] == [["personal_number.sex"]]


def test_there_must_be_something_to_confirm_and_a_paper_that_says_so():
    clerk, school, pupil = answered(Outcome.MATCHED)
    for confirm in (confirm_warnings, confirm_difference):
        with pytest.raises(DomainError) as refused:
            confirm(clerk, pupil, paper="Giấy khai sinh")
        assert refused.value.code == "identity_nothing_to_confirm"
    doubtful = full_pupil(school, 2, sex="Nam")
    for wrong, code in (
        ({"paper": " "}, "identity_paper"),
        ({"paper": "Giấy khai sinh", "paper_date": clock.today() + timedelta(days=1)}, "identity_paper_date"),
        ({"paper": "Giấy khai sinh", "note": "x" * 301}, "identity_note_long"),
    ):
        with pytest.raises(DomainError) as refused:
            confirm_warnings(clerk, doubtful, **wrong)
        assert refused.value.code == code
    assert not Confirmation.objects.exists()


def test_when_paper_and_file_agree_it_is_the_police_who_must_act():
    clerk, _, pupil = answered(Outcome.MISMATCH, ("ho_ten", "gioi_tinh"))
    assert who_must_act(last_check(pupil)) == "guardian"
    confirm_difference(clerk, pupil, fields=["ho_ten"], paper="Giấy khai sinh")
    assert who_must_act(last_check(pupil)) == "guardian"
    made = confirm_difference(clerk, pupil, paper="Giấy khai sinh")
    assert made.subjects == ["ho_ten", "gioi_tinh"]
    assert who_must_act(last_check(pupil)) == "police"


@pytest.mark.parametrize(
    ("outcome", "differing", "values", "who"),
    [
        (Outcome.MATCHED, (), {}, ""),
        (Outcome.NOT_FOUND, (), {}, "guardian"),
        (Outcome.MULTIPLE, (), {}, "school"),
        (Outcome.INVALID_INPUT, (), {}, "school"),
        (Outcome.MISMATCH, ("thuong_tru",), {}, "school"),  # data, not paper: Nghị định 104/2022
        (Outcome.MISMATCH, ("ngay_sinh",), {"birth_date": "2017-02-09"}, "school"),  # may be 02/09
        (Outcome.MISMATCH, ("ngay_sinh",), {"birth_date": "2017-02-19"}, "guardian"),
        (Outcome.MISMATCH, ("ho_ten",), {"full_name": "nguyễn Thị Lan"}, "school"),
        (Outcome.MISMATCH, ("ho_ten",), {"full_name": "NGUYỄN THỊ LAN"}, "school"),
        (Outcome.MISMATCH, ("ho_ten",), {"full_name": "Nguyễn Thị Lan"}, "guardian"),
    ],
)
def test_who_must_act(outcome, differing, values, who):
    _, _, pupil = answered(outcome, differing, **values)
    assert who_must_act(last_check(pupil)) == who


def test_a_number_not_found_that_was_read_from_the_paper_is_for_the_police():
    clerk, _, pupil = answered(Outcome.NOT_FOUND)
    confirm_difference(clerk, pupil, paper="Thông báo số định danh cá nhân", paper_date=date(2019, 5, 1))
    assert who_must_act(last_check(pupil)) == "police"


def test_staff_are_repaired_by_the_clerk_without_a_residence():
    school, _ = school_of(1)
    member = StaffMember.objects.create(
        organisation=school.unit,
        code="GV1",
        full_name="Lê Văn An",
        birth_date="1980-05-01",
        sex="Nam",
        personal_number="079080000001",
        identity_state="not_found",
    )
    correct(school.actor(Role.DATA_CLERK), member, {"personal_number": "079080000002"})
    member.refresh_from_db()
    assert (member.personal_number, member.identity_state) == ("079080000002", "reverify")
    with pytest.raises(DomainError):
        correct(school.actor(Role.DATA_CLERK), member, {"commune_code": "25747"})


def test_a_number_copied_into_a_note_or_a_papers_name_is_kept_masked():
    clerk, _, pupil = answered(Outcome.MISMATCH, ("ho_ten",))
    confirm_difference(clerk, pupil, paper="Thông báo số 079 317 000 001", note="CCCD 079317000001")
    stood = Confirmation.objects.get()
    assert (stood.paper, stood.note) == ("Thông báo số 079•••••••01", "CCCD 079•••••••01")
    correct(clerk, pupil, {"full_name": "Trần Bảo Quỳnh Hương"}, note="số 079317000001, ngày 12/05/2019")
    assert "079317000001" not in str(list(Event.objects.values("target", "details")))
    assert "079•••••••01, ngày 12/05/2019" in str(Event.objects.get(action="identity.correct").details)
