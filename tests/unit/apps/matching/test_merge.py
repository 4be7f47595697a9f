from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.assessment.models import SubjectResult
from hocbaso.apps.audit import chain
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation.models import Case
from hocbaso.apps.matching import aliases, lists
from hocbaso.apps.matching.models import CaseState, MergeCase, Pair, PairState, UndoRequest
from hocbaso.apps.matching.use_cases.cases import decide, propose, schools_of_case, withdraw
from hocbaso.apps.matching.use_cases.preview import Choices, preview
from hocbaso.apps.matching.use_cases.scan import scan
from hocbaso.apps.matching.use_cases.undo_cases import decide_undo, propose_undo, withdraw_undo
from hocbaso.apps.organisations.models import Kind, Management, Organisation
from hocbaso.apps.periods.models import ColumnLock, EntryPeriod
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.queries import views_of_pupil
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.residence.models import Lookup, Order, PaperException, Source, Stay
from hocbaso.apps.residence.queries import address_of, counts_of, history_of, report_rows, rows_of_class
from hocbaso.core.errors import DomainError, NotAllowed
from tests.builders import START, YEAR, give_results, make_school, make_user
from tests.unit.apps.matching.world import pupil_of

pytestmark = pytest.mark.django_db
NUMBER = "079317000123"
PARENTS = {"father_name": "Nguyễn Phúc Lâm", "mother_name": "Trần Thị Hoa"}
#: What is written beside the files, not in them.
BESIDE = ("audit.", "matching.")


def everything() -> dict[str, list[dict]]:
    """All rows of the node but the record of what was done."""
    return {
        model._meta.label: sorted(map(str, model._default_manager.values()))
        for model in apps.get_models()
        if not model._meta.label.startswith(BESIDE)
    }


def lock(school_class: SchoolClass) -> None:
    now = clock.now()
    period = EntryPeriod.objects.create(
        unit=school_class.school,
        school_year=school_class.school_year,
        opens_at=now,
        closes_at=now,
        made_at=now,
        made_by="test",
    )
    ColumnLock.objects.create(
        school_class=school_class, moment="cn", period=period, closed_at=now, made_at=now
    )


def twice(**other: str):
    """One child with two files: the first in 3A with results, the second in 3B with the number."""
    school = make_school(classes=("3A", "3B"))
    kept = pupil_of(school, 1, **PARENTS)
    gone = pupil_of(school, 2, "3B", **(PARENTS | {"personal_number": NUMBER, "phone": "0903123456"} | other))
    give_results(kept.enrolments.get())
    scan(Actor.operator(), school.unit)
    return school, kept, gone, Pair.objects.get()


def case_of(school, kept, pair, **choices):
    year = kept.enrolments.get().pk
    return propose(
        school.actor(Role.DATA_CLERK),
        pair,
        survivor=kept,
        choices=Choices(**({"years": {YEAR: year}} | choices)),
        evidence="Đối chiếu giấy khai sinh",
    )


def undo(school, case, reason):
    """The clerk asks, the principal agrees."""
    asked = propose_undo(school.actor(Role.DATA_CLERK), case, reason)
    return decide_undo(school.actor(Role.PRINCIPAL), asked, agree=True)


def test_merged_by_two_persons_nothing_is_lost_and_undone_everything_is_as_before():
    school, kept, gone, pair = twice()
    before = everything()
    case = case_of(school, kept, pair, code="merged")
    assert everything() == before  # a proposal changes nothing
    old_codes = kept.code, gone.code
    decide(school.actor(Role.PRINCIPAL), case, agree=True, note="Đồng ý")
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.code, kept.personal_number, kept.phone) == (old_codes[1], NUMBER, "0903123456")
    assert (kept.identity_state, gone.identity_state) == ("not_sent", "no_number")
    assert (gone.code, gone.personal_number) == (old_codes[0], "")
    assert [aliases.find(code).pk for code in old_codes] == [kept.pk, kept.pk]
    assert aliases.resolve(old_codes) == {old_codes[0]: kept}
    assert aliases.files_of(kept) == [kept, gone]
    rows = {row.school_class.name: row for row in Enrolment.objects.select_related("school_class")}
    assert (rows["3A"].active, rows["3A"].pupil) == (True, kept)
    assert (rows["3B"].active, rows["3B"].pupil) == (False, gone)
    assert SubjectResult.objects.filter(enrolment__pupil=kept).exists()
    undo(school, case, "Hai em sinh đôi trùng tên")
    assert everything() == before
    case.refresh_from_db()
    assert (case.state, aliases.find(old_codes[1]).pk) == (CaseState.UNDONE, gone.pk)
    assert chain.broken_links() == []


