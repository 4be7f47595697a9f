"""What differs is shown and taken over by a person; papers are exceptions; former units are asked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.use_cases.repair import confirm_warnings
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.apps.residence.models import (
    ExceptionReason,
    Kind,
    PaperException,
    Stay,
    Told,
    ToldState,
    UnitDecision,
)
from hocbaso.apps.residence.queries import address_of, counts_of, history_of, rows_of_class
from hocbaso.apps.residence.use_cases.decide import keep_file, take_over, take_over_details
from hocbaso.apps.residence.use_cases.fetch import order_lookups
from hocbaso.apps.residence.use_cases.map_units import answer_group, apply_proposed, groups_of
from hocbaso.apps.residence.use_cases.note_exception import note_exception, reasons_for
from hocbaso.apps.residence.use_cases.process import process_due
from hocbaso.apps.residence.use_cases.state_abode import state_abode
from hocbaso.apps.transcripts.use_cases.build_sheet import pupil_snapshot
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.core.residence import Outcome as Mapped
from hocbaso.engines.population import Outcome
from tests.unit.apps.identity.world import YEAR, full_pupil, school_of
from tests.unit.apps.residence.world import CITY, Register, entry

pytestmark = pytest.mark.django_db

ELSEWHERE = {"commune": "Phường An Nhơn", "commune_code": "26876", "address": "12 Lê Lợi"}


def fetched(school, *, clerk: Role = Role.DATA_CLERK, **stays):
    order_lookups(school.actor(clerk), school=school.unit, year=YEAR, again=True)
    return process_due(Register(**stays))


def _told(school, pupil, **values) -> Told:
    fetched(school, stays={pupil.personal_number: (entry(**(ELSEWHERE | values)),)})
    return Told.objects.get(pupil=pupil, state=ToldState.OPEN)


@pytest.fixture
def one():
    school, (pupil,) = school_of(1)
    pupil.identity_state = IdentityState.VERIFIED
    pupil.save()
    return school, pupil


def test_a_difference_changes_nothing_until_a_person_takes_it_over(one):
    school, pupil = one
    told = _told(school, pupil)
    pupil.refresh_from_db()
    assert (pupil.commune, pupil.identity_state) == ("Phường Hạnh Thông", "verified")
    assert address_of(pupil, clock.today()) is None
    assert told.units_differ

    stay = take_over(school.actor(Role.DATA_CLERK), told)
    pupil.refresh_from_db()
    assert (pupil.commune, pupil.commune_code, pupil.hamlet) == ("Phường An Nhơn", "26876", "12 Lê Lợi")
    assert pupil.identity_state == IdentityState.REVERIFY
    assert address_of(pupil, clock.today()).text == f"12 Lê Lợi, Phường An Nhơn, {CITY}"
    told.refresh_from_db()
    assert (told.state, told.entry) == (ToldState.TAKEN, {})
    assert stay.answer.result_id.startswith("KQ-")
    with pytest.raises(DomainError) as refused:
        take_over(school.actor(Role.DATA_CLERK), told)
    assert refused.value.code == "residence_decided"


def test_the_file_is_kept_with_a_reason_and_the_same_is_not_asked_again(one):
    school, pupil = one
    told = _told(school, pupil)
    clerk = school.actor(Role.DATA_CLERK)
    for note, code in (("", "residence_empty"), ("theo sổ hộ khẩu", "residence_paper_refused")):
        with pytest.raises(DomainError) as refused:
            keep_file(clerk, told, note=note)
        assert refused.value.code == code
    keep_file(clerk, told, note="Gia đình đã chuyển, đang báo công an phường.")
    pupil.refresh_from_db()
    assert (pupil.commune, pupil.identity_state) == ("Phường Hạnh Thông", "verified")
    assert fetched(school, stays={pupil.personal_number: (entry(**ELSEWHERE),)}).differs == 0
    later = entry(**ELSEWHERE | {"since": "2026-01-05"})
    assert fetched(school, stays={pupil.personal_number: (later,)}).differs == 1


def test_words_without_a_single_commune_are_taken_over_with_the_one_a_person_names(one):
    school, pupil = one
    told = _told(school, pupil, commune="Phường 14, Quận 10", commune_code="", province_code="")
    clerk = school.actor(Role.DATA_CLERK)
    with pytest.raises(DomainError) as refused:
        take_over(clerk, told)
    assert refused.value.code == "residence_commune"
    stay = take_over(clerk, told, commune_code="27163")
    assert (stay.commune, stay.province) == ("Phường Hòa Hưng", CITY)
    assert stay.mapped.startswith("Phường 14, Quận 10")


def test_house_and_street_of_many_are_taken_over_at_once_but_not_another_commune():
    school, pupils = school_of(3)
    for pupil in pupils[:2]:
        pupil.hamlet = "Tổ 3"
        pupil.save()
    stays = {pupils[1].personal_number: (entry(**ELSEWHERE),)}
    fetched(school, stays=stays)
    rows = list(Told.objects.filter(state=ToldState.OPEN).order_by("pupil"))
    assert [row.units_differ for row in rows] == [False, True]
    actor = school.actor(Role.HOMEROOM, "3A")
    assert take_over_details(actor, rows) == 1
    pupils[0].refresh_from_db()
    assert (pupils[0].hamlet, pupils[0].identity_state) == ("Tổ 3", "not_sent")  # both are true
    assert address_of(pupils[0], clock.today()).text.startswith("8 đường số 55")
    with pytest.raises(NotAllowed):
        take_over(school.actor(Role.PRINCIPAL), rows[1])


def test_a_statement_of_the_current_abode_needs_no_paper_and_can_be_corrected(one):
    school, pupil = one
    clerk = school.actor(Role.DATA_CLERK)
    common = {"pupil": pupil, "commune_code": "26876", "said_by": "Trần Thị Mai (mẹ)"}
    first = state_abode(clerk, detail="12 Lê Lợi", since="05/09/2025", **common)
    pupil.refresh_from_db()
    assert pupil.current_address == f"12 Lê Lợi, Phường An Nhơn, {CITY}"
    assert pupil.identity_state == IdentityState.VERIFIED
    state_abode(clerk, detail="14 Lê Lợi", since="05/09/2025", supersedes=first, **common)
    now = address_of(pupil, clock.today(), Kind.CURRENT)
    assert (now.text.split(",")[0], now.since, now.source) == ("14 Lê Lợi", "2025-09-05", "statement")
    assert [(line.stay.detail, line.live, line.now) for line in history_of(pupil)] == [
        ("14 Lê Lợi", True, True),
        ("12 Lê Lợi", False, False),
    ]
    with pytest.raises(DomainError) as refused:
        state_abode(clerk, detail="16 Lê Lợi", supersedes=first, **common)
    assert refused.value.code == "residence_not_yours"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"note": "có giấy CT07 kèm theo"}, "residence_paper_refused"),
        ({"kind": "thuong_tru"}, "residence_statement_kind"),
        ({"commune_code": "00000"}, "residence_commune"),
        ({"detail": " "}, "residence_empty"),
        ({"since": "31/02/2026"}, "residence_date"),
        ({"since": "01/05/2026", "until": "01/04/2026"}, "residence_ends_before"),
    ],
)
def test_a_statement_that_cannot_stand_is_refused(one, wrong, code):
    school, pupil = one
    good = {"detail": "12 Lê Lợi", "commune_code": "26876", "said_by": "Mẹ"}
    with pytest.raises(DomainError) as refused:
        state_abode(school.actor(Role.DATA_CLERK), pupil=pupil, **(good | wrong))
    assert refused.value.code == code
    assert not Stay.objects.exists()


PAPER = {
    "paper": "ct07",
    "explanation": "Đã tra cứu hai lần, hệ thống không có thông tin cư trú của em.",
    "voluntary": True,
    "kind": "noi_o_hien_tai",
    "detail": "12 Lê Lợi",
    "commune_code": "26876",
}


def test_a_paper_is_noted_only_after_a_look_up_that_failed(one):
    school, pupil = one
    clerk = school.actor(Role.DATA_CLERK)
    assert reasons_for(pupil) == []
    with pytest.raises(DomainError) as refused:
        note_exception(clerk, pupil=pupil, reason="not_found", **PAPER)
    assert refused.value.code == "residence_exception_first_fetch"
    fetched(school, outcomes={pupil.personal_number: Outcome.NOT_FOUND})
    assert reasons_for(pupil) == [ExceptionReason.NOT_FOUND]
    for wrong, code in (
        ({"voluntary": False}, "residence_exception_voluntary"),
        ({"explanation": "không có"}, "residence_exception_explain"),
        ({"paper": "so_ho_khau"}, "residence_exception_choose"),
        ({"paper_date": clock.today() + timedelta(days=1)}, "residence_date"),
    ):
        with pytest.raises(DomainError) as refused:
            note_exception(clerk, pupil=pupil, reason="not_found", **(PAPER | wrong))
        assert refused.value.code == code
    noted = note_exception(clerk, pupil=pupil, reason="not_found", **PAPER)
    assert noted.answer.outcome == "not_found"
    assert Stay.objects.get().source == "paper"
    assert Event.objects.filter(action="residence.exception", target=pupil.code).count() == 1
    with pytest.raises(NotAllowed):
        note_exception(school.actor(Role.HOMEROOM, "3A"), pupil=pupil, reason="not_found", **PAPER)


def test_the_database_holds_no_paper_without_an_exception(one):
    _school, pupil = one
    with pytest.raises(IntegrityError), transaction.atomic():
        Stay.objects.create(
            pupil=pupil, kind="tam_tru", source="paper", recorded_at=clock.now(), recorded_by="x"
        )
    assert not PaperException.objects.exists()


@pytest.fixture
def old_units():
    """Two pupils of a commune with one successor, three of a divided one, one whose place nobody knows."""
    school, _none = school_of(0)
    words = ["Phường 5, Quận Gò Vấp"] * 2 + ["P.14, Q.10"] * 3 + ["Xã Không Có"]
    pupils = [full_pupil(school, n + 1, commune=text, commune_code="") for n, text in enumerate(words)]
    pupils[0].identity_state = IdentityState.VERIFIED
    pupils[0].save()
    return school, pupils


def test_old_units_are_proposed_asked_or_not_understood(old_units):
    school, _pupils = old_units
    groups = {g.commune: g for g in groups_of(school.unit, YEAR)}
    assert {name: (len(g.pupils), g.mapping.outcome, g.proposed) for name, g in groups.items()} == {
        "Phường 5, Quận Gò Vấp": (2, Mapped.ONE, True),
        "P.14, Q.10": (3, Mapped.SEVERAL, False),
        "Xã Không Có": (1, Mapped.NONE, False),
    }
    assert counts_of(school.classes.values())[school.classes["3A"].pk]["old_units"] == 6


def test_the_proposed_ones_are_written_together_with_the_mapping_kept(old_units):
    school, pupils = old_units
    clerk = school.actor(Role.DATA_CLERK)
    assert apply_proposed(clerk, school=school.unit, year=YEAR) == 2
    assert apply_proposed(clerk, school=school.unit, year=YEAR) == 0
    pupils[0].refresh_from_db()
    assert (pupils[0].commune, pupils[0].commune_code) == ("Phường An Nhơn", "26876")
    assert pupils[0].identity_state == IdentityState.REVERIFY
    known = address_of(pupils[0], clock.today())
    assert known.mapped == "Phường 5, Quận Gò Vấp → Phường An Nhơn (từ 01/07/2025)"
    assert known.source == "file"
    decision = UnitDecision.objects.get()
    assert (decision.pupils, decision.proposed) == (2, True)


def test_a_divided_commune_is_answered_for_some_pupils_and_again_for_the_others(old_units):
    school, pupils = old_units
    clerk = school.actor(Role.DATA_CLERK)
    group = next(g for g in groups_of(school.unit, YEAR) if g.commune == "P.14, Q.10")
    codes = [c.code for c in group.mapping.communes]
    base = {"school": school.unit, "year": YEAR, "key": group.key}
    with pytest.raises(DomainError) as refused:
        answer_group(clerk, commune_code=codes[0], pupils=[], **base)
    assert refused.value.code == "residence_choose_pupils"
    assert answer_group(clerk, commune_code=codes[0], pupils=[pupils[2].pk, pupils[3].pk], **base) == 2
    assert answer_group(clerk, commune_code=codes[1], **base) == 1
    for pupil in pupils:
        pupil.refresh_from_db()
    assert [p.commune_code for p in pupils[2:5]] == [codes[0], codes[0], codes[1]]
    with pytest.raises(DomainError) as refused:
        answer_group(clerk, commune_code=codes[0], **base)
    assert refused.value.code == "residence_no_group"
    with pytest.raises(NotAllowed):
        answer_group(school.actor(Role.PRINCIPAL), commune_code=codes[0], **base)


def test_what_the_school_wrote_itself_no_longer_counts_once_the_file_says_otherwise(old_units):
    school, pupils = old_units
    apply_proposed(school.actor(Role.DATA_CLERK), school=school.unit, year=YEAR)
    pupils[0].refresh_from_db()
    pupils[0].commune, pupils[0].commune_code = "Phường Hạnh Thông", "26890"
    pupils[0].save()
    assert address_of(pupils[0], clock.today()) is None


def test_the_year_sheet_takes_the_address_of_the_day_of_freezing(one):
    school, pupil = one
    pupil.hamlet = ""
    pupil.save()
    fetched(school)
    day = clock.today()
    snapshot = pupil_snapshot(pupil, address=address_of(pupil, day))
    assert snapshot.residence == f"8 đường số 55, Phường Hạnh Thông, {CITY}"
    assert pupil_snapshot(pupil).residence == f"Phường Hạnh Thông, {CITY}"
    before = address_of(pupil, date(2019, 2, 8) - timedelta(days=1))
    assert pupil_snapshot(pupil, address=before).residence == f"Phường Hạnh Thông, {CITY}"
    pupil.commune_code = "26876"
    pupil.commune = "Phường An Nhơn"  # corrected since: the file's word stands until it is looked up again
    assert pupil_snapshot(pupil, address=address_of(pupil, day)).residence == f"Phường An Nhơn, {CITY}"


def test_a_class_page_reads_its_rows_in_three_queries(django_assert_max_num_queries):
    school, pupils = school_of(45)
    pupils[0].hamlet = "Tổ 3"
    pupils[0].save()
    fetched(school, stays={pupils[1].personal_number: (entry(), entry("noi_o_hien_tai", address="20 số 38"))})
    with django_assert_max_num_queries(3):
        rows = rows_of_class(school.classes["3A"])
    assert len(rows) == 45
    assert [row.state for row in rows[:3]] == ["differs", "known", "known"]
    assert rows[1].current.text.startswith("20 số 38")


def test_no_residence_paper_proves_an_identity_either(one):
    school, pupil = one
    pupil.birth_date = "2017"
    pupil.save()
    with pytest.raises(DomainError) as refused:
        confirm_warnings(school.actor(Role.DATA_CLERK), pupil, paper="Sổ hộ khẩu")
    assert refused.value.code == "identity_residence_paper"
    confirm_warnings(school.actor(Role.DATA_CLERK), pupil, paper="Giấy khai sinh")


def test_the_number_of_a_card_that_was_looked_at_is_kept_masked(one):
    school, pupil = one[0], one[1]
    Pupil.objects.filter(pk=pupil.pk).update(personal_number="")
    pupil.refresh_from_db()
    clerk = school.actor(Role.DATA_CLERK)
    shown = PAPER | {"paper": "card", "paper_number": "079317394341"}
    noted = note_exception(clerk, pupil=pupil, reason="no_number", **shown)
    assert noted.paper_number == "079•••••••41"
