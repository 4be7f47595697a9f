from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity.use_cases.repair import correct
from hocbaso.apps.matching import aliases
from hocbaso.apps.matching.models import FormerCode, MergeCase, Pair, PairState
from hocbaso.apps.matching.use_cases.judge import judge_different
from hocbaso.apps.matching.use_cases.meet import meet
from hocbaso.apps.matching.use_cases.scan import scan
from hocbaso.apps.matching.use_cases.temporary import (
    Child,
    MinistryLine,
    enrol_without_code,
    is_temporary,
    new_code,
    rekey,
    rekey_all,
)
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.core.errors import DomainError
from tests.builders import give_results, make_school
from tests.unit.apps.matching.world import pupil_of

pytestmark = pytest.mark.django_db
NUMBER = "079317000123"
CHILD = Child("Nguyễn Văn  Bình", "2017", "Nam", "Việt Nam")
OPERATOR = Actor.operator()


def enrolled(child: Child = CHILD):
    school = make_school()
    made = enrol_without_code(
        school.actor(Role.DATA_CLERK),
        school.classes["3A"],
        child,
        why="street",
        evidence="Giấy xác nhận của UBND phường 12/UB",
        day=date(2025, 9, 5),
    )
    return school, made


def test_a_temporary_code_is_random_and_holds_nothing_of_the_person():
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(is_temporary(code) and len(code) <= 20 for code in codes)
    assert not is_temporary("7900099001")
    _, made = enrolled()
    assert is_temporary(made.pupil.code)
    assert (made.pupil.full_name, made.pupil.birth_date) == ("Nguyễn Văn Bình", "2017")
    assert (made.pupil.identity_state, made.active) == ("no_number", True)


@pytest.mark.parametrize(
    "child", [Child("", "2017", "Nam"), Child("Trần An", "", "Nam"), Child("Trần An", "31/02/2017", "Nữ")]
)
def test_what_cannot_be_read_opens_no_file(child):
    with pytest.raises(DomainError):
        enrolled(child)
    assert Pupil.objects.count() == 0


def test_the_ministrys_file_gives_its_code_and_the_old_one_still_finds_the_pupil_with_all_marks():
    school, made = enrolled()
    give_results(made)
    pupil, old = made.pupil, made.pupil.code
    pupil.personal_number, pupil.birth_date = NUMBER, "2017-05-01"
    pupil.save()
    lines = [
        MinistryLine("7901234567", NUMBER, "Nguyễn Văn Bình", "2017-05-01"),
        MinistryLine("7901234568", "079317000999", "Ai Đó", "2017-05-01"),
    ]
    wrong = [MinistryLine("7901234567", NUMBER, "Trần Thị Hoa", "2017-05-01")]
    assert rekey_all(OPERATOR, school.unit, wrong, reason="x")[0].outcome == "differs"
    done = rekey_all(OPERATOR, school.unit, lines, reason="Tệp Bộ")
    assert [one.outcome for one in done] == ["rekeyed", "unknown"]
    pupil.refresh_from_db()
    assert (pupil.code, aliases.find(old), aliases.resolve([old, pupil.code])) == (
        "7901234567",
        pupil,
        {old: pupil},
    )
    names = aliases.Names([old])
    assert Enrolment.objects.get(names.condition) == made
    assert names.of(pupil) == [old]
    assert made.subject_results.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        FormerCode.objects.all().delete()


def test_a_code_of_another_or_a_personal_number_is_no_new_code():
    school, made = enrolled()
    other = pupil_of(school, 7, personal_number=NUMBER)
    clerk = school.actor(Role.DATA_CLERK)
    made.pupil.personal_number = "079317000777"
    made.pupil.save()
    for code in (other.code, "079317000777", "mã", made.pupil.code):
        with pytest.raises(DomainError):
            rekey(clerk, made.pupil, code, reason="x", school=school.unit)
    assert FormerCode.objects.count() == 0


def twins():
    school = make_school()
    mother = {"mother_name": "Trần Thị Hoa"}
    one, other = pupil_of(school, 1, **mother), pupil_of(school, 2, **mother)
    return school, one, other