def test_classes_of_other_years_move_unless_a_lock_holds_them():
    school, kept, gone, pair = twice()
    old = SchoolClass.objects.create(school=school.unit, school_year="2024-2025", name="2B", grade=2)
    older = SchoolClass.objects.create(school=school.unit, school_year="2023-2024", name="1B", grade=1)
    free = Enrolment.objects.create(pupil=gone, school_class=old, status="Đang học")
    held = Enrolment.objects.create(pupil=gone, school_class=older, status="Thôi học kỳ 1", active=False)
    lock(older)
    case = case_of(school, kept, pair)
    before = everything()
    decide(school.actor(Role.PRINCIPAL), case, agree=True)
    free.refresh_from_db()
    held.refresh_from_db()
    assert (free.pupil, held.pupil) == (kept, gone)
    undo(school, case, "Nhầm")
    assert everything() == before


def test_locked_marks_are_not_carried_around_the_lock_but_the_other_way_is_named():
    school, kept, gone, pair = twice()
    give_results(gone.enrolments.get())
    Enrolment.objects.filter(pupil=kept).update(active=False)
    lock(school.classes["3B"])
    with pytest.raises(DomainError, match=f"chọn giữ hồ sơ {gone.code}"):
        case_of(school, kept, pair, years={})
    case = propose(school.actor(Role.DATA_CLERK), pair, survivor=gone, evidence="Giấy khai sinh")
    decide(school.actor(Role.PRINCIPAL), case, agree=True)
    assert set(Enrolment.objects.values_list("pupil", "active")) == {(gone.pk, False), (gone.pk, True)}


def test_two_classes_of_a_year_are_decided_by_a_person():
    school, kept, gone, pair = twice()
    with pytest.raises(DomainError, match="có tên ở hai lớp"):
        case_of(school, kept, pair, years={})
    theirs = gone.enrolments.get().pk
    case = case_of(school, kept, pair, years={YEAR: theirs})
    decide(school.actor(Role.PRINCIPAL), case, agree=True)
    rows = {row.pk: row for row in Enrolment.objects.all()}
    assert (rows[theirs].pupil_id, rows[theirs].active) == (kept.pk, True)
    assert [row.active for pk, row in rows.items() if pk != theirs] == [False]


def test_two_verified_numbers_are_two_persons():
    school, kept, gone, pair = twice(identity_state="verified")
    kept.personal_number, kept.identity_state = "079317000999", "verified"
    kept.save()
    assert preview(kept, gone).refusals[0].startswith("Cả hai số định danh")
    with pytest.raises(DomainError, match="hai người"):
        case_of(school, kept, pair)


def test_nobody_approves_what_he_proposed_and_a_refusal_says_why():
    school, kept, _, pair = twice()
    clerk, principal = school.actor(Role.DATA_CLERK), school.actor(Role.PRINCIPAL)
    own = propose(
        principal, pair, survivor=kept, choices=Choices(years={YEAR: kept.enrolments.get().pk}), evidence="x"
    )
    with pytest.raises(DomainError, match="không tự duyệt"):
        decide(principal, own, agree=True)
    withdraw(clerk, own)
    case = case_of(school, kept, pair)
    with pytest.raises(NotAllowed):
        decide(clerk, case, agree=True)
    with pytest.raises(DomainError, match="lý do"):
        decide(principal, case, agree=False)
    decide(principal, case, agree=False, note="Hai em khác nhau")
    pair.refresh_from_db()
    assert (pair.state, MergeCase.objects.filter(state="merged").count()) == (PairState.OPEN, 0)


