"""The primary programme: subjects, tests and traits of each grade; rule sets in force."""

import pytest

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import TT32_PRIMARY, Moment, TraitGroup, programme_for
from hocbaso.core.regulation.rule_sets import TT27_2020, add_rule_set, rule_set, rule_set_for
from hocbaso.core.vietnamese.school_year import SchoolYear


def names(grade: int) -> list[str]:
    return [line.short_name for line in TT32_PRIMARY.grade(grade).compulsory]


def test_compulsory_subjects_stand_in_the_order_of_the_form() -> None:
    start = ["Tiếng Việt", "Toán"]
    art = ["Giáo dục thể chất", "Âm nhạc", "Mĩ thuật", "Hoạt động trải nghiệm"]
    low = [*start, "Đạo đức", "Tự nhiên và Xã hội", *art]
    high = [*start, "Ngoại ngữ", "Đạo đức", "Lịch sử và Địa lí", "Khoa học", "Tin học", "Công nghệ", *art]
    assert [names(1), names(2), names(4), names(5)] == [low, low, high, high]
    assert names(3) == [*start, "Ngoại ngữ", "Đạo đức", "Tự nhiên và Xã hội", "Tin học", "Công nghệ", *art]


def test_optional_are_the_foreign_language_in_grades_1_and_2_and_the_minority_language() -> None:
    for grade in TT32_PRIMARY.grades.values():
        optional = {line.code for line in grade.lines if not line.compulsory}
        assert optional == {"tieng-dan-toc"} | ({"ngoai-ngu-1"} if grade.grade < 3 else set())


def test_periodic_tests_by_grade_and_moment() -> None:
    def tested(grade: int, moment: Moment) -> set[str]:
        return {line.short_name for line in TT32_PRIMARY.grade(grade).lines if moment in line.tests}

    basic = {"Tiếng Việt", "Toán"}
    computing = {"Ngoại ngữ", "Tin học", "Công nghệ"}
    for moment in (Moment.END_FIRST, Moment.END_YEAR):
        assert tested(1, moment) == tested(2, moment) == basic
        assert tested(3, moment) == basic | computing
        assert tested(4, moment) == tested(5, moment) == basic | computing | {"Khoa học", "Lịch sử và Địa lí"}
    for moment in (Moment.MID_FIRST, Moment.MID_SECOND):
        assert [tested(grade, moment) for grade in (1, 2, 3, 4, 5)] == [set(), set(), set(), basic, basic]


def test_five_specific_competences_in_grades_1_and_2_and_seven_from_grade_3() -> None:
    sizes = [
        tuple(len(TT32_PRIMARY.grade(grade).group(group)) for group in TraitGroup) for grade in range(1, 6)
    ]
    assert sizes == [(5, 3, 5), (5, 3, 5), (5, 3, 7), (5, 3, 7), (5, 3, 7)]


def test_codes_are_ascii_slugs_and_unique_over_subjects_and_traits() -> None:
    for grade in TT32_PRIMARY.grades.values():
        codes = [line.code for line in grade.lines] + [trait.code for trait in grade.traits]
        assert len(codes) == len(set(codes))
        assert all(code.isascii() and code.replace("-", "").isalnum() for code in codes)


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("TH-CN (Tin học)", "tin-hoc"),
        ("TH - CN\n(Công nghệ)", "cong-nghe"),
        ("Nghệ thuật (Mỹ thuật)", "mi-thuat"),
        ("Nghệ thuật (Âm nhạc)", "am-nhac"),
        ("Tiếng việt", "tieng-viet"),
        ("Ngoại ngữ", "ngoai-ngu-1"),
        ("Lịch sử và Địa lý", "lich-su-va-dia-li"),
        ("Tiếng dân tộc", "tieng-dan-toc"),
    ],
)
def test_headings_of_workbooks_find_their_subject(heading: str, code: str) -> None:
    found = TT32_PRIMARY.grade(5).find_line(heading)
    assert found is not None
    assert found.code == code


def test_an_unknown_heading_finds_nothing_and_a_subject_of_another_grade_is_refused() -> None:
    grade = TT32_PRIMARY.grade(1)
    assert grade.find_line("Khoa học") is None
    assert grade.find_trait("Khoa học") is not None
    assert grade.find_trait("Tin học") is None
    for refused in (lambda: grade.line("khoa-hoc"), lambda: grade.trait("nl-tin-hoc")):
        with pytest.raises(DomainError):
            refused()
    with pytest.raises(DomainError):
        TT32_PRIMARY.grade(6)


def test_the_language_is_named_by_the_school() -> None:
    line = TT32_PRIMARY.grade(3).line("ngoai-ngu-1")
    assert line.printed_name() == "Ngoại ngữ 1"
    assert line.printed_name("Tiếng Anh") == "Ngoại ngữ 1 (Tiếng Anh)"
    assert TT32_PRIMARY.grade(3).line("toan").printed_name("Tiếng Anh") == "Toán"


def test_programme_and_rules_came_grade_by_grade_from_2020_to_2024() -> None:
    for grade in range(1, 6):
        first = SchoolYear(2019 + grade)
        assert programme_for(grade, first) is TT32_PRIMARY
        assert rule_set_for(SchoolLevel.PRIMARY, first, grade=grade) is TT27_2020
        with pytest.raises(DomainError):
            programme_for(grade, first.previous())
        with pytest.raises(DomainError):
            rule_set_for(SchoolLevel.PRIMARY, first.previous(), grade=grade)


def test_a_level_has_one_rule_set_once_all_grades_follow_it() -> None:
    assert rule_set_for(SchoolLevel.PRIMARY, SchoolYear(2025)).id == "tt27-2020"
    with pytest.raises(DomainError) as rolling_out:
        rule_set_for(SchoolLevel.PRIMARY, SchoolYear(2022))
    assert rolling_out.value.code == "rule_set.by_grade"
    with pytest.raises(DomainError) as before:
        rule_set_for(SchoolLevel.PRIMARY, SchoolYear(2019))
    assert before.value.code == "rule_set.none"


def test_rule_sets_are_found_by_the_id_written_in_transcripts() -> None:
    assert rule_set("tt27-2020").legal_basis == "Thông tư 27/2020/TT-BGDĐT"
    add_rule_set(TT27_2020)  # the same again is no change
    with pytest.raises(DomainError):
        rule_set("tt99-1999")
