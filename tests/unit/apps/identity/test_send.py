from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.audit.models import Event
from hocbaso.apps.identity.models import Job, Scope, Wait
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import confirm_warnings
from hocbaso.apps.identity.use_cases.send import send, send_arrival, send_staff
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil
from hocbaso.apps.pupils.use_cases.receive_pupil import Newcomer, Source, receive_pupil
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.population import Outcome
from tests.unit.apps.identity.world import (
    YEAR,
    Registry,
    full_pupil,
    make_school,
    school_of,
    unavailable,
)

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


def states() -> dict[str, str]:
    return dict(Pupil.objects.values_list("code", "identity_state"))


def test_the_clerk_sends_the_school_and_everybody_complete_is_queued_once():
    school, _ = school_of(3)
    clerk = school.actor(Role.DATA_CLERK)
    first = send(clerk, school=school.unit, year=YEAR)
    second = send(clerk, school=school.unit, year=YEAR)
    assert (first.scope, first.queued, first.already, first.incomplete) == (Scope.SCHOOL, 3, 0, [])
    assert (second.queued, second.already) == (0, 3)
    assert Job.objects.count() == 3
    assert set(states().values()) == {"sent"}
    assert (first.by, first.purpose) == (clerk.label, "xac_thuc_ho_so_hoc_sinh")
    assert "88/2026" in first.legal_basis
    assert Event.objects.filter(action="identity.send").count() == 2


@pytest.mark.parametrize(
    ("values", "lacks"),
    [
        ({"full_name": ""}, ["full_name"]),
        ({"birth_date": ""}, ["birth_date"]),
        ({"sex": ""}, ["sex"]),
        ({"personal_number": ""}, ["personal_number"]),
        ({"personal_number": "07931700001"}, ["personal_number"]),
        ({"province_code": "", "commune_code": ""}, ["province", "commune"]),
        ({"commune_code": ""}, ["commune"]),
    ],
)
def test_a_file_that_lacks_a_field_is_listed_and_not_sent(values, lacks):
    school = make_school()
    pupil = full_pupil(school, 1, **values)
    sending = send(OPERATOR, school=school.unit, year=YEAR)
    assert sending.incomplete == [{"person": pupil.code, "missing": lacks, "confirm": []}]
    assert (sending.queued, Job.objects.count()) == (0, 0)
    assert states() == {pupil.code: "not_sent"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"sex": "Nam"}, "personal_number.sex"),
        ({"personal_number": "079316000001"}, "personal_number.year"),
        ({"birth_date": "2017"}, "identity.partial_date"),
    ],
)
def test_a_doubtful_number_or_date_waits_for_somebody_to_confirm_it(values, code):
    school = make_school()
    pupil = full_pupil(school, 1, **values)
    assert send(OPERATOR, school=school.unit, year=YEAR).incomplete == [
        {"person": pupil.code, "missing": [], "confirm": [code]}
    ]
    clerk = school.actor(Role.DATA_CLERK)
    confirm_warnings(clerk, pupil, paper="Giấy khai sinh", paper_date=date(2017, 3, 1))
    assert send(OPERATOR, school=school.unit, year=YEAR).queued == 1


def test_an_unknown_province_of_the_number_needs_nobody():
    school = make_school()
    full_pupil(school, 1, personal_number="999317000001")
    assert send(OPERATOR, school=school.unit, year=YEAR).queued == 1


def test_only_those_who_study_are_sent():
    school, pupils = school_of(2)
    Enrolment.objects.filter(pupil=pupils[0]).update(active=False)
    assert send(OPERATOR, school=school.unit, year=YEAR).queued == 1
    assert states()[pupils[0].code] == "not_sent"


def test_the_homeroom_teacher_sends_his_class_and_no_other():
    school = make_school(classes=("3A", "3B"))
    one, other = full_pupil(school, 1), full_pupil(school, 2, "3B")
    teacher = school.actor(Role.HOMEROOM, "3A")
    assert send(teacher, school=school.unit, year=YEAR, school_class=school.classes["3A"]).queued == 1
    assert send(teacher, school=school.unit, year=YEAR, pupils=[one]).already == 1
    for wanted in ({}, {"school_class": school.classes["3B"]}, {"pupils": [other]}, {"pupils": [one, other]}):
        with pytest.raises(NotAllowed):
            send(teacher, school=school.unit, year=YEAR, **wanted)
    assert states()[other.code] == "not_sent"