def test_what_changed_after_the_proposal_is_not_approved_unseen():
    school, kept, gone, pair = twice()
    case = case_of(school, kept, pair)
    gone.phone = "0909999999"
    gone.save()
    with pytest.raises(DomainError, match="đã thay đổi"):
        decide(school.actor(Role.PRINCIPAL), case, agree=True)
    assert case.agreements.count() == 0


def test_undo_keeps_what_was_corrected_since_and_refuses_where_it_cannot_be_clean():
    school, kept, gone, pair = twice()
    case = case_of(school, kept, pair)
    principal = school.actor(Role.PRINCIPAL)
    decide(principal, case, agree=True)
    kept.refresh_from_db()
    kept.phone = "0911111111"
    kept.save()
    with pytest.raises(DomainError, match="lý do"):
        undo(school, case, " ")
    undo(school, case, "Nhầm")
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.phone, kept.personal_number, gone.personal_number) == ("0911111111", "", NUMBER)
    again = case_of(school, kept, pair, years={YEAR: gone.enrolments.get().pk})
    decide(principal, again, agree=True)
    lock(school.classes["3B"])
    with pytest.raises(DomainError, match="đã khóa điểm"):
        undo(school, again, "Nhầm")


def stay(pupil, source: Source, **values: object) -> Stay:
    made = {
        "kind": "thuong_tru",
        "commune": "Phường Hạnh Thông",
        "commune_code": "26890",
        "detail": "8 số 55",
    }
    now = clock.now()
    return Stay.objects.create(
        pupil=pupil, source=source, recorded_at=now, recorded_by="test", **(made | values)
    )


def test_what_was_recorded_of_residence_follows_the_person_and_goes_back_with_an_undo():
    school, kept, gone, pair = twice()
    told = stay(gone, Source.STATEMENT, kind="noi_o_hien_tai", since="2025-09")
    stay(gone, Source.FILE, detail="của tệp đã gộp")
    own = stay(kept, Source.STATEMENT, kind="tam_tru")
    today, school_class = clock.today(), school.classes["3A"]
    assert address_of(kept, today, "noi_o_hien_tai") is None
    PaperException.objects.create(
        pupil=gone,
        school=school.unit,
        school_class=school_class,
        paper="ct07",
        reason="no_number",
        explanation="Chưa có số",
        at=clock.now(),
        by="test",
    )
    case = case_of(school, kept, pair)
    decide(school.actor(Role.PRINCIPAL), case, agree=True)
    assert [row["exception"] for row in report_rows(school.unit, YEAR)] == [True]
    address = address_of(kept, today, "noi_o_hien_tai")
    assert (address.text, address.since) == ("8 số 55, Phường Hạnh Thông", "2025-09")
    assert {line.stay for line in history_of(kept)} == {told, own}
    assert address_of(kept, today) is None  # what the merged file said of itself counts no more
    (row,) = rows_of_class(school_class)
    assert (row.state, row.current.text, row.excepted) == ("stated", address.text, True)
    assert counts_of([school_class])[school_class.pk]["stated"] == 1
    undo(school, case, "Nhầm")
    assert {line.stay for line in history_of(kept)} == {own}
    assert address_of(kept, today, "noi_o_hien_tai") is None


def test_a_residence_answer_that_waits_for_a_person_is_looked_at_before_the_merge():
    school, kept, gone, _ = twice()
    order = Order.objects.create(
        school=school.unit, school_year=YEAR, purpose="p", legal_basis="b", by="test", at=clock.now()
    )
    lookup = Lookup.objects.create(
        order=order, pupil=gone, snapshot_hash="", asked={}, not_before=clock.now()
    )
    assert f"{gone.code} còn kết quả tra cứu nơi cư trú" in preview(kept, gone).refusals[0]
    assert not any("nơi cư trú" in text for text in preview(gone, kept).refusals)
    lookup.delete()
    assert not any("nơi cư trú" in text for text in preview(kept, gone).refusals)


def officer(unit: Organisation) -> Actor:
    post = Assignment.objects.create(
        user=make_user(f"cb-{unit.code}", "Cán bộ"),
        organisation=unit,
        role=Role.COMMUNE_OFFICER,
        valid_from=START,
    )
    return Actor.of(post, second_factor=True)