def test_what_was_judged_different_is_not_shown_again_unless_the_data_changed():
    school, one, _ = twins()
    assert scan(OPERATOR, school.unit).opened == 1
    pair = Pair.objects.get()
    assert (pair.kind, pair.score) == ("exact", 94)
    assert "Nguyễn" not in str(pair.explanation)
    judge_different(school.actor(Role.DATA_CLERK), pair, "Hai giấy khai sinh khác nhau")
    assert scan(OPERATOR, school.unit).opened == 0
    pair.refresh_from_db()
    assert pair.state == PairState.DIFFERENT
    Pupil.objects.filter(pk=one.pk).update(father_name="Nguyễn Văn Nam")
    assert scan(OPERATOR, school.unit).opened == 1
    pair.refresh_from_db()
    assert (pair.state, pair.reason) == (PairState.OPEN, "")
    Pupil.objects.filter(pk=one.pk).update(full_name="Lê Thị Trang")
    assert scan(OPERATOR, school.unit).lapsed == 1


def test_between_schools_one_side_alone_does_not_conclude():
    here, there = make_school(), make_school("79000102", "Trường Tiểu học Khác")
    pair = meet(OPERATOR, pupil_of(here, 1), pupil_of(there, 1), organisation="x")
    judge_different(here.actor(Role.DATA_CLERK), pair, "Hai em")
    pair.refresh_from_db()
    assert (pair.state, len(pair.said_different)) == (PairState.OPEN, 1)
    judge_different(there.actor(Role.PRINCIPAL), pair, "Hai em")
    pair.refresh_from_db()
    assert pair.state == PairState.DIFFERENT


def test_a_merge_that_slips_past_the_preview_is_stopped_by_the_database(monkeypatch):
    from hocbaso.apps.matching.use_cases import cases, preview
    from tests.unit.apps.matching.test_merge import lock, twice

    school, kept, gone, pair = twice()
    lock(school.classes["3B"])
    real = preview._lines

    def blind(*files):
        lines = real(*files)
        for line in lines:
            line.sealed = False
        return lines

    monkeypatch.setattr(preview, "_lines", blind)
    choices = preview.Choices(years={"2025-2026": gone.enrolments.get().pk})
    case = cases.propose(
        school.actor(Role.DATA_CLERK), pair, survivor=kept, choices=choices, evidence="Giấy khai sinh"
    )
    with pytest.raises(DomainError) as refused:
        cases.decide(school.actor(Role.PRINCIPAL), case, agree=True)
    assert refused.value.code == "merge_held"
    assert MergeCase.objects.get().state == "proposed"
    assert gone.enrolments.get().active


def test_a_number_refused_at_a_door_opens_the_pair():
    school, one, _ = twins()
    holder = pupil_of(school, 9, full_name="Lê Thị Bình", personal_number=NUMBER)
    with pytest.raises(DomainError) as refused:
        correct(school.actor(Role.DATA_CLERK), one, {"personal_number": NUMBER})
    assert refused.value.code == "identity_number_taken"
    pair = Pair.objects.get()
    assert (pair.first, pair.second, pair.kind) == (one, holder, "number")


def test_the_school_that_gave_a_temporary_code_does_not_rekey_the_pupil_at_the_next_school():
    school, made = enrolled()
    other = make_school("79000102", "Trường Tiểu học Sông Bé")
    made.active = False
    made.save()
    Enrolment.objects.create(pupil=made.pupil, school_class=other.classes["3A"], status="Chuyển đến kỳ 2")
    for stranger in (school.actor(Role.DATA_CLERK), OPERATOR):
        with pytest.raises(DomainError) as refused:
            rekey(stranger, made.pupil, "7901234567", reason="x", school=school.unit)
        assert refused.value.code == "rekey_not_here"
    rekey(other.actor(Role.DATA_CLERK), made.pupil, "7901234567", reason="x", school=other.unit)
    assert Pupil.objects.get().code == "7901234567"


def test_a_pair_that_waits_for_a_decision_or_was_merged_is_not_opened_again_by_a_number():
    school, one, other = twins()
    pair = meet(OPERATOR, one, other, organisation=school.unit.code)
    for state in (PairState.PROPOSED, PairState.MERGED):
        Pair.objects.update(state=state)
        assert meet(OPERATOR, other, one, organisation=school.unit.code) == pair
        assert Pair.objects.get().state == state
    Pair.objects.update(state=PairState.DIFFERENT)
    meet(OPERATOR, one, other, organisation=school.unit.code)
    assert Pair.objects.get().state == PairState.OPEN


def test_pressing_twice_opens_one_file():
    school, made = enrolled()
    again = {"why": "street", "evidence": "Giấy xác nhận", "day": date(2025, 9, 5)}
    with pytest.raises(DomainError) as refused:
        enrol_without_code(school.actor(Role.DATA_CLERK), school.classes["3A"], CHILD, **again)
    assert (refused.value.code, made.pupil.code in refused.value.message) == ("temporary_there", True)
    assert Pupil.objects.count() == 1
