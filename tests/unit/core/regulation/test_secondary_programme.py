"""Programmes of grades 6 to 12: subjects, counts, headings, choices, adjustments by the school."""

import pytest

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, sentence
from hocbaso.core.regulation.rule_sets import rule_set, rule_set_for
from hocbaso.core.regulation.secondary import (
    SECONDARY_GRADES,
    SECONDARY_PROGRAMMES,
    Form,
    SchoolAdjustment,
    adjusted,
    check_electives,
    pupil_subjects,
    secondary_grade,
    secondary_programme,
)
from hocbaso.core.vietnamese.school_year import SchoolYear
from tests.unit.core.regulation.secondary_pupils import ELECTIVES, grade

FIRST = {6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024}


def test_lower_secondary_has_eight_scored_and_four_comment_subjects() -> None:
    for number in (6, 7, 8, 9):
        table = grade(number)
        scored = [one.code for one in table.compulsory if one.scored]
        assert scored == [
            "ngu-van",
            "toan",
            "ngoai-ngu-1",
            "giao-duc-cong-dan",
            "lich-su-va-dia-li",
            "khoa-hoc-tu-nhien",
            "cong-nghe",
            "tin-hoc",
        ]
        assert [one.name for one in table.compulsory if not one.scored] == [
            "Giáo dục thể chất",
            "Nghệ thuật",
            "Nội dung giáo dục của địa phương",
            "Hoạt động trải nghiệm, hướng nghiệp",
        ]
        assert {one.code for one in table.optional} == {"tieng-dan-toc", "ngoai-ngu-2"}
        assert table.electives == ()


def test_upper_secondary_has_eight_compulsory_subjects_and_nine_to_choose_from() -> None:
    table = grade(11)
    assert len(table.compulsory) == 8
    assert len(table.electives) == 9
    assert {one.code for one in table.electives if not one.scored} == {"am-nhac", "mi-thuat"}
    assert table.subject("lich-su").compulsory
    assert "ngoai-ngu-1" not in {topic.subject_code for topic in table.topics}
    assert all(topic.periods == 35 for topic in table.topics)


@pytest.mark.parametrize(
    ("number", "code", "count"),
    [
        (6, "ngu-van", 4),
        (6, "cong-nghe", 2),
        (7, "cong-nghe", 2),
        (8, "cong-nghe", 3),  # 52 periods
        (6, "tin-hoc", 2),
        (6, "lich-su-va-dia-li", 4),
        (6, "giao-duc-the-chat", 2),  # comment subjects twice, whatever the periods
        (10, "lich-su", 3),
        (10, "vat-li", 3),
        (10, "giao-duc-quoc-phong-va-an-ninh", 2),
        (10, "toan", 4),
    ],
)
def test_regular_marks_are_counted_by_periods(number: int, code: str, count: int) -> None:
    assert grade(number).subject(code).regular_count == count


def test_programmes_and_rules_came_grade_by_grade() -> None:
    for number, first in FIRST.items():
        level = SchoolLevel.LOWER_SECONDARY if number <= 9 else SchoolLevel.UPPER_SECONDARY
        name = "thcs" if number <= 9 else "thpt"
        year = SchoolYear(first)
        assert secondary_programme(number, year).id == f"tt32-2018-{name}"
        assert rule_set_for(level, year, grade=number).id == f"tt22-2021-{name}"
        assert rule_set_for(level, year, grade=number, continuing=True).id == f"tt43-2021-gdtx-{name}"
        with pytest.raises(DomainError):
            secondary_programme(number, year.previous())
        with pytest.raises(DomainError):
            rule_set_for(level, year.previous(), grade=number)
        assert rule_set_for(level, year.previous(), grade=number, legacy=True).id == f"tt58-2011-{name}"


def test_rules_of_former_years_end_where_the_new_ones_begin() -> None:
    old, new = rule_set("tt58-2011-thcs"), rule_set("tt22-2021-thcs")
    for number in (6, 7, 8, 9):
        for start in range(2011, 2026):
            year = SchoolYear(start)
            assert old.covers(number, year) is not new.covers(number, year)
    primary_old, primary_new = rule_set("tt30-2014"), rule_set("tt27-2020")
    for number in range(1, 6):
        for start in range(2014, 2026):
            assert primary_old.covers(number, SchoolYear(start)) is not primary_new.covers(
                number, SchoolYear(start)
            )
    assert rule_set_for(SchoolLevel.PRIMARY, SchoolYear(2018), grade=3, legacy=True).id == "tt30-2014"
    assert rule_set_for(SchoolLevel.LOWER_SECONDARY, SchoolYear(2024)).id == "tt22-2021-thcs"


def test_codes_and_headings_are_unambiguous_in_every_grade() -> None:
    for programme in SECONDARY_PROGRAMMES:
        for table in programme.grades.values():
            codes = [one.code for one in table.subjects]
            assert len(codes) == len(set(codes))
            assert all(code.isascii() for code in codes)
            for one in table.subjects:
                for heading in (one.name, one.short_name, *one.aliases):
                    assert table.find(heading) is one, heading


@pytest.mark.parametrize("number", SECONDARY_GRADES)
def test_sheet_names_cut_by_excel_find_their_subject(number: int) -> None:
    table = grade(number)
    for one in table.subjects:
        for term in ("HKI ", "HKII ", "HK1 ", "Học kỳ II - "):
            cut = f"{term}{one.name}"[:31]
            assert table.find(cut) is one, cut
            assert table.find(cut.strip().upper()) is one, cut