def across():
    here, there = make_school(), make_school("79000102", "Trường Tiểu học Khác")
    commune = Organisation.objects.create(
        code="xa-1", kind=Kind.COMMUNE, name="UBND phường", valid_from=START
    )
    for school in (here, there):
        Management.objects.create(organisation=school.unit, manager=commune, valid_from=START)
    kept, gone = pupil_of(here, 1, **PARENTS), pupil_of(there, 1, **PARENTS)
    Enrolment.objects.filter(pupil=gone).update(active=False, status="Chuyển đi kỳ 1")
    scan(Actor.operator(), commune)
    return here, there, commune, kept, gone, Pair.objects.get()


def test_between_schools_both_principals_agree():
    here, there, _, kept, gone, pair = across()
    case = propose(here.actor(Role.DATA_CLERK), pair, survivor=kept, evidence="Giấy khai sinh")
    decide(here.actor(Role.PRINCIPAL), case, agree=True)
    case.refresh_from_db()
    assert case.state == CaseState.PROPOSED
    with pytest.raises(DomainError, match="đã đồng ý rồi"):
        decide(here.actor(Role.PRINCIPAL), case, agree=True)
    decide(there.actor(Role.PRINCIPAL), case, agree=True)
    assert set(Enrolment.objects.values_list("pupil", flat=True)) == {kept.pk}
    assert aliases.find(gone.code) == kept


def test_between_schools_the_level_above_decides_alone():
    here, _, commune, kept, _, pair = across()
    case = propose(here.actor(Role.DATA_CLERK), pair, survivor=kept, evidence="Giấy khai sinh")
    decide(officer(commune), case, agree=True)
    case.refresh_from_db()
    assert case.state == CaseState.MERGED
    elsewhere = Organisation.objects.create(code="xa-2", kind=Kind.COMMUNE, name="Khác", valid_from=START)
    with pytest.raises(NotAllowed):
        propose_undo(officer(elsewhere), case, "Nhầm")