def test_a_pupil_of_another_school_cannot_be_chosen():
    school, _ = school_of(1)
    stranger = full_pupil(make_school("79000102", "Trường khác", ("3C",)), 9, "3C")
    with pytest.raises(DomainError) as refused:
        send(OPERATOR, school=school.unit, year=YEAR, pupils=[stranger])
    assert refused.value.code == "identity_not_here"


def test_whose_check_failed_is_asked_about_again_only_when_somebody_wants_it():
    school, (pupil,) = school_of(1)
    registry = Registry({pupil.personal_number: (Outcome.NOT_FOUND, ())})
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(registry)
    assert send(OPERATOR, school=school.unit, year=YEAR).queued == 0
    assert send(OPERATOR, school=school.unit, year=YEAR, pupils=[pupil]).queued == 1
    process_due(registry)
    assert send(OPERATOR, school=school.unit, year=YEAR, again=True).queued == 1


def test_a_verified_pupil_is_left_alone_even_when_chosen():
    school, (pupil,) = school_of(1)
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(Registry())
    assert send(OPERATOR, school=school.unit, year=YEAR, pupils=[pupil], again=True).already == 1
    assert states()[pupil.code] == "verified"


def test_a_verified_file_that_some_door_changed_in_silence_is_found_out():
    school, (pupil,) = school_of(1)
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(Registry())
    Pupil.objects.update(full_name="Nguyễn Phúc Bảo Quỳnh")
    assert send(OPERATOR, school=school.unit, year=YEAR).queued == 1
    assert Event.objects.filter(action="identity.reverify", target=pupil.code).exists()


def test_sending_again_hurries_whom_the_service_let_down_but_not_whom_a_quota_holds_back():
    school, _ = school_of(2)
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(Registry(down=unavailable()))
    assert process_due(Registry()).asked == 0
    Job.objects.filter(pk=Job.objects.first().pk).update(wait=Wait.LIMITED)
    send(OPERATOR, school=school.unit, year=YEAR)
    assert process_due(Registry()).outcomes == {"matched": 1}


def test_staff_are_sent_the_same_way_without_a_residence():
    school = make_school()
    for code, number in (("GV1", "079080000001"), ("GV2", "")):
        StaffMember.objects.create(
            organisation=school.unit,
            code=code,
            full_name="Lê Văn An",
            birth_date="1980-05-01",
            sex="Nam",
            personal_number=number,
            identity_state="not_sent" if number else "no_number",
        )
    sending = send_staff(school.actor(Role.PRINCIPAL), school=school.unit, year=YEAR)
    assert sending.incomplete == [{"person": "GV2", "missing": ["personal_number"], "confirm": []}]
    registry = Registry()
    process_due(registry)
    assert dict(StaffMember.objects.values_list("code", "identity_state")) == {
        "GV1": "verified",
        "GV2": "no_number",
    }
    assert registry.messages[0][0].purpose.code == "xac_thuc_ho_so_can_bo"
    with pytest.raises(NotAllowed):
        send_staff(school.actor(Role.HOMEROOM, "3A"), school=school.unit, year=YEAR)


def test_a_pupil_who_comes_from_another_school_is_checked_again_on_arrival():
    school, (pupil,) = school_of(1)
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(Registry())
    enrolment = Enrolment.objects.get()
    sending = send_arrival(school.actor(Role.DATA_CLERK), enrolment)
    assert (sending.scope, sending.queued) == (Scope.ARRIVAL, 1)
    assert states()[pupil.code] == "sent"


def test_receiving_a_newcomer_lists_what_his_file_still_lacks():
    school = make_school()
    newcomer = Newcomer("7900000001", "Trần Thị Bình", "03/05/2017", "Nữ", "079317000009")
    enrolment = receive_pupil(
        school.actor(Role.DATA_CLERK),
        school_class=school.classes["3A"],
        newcomer=newcomer,
        source=Source("Trường Tiểu học Kim Đồng", "12/GT"),
        term="hk1",
        arrived_on=date(2025, 10, 1),
    )
    sending = school.unit.identity_sendings.get()
    assert sending.incomplete == [{"person": "7900000001", "missing": ["province", "commune"], "confirm": []}]
    assert enrolment.pupil.identity_state == IdentityState.NOT_SENT


def test_sending_costs_the_same_statements_for_ten_and_for_forty():
    counts = []
    for number, size in ((1, 10), (2, 40)):
        school = make_school(f"7900020{number}", f"Trường {number}", (f"3{'AB'[number - 1]}",))
        for n in range(size):
            full_pupil(school, number * 1000 + n, f"3{'AB'[number - 1]}")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            send(OPERATOR, school=school.unit, year=YEAR)
        counts.append(len(seen))
    assert counts[0] == counts[1]