def test_a_short_or_ambiguous_beginning_finds_nothing() -> None:
    table = grade(10)
    for heading in ("Giáo dục", "Ngoại", "Hoạt động", "Khoa học tự nhiên", "", "HKI"):
        assert table.find(heading) is None


def test_a_pupil_of_grade_10_is_assessed_in_what_was_chosen() -> None:
    table = grade(10)
    chosen = pupil_subjects(
        table, electives=ELECTIVES, optional=("ngoai-ngu-2",), exempt=("giao-duc-the-chat",)
    )
    assert len(chosen) == 8 + 4 + 1 - 1
    assert [one.code for one in chosen if one.elective_group == "lua-chon"] == list(ELECTIVES)
    with pytest.raises(DomainError) as compulsory:
        pupil_subjects(table, electives=("toan",))
    assert compulsory.value.code == "programme.not_chosen"
    with pytest.raises(DomainError):
        pupil_subjects(table, exempt=("khoa-hoc-tu-nhien",))


@pytest.mark.parametrize(
    ("electives", "topics", "problems"),
    [
        (ELECTIVES, ("vat-li", "hoa-hoc", "toan"), ()),
        (ELECTIVES[:3], ("vat-li", "hoa-hoc", "toan"), ("electives.count",)),
        ((*ELECTIVES, "sinh-hoc"), ("vat-li", "hoa-hoc", "toan"), ("electives.count",)),
        ((*ELECTIVES[:3], "toan"), ("vat-li", "hoa-hoc", "toan"), ("electives.unknown",)),
        ((*ELECTIVES[:3], ELECTIVES[0]), ("vat-li", "hoa-hoc", "toan"), ("electives.count",)),
        (ELECTIVES, ("vat-li", "hoa-hoc"), ("topics.count",)),
        (ELECTIVES, ("vat-li", "hoa-hoc", "sinh-hoc"), ("topics.subject",)),
        (ELECTIVES, ("vat-li", "hoa-hoc", "ngoai-ngu-1"), ("topics.unknown",)),
    ],
)
def test_four_of_nine_and_three_topic_clusters(
    electives: tuple[str, ...], topics: tuple[str, ...], problems: tuple[str, ...]
) -> None:
    assert check_electives(grade(10), electives, topics) == problems
    assert all(sentence(code) for code in problems)


def test_lower_secondary_has_nothing_to_choose() -> None:
    assert check_electives(grade(6), (), ()) == ()
    assert check_electives(grade(6), ("tin-hoc",)) == ("electives.none",)


def test_a_school_adjusts_within_the_law() -> None:
    table = grade(10)
    changes = [
        SchoolAdjustment("am-nhac", enabled=False, reason="chưa có giáo viên"),
        SchoolAdjustment("vat-li", periods=105),
        SchoolAdjustment("lich-su", regular=2, reason="kế hoạch giáo dục năm học"),
        SchoolAdjustment("ngoai-ngu-2", form=Form.COMMENT),
    ]
    school = adjusted(table, changes)
    assert not school.has("am-nhac")
    assert "am-nhac" not in {topic.subject_code for topic in school.topics}
    assert school.subject("vat-li").regular_count == 4
    assert school.subject("lich-su").regular_count == 2
    assert not school.subject("ngoai-ngu-2").scored
    assert check_electives(school, (*ELECTIVES[:3], "am-nhac"), ("vat-li", "hoa-hoc", "toan")) == (
        "electives.unknown",
    )
    assert adjusted(table, (), min_scored=5).min_scored == 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (SchoolAdjustment("toan", enabled=False), "adjust.compulsory"),
        (SchoolAdjustment("toan", form=Form.COMMENT), "adjust.form"),
        (SchoolAdjustment("am-nhac", form=Form.SCORED), "adjust.form"),
        (SchoolAdjustment("toan", periods=0), "adjust.periods"),
        (SchoolAdjustment("toan", regular=1), "adjust.regular"),
        (SchoolAdjustment("khoa-hoc", periods=70), "programme.subject"),
    ],
)
def test_what_the_law_fixes_a_school_cannot_change(change: SchoolAdjustment, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        adjusted(grade(10), [change])
    assert refused.value.code == code


def test_continuing_education_has_fewer_subjects_and_its_own_count() -> None:
    lower, upper = grade(6, continuing=True), grade(10, continuing=True)
    assert sum(1 for one in lower.compulsory if one.scored) == 5
    scored = [one for one in pupil_subjects(upper, electives=ELECTIVES) if one.scored]
    assert len(scored) == 7
    assert (lower.min_scored, upper.min_scored, grade(6).min_scored) == (4, 5, 6)
    assert not upper.has("giao-duc-quoc-phong-va-an-ninh")


def test_team_taught_subjects_name_their_parts() -> None:
    table = grade(7)
    assert table.subject("nghe-thuat").parts == ("Âm nhạc", "Mĩ thuật")
    assert table.subject("lich-su-va-dia-li").parts == ("Lịch sử", "Địa lí")
    assert table.subject("khoa-hoc-tu-nhien").parts == ("Vật lí", "Hóa học", "Sinh học")
    assert table.subject("toan").parts == ()
    assert table.subject("ngoai-ngu-1").printed_name("Tiếng Anh") == "Ngoại ngữ 1 (Tiếng Anh)"


def test_other_grades_and_earlier_years_are_refused() -> None:
    for number in (5, 13):
        with pytest.raises(DomainError) as unknown:
            secondary_grade(number, SchoolYear(2025))
        assert unknown.value.code == "programme.secondary_grade"
    with pytest.raises(DomainError) as early:
        secondary_grade(9, SchoolYear(2023))
    assert early.value.code == "programme.year"