def test_a_merge_is_taken_apart_by_two_persons_and_every_wish_stays_on_record():
    school, kept, _, pair = twice()
    case = case_of(school, kept, pair)
    clerk, principal = school.actor(Role.DATA_CLERK), school.actor(Role.PRINCIPAL)
    decide(principal, case, agree=True)
    merged = everything()
    own = propose_undo(principal, case, "Nhầm")
    with pytest.raises(DomainError, match="không tự duyệt"):
        decide_undo(principal, own, agree=True)
    with pytest.raises(DomainError, match="Đã có người đề nghị"):
        propose_undo(clerk, case, "Cũng thấy nhầm")
    withdraw_undo(clerk, own)
    asked = propose_undo(clerk, case, "Hai em sinh đôi")
    with pytest.raises(NotAllowed):
        decide_undo(clerk, asked, agree=True)
    with pytest.raises(DomainError, match="cần ghi lý do"):
        decide_undo(principal, asked, agree=False)
    decide_undo(principal, asked, agree=False, note="Đã hỏi gia đình: một em")
    with pytest.raises(DomainError, match="không còn chờ duyệt"):
        decide_undo(principal, asked, agree=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        UndoRequest.objects.filter(pk=asked.pk).update(state="done")
    assert everything() == merged
    decide_undo(principal, propose_undo(clerk, case, "Có giấy khai sinh thứ hai"), agree=True)
    case.refresh_from_db()
    assert (case.state, case.undo_reason) == (CaseState.UNDONE, "Có giấy khai sinh thứ hai")
    assert [row.state for row in UndoRequest.objects.order_by("pk")] == ["withdrawn", "refused", "done"]
    told = Event.objects.filter(action__startswith="matching.undo").order_by("sequence")
    assert [event.action.removeprefix("matching.undo") for event in told] == [
        "_propose",
        "_withdraw",
        "_propose",
        "_refuse",
        "_propose",
        "",
    ]


def test_between_schools_both_take_it_apart_or_the_level_above():
    here, there, commune, kept, _, pair = across()
    case = propose(here.actor(Role.DATA_CLERK), pair, survivor=kept, evidence="Giấy khai sinh")
    decide(here.actor(Role.PRINCIPAL), case, agree=True)
    decide(there.actor(Role.PRINCIPAL), case, agree=True)
    case.refresh_from_db()
    asked = propose_undo(here.actor(Role.DATA_CLERK), case, "Nhầm")
    assert decide_undo(here.actor(Role.PRINCIPAL), asked, agree=True).state == "proposed"
    with pytest.raises(DomainError, match="đã đồng ý rồi"):
        decide_undo(here.actor(Role.PRINCIPAL), asked, agree=True)
    assert decide_undo(there.actor(Role.PRINCIPAL), asked, agree=True).state == "done"
    again = propose(here.actor(Role.DATA_CLERK), pair, survivor=kept, evidence="Giấy khai sinh")
    above = officer(commune)
    decide(above, again, agree=True)
    asked = propose_undo(here.actor(Role.PRINCIPAL), again, "Nhầm")  # his school has said yes
    assert decide_undo(above, asked, agree=True).state == "done"


def test_a_second_account_of_the_proposer_does_not_approve():
    school, kept, _, pair = twice()
    case = case_of(school, kept, pair)
    for n, user in enumerate((school.clerk, school.principal)):  # the staff file knows: one person
        StaffMember.objects.create(
            organisation=school.unit, code=f"GV{n}", user=user, full_name="Lý Gia Hân", personal_number=NUMBER
        )
    with pytest.raises(DomainError, match="không tự duyệt"):
        decide(school.actor(Role.PRINCIPAL), case, agree=True)
    StaffMember.objects.filter(code="GV1").update(personal_number="079317000999")
    assert decide(school.actor(Role.PRINCIPAL), case, agree=True).state == CaseState.MERGED


def test_a_file_with_an_open_case_before_the_managing_unit_is_the_one_to_keep():
    school, kept, gone, pair = twice()
    open_case = Case.objects.create(
        number="KN-2025-79000101-0001",
        school=school.unit,
        school_year=YEAR,
        pupil=gone,
        class_name="3B",
        holder=school.unit,
        opened_by=school.principal,
        opened_at=clock.now(),
        changed_at=clock.now(),
    )
    with pytest.raises(DomainError, match=open_case.number):
        case_of(school, kept, pair)
    assert preview(gone, kept, Choices(years={YEAR: gone.enrolments.get().pk})).possible


def test_views_of_the_file_that_went_are_told_with_the_survivors():
    school, kept, gone, pair = twice()
    clerk = school.actor(Role.DATA_CLERK)
    one, listed = viewed(clerk, [gone]), viewed(clerk, [gone, kept], "list", "roster")
    decide(school.actor(Role.PRINCIPAL), case_of(school, kept, pair), agree=True)
    assert list(views_of_pupil(*aliases.files_of(kept))) == [listed, one]


def test_both_schools_that_agreed_still_see_the_case_when_the_file_is_at_home_at_one():
    here, there, _, kept, _, pair = across()
    case = propose(here.actor(Role.DATA_CLERK), pair, survivor=kept, evidence="Giấy khai sinh")
    assert {one.pk for one in schools_of_case(case)} == {here.unit.pk, there.unit.pk}
    for school in (here, there):
        decide(school.actor(Role.PRINCIPAL), case, agree=True)
    case.refresh_from_db()
    assert {one.pk for one in schools_of_case(case)} == {here.unit.pk, there.unit.pk}


def test_what_an_officer_merged_between_schools_one_of_them_does_not_take_apart_alone():
    here, there, commune, kept, _, pair = across()
    case = propose(here.actor(Role.DATA_CLERK), pair, survivor=kept, evidence="Giấy khai sinh")
    decide(officer(commune), case, agree=True)
    case.refresh_from_db()
    assert {one.pk for one in schools_of_case(case)} == {here.unit.pk, there.unit.pk}
    asked = propose_undo(there.actor(Role.DATA_CLERK), case, "Nhầm")
    for school in (here, there):  # who has to answer finds it among what is to be looked at
        lines = lists.lines_of(school.actor(Role.PRINCIPAL), lists.pairs_of(school.unit))
        assert [line.case for line in lists.visible(lines, {school.unit.pk})] == [case]
    assert decide_undo(here.actor(Role.PRINCIPAL), asked, agree=True).state == "proposed"
    assert decide_undo(there.actor(Role.PRINCIPAL), asked, agree=True).state == "done"
