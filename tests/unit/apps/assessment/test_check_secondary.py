"""The check page of a secondary page, and what the principal decides."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.class_sheet import RECORD, read_sheet
from hocbaso.apps.assessment.models import SubjectMarks, YearRecord
from hocbaso.apps.assessment.use_cases.decide_promotion import decide_promotion
from hocbaso.apps.assessment.use_cases.enter_cells import State, TypedCell, enter_cells
from hocbaso.apps.assessment.use_cases.finish_entry import check_sheet, finish_entry
from hocbaso.apps.assessment.year_rows import outcomes_of
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db
COLUMNS = ("tx1", "tx2", "tx3", "tx4", "gk", "ck")


@pytest.fixture
def class_6a() -> SchoolClass:
    return s.make_class(s.school())


def fill(school_class, rows):
    """Marks of Toán, one string of six a pupil."""
    actor = s.teacher(school_class)
    for number, row in enumerate(rows, 1):
        who = s.pupil(school_class, number, f"Lê Minh {number}")
        values = dict(zip(COLUMNS, row.split(), strict=True))
        s.save(actor, s.marks(who, **{k: v for k, v in values.items() if v != "-"}))
    return actor


def test_typed_cells_are_read_by_the_grammar_of_the_circular_and_say_what_was_understood(class_6a):
    hoa, an = s.teacher(class_6a), s.pupil(class_6a)
    cells = [TypedCell(an.pk, "tx1", "7,5"), TypedCell(an.pk, "tx2", "75"), TypedCell(an.pk, "tx3", "7.25")]
    plain = enter_cells(hoa, class_6a, "toan", "hk1", cells)
    assert [(a.state, a.text) for a in plain] == [
        (State.SAVED, "7.5"),
        (State.REFUSED, ""),
        (State.REFUSED, ""),
    ]
    quick = enter_cells(hoa, class_6a, "toan", "hk1", [TypedCell(an.pk, "tx2", "75", "", 1)], quick=True)[0]
    assert (quick.state, quick.text, "7,5" in quick.message) == (State.SAVED, "7.5", True)
    lan = s.homeroom(class_6a)
    rating = enter_cells(lan, class_6a, RECORD, "hk1", [TypedCell(an.pk, "conduct_1", "khá")])[0]
    assert (rating.state, rating.text) == (State.SAVED, "Khá")


def test_the_check_page_counts_by_bands_gives_the_mean_and_names_the_blanks(class_6a):
    fill(class_6a, ("8 8 8 8 8 8.5", "6 6 6 6 6 6.4", "4 4 4 4 4 V", "9 9 9 9 9 -"))
    check = check_sheet(read_sheet(class_6a, "toan", "hk1"))
    by_key = {f.key: dict(counts) for f, counts in check.counts}
    assert by_key["ck"] == {"8,0 trở lên": 1, "5,0 đến 6,4": 1, "V": 1}
    assert {f.key: text for f, text in check.means}["ck"] == "7,5"  # 7.45, half up
    assert [(e.pupil.full_name, [f.key for f in fields]) for e, fields in check.missing] == [
        ("Lê Minh 4", ["ck"])
    ]


def test_finishing_waits_for_the_blanks_and_for_every_tick(class_6a):
    rows = [f"{n} {n} {n} {n} {n} {n}" for n in (5, 6, 7, 8, 9)]
    hoa = fill(class_6a, [*rows[:-1], "9 9 9 9 9 -"])
    with pytest.raises(DomainError, match="Còn 1 ô trống"):
        finish_entry(hoa, read_sheet(class_6a, "toan", "hk1"), confirmed=())
    last = class_6a.enrolments.last()
    s.save(hoa, s.marks(last, ck="1"))
    sheet = read_sheet(class_6a, "toan", "hk1")
    warnings = check_sheet(sheet).warnings
    outlier = [w for w in warnings if w.id.startswith("outlier")]
    assert [(w.enrolment, w.key) for w in outlier] == [(last, "ck")]
    with pytest.raises(DomainError, match="cảnh báo"):
        finish_entry(hoa, sheet, confirmed=[w.id for w in warnings[:-1]])
    finish_entry(hoa, sheet, confirmed=[w.id for w in warnings])
    with pytest.raises(NotAllowed):
        finish_entry(s.homeroom(class_6a), sheet, confirmed=[w.id for w in warnings])


def test_the_principal_decides_only_where_the_circular_leaves_it_to_him(class_6a):
    head = s.somebody("ht", class_6a.school, Role.PRINCIPAL)
    an, binh = s.pupil(class_6a, 1), s.pupil(class_6a, 2)
    for who in (an, binh):
        s.fill_year(who, toan="2")
    s.choose(binh, (), individual_plan=True)
    common = {"promoted": True, "reason": "Tiến bộ theo kế hoạch", "reassessed": False}
    with pytest.raises(DomainError) as refused:
        decide_promotion(head, enrolment=an, **common)
    assert refused.value.code == "tt22.principal_not_needed"
    assert outcomes_of(class_6a)[binh.pk].promoted is None
    decide_promotion(head, enrolment=binh, **common)
    assert outcomes_of(class_6a)[binh.pk].promoted is True
    assert YearRecord.objects.get(enrolment=binh).promotion_reason == "Tiến bộ theo kế hoạch"


# -- the year by Circular 22, from stored rows


def test_a_carried_semester_a_retest_and_training_in_summer_count(class_6a):
    an = s.pupil(class_6a)
    s.fill_year(an, toan="3", ngu_van="3")
    assert outcomes_of(class_6a)[an.pk].retests == ("ngu-van", "toan")
    SubjectMarks.objects.filter(moment="hk1", subject_code="tin-hoc").update(
        **dict.fromkeys(COLUMNS, ""), carried="6.5", carried_school="THCS Bình An"
    )
    s.save(s.teacher(class_6a), s.marks(an, moment="he", retest="6"))
    outcome = outcomes_of(class_6a)[an.pk]
    after = outcome.study_after  # one subject is left below: raised by one step (Điều 9 khoản 3)
    assert (outcome.study_year.value, after.value, outcome.promoted) == ("Chưa đạt", "Đạt", True)
    assert outcome.subject("tin-hoc").year_text == "7.5"  # (6.5 + 2 × 8) / 3


def test_an_exempt_subject_is_left_out_and_a_class_book_with_fewer_columns_is_told(class_6a):
    an = s.pupil(class_6a)
    s.fill_year(an)
    SubjectMarks.objects.filter(subject_code="giao-duc-the-chat").update(exempt_reason="khuyết tật")
    SubjectMarks.objects.filter(subject_code="toan").update(tx4="")
    outcome = outcomes_of(class_6a)[an.pk]
    assert (outcome.subject("giao-duc-the-chat").exempt, outcome.missing) == (True, ())
    assert any("Toán" in problem for problem in outcome.problems)


def test_the_readings_that_the_circular_leaves_open_are_settings_of_the_school(class_6a):
    """Tốt in everything but one comment subject: the adjustment raises it, unless comments are left out."""
    an = s.pupil(class_6a)
    s.fill_year(an, mark="9", giao_duc_the_chat="CĐ")
    before = outcomes_of(class_6a)[an.pk].study_year.value
    DatedSetting.objects.create(
        organisation=class_6a.school,
        key="tt22_adjust_includes_comment",
        value="no",
        valid_from=s.START,
        legal_basis="QĐ 12",
    )
    assert (before, outcomes_of(class_6a)[an.pk].study_year.value) == ("Khá", "Đạt")


def test_too_many_sessions_of_absence_hold_a_pupil_back(class_6a):
    an = s.pupil(class_6a)
    s.fill_year(an)
    YearRecord.objects.update(absent_excused=40, absent_unexcused=5)
    assert outcomes_of(class_6a)[an.pk].promoted is True
    YearRecord.objects.update(absent_unexcused=6)
    assert outcomes_of(class_6a)[an.pk].promoted is False
